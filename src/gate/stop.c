#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "gate/internal.h"

/*
 * A second look at what a call has done, before the thread's next instruction. ptrace(2) belongs to
 * a thread: this worker does all of it. If the supervisor dies in between, the kernel kills what it
 * has seized.
 */

bool stop_seize(struct worker *worker, long options, const char *why)
{
	const struct target *target = &worker->call.target;

	if (ptrace(PTRACE_SEIZE, target->tid, NULL, (void *)(options | PTRACE_O_EXITKILL)) == 0)
		return true;
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
	return ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signal) == 0 || errno == ESRCH;
}

void stop_verify(struct worker *worker, enum stop_interrupt interrupt, stop_objection *object,
	const void *context)
{
	const struct target *target = &worker->call.target;

	if (interrupt == STOP_BEFORE)
		(void)ptrace(PTRACE_INTERRUPT, target->tid, NULL, NULL);
	(void)notify_send_continue(target->listener, &worker->buffers, target->id);
	if (interrupt == STOP_AFTER)
		(void)ptrace(PTRACE_INTERRUPT, target->tid, NULL, NULL);
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
