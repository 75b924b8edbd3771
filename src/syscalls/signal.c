#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/perform.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/tree.h"

/*
 * Signals. First on.kill, if there is one, is asked: whom it is for and which one are numbers, so
 * the call that is let through is the call that was judged.
 *
 * Where no Landlock domain keeps them from leaving the tree, that is our business, too. A group is
 * no number: the supervisor may be in it, and whoever started it; so the members that belong to the
 * tree get the signal from us.
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
	struct audience audience = {
		.group = call->pid == INT_MIN ? 0 : -call->pid, .signal = (int)call->arguments[1]};
	int result = call->pid == INT_MIN ? -ESRCH
					  : process_status(world, &call->target, &audience.caller);

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

/* ---- on.kill ------------------------------------------------------------------------------- */

/* Whom it is for, as handlers see it: a process even where a thread was named; never 0. */
static pid_t addressee(const struct call *call)
{
	struct process_status status;

	if (call->pid == 0)
		return -getpgid(call->target.tid);
	if (call->pid > 0 && process_status_of(&call->session->world, call->pid, &status) == 0)
		return status.tgid;
	return call->pid;
}

/* true: the policy lets it be; else the answer is filled. */
static bool settle(const struct question *question, struct answer *answer)
{
	struct verdict verdict;
	bool allowed;

	question_ask(question, &verdict);
	question_observe(question, &verdict);
	allowed = verdict.kind == VERDICT_ALLOW;
	if (!allowed && !answer_verdict(answer, &verdict))
		answer_refusal(question->call, answer, EPERM,
			"a signal can be allowed, refused or pretended, and nothing else");
	verdict_clear(&verdict);
	return allowed;
}

/* What a process does to itself is nobody's business. */
static bool may_send(struct call *call, struct answer *answer)
{
	struct question question;
	struct process_status caller;
	int result;

	if (!call->session->asks[OPERATION_KILL])
		return true;
	result = process_status(&call->session->world, &call->target, &caller);
	if (result < 0) {
		answer_result(answer, result);
		return false;
	}
	question_prepare(&question, call, 0, "", 0, false);
	question.request.to = addressee(call);
	return question.request.to == caller.tgid || settle(&question, answer);
}

void kill_perform(struct call *call, struct answer *answer)
{
	if (!may_send(call, answer))
		return;
	if (call->session->scoped)
		answer->kind = ANSWER_CONTINUE;
	else if (call->pid <= 0)
		signal_group(call, answer);
	else
		process_perform(call, answer);
}

/* Calls that can't name a group. */
void kill_one_perform(struct call *call, struct answer *answer)
{
	if (call->pid <= 0) {
		answer->kind = ANSWER_CONTINUE; /* EINVAL or ESRCH, whoever asks */
		return;
	}
	if (!may_send(call, answer))
		return;
	if (call->session->scoped)
		answer->kind = ANSWER_CONTINUE;
	else
		process_perform(call, answer);
}

/* ---- pidfds -------------------------------------------------------------------------------- */

/* proc_pid_fdinfo(5): whom one of our pidfds stands for; 0: it is none; -1: who has been reaped. */
static pid_t process_of(const struct world *world, int pidfd)
{
	char name[48], line[128];
	int fd, pid = 0;
	FILE *file;

	(void)snprintf(name, sizeof name, "thread-self/fdinfo/%d", pidfd);
	fd = openat(world->proc, name, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (file == NULL) {
		close_fd(&fd);
		return 0;
	}
	while (fgets(line, sizeof line, file) != NULL && sscanf(line, "Pid: %d", &pid) != 1)
		;
	(void)fclose(file);
	return pid;
}

/* sigqueue(3)'s information, which says nothing that only the kernel may. */
static int read_information(const struct call *call, siginfo_t *ret)
{
	int result = memory_read(&call->target, call->arguments[2], ret, sizeof *ret);

	if (result < 0)
		return result;
	if (ret->si_signo != (int)call->arguments[1])
		return -EINVAL;
	return ret->si_code >= 0 || ret->si_code == SI_TKILL ? -EPERM : 0;
}

static int may_signal_by(const struct call *call, int pidfd, pid_t pid)
{
	const struct world *world = &call->session->world;
	struct process_status caller, other;
	int result = process_status(world, &call->target, &caller);

	if (result < 0 || pid < 0)
		return result < 0 ? result : -ESRCH;
	if (!process_in_tree(world, pid))
		return -EPERM;
	/* As long as it is there, the number is its own: so that was the one. */
	if (process_status_of(world, pid, &other) < 0 || process_of(world, pidfd) != pid)
		return -ESRCH;
	return may_signal(&caller, &other) ? 0 : -EPERM;
}

/* PIDFD_SIGNAL_*; a whole group is refused. */
static bool is_for_one(const struct call *call)
{
	enum { THREAD = 1, THREAD_GROUP = 2 };
	const unsigned flags = (uint32_t)call->arguments[3];

	return flags == 0 || flags == THREAD || flags == THREAD_GROUP;
}

/* In the order in which the kernel finds fault: do_pidfd_send_signal() in kernel/signal.c. */
static int signal_by_pidfd(struct call *call)
{
	const struct world *world = &call->session->world;
	cleanup_fd int pidfd = -1;
	siginfo_t info;
	pid_t pid;
	int result = 0;

	if (!is_for_one(call))
		return -EINVAL;
	pidfd = process_take_fd(world, &call->target, (int)call->arguments[0]);
	pid = pidfd < 0 ? 0 : process_of(world, pidfd);
	if (pid == 0)
		return pidfd < 0 ? pidfd : -EBADF;
	if (call->arguments[2] != 0)
		result = read_information(call, &info);
	if (result == 0)
		result = may_signal_by(call, pidfd, pid);
	if (result < 0)
		return result;
	return syscall(SYS_pidfd_send_signal, pidfd, (int)call->arguments[1],
		       call->arguments[2] != 0 ? &info : NULL, (uint32_t)call->arguments[3]) < 0
		       ? -errno
		       : 0;
}

/*
 * Which process it is for says a descriptor, and that can be exchanged by another thread after it
 * was looked at: so our copy of it is used, and the signal comes from us. With on.kill there is no
 * such call; programs fall back to kill(2).
 */
void pidfd_signal_perform(struct call *call, struct answer *answer)
{
	/* PIDFD_SELF_THREAD, PIDFD_SELF_THREAD_GROUP: numbers that mean the caller. */
	enum { SELF_THREAD = -10000, SELF_THREAD_GROUP = -10001, OLD_THREAD_GROUP = -20000 };
	const int pidfd = (int)call->arguments[0];

	if ((pidfd == SELF_THREAD || pidfd == SELF_THREAD_GROUP || pidfd == OLD_THREAD_GROUP) &&
		is_for_one(call)) {
		answer->kind = ANSWER_CONTINUE;
		return;
	}
	answer_result(
		answer, call->session->asks[OPERATION_KILL] ? -ENOSYS : signal_by_pidfd(call));
}

/* ---- others -------------------------------------------------------------------------------- */

/* A group that is closed stays so. */
void outsider_perform(struct call *call, struct answer *answer)
{
	if (call->row->group == GROUP_DEBUG && !call->session->world.debug_open)
		refuse_perform(call, answer);
	else
		process_perform(call, answer);
}
