/*
 * What interrupts, and what does not.
 *
 *	interrupted execs TEXT PROGRAM COUNT     execs that fail (TEXT is no program), then one more
 *	interrupted behind TEXT COUNT            a wait behind an exec that fails
 *	interrupted signals FIFO THREADS COUNT [restart]
 *	                                         signals to a process whose threads are all blocked
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *no_words[] = {(char *)"x", NULL};

static _Noreturn void fail_and_run(const char *text, const char *program)
{
	for (int j = 0; j < 4; j++)
		(void)execve(text, no_words, no_words + 1);
	(void)execve(program, no_words, no_words + 1);
	_exit(errno);
}

static int execs(const char *text, const char *program, int count)
{
	int failed = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			fail_and_run(text, program);
		(void)waitpid(pid, &status, 0);
		failed += status != 0;
	}
	printf("%d failed\n", failed);
	return 0;
}

static int behind(const char *text, int count)
{
	int epoll = epoll_create1(0), interrupted = 0;
	struct epoll_event event;

	for (int i = 0; i < count; i++) {
		(void)execve(text, no_words, no_words + 1);
		interrupted += epoll_wait(epoll, &event, 1, 3) < 0;
	}
	printf("%d interrupted\n", interrupted);
	return 0;
}

static atomic_int handled, results[5000];

static void handle(int signal)
{
	(void)signal;
	handled++;
}

static void *open_again_and_again(void *fifo)
{
	for (;;) {
		int fd = open(fifo, O_RDONLY);
		int error = fd < 0 ? errno : 0;

		results[error < 5000 ? error : 4999]++;
		if (fd >= 0)
			return NULL;
	}
}

static int signals(char *fifo, int threads, int count, int flags)
{
	const struct sigaction action = {.sa_handler = handle, .sa_flags = flags};
	sigset_t set;

	(void)sigaction(SIGUSR1, &action, NULL);
	for (int i = 0; i < threads; i++) {
		pthread_t thread;

		(void)pthread_create(&thread, NULL, open_again_and_again, fifo);
	}
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGUSR1);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	(void)usleep(300000);
	for (int i = 0; i < count; i++) {
		(void)kill(getpid(), SIGUSR1);
		for (int j = 0; j < 1000 && handled <= i; j++)
			(void)usleep(5000);
		(void)usleep(30000); /* so that all of them wait again */
	}
	(void)usleep(300000);
	printf("%d handled", handled);
	for (int i = 0; i < 5000; i++)
		if (results[i] > 0)
			printf(", errno %d: %d", i, results[i]);
	printf("\n");
	(void)fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	if (strcmp(argv[1], "execs") == 0)
		return execs(argv[2], argv[3], atoi(argv[4]));
	if (strcmp(argv[1], "behind") == 0)
		return behind(argv[2], atoi(argv[3]));
	return signals(argv[2], atoi(argv[3]), atoi(argv[4]), argc > 5 ? SA_RESTART : 0);
}
