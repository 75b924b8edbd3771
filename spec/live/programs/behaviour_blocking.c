/* Opens that wait, and what ends the wait: behaviour_blocking WHAT prints it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t caught;

static void count(int signal)
{
	(void)signal;
	caught++;
}

static void handle(int signal, int flags)
{
	struct sigaction action = {.sa_handler = count, .sa_flags = flags};

	sigaction(signal, &action, NULL);
}

static const char *outcome(int result)
{
	return result < 0 ? strerrorname_np(errno) : "success";
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void nap(int milliseconds)
{
	struct timespec left = {milliseconds / 1000, milliseconds % 1000 * 1000000L};

	while (nanosleep(&left, &left) != 0)
		;
}

static void repeat_alarm(int first, int interval)
{
	const struct itimerval timer = {{0, interval * 1000}, {0, first * 1000}};

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* A process that opens the FIFO later, and ends. */
static pid_t other_end(int flags, int after)
{
	pid_t pid = fork();

	if (pid == 0) {
		nap(after);
		int file = open("fifo", flags);
		nap(50);
		_exit(file < 0);
	}
	return pid;
}

static void say_wait(const char *what, double since, double least)
{
	double took = now() - since;

	printf("%s %s\n", what,
		took < least       ? "too early"
		: took < least + 2 ? "in time"
				   : "much too late");
}

static int meeting(void)
{
	char text[8] = "";
	double start = now();
	pid_t pid = fork();

	if (pid == 0) {
		nap(200);
		int file = open("fifo", O_WRONLY);
		_exit(write(file, "hello", 5) != 5);
	}
	int file = open("fifo", O_RDONLY);
	say_wait("reader opened", start, 0.2);
	while (read(file, text, 5) < 0 && errno == EINTR)
		;
	printf("read %s\n", text);
	waitpid(pid, NULL, 0);
	close(file);
	start = now();
	pid = other_end(O_RDONLY, 200);
	file = open("fifo", O_WRONLY);
	say_wait("writer opened", start, 0.2);
	waitpid(pid, NULL, 0);
	close(file);
	printf("nobody reads: %s\n", outcome(open("fifo", O_WRONLY | O_NONBLOCK)));
	printf("nobody writes: %s\n", outcome(open("fifo", O_RDONLY | O_NONBLOCK)));
	printf("both: %s\n", outcome(open("fifo", O_RDWR)));
	return 0;
}

/* Many wait at once, and the rest of the world goes on. */
static int crowd(void)
{
	enum { PAIRS = 24 };
	char name[32];
	int status, failed = 0, served = 0;

	for (int i = 0; i < PAIRS; i++) {
		snprintf(name, sizeof name, "fifo%d", i);
		mkfifo(name, 0600);
		if (fork() == 0)
			_exit(open(name, O_RDONLY) < 0);
	}
	nap(100);
	double start = now();
	for (int i = 0; i < 1000; i++) {
		int file = open("/dev/null", O_RDONLY);

		served += file >= 0;
		close(file);
	}
	printf("%d opens meanwhile\n", served);
	say_wait("they were served", start, 0);
	for (int i = PAIRS - 1; i >= 0; i--) {
		snprintf(name, sizeof name, "fifo%d", i);
		if (fork() == 0)
			_exit(open(name, O_WRONLY) < 0);
	}
	while (wait(&status) > 0)
		failed += status != 0;
	printf("%d of %d failed\n", failed, 2 * PAIRS);
	return 0;
}

static int interrupted(void)
{
	double start = now();

	handle(SIGALRM, 0);
	repeat_alarm(200, 0);
	printf("no SA_RESTART: %s", outcome(open("fifo", O_RDONLY)));
	say_wait(",", start, 0.2);
	printf("%d signals\n", caught);
	start = now();
	handle(SIGALRM, SA_RESTART);
	repeat_alarm(50, 0);
	other_end(O_WRONLY, 300);
	printf("SA_RESTART: %s", outcome(open("fifo", O_RDONLY)));
	say_wait(",", start, 0.3);
	printf("%d signals\n", caught);
	wait(NULL);
	start = now();
	caught = 0;
	repeat_alarm(10, 10);
	other_end(O_WRONLY, 400);
	printf("a storm with SA_RESTART: %s", outcome(open("fifo", O_RDONLY)));
	repeat_alarm(0, 0);
	say_wait(",", start, 0.4);
	printf("%s\n", caught > 10 ? "many signals" : "few signals");
	return 0;
}

