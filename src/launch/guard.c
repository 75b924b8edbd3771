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

#include "base/clock.h"
#include "launch/launch.h"

/*
 * The guard: parent of the target and, as subreaper, of every orphan of the tree. It holds no
 * listener and reads nothing that a target wrote. It ends when the last descendant has; or, when
 * the supervisor is gone, it kills them all: no target runs unsupervised. It does so, too, when it
 * is told to, and when the run has had its time.
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

/* A supervisor that stopped together with the target goes on together with it, or after it. */
static void wake_supervisor(const int fds[FD_COUNT])
{
	(void)pidfd_send_signal(fds[SUPERVISOR], SIGCONT, NULL, 0);
}

static void report(struct launch_page *page, const int fds[FD_COUNT], int status)
{
	struct launch_event event = {status};
	const bool exited = WIFEXITED(status) || WIFSIGNALED(status);

	if (exited) {
		page->status = status;
		page->exited = 1;
	}
	/*
	 * Shorter than PIPE_BUF: whole or not at all. Where there is no room, the supervisor has
	 * enough to look at.
	 */
	while (write(fds[EVENTS], &event, sizeof event) < 0 && errno == EINTR)
		;
	if (exited || WIFCONTINUED(status))
		wake_supervisor(fds);
}

enum reaped { NOBODY_IS_LEFT, ALL_REAPED, MORE_TO_REAP };

/* A limited number: who stops and continues its own as fast as it can must not keep us here. */
static enum reaped reap(struct launch_page *page, const int fds[FD_COUNT], pid_t target)
{
	enum { AT_ONCE = 64 };

	for (int i = 0; i < AT_ONCE; i++) {
		int status;
		pid_t pid = waitpid(-1, &status, WNOHANG | WUNTRACED | WCONTINUED | __WALL);

		if (pid == 0)
			return ALL_REAPED;
		if (pid < 0)
			return errno == ECHILD ? NOBODY_IS_LEFT : ALL_REAPED;
		if (pid == target)
			report(page, fds, status);
	}
	return MORE_TO_REAP;
}

static int child_signals(void)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigaddset(&set, launch_wake_signal());
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void drain(int children)
{
	struct signalfd_siginfo info;

	while (read(children, &info, sizeof info) > 0)
		;
}

/* ---- the end ------------------------------------------------------------------------------- */

/* Until the deadline, in ms; -1: there is none. The supervisor, if it runs, is to be the first. */
static int patience(const struct launch_page *page)
{
	enum { GRACE_MS = 1000, LONGEST_MS = 1000 * 1000 };
	const int64_t deadline = page->deadline;
	int64_t left;

	if (deadline == 0)
		return -1;
	left = deadline + GRACE_MS - clock_ms();
	if (left <= 0)
		return 0;
	return left < LONGEST_MS ? (int)left : LONGEST_MS;
}

/* Waits for something to do, if there is nothing. true: the tree is to end. */
static bool wait_for_end(
	const struct launch_page *page, const int fds[FD_COUNT], enum reaped reaped)
{
	struct pollfd polled[] = {
		{.fd = fds[SUPERVISOR], .events = POLLIN},
		{.fd = fds[CHILDREN], .events = POLLIN},
	};

	if (poll(polled, 2, reaped == MORE_TO_REAP ? 0 : patience(page)) < 0 && errno != EINTR)
		return true;
	drain(fds[CHILDREN]);
	return polled[0].revents != 0 || page->ending != 0 || patience(page) == 0;
}

void guard_run(struct launch_page *page, int supervisor, int events, pid_t target)
{
	int fds[FD_COUNT] = {supervisor, events, child_signals()};
	enum reaped reaped;

	/* Out of the command's group: a SIGKILL to that must not take supervisor and guard
	 * together. */
	(void)setsid();
	(void)prctl(PR_SET_NAME, "moongate-guard");
	(void)prctl(PR_SET_DUMPABLE, 0);
	keep_only(fds);
	while ((reaped = reap(page, fds, target)) != NOBODY_IS_LEFT) {
		if (!wait_for_end(page, fds, reaped))
			continue;
		launch_kill_descendants();
		break;
	}
	wake_supervisor(fds);
	_exit(0);
}
