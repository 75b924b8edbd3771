#include "cli/witness.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What the witness writes for the marker; else the number of a signal. */
enum { MARKER = 0, PATIENCE_MS = 1000 };

static _Noreturn void note_signals(int notes, pid_t supervisor)
{
	sigset_t all;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != supervisor)
		_exit(0);
	/* The listener must not live on in here. */
	if (dup2(notes, 0) < 0 || close_range(1, ~0u, 0) < 0)
		_exit(0);
	(void)sigfillset(&all);
	for (;;) {
		siginfo_t info;
		int number = sigwaitinfo(&all, &info);
		bool marks =
			number == SIGRTMAX && info.si_code == SI_QUEUE && info.si_pid == supervisor;
		int note = marks ? MARKER : number;

		if (number > 0 && write(0, &note, sizeof note) != sizeof note)
			_exit(0);
	}
}

void witness_start(struct witness *ret)
{
	pid_t supervisor = getpid();
	sigset_t all, before;
	int ends[2];

	*ret = (struct witness){.notes = -1};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &before);
	ret->pid = fork();
	if (ret->pid == 0)
		note_signals(ends[1], supervisor);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
	close_fd(&ends[1]);
	ret->notes = ends[0];
	if (ret->pid < 0)
		witness_end(ret);
}

/* true: *ret is the next note; false: it does not come, the witness is stopped or dead. */
static bool read_note(const struct witness *witness, int *ret)
{
	struct pollfd polled = {.fd = witness->notes, .events = POLLIN};

	return poll(&polled, 1, PATIENCE_MS) > 0 &&
	       read(witness->notes, ret, sizeof *ret) == sizeof *ret;
}

bool witness_saw(const struct witness *witness, int signal)
{
	bool saw = false;
	int note;

	if (witness->pid <= 0)
		return false;
	/*
	 * kill(2) to a group holds the task list for reading until all its members have the
	 * signal; setpgid(2) wants it for writing (kernel/sys.c). And the marker is the last of
	 * what is pending, because the lowest numbers are taken first.
	 */
	(void)setpgid(0, getpgrp());
	if (sigqueue(witness->pid, SIGRTMAX, (union sigval){0}) < 0)
		return false;
	while (read_note(witness, &note) && note != MARKER)
		saw = saw || note == signal;
	return saw;
}

void witness_end(struct witness *witness)
{
	if (witness->pid > 0) {
		(void)kill(witness->pid, SIGKILL);
		(void)waitpid(witness->pid, NULL, 0);
	}
	witness->pid = 0;
	close_fd(&witness->notes);
}
