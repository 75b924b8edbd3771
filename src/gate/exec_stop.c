#include <errno.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "gate/internal.h"
#include "target/image.h"

/*
 * An exec that was approved, and what came of it. The kernel reads the path again and looks it up
 * again, so another thread, or whoever can rename there, may have put something else in its place:
 *
 *	seize the thread     it waits for the answer, and does not notice
 *	answer "continue"
 *	interrupt it         so that there is exactly one stop, also if the exec fails
 *	wait for the stop    exec: no instruction of the new program has run yet
 *	compare              /proc/PID/exe, and the argv and environment that handlers saw
 *	let it go            or kill it, where it is another
 *
 */

/* Of a program of this machine's word size; others can make no system call anyway. */
static int stack_pointer(pid_t pid, uint64_t *ret)
{
	struct __ptrace_syscall_info info;

	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof info, &info) <= 0)
		return -errno;
	if (((info.arch & __AUDIT_ARCH_64BIT) != 0) != (sizeof(void *) == 8))
		return -ENOEXEC;
	*ret = info.stack_pointer;
	return 0;
}

static int strip_environment(const struct session *session, pid_t pid)
{
	uint64_t sp = 0;
	int result;

	if (session->keeps_variable == NULL)
		return 0;
	result = stack_pointer(pid, &sp);
	return result < 0 ? result
			  : image_strip_environment(
				    pid, sp, session->keeps_variable, session->keeps_context);
}

/* NULL: it may run; else why not. */
static const char *objection(const struct worker *worker, pid_t pid, const struct exec_plan *plan)
{
	const struct session *session = worker->gate->session;
	const struct world *world = &session->world;

	if (!image_is(world, pid, plan->device, plan->inode))
		return "what was about to run is not what the policy approved; it was killed";
	if (!image_starts_with(world, pid, &plan->script))
		return "the script that was about to run is not the one that the policy approved; "
		       "it was killed";
	if (plan->checks_argv && !image_has_argv(world, pid, &plan->argv))
		return "its arguments are not those that the policy saw; it was killed";
	if (plan->checks_env && !image_has_environment(world, pid, &plan->env))
		return "its environment is not the one that the policy saw; it was killed";
	if (strip_environment(session, pid) < 0)
		return "its environment could not be made what the policy wants; it was killed";
	if (session->judges_map && !map_approve_image(worker, pid))
		return "what it has as code could not be read; it was killed";
	return NULL;
}

static const char *object(struct worker *worker, pid_t pid, int event, const void *context)
{
	return event == PTRACE_EVENT_EXEC ? objection(worker, pid, context) : NULL;
}

bool exec_is_approved(struct worker *worker, pid_t pid, const struct exec_plan *plan)
{
	const char *why = objection(worker, pid, plan);

	if (why != NULL)
		call_report(&worker->call, EACCES, why);
	return why == NULL;
}

void exec_stop(struct worker *worker, const struct answer *answer)
{
	if (!stop_seize(worker, PTRACE_O_TRACEEXEC,
		    "a program can't be started by a process that is being traced: what it starts "
		    "could not be verified"))
		return;
	if (answer->plan->program != NULL)
		exec_redirect(worker, answer->plan);
	else
		stop_verify(worker, object, answer->plan);
}
