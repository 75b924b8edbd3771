#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launch/launch.h"

/* The kernel's share of limits {…}; the supervisor counts processes, and the time. */

/* Never above what whoever started us allows. */
static int lower(pid_t pid, int resource, uint64_t soft, uint64_t hard)
{
	struct rlimit limit;

	if (prlimit(pid, resource, NULL, &limit) < 0)
		return -errno;
	limit.rlim_max = hard < limit.rlim_max ? hard : limit.rlim_max;
	limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
	return prlimit(pid, resource, &limit, NULL) < 0 ? -errno : 0;
}

int launch_limit(pid_t pid, const struct run_limits *limits)
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

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		uint64_t value = limits->values[rows[i].limit];
		uint64_t soft = value / rows[i].unit + (value % rows[i].unit != 0);
		int result = 0;

		if (run_limits_have(limits, rows[i].limit))
			result = lower(pid, rows[i].resource, soft, soft + rows[i].grace);
		if (result < 0)
			return result;
	}
	return 0;
}

/* One byte, not none: where core files go to a program, only that keeps it from being started. */
int launch_refuse_core(pid_t pid)
{
	return lower(pid, RLIMIT_CORE, 1, 1);
}

int launch_drop_resource_capability(void)
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
