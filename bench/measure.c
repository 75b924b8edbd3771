/*
 * Runs one command and prints what it cost: wall time, CPU time of the command itself, CPU time of
 * the whole machine meanwhile, and the largest resident set in the command's tree. With --busy
 * every CPU but the first has a spinning process meanwhile.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_SPINNERS = 64, SPIN_SECONDS = 120 };

struct spinners {
	pid_t pids[MAX_SPINNERS];
	int count;
};

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static _Noreturn void spin(int cpu)
{
	cpu_set_t set;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sched_setaffinity(0, sizeof(set), &set);
	uint64_t end = now_ns() + SPIN_SECONDS * 1000000000ull;
	while (now_ns() < end && getppid() != 1)
		for (volatile int i = 0; i < 1000000; i++)
			;
	_exit(0);
}

/* One spinner on each CPU we may use, except the first of them. */
static void start_spinners(struct spinners *spinners)
{
	cpu_set_t usable;
	int first = 1;
	if (sched_getaffinity(0, sizeof(usable), &usable) < 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE && spinners->count < MAX_SPINNERS; cpu++) {
		if (!CPU_ISSET(cpu, &usable))
			continue;
		if (first) {
			first = 0;
			continue;
		}
		pid_t pid = fork();
		if (pid == 0)
			spin(cpu);
		if (pid > 0)
			spinners->pids[spinners->count++] = pid;
	}
	usleep(20000); /* until the scheduler has seen them */
}

static void stop_spinners(struct spinners *spinners)
{
	for (int i = 0; i < spinners->count; i++) {
		kill(spinners->pids[i], SIGKILL);
		waitpid(spinners->pids[i], NULL, 0);
	}
}

/* CPU time of the whole machine since it started. */
static uint64_t machine_ns(void)
{
	unsigned long long user = 0, nice = 0, system = 0;
	FILE *file = fopen("/proc/stat", "re");
	if (!file || fscanf(file, "cpu %llu %llu %llu", &user, &nice, &system) != 3)
		user = nice = system = 0;
	if (file)
		fclose(file);
	return (user + nice + system) * (1000000000u / (uint64_t)sysconf(_SC_CLK_TCK));
}

/* The process itself, without its children: whether those are counted depends on how they are
 * reaped. It has ended and was not waited for. */
static uint64_t process_ns(pid_t pid)
{
	clockid_t clock;
	struct timespec ts = {0, 0};
	if (clock_getcpuclockid(pid, &clock) == 0)
		clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int measure(char **command, int spinners)
{
	struct rusage usage;
	siginfo_t info;
	int status;
	pid_t pid;
	uint64_t machine = machine_ns();
	uint64_t start = now_ns();
	int error = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	if (error) {
		fprintf(stderr, "bench_measure: %s: %s\n", command[0], strerror(error));
		return 127;
	}
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return 1;
	uint64_t wall = now_ns() - start;
	uint64_t process = process_ns(pid);
	machine = machine_ns() - machine;
	if (wait4(pid, &status, 0, &usage) < 0)
		return 1;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		fprintf(stderr, "bench_measure: %s ended with wait status 0x%x\n", command[0],
			(unsigned)status);
		return 1;
	}
	printf("wall_ns=%llu process_ns=%llu machine_ns=%llu spinners=%d maxrss_kib=%ld\n",
		(unsigned long long)wall, (unsigned long long)process, (unsigned long long)machine,
		spinners, usage.ru_maxrss);
	return 0;
}

int main(int argc, char **argv)
{
	struct spinners spinners = {.count = 0};
	int next = 1;
	int busy = next < argc && !strcmp(argv[next], "--busy");
	next += busy;
	if (next + 1 >= argc || strcmp(argv[next], "--")) {
		fprintf(stderr, "usage: bench_measure [--busy] -- COMMAND [ARG...]\n");
		return 2;
	}
	if (busy)
		start_spinners(&spinners);
	int result = measure(argv + next + 1, spinners.count);
	stop_spinners(&spinners);
	return result;
}
