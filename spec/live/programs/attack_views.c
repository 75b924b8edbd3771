/*
 * Threads that see the file system differently from their process: attack_views TEST [ARG...]
 *
 *   tasks               each thread's /proc/thread-self and /proc/self/task/TID
 *   directory ONE TWO   a thread with a current directory of its own opens "data" in TWO
 *   table ONE TWO       a thread with a descriptor table of its own opens "data" below number 50
 *   umask               a thread with a umask of its own makes "made" and "made.directory"
 *   number ONE TWO      the thread's table differs from the leader's: /proc/self/fd/50, thread-self
 */
#include <pthread.h>
#include <sched.h>
#include <sys/syscall.h>

#include "attack.h"

enum { NUMBER = 50 };

static char **arguments;
static pthread_barrier_t barrier;

static void show(const char *label, int fd)
{
	char text[128] = "";

	if (fd < 0) {
		(void)printf("%s: %s\n", label, strerrorname_np(errno));
		return;
	}
	(void)!read(fd, text, sizeof text - 1);
	text[strcspn(text, "\n")] = '\0';
	(void)printf("%s: %s\n", label, text);
	(void)close(fd);
}

static void *tasks(void *unused)
{
	pid_t tid = (pid_t)syscall(SYS_gettid);
	char name[64];

	(void)snprintf(name, sizeof name, "/proc/self/task/%d/comm", tid);
	(void)pthread_setname_np(pthread_self(), "second");
	show("task", open(name, O_RDONLY));
	show("thread-self", open("/proc/thread-self/comm", O_RDONLY));
	show("self", open("/proc/self/comm", O_RDONLY));
	(void)snprintf(name, sizeof name, "/proc/%d/comm", tid);
	show("tid", open(name, O_RDONLY));
	return unused;
}

static void *directory(void *unused)
{
	if (unshare(CLONE_FS) < 0 || chdir(arguments[1]) < 0)
		perror("unshare");
	(void)pthread_barrier_wait(&barrier);
	show("thread", open("data", O_RDONLY));
	show("thread at", openat(AT_FDCWD, "data", O_RDONLY));
	show("thread cwd", open("/proc/thread-self/cwd/data", O_RDONLY));
	show("process cwd", open("/proc/self/cwd/data", O_RDONLY));
	(void)pthread_barrier_wait(&barrier);
	return unused;
}

static void *table(void *unused)
{
	int fd;

	if (unshare(CLONE_FILES) < 0)
		perror("unshare");
	fd = open(arguments[1], O_PATH | O_DIRECTORY);
	(void)dup2(fd, NUMBER);
	(void)pthread_barrier_wait(&barrier);
	show("thread", openat(NUMBER, "data", O_RDONLY));
	show("thread's number", open("/proc/thread-self/fd/50/data", O_RDONLY));
	show("process's number", open("/proc/self/fd/50/data", O_RDONLY));
	(void)pthread_barrier_wait(&barrier);
	return unused;
}

static void *masks(void *unused)
{
	if (unshare(CLONE_FS) < 0)
		perror("unshare");
	(void)umask(0077);
	(void)pthread_barrier_wait(&barrier);
	(void)close(open("thread", O_CREAT | O_WRONLY, 0666));
	(void)mkdir("thread.directory", 0777);
	(void)pthread_barrier_wait(&barrier);
	return unused;
}

static void run(void *(*function)(void *))
{
	pthread_t thread;

	(void)pthread_barrier_init(&barrier, NULL, 2);
	(void)pthread_create(&thread, NULL, function, NULL);
	if (function == tasks) {
		(void)pthread_join(thread, NULL);
		return;
	}
	(void)pthread_barrier_wait(&barrier);
	(void)pthread_barrier_wait(&barrier);
	if (function == masks) {
		(void)close(open("process", O_CREAT | O_WRONLY, 0666));
		(void)mkdir("process.directory", 0777);
	} else if (function == table) {
		show("process", openat(NUMBER, "data", O_RDONLY));
	} else {
		show("process", open("data", O_RDONLY));
	}
	(void)pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	int fd;

	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	arguments = argv + 2;
	if (argc < 2)
		return 2;
	if (strcmp(argv[1], "tasks") == 0) {
		run(tasks);
	} else if (strcmp(argv[1], "umask") == 0) {
		(void)umask(0022);
		run(masks);
	} else if (argc == 4 && strcmp(argv[1], "directory") == 0) {
		if (chdir(argv[2]) < 0)
			return 2;
		run(directory);
	} else if (argc == 4 && strcmp(argv[1], "table") == 0) {
		fd = open(argv[2], O_PATH | O_DIRECTORY);
		(void)dup2(fd, NUMBER);
		run(table);
	}
	return 0;
}
