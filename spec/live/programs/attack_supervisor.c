/*
 * attack_supervisor PID GUARD: everything that one process can do to another, done to each pid
 * given and its threads. Prints one line for each attempt that was not refused, and "done".
 */
#include <asm/sockios.h>
#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "attack.h"

static const char *label;

static void refused(const char *what, long number, long result)
{
	int error = errno;

	/* EINVAL: not a process that is dying, not a leader of its group. */
	if (result < 0 && (error == EPERM || error == EACCES || error == ESRCH || error == EBADF ||
				  error == EINVAL))
		return;
	(void)printf("%s %s %ld: %s\n", label, what, number,
		result < 0 ? strerrorname_np(error) : "DONE");
	(void)fflush(stdout);
}

static void signals(pid_t pid)
{
	static const int all[] = {
		SIGKILL, SIGSTOP, SIGTERM, SIGCONT, SIGSEGV, SIGINT, SIGHUP, SIGUSR1, 0};
	int descriptor = (int)syscall(SYS_pidfd_open, pid, 0);

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		siginfo_t info = {.si_signo = all[i], .si_code = SI_QUEUE, .si_pid = getpid()};

		refused("kill", all[i], kill(pid, all[i]));
		refused("tkill", all[i], syscall(SYS_tkill, pid, all[i]));
		refused("tgkill", all[i], syscall(SYS_tgkill, pid, pid, all[i]));
		refused("rt_sigqueueinfo", all[i],
			syscall(SYS_rt_sigqueueinfo, pid, all[i], &info));
		refused("rt_tgsigqueueinfo", all[i],
			syscall(SYS_rt_tgsigqueueinfo, pid, pid, all[i], &info));
		refused("pidfd_send_signal", all[i],
			syscall(SYS_pidfd_send_signal, descriptor, all[i], NULL, 0));
	}
	for (int number = 0; number < 64; number++)
		refused("pidfd_getfd", number, syscall(SYS_pidfd_getfd, descriptor, number, 0));
	refused("process_madvise", 0,
		syscall(SYS_process_madvise, descriptor, NULL, 0, MADV_COLD, 0));
	refused("process_mrelease", 0, syscall(SYS_process_mrelease, descriptor, 0));
	refused("setns", 0, syscall(SYS_setns, descriptor, CLONE_NEWNS));
	(void)close(descriptor);
}

static void memory(pid_t pid)
{
	char bytes[16];
	struct iovec mine = {bytes, sizeof bytes}, its = {(void *)0x400000, sizeof bytes};

	refused("PTRACE_ATTACH", 0, ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	refused("PTRACE_SEIZE", 0, ptrace(PTRACE_SEIZE, pid, NULL, NULL));
	refused("process_vm_readv", 0, process_vm_readv(pid, &mine, 1, &its, 1, 0));
	refused("process_vm_writev", 0, process_vm_writev(pid, &mine, 1, &its, 1, 0));
	refused("kcmp", 0, syscall(SYS_kcmp, getpid(), pid, 2 /* KCMP_FILES */, 0, 0));
	refused("perf_event_open", 0, syscall(SYS_perf_event_open, NULL, pid, -1, -1, 0));
	refused("move_pages", 0, syscall(SYS_move_pages, pid, 0, NULL, NULL, NULL, 0));
	refused("migrate_pages", 0, syscall(SYS_migrate_pages, pid, 0, NULL, NULL));
	refused("get_robust_list", 0, syscall(SYS_get_robust_list, pid, bytes, bytes));
}

static void limits(pid_t pid)
{
	const long high = 0x5a5a5a5a00000000;
	static const int all[] = {
		RLIMIT_NOFILE, RLIMIT_CPU, RLIMIT_AS, RLIMIT_CORE, RLIMIT_STACK, RLIMIT_FSIZE};
	struct rlimit limit = {1, 1};
	struct sched_param parameters = {0};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		refused("prlimit", all[i], syscall(SYS_prlimit64, pid, all[i], &limit, NULL));
		refused("prlimit, high bits", all[i],
			syscall(SYS_prlimit64, high | pid, high | all[i], &limit, NULL));
	}
	refused("setpriority", 0, setpriority(PRIO_PROCESS, (id_t)pid, 19));
	refused("setpriority, high bits", 0, syscall(SYS_setpriority, high, high | pid, 19));
	refused("sched_setscheduler", 0, sched_setscheduler(pid, SCHED_IDLE, &parameters));
	refused("sched_setparam", 0, sched_setparam(pid, &parameters));
	refused("sched_setaffinity", 0, sched_setaffinity(pid, sizeof set, &set));
	refused("ioprio_set", 0, syscall(SYS_ioprio_set, 1, pid, 3 << 13));
	refused("setpgid", 0, setpgid(pid, 0));
}

/* Who owns a descriptor gets its signals from the kernel, later: here at once, through a pipe. */
static void ownership(pid_t pid)
{
	struct f_owner_ex owner = {F_OWNER_PID, pid};
	int ends[2], number = pid;

	if (pipe(ends) < 0)
		return;
	(void)fcntl(ends[0], F_SETOWN, pid);
	(void)fcntl(ends[0], F_SETOWN_EX, &owner);
	(void)ioctl(ends[0], FIOSETOWN, &number);
	(void)fcntl(ends[0], F_SETSIG, SIGKILL);
	(void)fcntl(ends[0], F_SETFL, O_ASYNC | O_NONBLOCK);
	number = 1;
	(void)ioctl(ends[0], FIOASYNC, &number);
	(void)write(ends[1], "x", 1);
	(void)close(ends[0]);
	(void)close(ends[1]);
	/* If it died, so will we. */
	(void)usleep(50000);
}

/* What is addressed to many must pass them by. */
static void groups(pid_t pid)
{
	refused("kill the group", pid, kill(-pid, SIGKILL));
	refused("setpriority of the group", pid, setpriority(PRIO_PGRP, (id_t)getpgid(pid), 19));
	refused("setpriority of the user", pid, setpriority(PRIO_USER, getuid(), 19));
}

static void attack(pid_t pid)
{
	char name[64];
	DIR *tasks;
	const struct dirent *entry;

	signals(pid);
	memory(pid);
	limits(pid);
	(void)snprintf(name, sizeof name, "/proc/%d/task", pid);
	tasks = opendir(name);
	if (tasks == NULL)
		return;
	while ((entry = readdir(tasks)) != NULL)
		refused("listed", atoi(entry->d_name), 0);
	(void)closedir(tasks);
}

/* The threads that /proc does not show, found by trying numbers. */
static void threads(pid_t pid)
{
	for (pid_t tid = pid + 1; tid < pid + 12; tid++) {
		for (int signal = 1; signal < 4; signal++)
			refused("tgkill a thread", tid, syscall(SYS_tgkill, pid, tid, signal));
		if (syscall(SYS_tgkill, pid, tid, 0) < 0 && errno == EPERM) {
			memory(tid);
			limits(tid);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 2;
	for (int i = 1; i < argc; i++) {
		label = i == 1 ? "supervisor" : "guard";
		attack((pid_t)atoi(argv[i]));
		threads((pid_t)atoi(argv[i]));
		ownership((pid_t)atoi(argv[i]));
	}
	label = "both";
	groups((pid_t)atoi(argv[1]));
	(void)puts("done");
	return 0;
}
