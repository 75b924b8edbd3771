#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "gate/internal.h"
#include "target/process.h"

/*
 * An exec that was approved, and what came of it. The kernel reads the path again and looks it up
 * again, so another thread, or whoever can rename there, may have put something else in its place:
 *
 *	seize the thread     it waits for the answer, and does not notice
 *	answer "continue"
 *	interrupt it         so that there is exactly one stop, also if the exec fails
 *	wait for the stop    exec: no instruction of the new program has run yet
 *	compare              /proc/PID/exe is what was approved: let it go; else kill it
 *
 * ptrace(2) belongs to a thread: this worker does all of it. If the supervisor dies in between, the
 * kernel kills what it has seized.
 */

static bool is_approved(const struct worker *worker, pid_t pid, const struct approved *approved)
{
	const struct world *world = &worker->gate->session->world;
	char name[32];
	struct stat st;

	(void)snprintf(name, sizeof name, "%d/exe", pid);
	return fstatat(world->proc, name, &st, 0) == 0 && st.st_dev == approved->device &&
	       st.st_ino == approved->inode;
}

/* true: the thread is let go. */
static bool handle_stop(
	struct worker *worker, pid_t pid, int status, const struct approved *approved)
{
	int event = status >> 16, signal = 0;

	if (event == PTRACE_EVENT_EXEC && !is_approved(worker, pid, approved)) {
		/* Then it is waited for: its parent can only do so when we have. */
		(void)kill(pid, SIGKILL);
		call_report(&worker->call, EACCES,
			"what was about to run is not what the policy approved; it was killed");
		return false;
	}
	if (event == 0)
		signal = WSTOPSIG(status); /* it had one coming */
	return ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)signal) == 0 || errno == ESRCH;
}

/* After an exec the process goes by another thread's number: whatever this thread traces. */
static void wait_for_stop(struct worker *worker, const struct approved *approved)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL | __WNOTHREAD);

		if (pid < 0 && errno != EINTR)
			return; /* gone */
		if (pid > 0 && WIFSTOPPED(status) && handle_stop(worker, pid, status, approved))
			return;
	}
}

void exec_stop(struct worker *worker, const struct answer *answer)
{
	const struct target *target = &worker->call.target;

	if (ptrace(PTRACE_SEIZE, target->tid, NULL,
		    (void *)(long)(PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL)) < 0) {
		if (target_check(target) == 0)
			call_report(&worker->call, EACCES,
				"a program can't be started by a process that is being traced: "
				"what it starts could not be verified");
		(void)notify_send_error(target->listener, &worker->buffers, target->id, EACCES);
		return;
	}
	(void)notify_send_continue(target->listener, &worker->buffers, target->id);
	/* Not before: a listener without WAIT_KILLABLE would lose the call. */
	(void)ptrace(PTRACE_INTERRUPT, target->tid, NULL, NULL);
	wait_for_stop(worker, &answer->approved);
}
