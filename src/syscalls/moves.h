#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/*
 * Directories that the run itself moves. What is judged about a name in a directory holds for as
 * long as the directory keeps its own name, and only a rename takes that away: so a rename is done
 * while nothing else is done to names, and whoever acts on one looks again, just before, whether
 * its directory is still where it was.
 */
struct moves {
	pthread_rwlock_t lock;
	atomic_ulong started, finished;
};

/* How often a call is begun anew because a directory was moved. Who goes on gets EACCES. */
enum { MOVES_ATTEMPTS = 8 };

void moves_init(struct moves *moves);

/*
 * Shared with all but renames; a rename is alone. 0, or -EBUSY: somebody is stuck in a file system
 * that does not answer. Nothing that may block for long is to be done in between.
 */
int moves_hold(struct moves *moves, bool renames);
void moves_release(struct moves *moves, bool renames);

/*
 * Without holding anything: a ticket before a name is read, and whether a rename has been done
 * since. A ticket that is not valid never says so.
 */
struct moves_ticket {
	unsigned long started;
	bool valid;
};
struct moves_ticket moves_ticket(const struct moves *moves);
bool moves_none_since(const struct moves *moves, struct moves_ticket ticket);
