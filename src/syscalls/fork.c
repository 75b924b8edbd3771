#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "syscalls/perform.h"
#include "target/tree.h"

/*
 * fork, vfork, clone of a process, where the policy limits how many there may be. The kernel's own
 * limit, RLIMIT_NPROC, counts all that a user has, and never root's; here the tree is counted.
 * Asked about are numbers only, so the call goes on as it was judged.
 *
 * Every fork that is let through is added to what the last count found. The sum is an upper bound;
 * when it reaches the limit, the tree is counted anew.
 */

enum { QUIET_MOMENTS = 8 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long bound = 1; /* the command */

/*
 * While the lock is held no fork is let through. Those that were may still have to happen: waited
 * for is the number that there can be, or that nothing has changed for some time.
 */
static long count_anew(const struct world *world, long limit)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	long found = -1, before;
	int quiet = 0;

	while (quiet < QUIET_MOMENTS && found < bound) {
		(void)nanosleep(&moment, NULL);
		before = found;
		found = tree_count(world, world->guard, limit);
		if (found < 0)
			return found;
		quiet = found == before ? quiet + 1 : 0;
	}
	return found;
}

static int take_place(const struct session *session)
{
	int result = 0;

	(void)pthread_mutex_lock(&lock);
	if (bound >= session->processes) {
		long found = count_anew(&session->world, session->processes);

		if (found >= 0)
			bound = found;
	}
	if (bound >= session->processes)
		result = -EAGAIN;
	else
		bound++;
	(void)pthread_mutex_unlock(&lock);
	return result;
}

void fork_perform(struct call *call, struct answer *answer)
{
	if (take_place(call->session) == 0)
		answer->kind = ANSWER_CONTINUE;
	else
		answer_refusal(call, answer, EAGAIN,
			"there are as many processes as the policy's limits let there be");
}
