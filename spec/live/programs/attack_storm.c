/*
 * Signals while calls are performed for us.
 *
 *   attack_storm open|make|directory COUNT THREADS DIRECTORY   an interval timer of 50 us,
 * SA_RESTART attack_storm plain COUNT THREADS DIRECTORY                 to open, handler without
 * SA_RESTART attack_storm fifo FIFO FILE restart|interrupt              an open that blocks
 *
 * open reads FILE "data"; make creates COUNT files, exclusively: whatever is done twice fails.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "attack.h"

static const char *test;
static int rounds;
static pthread_barrier_t barrier;
static volatile sig_atomic_t arrived;
static int failures[256];

static void note(int number)
{
	(void)number;
	arrived++;
}

static void handle(int number, int flags)
{
	struct sigaction action = {.sa_handler = note, .sa_flags = flags};

	(void)sigaction(number, &action, NULL);
}

static int once(long thread, int round)
{
	char name[64];

	(void)snprintf(name, sizeof name, "%ld.%06d", thread, round);
	if (strcmp(test, "make") == 0)
		return open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);
	if (strcmp(test, "directory") == 0)
		return mkdir(name, 0700);
	return open("data", O_RDONLY);
}

static void *work(void *number)
{
	(void)pthread_barrier_wait(&barrier);
	for (int i = 0; i < rounds; i++) {
		int fd = once((long)number, i);

		if (fd < 0)
			failures[errno & 255]++;
		else if (strcmp(test, "directory") != 0)
			(void)close(fd);
		if (fd == 0 && strcmp(test, "directory") != 0)
			failures[0]++; /* what a half-done answer looks like */
	}
	return NULL;
}

static int storm(int threads)
{
	const struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	pthread_t all[64];

	(void)pthread_barrier_init(&barrier, NULL, (unsigned)threads);
	for (long i = 0; i < threads; i++)
		(void)pthread_create(&all[i], NULL, work, (void *)i);
	(void)setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < threads; i++)
		(void)pthread_join(all[i], NULL);
	(void)setitimer(ITIMER_REAL, &never, NULL);
	for (int i = 0; i < 256; i++)
		if (failures[i] > 0)
			(void)printf("%s: %d\n", i == 0 ? "descriptor 0" : strerrorname_np(i),
				failures[i]);
	(void)printf("signals: %s\n", arrived > 100 ? "many" : "few");
	return 0;
}

static void *writer(void *fifo)
{
	(void)usleep(600 * 1000);
	return (void *)(intptr_t)open(fifo, O_WRONLY);
}

static void *server(void *file)
{
	double start = seconds_now();
	int count = 0;

	while (seconds_now() < start + 0.4) {
		int fd = open(file, O_RDONLY);

		count += fd >= 0;
		(void)close(fd);
	}
	(void)printf("others were served: %s\n", count > 100 ? "yes" : "no");
	return NULL;
}

/* A second process: its opens go through the same supervisor. */
static pid_t other_process(char *file)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)server(file);
		(void)fflush(stdout);
		_exit(0);
	}
	return pid;
}

static int block(char *fifo, char *file, bool restart)
{
	const struct itimerval soon = {{0, 0}, {0, 200 * 1000}};
	double start;
	pthread_t thread;
	sigset_t alarms;
	pid_t pid;
	int fd;

	(void)sigemptyset(&alarms);
	(void)sigaddset(&alarms, SIGALRM);
	(void)pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	pid = other_process(file);
	if (restart)
		(void)pthread_create(&thread, NULL, writer, fifo);
	(void)pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	handle(SIGALRM, restart ? SA_RESTART : 0);
	start = seconds_now();
	(void)setitimer(ITIMER_REAL, &soon, NULL);
	fd = open(fifo, O_RDONLY);
	(void)printf("%s\n", fd < 0 ? strerrorname_np(errno) : "opened");
	(void)printf("handled: %d\n", (int)arrived);
	start = seconds_now() - start;
	(void)printf("at the time: %s\n",
		(restart ? start > 0.5 && start < 1.5 : start > 0.15 && start < 0.5) ? "yes"
										     : "no");
	(void)fflush(stdout);
	(void)waitpid(pid, NULL, 0);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 5)
		return 2;
	test = argv[1];
	(void)alarm(30);
	if (strcmp(test, "fifo") == 0)
		return block(argv[2], argv[3], strcmp(argv[4], "restart") == 0);
	rounds = atoi(argv[2]);
	if (chdir(argv[4]) < 0)
		return 2;
	handle(SIGALRM, strcmp(test, "plain") == 0 ? 0 : SA_RESTART);
	return storm(atoi(argv[3]));
}
