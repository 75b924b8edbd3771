/*
 * Runs one command and prints what it cost: wall time, CPU time of the command itself, CPU time of
 * the whole machine meanwhile, and the largest resident set in the command's tree. With --memory
 * it is the largest resident set of the command itself, without its children. With --busy every
 * CPU but the first has a spinning process meanwhile.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;

enum { MAX_SPINNERS = 64, SPIN_SECONDS = 120, MEMORY_STEP_MS = 5 };

struct options {
	bool busy, memory;
	char **command;
};

struct cost {
	uint64_t wall, process, machine;
	long largest; /* KiB */
	int status;
};

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

/* The process's own largest resident set so far, or 0 when it has ended. */
static long peak_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = 0;
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	FILE *file = fopen(path, "re");
	if (!file)
		return 0;
	while (kib == 0 && fgets(line, sizeof(line), file))
		sscanf(line, "VmHWM: %ld", &kib);
	fclose(file);
	return kib;
}

/* Until the process ends: a zombie does not know any more, and what wait4() says of it has its
 * children's memory in it. 0 when it can't be told. */
static long watch_memory(pid_t pid)
{
	struct pollfd end = {.fd = pidfd_open(pid, 0), .events = POLLIN};
	long largest = 0;
	if (end.fd < 0)
		return 0;
	do {
		long now = peak_kib(pid);
		if (now > largest)
			largest = now;
	} while (poll(&end, 1, MEMORY_STEP_MS) == 0);
	close(end.fd);
	return largest;
}

/* 0, when it has ended but was not waited for. */
static int wait_for_end(pid_t pid)
{
	siginfo_t info;
	while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) < 0)
		if (errno != EINTR)
			return -1;
	return 0;
}

static int spawn(char **command, pid_t *pid)
{
	int error = posix_spawnp(pid, command[0], NULL, NULL, command, environ);
	if (error)
		fprintf(stderr, "bench_measure: %s: %s\n", command[0], strerror(error));
	return error ? -1 : 0;
}

static int run(const struct options *options, struct cost *cost)
{
	struct rusage usage;
	pid_t pid;
	uint64_t machine = machine_ns(), start = now_ns();
	if (spawn(options->command, &pid) < 0)
		return -1;
	cost->largest = options->memory ? watch_memory(pid) : 0;
	if (wait_for_end(pid) < 0)
		return -1;
	cost->wall = now_ns() - start;
	cost->process = process_ns(pid);
	cost->machine = machine_ns() - machine;
	if (wait4(pid, &cost->status, 0, &usage) < 0)
		return -1;
	if (!options->memory)
		cost->largest = usage.ru_maxrss;
	return 0;
}

static int report(const char *program, const struct cost *cost, int spinners)
{
	if (!WIFEXITED(cost->status) || WEXITSTATUS(cost->status)) {
		fprintf(stderr, "bench_measure: %s ended with wait status 0x%x\n", program,
			(unsigned)cost->status);
		return 1;
	}
	if (cost->largest == 0) {
		fprintf(stderr, "bench_measure: the memory of %s cannot be read\n", program);
		return 1;
	}
	printf("wall_ns=%llu process_ns=%llu machine_ns=%llu spinners=%d maxrss_kib=%ld\n",
		(unsigned long long)cost->wall, (unsigned long long)cost->process,
		(unsigned long long)cost->machine, spinners, cost->largest);
	return 0;
}

static bool parse(char **argv, struct options *options)
{
	for (argv++; *argv && strcmp(*argv, "--"); argv++) {
		if (!strcmp(*argv, "--busy"))
			options->busy = true;
		else if (!strcmp(*argv, "--memory"))
			options->memory = true;
		else
			return false;
	}
	options->command = *argv ? argv + 1 : argv;
	return *options->command != NULL;
}

int main(int argc, char **argv)
{
	struct spinners spinners = {.count = 0};
	struct options options = {.busy = false};
	struct cost cost;
	if (argc < 3 || !parse(argv, &options)) {
		fprintf(stderr, "usage: bench_measure [--busy] [--memory] -- COMMAND [ARG...]\n");
		return 2;
	}
	if (options.busy)
		start_spinners(&spinners);
	int result = run(&options, &cost);
	stop_spinners(&spinners);
	return result < 0 ? 1 : report(options.command[0], &cost, spinners.count);
}
