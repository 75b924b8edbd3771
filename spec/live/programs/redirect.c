/*
 * Execs that a policy redirects, from the side of the program.
 *
 *	redirect registers PATH         to what can't be executed: what is left
 *	redirect storm PATH COUNT       under a timer of 100 us
 *	redirect thread PATH            from a thread that is not the first
 *	redirect vfork PATH             with a parent that waits, sharing its memory
 *	redirect race PATH OTHER COUNT  another thread writes OTHER where the new path is put
 *	redirect stops PATH COUNT       while somebody stops and continues it
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { RED_ZONE = 128, BELOW = 6000 };

/* An execve in assembly, and what is on the stack below it; inlined, so that no call lies there. */
#define SYSTEM_CALL(path, arguments, ret, ret_path) \
	__asm__ volatile("syscall" \
			 : "=a"(ret), "=D"(ret_path) \
			 : "a"((long)SYS_execve), "D"(path), "S"(arguments), "d"(environ) \
			 : "rcx", "r11", "memory")

static __attribute__((noinline)) int registers(const char *path)
{
	char *arguments[] = {(char *)"x", NULL};
	volatile char *sp;
	const char *path_after;
	long result;

	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
	for (int i = 0; i < BELOW; i++)
		sp[-RED_ZONE - 1 - i] = (char)i;
	SYSTEM_CALL(path, arguments, result, path_after);
	for (int i = 0; i < BELOW; i++)
		if (sp[-RED_ZONE - 1 - i] != (char)i) {
			printf("the stack was changed\n");
			return 1;
		}
	printf("%s %s\n", strerror((int)-result), path_after == path ? "same" : "another");
	return 0;
}

static void count_signal(int signal)
{
	(void)signal;
}

static int status_of(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void run(const char *path)
{
	char *arguments[] = {(char *)"x", NULL};

	(void)execve(path, arguments, environ);
	_exit(100 + errno);
}

static int storm(const char *path, int count)
{
	const struct itimerval often = {{0, 100}, {0, 100}};
	struct sigaction action = {.sa_handler = count_signal, .sa_flags = SA_RESTART};
	int good = 0;

	(void)sigaction(SIGALRM, &action, NULL);
	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			(void)setitimer(ITIMER_REAL, &often, NULL);
			for (volatile int spin = 0; spin < 20000 * (i % 7); spin++)
				;
			run(path);
		}
		/* The timer goes on in the new program, whose action is the default: SIGALRM. */
		pid = status_of(pid);
		good += pid == 7 || pid == 1000 + SIGALRM;
		if (pid != 7 && pid != 1000 + SIGALRM)
			fprintf(stderr, "status %d\n", pid);
	}
	printf("%s\n", good == count ? "all" : "some");
	return 0;
}

static void *run_in_thread(void *path)
{
	run(path);
	return NULL;
}

static int thread(char *path)
{
	pthread_t other;

	(void)pthread_create(&other, NULL, run_in_thread, path);
	return pause();
}

static int wait_for_vfork(const char *path)
{
	volatile pid_t pid = vfork();

	if (pid == 0)
		run(path);
	printf("%d\n", status_of(pid));
	return 0;
}

/* ---- race ---------------------------------------------------------------------------------- */

static struct {
	volatile char *where;
	const char *text;
} written;

static void *write_text(void *nothing)
{
	(void)nothing;
	for (;;) {
		volatile char *where = written.where;

		for (size_t i = 0; where != NULL && i <= strlen(written.text); i++)
			where[i] = written.text[i];
	}
	return NULL;
}

/* The new path has the length of the other, so it is known where it will stand. */
static void run_raced(const char *path, const char *other)
{
	char *arguments[] = {(char *)"x", NULL};
	const char *path_after;
	pthread_t writer;
	uintptr_t sp;
	long result;

	written.text = other;
	(void)pthread_create(&writer, NULL, write_text, NULL);
	(void)usleep(300);
	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
	written.where = (char *)((sp - RED_ZONE - strlen(other) - 1) & ~(uintptr_t)15);
	SYSTEM_CALL(path, arguments, result, path_after);
	_exit(200);
}

static int race(const char *path, const char *other, int count)
{
	int good = 0, killed = 0, rest = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			run_raced(path, other);
		status = status_of(pid);
		good += status == 7;
		killed += status == 1000 + SIGKILL;
		rest += status != 7 && status != 1000 + SIGKILL && status != 200;
	}
	printf("won %s, unexpected %d\n", killed > 0 ? "sometimes" : "never", rest);
	fprintf(stderr, "%d good, %d killed\n", good, killed);
	return 0;
}

static int stops(const char *path, int count)
{
	int good = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0)
			run(path);
		for (int j = 0; j < 20; j++) {
			(void)usleep((useconds_t)(i * 7 % 50));
			(void)kill(pid, SIGSTOP);
			(void)kill(pid, SIGCONT);
		}
		good += status_of(pid) == 7;
	}
	printf("%d\n", good);
	return 0;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 2 ? argv[1] : "";

	if (strcmp(mode, "registers") == 0)
		return registers(argv[2]);
	if (strcmp(mode, "storm") == 0)
		return storm(argv[2], atoi(argv[3]));
	if (strcmp(mode, "thread") == 0)
		return thread(argv[2]);
	if (strcmp(mode, "vfork") == 0)
		return wait_for_vfork(argv[2]);
	if (strcmp(mode, "race") == 0)
		return race(argv[2], argv[3], atoi(argv[4]));
	if (strcmp(mode, "stops") == 0)
		return stops(argv[2], atoi(argv[3]));
	return 2;
}
