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
#include "base/clock.h"

enum {
	AGAIN_MS = 500,   /* two Ctrl-C within this time kill the tree */
	END_MS = 30000,   /* the guard's time to end the tree; then launch_kill_tree() sees to it */
	STUCK_LOOKS = 20, /* so many looks, a second apart, at which nothing has moved */
	LOOK_MS = 1000,
};

struct watch {
	const struct supervision *supervision;
	const struct launched *launched;
	enum run_end end;
	int64_t started, interrupted, looked, ending; /* ms */
	unsigned stuck_looks;
	int signals; /* signalfd */
	struct witness *witness;
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

	/* What is stopped while the tree is being ended, the guard has stopped. */
	if (watch->ending != 0 || !is_stopped(watch) || !is_terminals(signal))
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

static void read_events(struct watch *watch)
{
	struct launch_event event;
	const bool got = read(watch->launched->events, &event, sizeof event) == sizeof event;

	watch->exited = launch_has_exited(watch->launched, &watch->status);
	if (got && WIFSTOPPED(event.status) && is_job_control(WSTOPSIG(event.status)))
		stop_with_target(watch, WSTOPSIG(event.status));
}

/* The guard kills the tree, and ends. */
static void end_tree(struct watch *watch, enum run_end end)
{
	if (watch->ending != 0)
		return;
	watch->end = end;
	watch->ending = clock_ms();
	launch_end(watch->launched);
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
	       witness_saw(watch->witness, (int)info->ssi_signo);
}

/* From the terminal: a person, who has said so before just now. */
static bool is_second_interrupt(struct watch *watch, const struct signalfd_siginfo *info)
{
	int64_t now = clock_ms(), before = watch->interrupted;

	if (info->ssi_signo != SIGINT || info->ssi_code != SI_KERNEL)
		return false;
	watch->interrupted = now;
	return before != 0 && now - before <= AGAIN_MS;
}

static void read_signal(struct watch *watch)
{
	struct signalfd_siginfo info;

	if (read(watch->signals, &info, sizeof info) != sizeof info)
		return;
	/* Only its daemons are left: who interrupts us now means them. */
	if (watch->exited && ends_the_wait(info.ssi_signo))
		end_tree(watch, RUN_ENDED);
	else if (is_second_interrupt(watch, &info))
		end_tree(watch, RUN_INTERRUPTED);
	else if (concerns_target(&info) && !has_reached_target(watch, &info))
		send_to_target(watch, (int)info.ssi_signo);
}

/* ---- time ---------------------------------------------------------------------------------- */

/*
 * Looks are counted, not seconds: who has been stopped, or slept with the whole machine, has not
 * been stuck.
 */
static void look_for_movement(struct watch *watch, int64_t now)
{
	const struct supervision *supervision = watch->supervision;

	if (now - watch->looked < LOOK_MS)
		return;
	watch->looked = now;
	if (supervision->is_stuck(supervision->context))
		watch->stuck_looks++;
	else
		watch->stuck_looks = 0;
	if (watch->stuck_looks >= STUCK_LOOKS)
		end_tree(watch, RUN_STUCK);
}

static bool is_out_of_time(const struct watch *watch, int64_t now)
{
	return (uint64_t)(now - watch->started) >= watch->supervision->wall_ms;
}

/* Until something must be looked at, in ms. */
static int patience(const struct watch *watch)
{
	uint64_t passed = (uint64_t)(clock_ms() - watch->started);
	uint64_t wall = watch->supervision->wall_ms;

	if (watch->ending != 0)
		return LOOK_MS;
	if (passed >= wall)
		return 0;
	return wall - passed < LOOK_MS ? (int)(wall - passed) : LOOK_MS;
}

static void look_at_clock(struct watch *watch)
{
	int64_t now = clock_ms();

	if (is_out_of_time(watch, now))
		end_tree(watch, RUN_OUT_OF_TIME);
	look_for_movement(watch, now);
}

/* ---- the loop ------------------------------------------------------------------------------ */

static bool is_overdue(const struct watch *watch)
{
	return watch->ending != 0 && clock_ms() - watch->ending >= END_MS;
}

/* Until the guard is gone, and with it the last process of the tree. */
static int watch_tree(struct watch *watch)
{
	struct pollfd polled[] = {
		{.fd = watch->launched->guard_fd, .events = POLLIN},
		{.fd = watch->launched->events, .events = POLLIN},
		{.fd = watch->signals, .events = POLLIN},
	};

	while (polled[0].revents == 0 && !is_overdue(watch)) {
		if (poll(polled, 3, patience(watch)) < 0 && errno != EINTR)
			return -errno;
		if ((polled[1].revents & POLLIN) != 0)
			read_events(watch);
		else if ((polled[1].revents & POLLHUP) != 0)
			polled[1].fd = -1;
		if ((polled[2].revents & POLLIN) != 0)
			read_signal(watch);
		look_at_clock(watch);
	}
	watch->exited = launch_has_exited(watch->launched, &watch->status);
	return 0;
}

int supervise(const struct supervision *supervision, int *ret_status)
{
	cleanup_fd int signals = open_signals();
	struct watch watch = {.supervision = supervision,
		.launched = supervision->launched,
		.witness = supervision->witness,
		.signals = signals,
		.started = clock_ms()};
	int result;

	/* What it noted before there was a target is of no interest. */
	(void)witness_saw(watch.witness, 0);
	if (supervision->wall_ms < (uint64_t)(INT64_MAX / 2 - watch.started))
		launch_set_deadline(watch.launched, watch.started + (int64_t)supervision->wall_ms);
	result = watch_tree(&watch);
	witness_end(watch.witness);
	if (result < 0)
		return result;
	if (watch.end != RUN_ENDED)
		return (int)watch.end;
	if (!watch.exited || !launch_ended_well(watch.launched))
		return RUN_GUARD_DIED;
	*ret_status = watch.status;
	return RUN_ENDED;
}
