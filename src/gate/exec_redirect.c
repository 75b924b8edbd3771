#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gate/internal.h"
#include "syscalls/perform.h"
#include "target/process.h"
#include "target/registers.h"

/*
 * Another program instead of the one that was asked for. Only the thread itself can execute, and
 * only what its argument says, so it is made to ask again:
 *
 *	seize and interrupt  it waits for the answer, and does not notice
 *	answer ERESTARTNOINTR
 *	first stop           nothing has come back from the kernel: the call is about to begin anew.
 *	                     The new path is put on its stack, and made the argument
 *	one step             the one instruction: the call, again. Its notification is recognised
 *	                     (gate_is_redirected) and let go on
 *	second stop          exec: verified like any other; or the call has failed, and the argument
 *	                     is put back
 *
 * In between its signals are blocked: a timer could else keep it from ever getting there. One that
 * comes all the same is delivered to the call as it was, which then begins anew and is judged anew.
 * What other threads do to code or path changes nothing: what runs is verified.
 */

/* What becomes of a stopped thread. */
enum outcome { GO_ON, LET_GO, KILL };

struct redirection {
	struct worker *worker;
	const struct exec_plan *plan;
	struct registers registers;
	bool exchanged;
	uint64_t mask; /* its own */
};

/* But for SIGTRAP: a step that finds it blocked would change its action. */
static void block_signals(struct redirection *redirection, pid_t tid)
{
	const uint64_t step = 1ull << (SIGTRAP - 1);
	uint64_t all;

	if (ptrace(PTRACE_GETSIGMASK, tid, sizeof all, &redirection->mask) < 0)
		return;
	all = ~step | (redirection->mask & step);
	(void)ptrace(PTRACE_SETSIGMASK, tid, sizeof all, &all);
}

static void unblock_signals(const struct redirection *redirection, pid_t tid)
{
	uint64_t mask = redirection->mask;

	(void)ptrace(PTRACE_SETSIGMASK, tid, sizeof mask, &mask);
}

static bool is_our_step(pid_t tid)
{
	siginfo_t info;

	return ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) == 0 && info.si_code > 0;
}

static size_t path_argument(const struct call *call)
{
	return call->row->arguments[0] == ARG_PATH ? 0 : 1;
}

static void fail(const struct redirection *redirection, pid_t tid, int error)
{
	call_report(&redirection->worker->call, -error,
		"the path given to redirect() could not be handed over: there is no room on the "
		"program's stack, or not this kind of processor");
	(void)registers_fail(tid, -error);
}

static enum outcome first_stop(struct redirection *redirection, pid_t tid)
{
	struct worker *worker = redirection->worker;
	int result = registers_exchange(tid, path_argument(&worker->call),
		redirection->plan->program, &redirection->registers);

	if (result == -EINVAL)
		return LET_GO;
	if (result < 0) {
		fail(redirection, tid, result);
		return LET_GO;
	}
	redirection->exchanged = true;
	block_signals(redirection, tid);
	worker->redirects = tid;
	return GO_ON;
}

/* The call as it was, for a signal that comes first; or what it was, if it is done and has failed.
 */
static enum outcome second_stop(const struct redirection *redirection, pid_t tid, int signal)
{
	if (signal != SIGTRAP || !is_our_step(tid)) {
		(void)registers_undo(tid, &redirection->registers);
		return LET_GO;
	}
	return registers_finish(tid, &redirection->registers) == -EINVAL ? KILL : LET_GO;
}

static enum outcome judge_stop(struct redirection *redirection, pid_t pid, int status, int *signal)
{
	const int event = status >> 16;

	*signal = 0;
	if (event == PTRACE_EVENT_EXEC)
		return exec_is_approved(redirection->worker, pid, redirection->plan) ? LET_GO
										     : KILL;
	if (event == PTRACE_EVENT_STOP) {
		/* Where it stops for job control, it does so again when it is let go. */
		if (redirection->exchanged)
			return GO_ON;
		return WSTOPSIG(status) == SIGTRAP ? first_stop(redirection, pid) : LET_GO;
	}
	if (!redirection->exchanged) {
		*signal = WSTOPSIG(status);
		return LET_GO;
	}
	if (WSTOPSIG(status) != SIGTRAP || !is_our_step(pid))
		*signal = WSTOPSIG(status);
	return second_stop(redirection, pid, WSTOPSIG(status));
}

/* true: it goes its own way again, or to its end. */
static bool handle_stop(struct redirection *redirection, pid_t pid, int status)
{
	int signal;

	switch (judge_stop(redirection, pid, status, &signal)) {
	case GO_ON:
		(void)ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL);
		return false;
	case LET_GO:
		if (redirection->exchanged)
			unblock_signals(redirection, pid);
		/* First: as soon as it goes, it may ask for something else. */
		redirection->worker->redirects = 0;
		/* Killed inside its stop: then it is waited for, nobody else can. */
		return ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signal) == 0;
	case KILL:
		(void)kill(pid, SIGKILL);
		return false; /* it is waited for */
	}
	return true;
}

void exec_redirect(struct worker *worker, const struct exec_plan *plan)
{
	const struct target *target = &worker->call.target;
	struct redirection redirection = {.worker = worker, .plan = plan};

	/* Before the answer, so that it cannot get back to its own instructions. */
	(void)ptrace(PTRACE_INTERRUPT, target->tid, NULL, NULL);
	(void)notify_send_error(
		target->listener, &worker->buffers, target->id, INTERNAL_ERESTARTNOINTR);
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		if (pid < 0 && errno != EINTR)
			break; /* gone */
		if (pid > 0 && WIFSTOPPED(status) && handle_stop(&redirection, pid, status))
			break;
	}
	worker->redirects = 0;
}

/* Whether the worker traces it: the number alone may have come to be another's. */
static bool traces(const struct worker *worker, pid_t tid)
{
	struct process_status status;

	return process_status_of(&worker->gate->session->world, tid, &status) == 0 &&
	       status.tracer == worker->tid;
}

bool gate_is_redirected(const struct gate *gate, const struct call *call)
{
	if (call->row->perform != exec_perform)
		return false;
	for (unsigned i = 0; i < gate->worker_count; i++) {
		const struct worker *worker = gate->workers[i];

		if (worker->redirects == call->target.tid && traces(worker, call->target.tid))
			return target_check(&call->target) == 0;
	}
	return false;
}
