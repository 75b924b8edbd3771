#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "gate/internal.h"

/*
 * Sections that may block. All signals are blocked in every thread (a signal inside a notification
 * ioctl can make the target's open return 0); one, the monitor's, is let in around the one system
 * call that is performed for the target.
 */

static uint64_t mask_all, mask_section; /* the kernel's sigset_t */

int gate_cancel_signal(void)
{
	/*
	 * Not a real-time signal: those are queued, and whoever fills the user's queue keeps them
	 * away. Nothing sends this one.
	 */
	return SIGSTKFLT;
}

static void interrupt(int signal)
{
	(void)signal; /* its arrival is all: the system call returns EINTR */
}

void gate_prepare_signals(void)
{
	/* No SA_RESTART: the call must come back. */
	struct sigaction action = {.sa_handler = interrupt};

	(void)sigfillset(&action.sa_mask);
	(void)sigaction(gate_cancel_signal(), &action, NULL);
	mask_all = ~(uint64_t)0;
	mask_section = mask_all & ~((uint64_t)1 << (gate_cancel_signal() - 1));
}

/* Raw: glibc's would copy 128 bytes around, twice on every open. */
static void set_mask(const uint64_t *mask)
{
	(void)syscall(SYS_rt_sigprocmask, SIG_SETMASK, mask, NULL, sizeof *mask);
}

void gate_blocking_begin(struct call *call, bool known)
{
	struct worker *worker = call->worker;

	if (known) {
		placement_release(&worker->placement);
		/* Where nobody can take it, the monitor sees to it that the others are served. */
		(void)gate_pass_lead(worker, false);
	}
	worker->section = worker->turn;
	set_mask(&mask_section);
}

void gate_blocking_end(struct call *call)
{
	struct worker *worker = call->worker;

	set_mask(&mask_all);
	worker->section = 0;
}
