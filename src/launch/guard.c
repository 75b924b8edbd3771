#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/launch.h"

/*
 * The guard: parent of the target and, as subreaper, of every orphan of the tree. It holds no
 * listener and reads nothing that a target wrote. It ends when the last descendant has; or, when
 * the supervisor is gone, it kills them all: no target runs unsupervised.
 */

enum { SUPERVISOR, EVENTS, CHILDREN, FD_COUNT, FIRST_FD = 3 };

/* Keeps only what it needs, at known numbers, and none of the user's files. */
static void keep_only(int fds[FD_COUNT])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
	}
	/* Out of the way first, so that none is overwritten while they move down. */
	for (int i = 0; i < FD_COUNT; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, FIRST_FD + FD_COUNT);
	for (int i = 0; i < FD_COUNT; i++) {
		fds[i] = dup3(fds[i], FIRST_FD + i, O_CLOEXEC);
		/* Blind, it would be of no use: the supervisor sees it end, and ends the rest. */
		if (fds[i] < 0)
			_exit(1);
	}
	(void)close_range(FIRST_FD + FD_COUNT, ~0U, 0);
	/* Not to keep a file system busy; where that fails, it stays busy. */
	if (chdir("/") < 0)
		return;
}

static void report(int fds[FD_COUNT], int status)
{
	struct launch_event event = {status};

	/* A supervisor that stopped together with the target goes on together with it. */
	if (WIFCONTINUED(status))
		(void)pidfd_send_signal(fds[SUPERVISOR], SIGCONT, NULL, 0);

	/* Shorter than PIPE_BUF: whole or not at all. A supervisor that is gone is no reason to
	 * end. */
	while (write(fds[EVENTS], &event, sizeof event) < 0 && errno == EINTR)
		;
}

/* false: no descendant is left. */
static bool reap(int fds[FD_COUNT], pid_t target)
{
	for (;;) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL);

		if (pid == 0)
			return true;
		if (pid < 0)
			return errno != ECHILD;
		if (pid == target)
			report(fds, status);
	}
}

static int child_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, launch_end_signal());
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* true: the supervisor wants the tree to end. */
static bool drain(int children)
{
	struct signalfd_siginfo info;
	bool end = false;

	while (read(children, &info, sizeof info) > 0)
		end = end || info.ssi_signo == (uint32_t)launch_end_signal();
	return end;
}

void guard_run(int supervisor, int events, pid_t target)
{
	int fds[FD_COUNT] = {supervisor, events, child_signals()};
	struct pollfd polled[2];

	/* Out of the command's group: a SIGKILL to that must not take supervisor and guard
	 * together. */
	(void)setsid();
	(void)prctl(PR_SET_NAME, "moongate-guard");
	(void)prctl(PR_SET_DUMPABLE, 0);
	keep_only(fds);
	polled[0] = (struct pollfd){.fd = fds[SUPERVISOR], .events = POLLIN};
	polled[1] = (struct pollfd){.fd = fds[CHILDREN], .events = POLLIN};
	while (reap(fds, target)) {
		bool blind = poll(polled, 2, -1) < 0 && errno != EINTR;

		if (blind || polled[0].revents != 0 || drain(fds[CHILDREN])) {
			launch_kill_descendants();
			break;
		}
	}
	_exit(0);
}
