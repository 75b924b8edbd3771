#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "syscalls/perform.h"
#include "target/process.h"

/*
 * Limits, priorities and processors of another process. The kernel allows them between processes
 * of one user, and no Landlock scope covers them: a target could give the supervisor a limit of no
 * open file. Without such a domain signals and tracing are judged the same way: signal.c. Every
 * argument is a number, so the call that is let through is the call that was judged.
 */

enum { IOPRIO_WHO_PROCESS = 1 };

/* 0: it can't be told. */
static pid_t own_process(const struct call *call)
{
	struct process_status status;

	return process_status(&call->session->world, &call->target, &status) < 0 ? 0 : status.tgid;
}

static void refuse(struct call *call, struct answer *answer)
{
	answer_refusal(call, answer, EPERM, "processes outside are left alone");
}

/* A limit of processor time that is over is a SIGKILL that on.kill was not asked about. */
static bool signals_by_limit(const struct call *call)
{
	return call->session->asks[OPERATION_KILL] && strcmp(call->row->name, "prlimit64") == 0 &&
	       call->arguments[2] != 0;
}

void process_perform(struct call *call, struct answer *answer)
{
	const struct world *world = &call->session->world;
	struct process_status status;

	if (call->other_pid == 0 && (call->pid == 0 || call->pid == call->target.tid)) {
		answer->kind = ANSWER_CONTINUE;
	} else if (process_status_of(world, call->pid, &status) == -ESRCH) {
		/* Not left to the kernel: the number may be a new thread of ours by then. */
		answer->error = ESRCH;
	} else if (signals_by_limit(call) && status.tgid != own_process(call)) {
		answer_refusal(call, answer, EPERM,
			"where on.kill decides, nobody sets the limits of other processes");
	} else if (process_in_tree(world, call->pid) &&
		   (call->other_pid == 0 || process_in_tree(world, call->other_pid))) {
		answer->kind = ANSWER_CONTINUE;
	} else {
		refuse(call, answer);
	}
}

/* Of a whole group or user: the supervisor may be one of them. */
static void perform_for_one(struct call *call, struct answer *answer, int which_process)
{
	if (call->which == which_process)
		process_perform(call, answer);
	else
		refuse(call, answer);
}

void priority_perform(struct call *call, struct answer *answer)
{
	perform_for_one(call, answer, PRIO_PROCESS);
}

void ioprio_perform(struct call *call, struct answer *answer)
{
	perform_for_one(call, answer, IOPRIO_WHO_PROCESS);
}
