#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <seccomp.h>

#include "base/cleanup.h"
#include "gate/internal.h"
#include "syscalls/perform.h"
#include "target/process.h"

static int check_cookie(const struct target *target)
{
	return notify_cookie_valid(target->listener, target->id) < 0 ? -ESRCH : 0;
}

static void fill_call(struct worker *worker, const struct seccomp_notif *notification)
{
	struct call *call = &worker->call;

	call->session = worker->gate->session;
	call->worker = worker;
	call->target = (struct target){
		.tid = (pid_t)notification->pid,
		.check = check_cookie,
		.id = notification->id,
		.listener = worker->gate->listener,
	};
	for (size_t i = 0; i < 6; i++)
		call->arguments[i] = notification->data.args[i];
	call->row = notification->data.arch == seccomp_arch_native()
			    ? syscall_by_number(notification->data.nr)
			    : NULL;
	call->turn = worker->turn;
	call->cancelled = call->crowded = 0;
	call->changes = false;
}

static void perform(struct call *call, struct answer *answer)
{
	int result;

	*answer = ANSWER_NONE;
	if (call->row == NULL) {
		answer_result(answer, -ENOSYS);
		return;
	}
	if (call->target.tid == 0) {
		/* A pid namespace that we can't see into: nothing can be read or checked. */
		answer_result(answer, -EACCES);
		return;
	}
	result = call_decode(call);
	if (result < 0)
		answer_result(answer, result);
	else if (gate_is_redirected(((struct worker *)call->worker)->gate, call))
		answer->kind = ANSWER_CONTINUE;
	else if (call->row->perform != NULL)
		call->row->perform(call, answer);
	else
		refuse_perform(call, answer);
}

/* ---- answering ----------------------------------------------------------------------------- */

/* Step one of two; then nothing of ours refers to the file any more. Step two follows. */
static int inject(struct worker *worker, struct answer *answer)
{
	const struct target *target = &worker->call.target;
	int cpu = placement_begin(&worker->placement);
	int number = notify_add_fd(target->listener, target->id, answer->fd, answer->cloexec);

	placement_end(&worker->placement, cpu);
	close_fd(&answer->fd);
	return number;
}

static void kill_process(const struct worker *worker)
{
	/* The thread waits for us, so the number is still its own; a thread's number means its
	 * process. */
	if (target_check(&worker->call.target) == 0)
		(void)kill(worker->call.target.tid, SIGKILL);
}

static void deliver(struct worker *worker, struct answer *answer)
{
	const struct target *target = &worker->call.target;
	struct notify_buffers *buffers = &worker->buffers;
	int result;

	switch (answer->kind) {
	case ANSWER_VALUE:
		(void)notify_send_value(target->listener, buffers, target->id, answer->value);
		return;
	case ANSWER_FD:
		result = inject(worker, answer);
		if (result >= 0)
			(void)notify_send_value(target->listener, buffers, target->id, result);
		else
			(void)notify_send_error(target->listener, buffers, target->id, -result);
		return;
	case ANSWER_CONTINUE:
		(void)notify_send_continue(target->listener, buffers, target->id);
		return;
	case ANSWER_EXEC:
		/* An exec takes its time; and one that is redirected needs another to answer. */
		if (gate_pass_lead(worker, false) || answer->plan->program == NULL)
			exec_stop(worker, answer);
		else
			(void)notify_send_error(target->listener, buffers, target->id, EAGAIN);
		exec_plan_free(answer->plan);
		return;
	case ANSWER_MAP:
		(void)gate_pass_lead(worker, false);
		map_stop(worker, answer);
		return;
	case ANSWER_RESTART:
		stop_restart(target, buffers);
		return;
	case ANSWER_KILL:
		kill_process(worker);
		(void)notify_send_error(target->listener, buffers, target->id, EPERM);
		return;
	case ANSWER_GONE:
		/* If it is not gone after all, ESRCH was the answer of the call itself. */
		(void)notify_send_error(target->listener, buffers, target->id, ESRCH);
		return;
	case ANSWER_ERROR:
		break;
	}
	(void)notify_send_error(target->listener, buffers, target->id, answer->error);
}

/*
 * "Restart" is for a thread with a signal to handle. Another thread of its process may have taken
 * the signal: then do it again.
 */
static bool must_repeat(struct worker *worker, struct answer *answer)
{
	bool signalled;
	int result;

	if (answer->kind != ANSWER_RESTART)
		return false;
	result = process_is_signalled(
		&worker->gate->session->world, &worker->call.target, &signalled);
	if (result < 0) /* it can't be told: the plain errno is always right */
		answer_result(answer, result == -ESRCH ? -ESRCH : -EINTR);
	return result == 0 && !signalled;
}

void gate_handle(struct worker *worker, const struct seccomp_notif *notification)
{
	struct answer answer;

	worker->turn++;
	gate_wake_monitor(worker->gate);
	do {
		fill_call(worker, notification);
		perform(&worker->call, &answer);
	} while (must_repeat(worker, &answer));
	deliver(worker, &answer);
	close_fd(&answer.fd);
	worker->turn++;
}
