#include "launch/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/futex.h"

/* What this kernel accepts: with a NULL program a supported set of flags gives EFAULT. */
static bool flags_supported(unsigned long flags)
{
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, NULL) < 0 && errno == EFAULT;
}

static int filter_flags(unsigned long *ret, struct error *err)
{
	const unsigned long listener = SECCOMP_FILTER_FLAG_NEW_LISTENER;
	const unsigned long killable = listener | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

	if (!flags_supported(listener))
		return error_set(err, ENOSYS,
			"seccomp user notification is not available here\n"
			"needed is Linux 5.14 or newer with CONFIG_SECCOMP_FILTER, "
			"and no sandbox around Moongate that refuses seccomp(2)");
	*ret = flags_supported(killable) ? killable : listener;
	return 0;
}

/* ---- step 1: fork -------------------------------------------------------------------------- */

struct start {
	const struct launch *launch;
	const sigset_t *mask;
	unsigned long flags;
	struct launch_page *page;
	int supervisor; /* pidfd */
	int events[2];
	bool ignored; /* SIGCHLD, by whoever started us: the target's to inherit */
};

static void run_guard(struct start *start)
{
	pid_t guard = getpid(), target;

	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0) {
		start->page->error = errno;
		start->page->stage = STAGE_GUARD;
		_exit(125);
	}
	target = fork();
	if (target < 0) {
		start->page->error = errno;
		start->page->stage = STAGE_FORK;
		_exit(125);
	}
	if (target == 0 && start->ignored)
		(void)signal(SIGCHLD, SIG_IGN);
	if (target == 0)
		child_run(start->launch, start->page, start->mask, start->flags, guard);
	start->page->target = target;
	guard_run(start->page, start->supervisor, start->events[1], target);
}

/* ---- steps 2 and 3: take the listener ------------------------------------------------------ */

static const char *stage_sentence(int stage)
{
	switch (stage) {
	case STAGE_GUARD:
		return "cannot set up the guard process";
	case STAGE_FORK:
		return "cannot fork (is the limit of processes, ulimit -u, too low?)";
	case STAGE_PRIVILEGES:
		return "cannot set no_new_privs";
	case STAGE_LANDLOCK:
		return "cannot enter a Landlock domain, which shields the supervisor from the "
		       "program\n"
		       "does a sandbox around Moongate refuse landlock_restrict_self(2)? "
		       "--without-landlock does without";
	case STAGE_LIMITS:
		return "cannot set the policy's limits";
	case STAGE_FILTER:
		return "cannot install the seccomp filter\n"
		       "is this running under another supervisor, perhaps another moongate?\n"
		       "one process tree can have one supervisor: give one run several policies, "
		       "-p ONE -p OTHER";
	default:
		return "the program's process ended before it was supervised";
	}
}

static bool has_ended(int pidfd)
{
	struct pollfd polled = {.fd = pidfd, .events = POLLIN};

	/* Whom nobody can watch is waited for in vain. */
	return poll(&polled, 1, 0) != 0;
}

static int wait_for_listener(const struct launched *launched)
{
	const struct timespec look_around = {.tv_nsec = 10000000L};
	struct launch_page *page = launched->page;

	while (page->listener < 0) {
		if (page->stage != STAGE_NONE)
			return page->error > 0 ? -page->error : -EIO;
		if (has_ended(launched->guard_fd))
			return -ECHILD;
		futex_wait(&page->listener, -1, &look_around);
	}
	while (page->target == 0 && !has_ended(launched->guard_fd))
		(void)sched_yield();
	return page->target == 0 ? -ECHILD : 0;
}

/* Every read of a target's memory works this way: better to know before it runs. */
static int check_reading(const struct launched *launched, struct error *err)
{
	int value;
	struct iovec local = {&value, sizeof value};
	struct iovec remote = {launched->page, sizeof value};

	if (process_vm_readv(launched->target, &local, 1, &remote, 1, 0) == sizeof value)
		return 0;
	return error_errno(err, errno,
		"cannot read the memory of the program to be supervised\n"
		"is kernel.yama.ptrace_scope 2 or 3, or does a sandbox around Moongate refuse "
		"process_vm_readv(2)?");
}