static int not_interrupted(void)
{
	sigset_t set;
	double start = now();

	signal(SIGALRM, SIG_IGN);
	repeat_alarm(50, 0);
	other_end(O_WRONLY, 300);
	printf("ignored: %s", outcome(open("fifo", O_RDONLY)));
	say_wait(",", start, 0.3);
	wait(NULL);
	start = now();
	handle(SIGALRM, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	repeat_alarm(50, 0);
	other_end(O_WRONLY, 300);
	printf("blocked: %s", outcome(open("fifo", O_RDONLY)));
	say_wait(",", start, 0.3);
	wait(NULL);
	sigpending(&set);
	printf("pending %d, caught %d\n", sigismember(&set, SIGALRM), caught);
	signal(SIGCHLD, SIG_DFL);
	start = now();
	if (fork() == 0)
		_exit(0);
	other_end(O_WRONLY, 300);
	printf("a child's death: %s", outcome(open("fifo", O_RDONLY)));
	say_wait(",", start, 0.3);
	return 0;
}

static pid_t waiter(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(open("fifo", O_RDONLY) < 0 ? 1 : 0);
	nap(100);
	return pid;
}

static int fatal(void)
{
	static const int signals[] = {SIGTERM, SIGKILL, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGQUIT,
		SIGABRT, SIGSEGV, SIGXCPU, SIGSYS, 40};
	int status;

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		pid_t pid = waiter();
		double start = now();

		kill(pid, signals[i]);
		waitpid(pid, &status, 0);
		printf("signal %d: died of %d", signals[i],
			WIFSIGNALED(status) ? WTERMSIG(status) : 0);
		say_wait(",", start, 0);
	}
	return 0;
}

static int stopped(void)
{
	/* SIGTSTP needs a terminal's session: behaviour_terminal_spec.lua. */
	static const int signals[] = {SIGSTOP};
	int status;

	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++) {
		pid_t pid = waiter();
		double start = now();

		kill(pid, signals[i]);
		waitpid(pid, &status, WUNTRACED);
		printf("stopped by %d", WIFSTOPPED(status) ? WSTOPSIG(status) : 0);
		say_wait(",", start, 0);
		kill(pid, SIGCONT);
		waitpid(pid, &status, WCONTINUED);
		printf("continued %d\n", WIFCONTINUED(status) != 0);
		nap(100);
		printf("waits on: %d\n", waitpid(pid, &status, WNOHANG) == 0);
		start = now();
		int file = open("fifo", O_WRONLY);
		waitpid(pid, &status, 0);
		printf("ended with %d", WEXITSTATUS(status));
		say_wait(",", start, 0);
		close(file);
	}
	return 0;
}

static void *open_it(void *result)
{
	*(int *)result = open("fifo", O_RDONLY);
	if (*(int *)result < 0)
		*(int *)result = -errno;
	return NULL;
}

static int threads(void)
{
	pthread_t thread[3];
	int result[3];
	void *(*const run)(void *) = open_it;

	handle(SIGUSR1, 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, run, &result[i]);
	nap(100);
	double start = now();
	pthread_kill(thread[1], SIGUSR1);
	pthread_join(thread[1], NULL);
	printf("the one that was meant: %s", strerrorname_np(-result[1]));
	say_wait(",", start, 0);
	start = now();
	printf("the other end: %s", outcome(open("fifo", O_WRONLY)));
	pthread_join(thread[0], NULL);
	pthread_join(thread[2], NULL);
	say_wait(",", start, 0);
	printf("the others: %d %d\n", result[0] >= 0, result[2] >= 0);
	if (fork() == 0) {
		pthread_create(&thread[0], NULL, run, &result[0]);
		nap(100);
		_exit(7);
	}
	start = now();
	int status;
	waitpid(-1, &status, 0);
	printf("exit while a thread waits: %d", WEXITSTATUS(status));
	say_wait(",", start, 0);
	return 0;
}

int main(int argument_count, char **arguments)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} all[] = {
		{"meeting", meeting},
		{"crowd", crowd},
		{"interrupted", interrupted},
		{"not-interrupted", not_interrupted},
		{"fatal", fatal},
		{"stopped", stopped},
		{"threads", threads},
	};

	setvbuf(stdout, NULL, _IONBF, 0);
	mkfifo("fifo", 0600);
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (argument_count == 2 && strcmp(arguments[1], all[i].name) == 0)
			return all[i].run();
	return 2;
}
