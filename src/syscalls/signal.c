#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/perform.h"
#include "target/process.h"
#include "target/tree.h"

/*
 * Signals, where no Landlock domain keeps them from leaving the tree. One process is a number, so
 * the call that is let through is the call that was judged. A group is not: the supervisor may be
 * in it, and whoever started it; so the members that belong to the tree get the signal from us.
 */

/* Whom a group signal is meant for: kill(2). */
struct audience {
	pid_t process; /* of the caller */
	pid_t group;   /* -1: everybody but the caller */
	int signal;
	struct process_status caller;
};

static bool is_meant(const struct audience *audience, pid_t pid)
{
	return audience->group == -1 ? pid != audience->process : getpgid(pid) == audience->group;
}

/* kill_ok_by_cred() in kernel/signal.c; the saved user id is not asked about. */
static bool may_signal(const struct process_status *caller, const struct process_status *other)
{
	return (caller->cap_effective & (1ull << CAP_KILL)) != 0 || caller->euid == other->uid ||
	       caller->uid == other->uid;
}

/* 0, or a negative errno; -ESRCH also where the number has come to be somebody else's. */
static int signal_one(const struct world *world, const struct audience *audience, pid_t pid)
{
	cleanup_fd int process = pidfd_open(pid, 0);
	struct process_status status;

	if (process < 0 || !process_in_tree(world, pid) ||
		process_status_of(world, pid, &status) < 0)
		return -ESRCH;
	if (!may_signal(&audience->caller, &status))
		return -EPERM;
	return pidfd_send_signal(process, audience->signal, NULL, 0) < 0 ? -errno : 0;
}

/* As kill(2): it is enough that one got it. */
static int signal_all(const struct world *world, const struct audience *audience)
{
	enum { ENOUGH = 1 << 20 };
	pid_t *pids;
	long count = tree_list(world, world->guard, ENOUGH, &pids);
	int result = -ESRCH;

	for (long i = 0; i < count; i++) {
		int here;

		if (!is_meant(audience, pids[i]))
			continue;
		here = signal_one(world, audience, pids[i]);
		if (here == 0 || (here == -EPERM && result == -ESRCH))
			result = here;
	}
	if (count >= 0)
		free(pids);
	return result;
}

static void signal_group(struct call *call, struct answer *answer)
{
	const struct world *world = &call->session->world;
	struct audience audience = {.group = -call->pid, .signal = (int)call->arguments[1]};
	int result = process_status(world, &call->target, &audience.caller);

	audience.process = audience.caller.tgid;
	if (call->pid == -1)
		audience.group = -1;
	else if (call->pid == 0)
		audience.group = getpgid(call->target.tid);
	if (result == 0 && (audience.signal < 0 || audience.signal > SIGRTMAX))
		result = -EINVAL;
	if (result == 0)
		result = signal_all(world, &audience);
	answer_result(answer, result);
}

void signal_perform(struct call *call, struct answer *answer)
{
	if (call->pid <= 0)
		signal_group(call, answer);
	else
		process_perform(call, answer);
}

/* A group that is closed stays so. */
void outsider_perform(struct call *call, struct answer *answer)
{
	if (call->row->group == GROUP_DEBUG && !call->session->world.debug_open)
		refuse_perform(call, answer);
	else
		process_perform(call, answer);
}
