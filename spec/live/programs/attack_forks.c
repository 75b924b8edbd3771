/*
 * attack_forks WHICH LIMIT: more processes than the policy's limit, by what a count of them may
 * miss. threads   many threads of one process with a large memory fork at once, and wait for each
 * other orphans   while the many threads of one process are looked through, another process ends,
 * and its children become children of one that has been looked at Prints how many were alive at the
 * same time.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	THREADS = 80,
	IDLERS = 1500,
	PAGES = 6000,
	ROUNDS = 5,
	DELAY_US = 12000,
	MOST = 300,
	STACK = 16384
};

static pthread_barrier_t barrier;
static char name[16];
static volatile int *go;

static void start(pthread_t *ret, void *(*run)(void *))
{
	pthread_attr_t attributes;

	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setstacksize(&attributes, STACK);
	if (pthread_create(ret, &attributes, run, NULL) != 0)
		exit(2);
}

/* By their name, which they have from us: 0 counts them, a signal is sent to all others. */
static int each(int signal)
{
	DIR *directory = opendir("/proc");
	const struct dirent *item;
	int count = 0;

	while ((item = readdir(directory)) != NULL) {
		char path[300], text[32] = "";
		FILE *file;

		(void)snprintf(path, sizeof path, "/proc/%s/comm", item->d_name);
		file = fopen(path, "r");
		if (file == NULL || fgets(text, sizeof text, file) == NULL)
			text[0] = '\0';
		if (file != NULL)
			(void)fclose(file);
		text[strcspn(text, "\n")] = '\0';
		if (atoi(item->d_name) == 0 || strcmp(text, name) != 0)
			continue;
		count++;
		if (signal != 0 && atoi(item->d_name) != getpid())
			(void)kill(atoi(item->d_name), signal);
	}
	(void)closedir(directory);
	return count;
}

static pid_t fork_idler(void)
{
	pid_t pid = (pid_t)syscall(SYS_fork);

	while (pid == 0)
		(void)syscall(SYS_pause);
	return pid;
}

static void *fork_with_all(void *unused)
{
	(void)pthread_barrier_wait(&barrier);
	(void)fork_idler();
	return unused;
}

/* Every fork copies all the areas of the memory, one fork after the other. */
static int by_threads(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *area = mmap(
		NULL, 2 * PAGES * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_t threads[THREADS];

	for (size_t i = 0; i < PAGES; i++) {
		area[2 * i * page] = 1;
		(void)mprotect(area + 2 * i * page, page, PROT_READ);
	}
	(void)pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		start(&threads[i], fork_with_all);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	return each(0);
}

static void *idle(void *unused)
{
	(void)pause();
	return unused;
}

/* Has children, and ends a moment after it is told to. */
static void parent(int children, int delay)
{
	for (int i = 0; i < children; i++)
		(void)fork_idler();
	*go = 1;
	while (*go != 2)
		(void)usleep(50);
	(void)usleep((useconds_t)delay);
	_exit(0);
}

static int orphan_round(int limit, int delay)
{
	int last = limit - limit / 2 - 2;
	pid_t pid = fork();
	int alive;

	if (pid == 0)
		parent(limit / 2, delay);
	while (*go != 1)
		(void)usleep(100);
	/* Short ones, until their sum makes the supervisor count, at the last. */
	for (int i = 0; i <= last; i++) {
		pid_t child;

		if (i == last)
			*go = 2;
		child = fork();
		if (child == 0)
			_exit(0);
		(void)waitpid(child, NULL, 0);
	}
	(void)waitpid(pid, NULL, 0);
	for (int i = 0; i < MOST && fork_idler() > 0; i++)
		;
	alive = each(0);
	while (each(SIGKILL) > 1)
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
	return alive;
}

static int by_orphans(int limit)
{
	pthread_t thread;
	int most = 0;

	for (int i = 0; i < IDLERS; i++)
		start(&thread, idle);
	for (int i = 0; i < ROUNDS && most <= limit; i++) {
		int alive;

		*go = 0;
		(void)usleep(15000);
		alive = orphan_round(limit, i * DELAY_US);
		if (alive > most)
			most = alive;
	}
	return most;
}

int main(int count, char **words)
{
	int limit = count == 3 ? atoi(words[2]) : 0;

	(void)snprintf(name, sizeof name, "forks-%d", (int)getpid());
	(void)prctl(PR_SET_NAME, name);
	go = mmap(NULL, sizeof *go, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (limit == 0 || go == MAP_FAILED)
		return 2;
	(void)printf("%d\n", strcmp(words[1], "threads") == 0 ? by_threads() : by_orphans(limit));
	(void)fflush(stdout);
	(void)each(SIGKILL);
	return 0;
}
