#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "gate/internal.h"
#include "target/process.h"

/*
 * A second look at what a call has done, before the thread's next instruction. ptrace(2) belongs to
 * a thread: this worker does all of it. If the supervisor dies in between, the kernel kills what it
 * has seized.
 */

static bool is_ours(const struct gate *gate, pid_t tid)
{
	struct process_status status;

	if (process_status_of(&gate->session->world, tid, &status) < 0)
		return false;
	for (unsigned i = 0; i < gate->worker_count; i++)
		if (gate->workers[i]->tid == status.tracer)
			return true;
	return false;
}

/* Another of our threads may still have it, from the call before: then for a moment only. */
static int seize(const struct gate *gate, pid_t tid, long options)
{
	const struct timespec moment = {.tv_nsec = 200000L};

	for (int i = 0; i < 1000; i++) {
		if (ptrace(PTRACE_SEIZE, tid, NULL, (void *)(options | PTRACE_O_EXITKILL)) == 0)
			return 0;
		if (errno != EPERM || !is_ours(gate, tid))
			break;
		(void)nanosleep(&moment, NULL);
	}
	return -EPERM;
}

static void interrupt(const struct target *target)
{
	(void)ptrace(PTRACE_INTERRUPT, target->tid, NULL, NULL);
}

/* Until it has stopped and is let go, or has ended: a tracee can only be reaped by its tracer. */
static void let_go(pid_t tid)
{
	for (;;) {
		int status, signal;
		pid_t pid = waitpid(tid, &status, __WALL | __WNOTHREAD);

		if (pid < 0 && errno != EINTR)
			return;
		if (pid < 0 || !WIFSTOPPED(status))
			continue;
		signal = status >> 16 == 0 ? WSTOPSIG(status) : 0;
		if (ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signal) == 0)
			return;
	}
}

/* The number may have come to be another's before it was seized; from now on it can't any more. */
static bool is_target(const struct target *target)
{
	if (target_check(target) == 0)
		return true;
	interrupt(target);
	let_go(target->tid);
	return false;
}

bool stop_seize(struct worker *worker, long options, const char *why)
{
	const struct target *target = &worker->call.target;

	if (seize(worker->gate, target->tid, options) == 0)
		return is_target(target);
	if (target_check(target) == 0)
		call_report(&worker->call, EACCES, why);
	(void)notify_send_error(target->listener, &worker->buffers, target->id, EACCES);
	return false;
}

/* true: the thread is let go. */
static bool handle_stop(
	struct worker *worker, pid_t pid, int status, stop_objection *object, const void *context)
{
	int event = status >> 16, signal = 0;
	const char *why = object(worker, pid, event, context);

	if (why != NULL) {
		/* Then it is waited for: its parent can only do so when we have. */
		(void)kill(pid, SIGKILL);
		call_report(&worker->call, EACCES, why);
		return false;
	}
	if (event == 0)
		signal = WSTOPSIG(status); /* it had one coming */
	/* Killed inside its stop: then it is waited for, nobody else can. */
	return ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signal) == 0;
}

/*
 * Interrupted before it is answered, the thread stops before its next instruction, whatever comes
 * of the call. A listener without WAIT_KILLABLE_RECV would lose the call by that: there only an
 * exec that succeeds is certain to stop.
 */
void stop_verify(struct worker *worker, stop_objection *object, const void *context)
{
	const struct target *target = &worker->call.target;
	const bool killable = worker->gate->session->killable;

	if (killable)
		interrupt(target);
	(void)notify_send_continue(target->listener, &worker->buffers, target->id);
	if (!killable)
		interrupt(target);
	for (;;) {
		int status;
		/* After an exec it goes by another thread's number: whatever this thread traces. */
		pid_t pid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		if (pid < 0 && errno != EINTR)
			return; /* gone */
		if (pid > 0 && WIFSTOPPED(status) &&
			handle_stop(worker, pid, status, object, context))
			return;
	}
}

void stop_restart(const struct target *target, struct notify_buffers *buffers)
{
	if (ptrace(PTRACE_SEIZE, target->tid, NULL, (void *)(long)PTRACE_O_EXITKILL) < 0) {
		/* A debugger has it: the plain errno is always right. */
		(void)notify_send_error(target->listener, buffers, target->id, EINTR);
		return;
	}
	if (!is_target(target))
		return;
	interrupt(target);
	(void)notify_send_error(target->listener, buffers, target->id, INTERNAL_ERESTARTSYS);
	let_go(target->tid);
}
