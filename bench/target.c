/*
 * The measured loop: one system call (or an open and its close) over and over for about the given
 * time. Linked statically, so that it starts under filters that refuse every openat.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Returns 0, or -1 when the call did not do what this loop measures. */
typedef int (*step_fn)(const char *path);

static int step_open(const char *path)
{
	long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	syscall(SYS_close, fd);
	return 0;
}

static int step_refused(const char *path)
{
	return syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0) < 0 ? 0 : -1;
}

static int step_stat(const char *path)
{
	struct stat st;
	return (int)syscall(SYS_newfstatat, AT_FDCWD, path, &st, 0);
}

static int step_getppid(const char *path)
{
	(void)path;
	return syscall(SYS_getppid) >= 0 ? 0 : -1;
}

/* Starts PATH, and waits for it. */
static int step_spawn(const char *path)
{
	char *const arguments[] = {(char *)path, NULL}, *const variables[] = {NULL};
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(path, arguments, variables);
		_exit(127);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

/*
 * Reading the clock must not show in a call that takes 80 ns, so it is read once a batch. And
 * whoever answers touches its pages for the first time: the warm-up is not counted.
 */
struct loop {
	const char *name;
	step_fn step;
	int needs_path, batch, warm_up;
};

static const struct loop loops[] = {
	{"open", step_open, 1, 32, 256},
	{"refused", step_refused, 1, 32, 256},
	{"stat", step_stat, 1, 32, 256},
	{"getppid", step_getppid, 0, 32, 256},
	{"spawn", step_spawn, 1, 1, 8},
};

static const struct loop *find_loop(const char *name)
{
	for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++)
		if (!strcmp(loops[i].name, name))
			return &loops[i];
	return NULL;
}

static uint64_t read_clock(clockid_t clock)
{
	struct timespec ts;
	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int repeat(const struct loop *loop, const char *path, int times)
{
	for (int i = 0; i < times; i++) {
		if (loop->step(path) < 0) {
			fprintf(stderr, "bench_target: %s %s did not go as expected: %s\n",
				loop->name, path, strerror(errno));
			return -1;
		}
	}
	return 0;
}

static int run(const struct loop *loop, const char *path, double seconds)
{
	if (repeat(loop, path, loop->warm_up) < 0)
		return 1;
	uint64_t start = read_clock(CLOCK_MONOTONIC);
	uint64_t end = start + (uint64_t)(seconds * 1e9);
	uint64_t now = start, count = 0;

	while (now < end) {
		if (repeat(loop, path, loop->batch) < 0)
			return 1;
		count += (uint64_t)loop->batch;
		now = read_clock(CLOCK_MONOTONIC);
	}
	printf("iterations=%llu ns=%.2f target_ns=%llu\n",
		(unsigned long long)count + (unsigned long long)loop->warm_up,
		(double)(now - start) / (double)count,
		(unsigned long long)read_clock(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

int main(int argc, char **argv)
{
	const struct loop *loop = argc > 1 ? find_loop(argv[1]) : NULL;
	if (!loop || argc != 3 + loop->needs_path) {
		fprintf(stderr, "usage: bench_target open|refused|stat|spawn PATH SECONDS\n"
				"       bench_target getppid SECONDS\n");
		return 2;
	}
	double seconds = atof(argv[argc - 1]);
	if (!(seconds > 0 && seconds <= 60)) {
		fprintf(stderr, "bench_target: SECONDS is more than 0 and at most 60\n");
		return 2;
	}
	return run(loop, loop->needs_path ? argv[2] : "", seconds);
}
