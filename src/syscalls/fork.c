#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "syscalls/perform.h"
#include "target/process.h"
#include "target/tree.h"

/*
 * fork, vfork, clone of a process, where the policy limits how many there may be. The kernel's own
 * limit, RLIMIT_NPROC, counts all that a user has, and never root's; here the tree is counted.
 * Asked about are numbers only, so the call goes on as it was judged.
 *
 * Every fork that is let through is added to what the last count found. The sum is an upper bound;
 * when it reaches the limit, the tree is counted anew. A fork that was let through need not have
 * happened by then: it counts until its thread has used the processor since.
 */

enum {
	GRANTS_LIMIT = 4096,
	MOMENTS = 20,      /* of a millisecond: how long a count waits for forks to happen */
	FULL_MS = 10,      /* how long "there is no room" is believed */
	LONG_NS = 5000000, /* a thread that has used so much time since has forked */
	SHORT_NS = 20000,  /* and one that has used this, and waits for something */
};

struct grant {
	pid_t tid;
	uint64_t used_ns; /* processor time of the thread when its fork was let through */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long bound = 1; /* the command */
static struct grant grants[GRANTS_LIMIT];
static long grant_count; /* since the last count */
static int64_t full_until;

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static bool has_happened(const struct world *world, const struct grant *grant)
{
	uint64_t used;
	char state;

	if (process_time_used(world, grant->tid, &used) < 0 || used >= grant->used_ns + LONG_NS)
		return true;
	state = process_state(world, grant->tid);
	return used >= grant->used_ns + SHORT_NS && state != 'R';
}

/* Who asks again has forked before. */
static void note_grant(const struct grant *grant)
{
	for (long i = 0; i < grant_count; i++)
		if (grants[i].tid == grant->tid) {
			grants[i] = *grant;
			return;
		}
	grants[grant_count++] = *grant;
}

/* Forgets the forks that have happened; how many are left. */
static long outstanding(const struct world *world)
{
	long left = 0;

	for (long i = 0; i < grant_count; i++)
		if (!has_happened(world, &grants[i]))
			grants[left++] = grants[i];
	grant_count = left;
	return left;
}

/*
 * While the lock is held no fork is let through. What is outstanding may be found already, and then
 * counts twice, for the moment.
 */
static void count_anew(const struct world *world, long limit)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	long found, left;

	for (int i = 0; i < MOMENTS; i++) {
		found = tree_count(world, world->guard, limit);
		if (found < 0 || found >= limit)
			break;
		if (outstanding(world) == 0) {
			/* Not before: what happened between the two was not found. */
			found = tree_count(world, world->guard, limit);
			break;
		}
		(void)nanosleep(&moment, NULL);
	}
	left = outstanding(world);
	bound = found < 0 ? limit : found + left;
}

static bool is_full(const struct session *session)
{
	if (bound < session->processes && grant_count < GRANTS_LIMIT)
		return false;
	/* Many may ask at the limit: one count answers them all, and holds up nobody else. */
	if (now_ms() < full_until)
		return true;
	count_anew(&session->world, session->processes);
	if (bound < session->processes && grant_count < GRANTS_LIMIT)
		return false;
	full_until = now_ms() + FULL_MS;
	return true;
}

static int take_place(const struct call *call)
{
	const struct session *session = call->session;
	struct grant grant = {.tid = call->target.tid};
	bool full;

	if (process_time_used(&session->world, grant.tid, &grant.used_ns) < 0)
		return -EAGAIN;
	(void)pthread_mutex_lock(&lock);
	full = is_full(session);
	if (!full) {
		note_grant(&grant);
		bound++;
	}
	(void)pthread_mutex_unlock(&lock);
	return full ? -EAGAIN : 0;
}

void fork_perform(struct call *call, struct answer *answer)
{
	if (take_place(call) == 0)
		answer->kind = ANSWER_CONTINUE;
	else
		answer_refusal(call, answer, EAGAIN,
			"there are as many processes as the policy's limits let there be");
}