static int take_listener(struct launched *launched, struct error *err)
{
	launched->target = launched->page->target;
	launched->target_fd = pidfd_open(launched->target, 0);
	if (launched->target_fd < 0)
		return error_errno(err, errno, "cannot open a pidfd");
	launched->listener = pidfd_getfd(launched->target_fd, launched->page->listener, 0);
	if (launched->listener < 0)
		return error_errno(err, errno,
			"cannot take over the seccomp listener\n"
			"is kernel.yama.ptrace_scope 2 or 3, or does a sandbox around Moongate "
			"refuse pidfd_getfd(2)?");
	return check_reading(launched, err);
}

static void undo(struct launched *launched)
{
	launch_kill_tree(launched);
	close_fd(&launched->listener);
	close_fd(&launched->guard_fd);
	close_fd(&launched->target_fd);
	close_fd(&launched->events);
	(void)munmap(launched->page, sizeof *launched->page);
}

static struct launch_page *new_page(void)
{
	struct launch_page *page =
		mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		return NULL;
	page->listener = -1;
	return page;
}

static int fork_guard(struct start *start, struct launched *launched, struct error *err)
{
	pid_t guard = fork();

	if (guard < 0)
		return error_errno(err, errno, "%s", stage_sentence(STAGE_FORK));
	if (guard == 0)
		run_guard(start);
	launched->guard = guard;
	launched->guard_fd = pidfd_open(guard, 0);
	return launched->guard_fd < 0 ? error_errno(err, errno, "cannot open a pidfd") : 0;
}

static int check_file_limit(struct error *err)
{
	enum { ENOUGH = 32 };
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur >= ENOUGH)
		return 0;
	return error_set(err, EMFILE,
		"the limit of open files (ulimit -n) is too low to supervise a program\n"
		"let it be at least %d, and lower it in the command",
		ENOUGH);
}

int launch_prepare(
	const struct launch *launch, const sigset_t *mask, struct launched *ret, struct error *err)
{
	struct launched launched = {
		.listener = -1, .guard_fd = -1, .target_fd = -1, .events = -1, .page = new_page()};
	struct start start = {.launch = launch, .mask = mask, .page = launched.page};
	cleanup_fd int supervisor = pidfd_open(getpid(), 0);
	int result = filter_flags(&start.flags, err);

	if (result == 0)
		result = check_file_limit(err);
	if (result == 0)
		result = launch_spare_children(err);
	if (result < 0)
		return result;
	if (launched.page == NULL || supervisor < 0 || pipe2(start.events, O_CLOEXEC) < 0)
		return error_errno(err, errno, "cannot prepare the launch");
	launched.events = start.events[0];
	/* The guard must not wait for a supervisor that has stopped. */
	(void)fcntl(start.events[1], F_SETFL, O_NONBLOCK);
	launched.killable = (start.flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) != 0;
	start.supervisor = supervisor;
	/* Ignored, children would vanish without a status: the guard's, and the guard itself. */
	start.ignored = signal(SIGCHLD, SIG_DFL) == SIG_IGN;
	/* If the guard dies, its children become ours. */
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	result = fork_guard(&start, &launched, err);
	close_fd(&start.events[1]);
	if (result < 0) {
		undo(&launched);
		return result;
	}
	*ret = launched;
	return 0;
}

bool launch_drops_resource(const struct launch_terms *terms)
{
	return terms->no_core || run_limits_any(terms->limits);
}

int launch_start(struct launched *launched, const struct launch_terms *terms, struct error *err)
{
	const struct sock_fprog *program = &terms->filter->program;
	struct launch_page *page = launched->page;

	if (terms->judges_map && !launched->killable)
		return error_set(err, ENOSYS,
			"the policy says what may be mapped as code (allow.map, deny.map, on.map), "
			"and here that can't be verified\nneeded is Linux 5.19 or newer");
	page->drops_resource = launch_drops_resource(terms);
	page->judges_map = terms->judges_map;
	page->length = program->len; /* filter_build() has seen to it that there is room */
	memcpy(page->code, program->filter, program->len * sizeof *page->code);
	page->ready = 1;
	futex_wake(&page->ready);
	return 0;
}

