/* What a program can find out about how it was started, one fact a line. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void descriptors(void)
{
	char path[64], name[256];

	for (int file = 0; file < 1024; file++) {
		int flags = fcntl(file, F_GETFL);

		if (flags < 0)
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", file);
		ssize_t length = readlink(path, name, sizeof name - 1);
		name[length < 0 ? 0 : length] = '\0';
		name[strcspn(name, "[")] = '\0';
		/* The spec puts what is written in a directory of each run. */
		printf("descriptor %d flags %#x cloexec %d %s\n", file, flags, fcntl(file, F_GETFD),
			file == 1 || file == 2 ? "" : name);
	}
}

static void limits(void)
{
	struct rlimit limit;

	for (int resource = 0; resource < RLIMIT_NLIMITS; resource++) {
		if (resource == RLIMIT_CORE)
			continue; /* where something may not be written there are no core files */
		getrlimit(resource, &limit);
		printf("limit %d %lx %lx\n", resource, (unsigned long)limit.rlim_cur,
			(unsigned long)limit.rlim_max);
	}
}

static void status(void)
{
	static const char *const wanted[] = {"Umask", "TracerPid", "Uid", "Gid", "Groups", "NSpid",
		"Kthread", "THP_enabled", "Threads", "SigPnd", "ShdPnd", "SigBlk", "SigIgn",
		"SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "Cpus_allowed",
		"Mems_allowed", "CoreDumping"};
	char line[4096];
	FILE *file = fopen("/proc/self/status", "r");

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
			if (strncmp(line, wanted[i], strlen(wanted[i])) == 0 &&
				line[strlen(wanted[i])] == ':' && strcmp(wanted[i], "NSpid") != 0)
				fputs(line, stdout);
	if (file != NULL)
		fclose(file);
}

static void small_file(const char *path)
{
	char text[4096];
	FILE *file = fopen(path, "r");
	size_t length = file == NULL ? 0 : fread(text, 1, sizeof text, file);

	printf("%s: ", path);
	for (size_t i = 0; i < length; i++)
		putchar(text[i] == '\0' ? '\n' : text[i]);
	printf("\n");
	if (file != NULL)
		fclose(file);
}

static void name_spaces(void)
{
	static const char *const all[] = {
		"mnt", "net", "pid", "user", "uts", "ipc", "cgroup", "time", "pid_for_children"};
	char path[64], name[64];

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		snprintf(path, sizeof path, "/proc/self/ns/%s", all[i]);
		ssize_t length = readlink(path, name, sizeof name - 1);
		printf("%s %.*s\n", all[i], length < 0 ? 0 : (int)length, name);
	}
}

/* Not the death signal: the command has one, so that it does not outlive its guard. */
static void processes(void)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d", getppid());
	printf("parent %s\n", access(path, F_OK) == 0 ? "exists" : "is missing");
	printf("group of the session's leader %d\n", getpgrp() == getsid(0));
	printf("foreground group %d\n", tcgetpgrp(0) == getpgrp());
	int reaper = -1;
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	printf("subreaper %d, dumpable %d, keepcaps %d, securebits %#x, timer slack %d\n", reaper,
		prctl(PR_GET_DUMPABLE), prctl(PR_GET_KEEPCAPS), prctl(PR_GET_SECUREBITS),
		prctl(PR_GET_TIMERSLACK));
	printf("policy %d, nice %d, personality %#x\n", sched_getscheduler(0),
		getpriority(PRIO_PROCESS, 0), personality(0xffffffff));
}

int main(int count, char **arguments)
{
	char directory[4096];

	for (int i = 1; i < count; i++)
		printf("argument %s\n", arguments[i]);
	printf("name %s\n", arguments[0]);
	printf("in %s\n", getcwd(directory, sizeof directory));
	descriptors();
	limits();
	status();
	small_file("/proc/self/environ");
	small_file("/proc/self/cmdline");
	small_file("/proc/self/comm");
	small_file("/proc/self/oom_score_adj");
	small_file("/proc/self/coredump_filter");
	small_file("/proc/self/cgroup");
	name_spaces();
	processes();
	return 0;
}
