#include <errno.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/futex.h"
#include "launch/landlock.h"
#include "launch/launch.h"

/*
 * The target before it is the target: everything between fork and exec. Once the filter is in
 * place this makes no system call but futex and execve: another might be notified while nobody
 * receives.
 */

static void fail(struct launch_page *page, enum launch_stage stage, int error)
{
	page->error = error;
	page->stage = stage;
	_exit(125);
}

static void drop_privileges(struct launch_page *page)
{
	int ruleset;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(page, STAGE_PRIVILEGES, errno);
	ruleset = landlock_ruleset();
	if (ruleset < 0)
		fail(page, STAGE_LANDLOCK, -ruleset);
	if (landlock_enforce(ruleset) < 0)
		fail(page, STAGE_LANDLOCK, errno);
	(void)close(ruleset);
}

/* Never above what whoever started us allows. */
static int lower(int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit;

	if (getrlimit(resource, &limit) < 0)
		return -errno;
	limit.rlim_max = hard < limit.rlim_max ? hard : limit.rlim_max;
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	return setrlimit(resource, &limit) < 0 ? -errno : 0;
}

/* With this capability limits could be raised again. It goes for good: no_new_privs is set. */
static int drop_resource_capability(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];
	const uint32_t bit = 1u << (CAP_SYS_RESOURCE % 32);

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	if (((data[0].permitted | data[0].inheritable) & bit) == 0)
		return 0;
	/* An exec by root would bring it back from the bounding set. */
	if (prctl(PR_CAPBSET_DROP, CAP_SYS_RESOURCE, 0, 0, 0) < 0)
		return -errno;
	data[0].effective &= ~bit;
	data[0].permitted &= ~bit;
	data[0].inheritable &= ~bit;
	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

/* The supervisor counts processes, and the time. */
static int apply_limits(const struct run_limits *limits)
{
	/* `grace`: a second more to act upon SIGXCPU; then SIGKILL. */
	static const struct {
		enum run_limit limit;
		int resource;
		uint64_t unit, grace;
	} rows[] = {
		{RUN_LIMIT_FILES, RLIMIT_NOFILE, 1, 0},
		{RUN_LIMIT_MEMORY, RLIMIT_AS, 1, 0},
		{RUN_LIMIT_FILESIZE, RLIMIT_FSIZE, 1, 0},
		{RUN_LIMIT_CPU, RLIMIT_CPU, 1000, 1},
	};
	bool any = false;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t value = limits->values[rows[i].limit], soft = value / rows[i].unit;
		int result;

		if (!run_limits_have(limits, rows[i].limit))
			continue;
		soft += value % rows[i].unit != 0;
		result = lower(rows[i].resource, soft, soft + rows[i].grace);
		if (result < 0)
			return result;
		any = true;
	}
	return any ? drop_resource_capability() : 0;
}

void child_run(const struct launch *launch, struct launch_page *page, const sigset_t *mask,
	unsigned long filter_flags, pid_t guard)
{
	long listener;
	int limited;

	/* Dies with the guard, whatever happens to the supervisor. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fail(page, STAGE_PRIVILEGES, errno);
	/* It may have died before that: then nobody would tell us. */
	if (getppid() != guard)
		fail(page, STAGE_GUARD, ECHILD);
	drop_privileges(page);
	limited = apply_limits(launch->limits);
	if (limited < 0)
		fail(page, STAGE_LIMITS, -limited);
	if (sigprocmask(SIG_SETMASK, mask, NULL) < 0)
		fail(page, STAGE_PRIVILEGES, errno);
	listener = syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter_flags, &launch->filter->program);
	if (listener < 0)
		fail(page, STAGE_FILTER, errno);
	page->listener = (int)listener;
	/* futex is never notified; a policy that refuses it makes this a busy wait. */
	futex_wake(&page->listener);
	while (page->go == 0)
		futex_wait(&page->go, 0, NULL);
	(void)execve(launch->program, launch->arguments, environ);
	if (errno == ENOEXEC) {
		(void)execve("/bin/sh", launch->shell_arguments, environ);
		errno = ENOEXEC;
	}
	page->exec_error = errno;
	_exit(page->exec_error == ENOENT ? 127 : 126);
}
