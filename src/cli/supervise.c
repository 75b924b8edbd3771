#include "cli/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/witness.h"

struct watch {
	const struct launched *launched;
	int signals; /* signalfd */
	struct witness witness;
	bool exited;
	int status;
};

/* Everything that somebody may mean for the command; SIGSTKFLT and SIGRTMAX are our own. */
static int open_signals(void)
{
	sigset_t signals;

	(void)sigfillset(&signals);
	(void)sigdelset(&signals, SIGCHLD);
	(void)sigdelset(&signals, SIGSTKFLT);
	(void)sigdelset(&signals, SIGRTMAX);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

static bool is_stopped(const struct watch *watch)
{
	char path[64], line[512];
	const char *behind;
	FILE *file;
	bool stopped = false;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", watch->launched->target);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fgets(line, sizeof line, file) != NULL && (behind = strrchr(line, ')')) != NULL)
		stopped = behind[1] == ' ' && behind[2] == 'T';
	(void)fclose(file);
	return stopped;
}

static void send_to_target(const struct watch *watch, int signal)
{
	if (!watch->exited)
		(void)pidfd_send_signal(watch->launched->target_fd, signal, NULL, 0);
}

/*
 * Whether the terminal stopped the target, and with it the whole group. A process may send itself
 * SIGTSTP, too; then the rest of its tree goes on.
 */
static bool is_terminals(int signal)
{
	cleanup_fd int terminal = open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC);

	return terminal >= 0 && (signal != SIGTSTP || tcgetpgrp(terminal) == getpgrp());
}

/*
 * The shell waits for us, not for the target: it must see us stop, by the same signal. Only for the
 * stops of job control: a SIGSTOP may come from within the tree, and then the rest of it goes on
 * and needs us.
 */
static void stop_with_target(const struct watch *watch, int signal)
{
	sigset_t one;

	if (!is_stopped(watch) || !is_terminals(signal))
		return;
	(void)sigemptyset(&one);
	(void)sigaddset(&one, signal);
	(void)raise(signal);
	(void)pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	/* Stopped here, until somebody continues us. */
	(void)pthread_sigmask(SIG_BLOCK, &one, NULL);
	if (is_stopped(watch))
		send_to_target(watch, SIGCONT);
}

static bool is_job_control(int signal)
{
	return signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

static void handle_event(struct watch *watch, int status)
{
	if (WIFSTOPPED(status)) {
		if (is_job_control(WSTOPSIG(status)))
			stop_with_target(watch, WSTOPSIG(status));
	} else if (WIFEXITED(status) || WIFSIGNALED(status)) {
		watch->exited = true;
		watch->status = status;
	}
}

static void read_events(struct watch *watch)
{
	struct launch_event event;

	if (read(watch->launched->events, &event, sizeof event) == sizeof event)
		handle_event(watch, event.status);
}

static bool ends_the_wait(uint32_t signal)
{
	return signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT;
}

/*
 * What the terminal sends went to the whole foreground group, the target included; but a hang-up
 * goes to the leader of the session alone, and that may be us.
 */
static bool concerns_target(const struct signalfd_siginfo *info)
{
	/* What our own messages met: a closed pipe, a limit of file sizes. */
	if (info->ssi_pid == (uint32_t)getpid())
		return false;
	return info->ssi_code != SI_KERNEL || (info->ssi_signo == SIGHUP && getsid(0) == getpid());
}

/* What somebody sent to the whole process group, and the target is still in it. */
static bool has_reached_target(const struct watch *watch, const struct signalfd_siginfo *info)
{
	return info->ssi_code == SI_USER && getpgid(watch->launched->target) == getpgrp() &&
	       witness_saw(&watch->witness, (int)info->ssi_signo);
}

static void read_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signals, &info, sizeof info) != sizeof info)
		return;
	/* Only its daemons are left: who interrupts us now means them. */
	if (watch->exited && ends_the_wait(info.ssi_signo))
		launch_end(watch->launched);
	else if (concerns_target(&info) && !has_reached_target(watch, &info))
		send_to_target(watch, (int)info.ssi_signo);
}

static bool pending(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 0) > 0 && (polled.revents & POLLIN) != 0;
}

/* Until the guard is gone, and with it the last process of the tree. */
static int watch_tree(struct watch *watch)
{
	struct pollfd polled[] = {
		{.fd = watch->launched->guard_fd, .events = POLLIN},
		{.fd = watch->launched->events, .events = POLLIN},
		{.fd = watch->signals, .events = POLLIN},
	};

	while (polled[0].revents == 0) {
		if (poll(polled, 3, -1) < 0 && errno != EINTR)
			return -errno;
		if ((polled[1].revents & POLLIN) != 0)
			read_events(watch);
		else if ((polled[1].revents & POLLHUP) != 0)
			polled[1].fd = -1;
		if ((polled[2].revents & POLLIN) != 0)
			read_signal(watch);
	}
	while (pending(watch->launched->events))
		read_events(watch);
	return 0;
}

int supervise(const struct launched *launched, int *ret_status)
{
	cleanup_fd int signals = open_signals();
	struct watch watch = {.launched = launched, .signals = signals};
	int result;

	witness_start(&watch.witness);
	result = watch_tree(&watch);
	witness_end(&watch.witness);
	if (result < 0)
		return result;
	if (!watch.exited || !launch_ended_well(launched))
		return -ECHILD;
	*ret_status = watch.status;
	return 0;
}
