#include <errno.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>

#include "base/clock.h"
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
 * happened by then: it counts until its thread is seen to wait for something else.
 */

enum {
	GRANTS_LIMIT = 4096,
	LOOKS = 5,      /* at least, if there may be room and it is not certain */
	LOOK_MS = 20,   /* and for so long */
	FULL_MS = 10,   /* how long "there is no room" is believed */
	ASK_NS = 20000, /* more than going to sleep takes, less than a fork */
};

/* No fork takes so long; who has used so much time since, and never waited, computes. */
#define FORK_NS UINT64_C(30000000000)

struct grant {
	pid_t tid;
	uint64_t used_ns; /* processor time of the thread when its fork was let through */
};

static pthread_mutex_t places_lock = PTHREAD_MUTEX_INITIALIZER;
static long bound = 1; /* the command */
static int64_t full_until;

/* Taken after the other, and for moments only. */
static pthread_mutex_t grants_lock = PTHREAD_MUTEX_INITIALIZER;
static struct grant grants[GRANTS_LIMIT];
static long grant_count;

static bool forks(long number)
{
	return number == SYS_clone || number == SYS_clone3 ||
#ifdef SYS_fork
	       number == SYS_fork || number == SYS_vfork ||
#endif
	       false;
}

/*
 * In doubt not. A thread in its fork is on the processor, or waits uninterruptibly (D): for memory,
 * or for other forks of its process. One that sleeps (S) in such a call is asking again.
 */
static bool has_happened(const struct world *world, const struct grant *grant)
{
	uint64_t used;
	long number;
	char state;

	if (process_time_used(world, grant->tid, &used) < 0)
		return true;
	state = process_state(world, grant->tid);
	number = process_waits_in(world, grant->tid);
	if (number == -ESRCH || state == '\0')
		return true;
	if (number < 0)
		return used >= grant->used_ns + FORK_NS && number == -EBUSY;
	return !forks(number) || (state == 'S' && used >= grant->used_ns + ASK_NS);
}

/* Who asks again has forked before. */
static void forget_grant(pid_t tid)
{
	(void)pthread_mutex_lock(&grants_lock);
	for (long i = 0; i < grant_count; i++)
		if (grants[i].tid == tid)
			grants[i--] = grants[--grant_count];
	(void)pthread_mutex_unlock(&grants_lock);
}

static bool note_grant(const struct grant *grant)
{
	bool has_room;

	(void)pthread_mutex_lock(&grants_lock);
	has_room = grant_count < GRANTS_LIMIT;
	if (has_room)
		grants[grant_count++] = *grant;
	(void)pthread_mutex_unlock(&grants_lock);
	return has_room;
}

/* Forgets the forks that have happened; how many are left. */
static long outstanding(const struct world *world)
{
	long left = 0;

	(void)pthread_mutex_lock(&grants_lock);
	for (long i = 0; i < grant_count; i++)
		if (!has_happened(world, &grants[i]))
			grants[left++] = grants[i];
	grant_count = left;
	(void)pthread_mutex_unlock(&grants_lock);
	return left;
}

/*
 * While the lock is held no fork is let through. What is outstanding may happen before the tree is
 * counted, and then counts twice, for the moment.
 */
static void count_anew(const struct world *world, long limit)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	int64_t until = clock_ms() + LOOK_MS;

	for (int i = 0; i < LOOKS || clock_ms() < until; i++) {
		long left = outstanding(world);
		long found = tree_count(world, world->guard, limit);

		bound = found < 0 ? limit : found + left;
		if (bound < limit || found >= limit || (found < 0 && found != -EAGAIN))
			return;
		(void)nanosleep(&moment, NULL);
	}
}

static bool is_full(const struct session *session)
{
	if (bound < session->processes)
		return false;
	/* Many may ask at the limit: one count answers them all, and holds up nobody else. */
	if (clock_ms() < full_until)
		return true;
	count_anew(&session->world, session->processes);
	if (bound < session->processes)
		return false;
	full_until = clock_ms() + FULL_MS;
	return true;
}

static bool take_note(const struct world *world, const struct grant *grant)
{
	return note_grant(grant) || (outstanding(world) < GRANTS_LIMIT && note_grant(grant));
}

static int take_place(const struct call *call)
{
	const struct session *session = call->session;
	struct grant grant = {.tid = call->target.tid};
	bool taken;

	forget_grant(grant.tid);
	if (process_time_used(&session->world, grant.tid, &grant.used_ns) < 0)
		return -EAGAIN;
	(void)pthread_mutex_lock(&places_lock);
	taken = !is_full(session) && take_note(&session->world, &grant);
	if (taken)
		bound++;
	(void)pthread_mutex_unlock(&places_lock);
	return taken ? 0 : -EAGAIN;
}

void fork_perform(struct call *call, struct answer *answer)
{
	if (take_place(call) == 0)
		answer->kind = ANSWER_CONTINUE;
	else
		answer_refusal(call, answer, EAGAIN,
			"there are as many processes as the policy's limits let there be");
}