static int set_limits(
	const struct launched *launched, const struct launch_terms *terms, struct error *err)
{
	int result = launch_limit(launched->target, terms->limits);

	if (result == 0 && terms->no_core)
		result = launch_refuse_core(launched->target);
	return result < 0 ? error_errno(err, result, "%s", stage_sentence(STAGE_LIMITS)) : 0;
}

int launch_take(struct launched *launched, const struct launch_terms *terms, struct error *err)
{
	int result = wait_for_listener(launched);

	if (result < 0)
		return error_errno(err, result, "%s", stage_sentence(launched->page->stage));
	result = take_listener(launched, err);
	return result < 0 ? result : set_limits(launched, terms, err);
}

void launch_go(struct launched *launched)
{
	launched->page->go = 1;
	futex_wake(&launched->page->go);
}

int launch_exec_error(const struct launched *launched)
{
	return launched->page->exec_error;
}

bool launch_has_exited(const struct launched *launched, int *ret_status)
{
	if (launched->page->exited == 0)
		return false;
	*ret_status = launched->page->status;
	return true;
}

bool launch_ended_well(const struct launched *launched)
{
	siginfo_t info = {0};

	return waitid(P_PIDFD, (id_t)launched->guard_fd, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_code == CLD_EXITED && info.si_status == 0;
}

bool launch_await_guard(const struct launched *launched)
{
	enum { PATIENCE_MS = 30000 };
	struct pollfd polled = {.fd = launched->guard_fd, .events = POLLIN};

	return launched->guard_fd >= 0 && poll(&polled, 1, PATIENCE_MS) > 0;
}

int launch_wake_signal(void)
{
	return SIGRTMAX; /* one that nothing sends to a whole process group */
}

void launch_end(const struct launched *launched)
{
	launched->page->ending = 1;
	(void)pidfd_send_signal(launched->guard_fd, launch_wake_signal(), NULL, 0);
	/* Somebody may have stopped it. */
	(void)pidfd_send_signal(launched->guard_fd, SIGCONT, NULL, 0);
}

void launch_set_deadline(const struct launched *launched, int64_t deadline)
{
	launched->page->deadline = deadline;
	(void)pidfd_send_signal(launched->guard_fd, launch_wake_signal(), NULL, 0);
}

/* ---- what to run --------------------------------------------------------------------------- */

static int check_program(const char *file)
{
	struct stat st;

	if (stat(file, &st) < 0)
		return errno == EACCES ? -EACCES : -ENOENT;
	if (!S_ISREG(st.st_mode))
		return -EACCES;
	/* EPERM is no answer: a sandbox says it, and launch_probe() has a sentence about that. */
	if (faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) < 0 && errno != EPERM)
		return -EACCES;
	return 0;
}

/* One directory of PATH; an empty one is the current directory. */
static int try_directory(const char *directory, size_t length, const char *name, char *ret)
{
	int written = length == 0
			      ? snprintf(ret, PATH_MAX, "./%s", name)
			      : snprintf(ret, PATH_MAX, "%.*s/%s", (int)length, directory, name);

	if (written < 0 || written >= PATH_MAX)
		return -ENOENT;
	return check_program(ret);
}

int launch_find_program(const char *name, const char *path, char *ret)
{
	int result = -ENOENT;

	if (strchr(name, '/') != NULL) {
		if (snprintf(ret, PATH_MAX, "%s", name) >= PATH_MAX)
			return -ENAMETOOLONG;
		return check_program(ret);
	}
	if (path == NULL)
		path = "/bin:/usr/bin"; /* confstr(_CS_PATH) */
	for (;;) {
		size_t length = strcspn(path, ":");
		int found = try_directory(path, length, name, ret);

		if (found == 0)
			return 0;
		if (found == -EACCES)
			result = -EACCES;
		if (path[length] == '\0')
			return result;
		path += length + 1;
	}
}
