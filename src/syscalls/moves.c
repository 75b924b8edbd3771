#include "syscalls/moves.h"

#include <errno.h>
#include <time.h>

enum { PATIENCE_SECONDS = 60 };

void moves_init(struct moves *moves)
{
	pthread_rwlockattr_t attributes;

	(void)pthread_rwlockattr_init(&attributes);
	/* Else a rename would wait for as long as others make and remove names. */
	(void)pthread_rwlockattr_setkind_np(
		&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	(void)pthread_rwlock_init(&moves->lock, &attributes);
	(void)pthread_rwlockattr_destroy(&attributes);
}

int moves_hold(struct moves *moves, bool renames)
{
	struct timespec until;
	int error = renames ? pthread_rwlock_trywrlock(&moves->lock)
			    : pthread_rwlock_tryrdlock(&moves->lock);

	if (error != 0) {
		(void)clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += PATIENCE_SECONDS;
		error = renames ? pthread_rwlock_clockwrlock(&moves->lock, CLOCK_MONOTONIC, &until)
				: pthread_rwlock_clockrdlock(&moves->lock, CLOCK_MONOTONIC, &until);
	}
	if (error != 0)
		return -EBUSY;
	if (renames)
		atomic_fetch_add(&moves->started, 1);
	return 0;
}

void moves_release(struct moves *moves, bool renames)
{
	if (renames)
		atomic_fetch_add(&moves->finished, 1);
	(void)pthread_rwlock_unlock(&moves->lock);
}

struct moves_ticket moves_ticket(const struct moves *moves)
{
	unsigned long finished = atomic_load(&moves->finished);
	unsigned long started = atomic_load(&moves->started);

	return (struct moves_ticket){started, started == finished};
}

bool moves_none_since(const struct moves *moves, struct moves_ticket ticket)
{
	return ticket.valid && atomic_load(&moves->started) == ticket.started;
}
