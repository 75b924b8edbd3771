/*
 * What the kernel does itself after the judgement, while another thread changes what lies in
 * memory.
 *
 *   attack_continued how GOOD BAD       openat2: O_PATH becomes O_RDONLY, GOOD becomes BAD
 *   attack_continued exec GOOD BAD      execve, and execveat without following links
 *   attack_continued rename GOOD BAD    BAD is made by another process, and may be replaced
 *
 * Prints what it got: opened=N is how often it got BAD, refused=N how often not.
 */
#include <linux/openat2.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "attack.h"

static char path[4096];
static volatile struct open_how how;
static const char *good, *bad;
static atomic_bool over;

static void pause_shortly(void)
{
	for (volatile int i = 0; i < 300; i++)
		;
}

static void *flip(void *unused)
{
	while (!over) {
		memcpy(path, good, strlen(good) + 1);
		how.flags = O_PATH;
		pause_shortly();
		memcpy(path, bad, strlen(bad) + 1);
		how.flags = O_RDONLY;
		pause_shortly();
	}
	return unused;
}

static bool is_bad(int fd)
{
	char name[64], target[4096];
	ssize_t length;

	(void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	length = readlink(name, target, sizeof target - 1);
	target[length > 0 ? length : 0] = '\0';
	return strcmp(target, bad) == 0;
}

static void attack_how(unsigned *got, unsigned *refused)
{
	pthread_t thread;

	(void)pthread_create(&thread, NULL, flip, NULL);
	for (int i = 0; i < 20000; i++) {
		int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

		*got += fd >= 0 && (fcntl(fd, F_GETFL) & O_PATH) == 0 && is_bad(fd);
		*refused += fd < 0;
		(void)close(fd);
	}
	over = true;
	(void)pthread_join(thread, NULL);
}

static void execute(bool follows)
{
	char *arguments[] = {(char *)bad, NULL}, *variables[] = {NULL};

	for (int i = 0; i < 50; i++)
		(void)syscall(SYS_execveat, AT_FDCWD, path, arguments, variables,
			follows ? 0 : AT_SYMLINK_NOFOLLOW);
	_exit(99);
}

static void attack_exec(unsigned *got, unsigned *refused)
{
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();
		pthread_t thread;
		int status;

		if (pid == 0) {
			(void)pthread_create(&thread, NULL, flip, NULL);
			execute(i % 2 == 0);
		}
		(void)waitpid(pid, &status, 0);
		*got += WIFEXITED(status) && WEXITSTATUS(status) == 42;
		*refused += WIFEXITED(status) && WEXITSTATUS(status) == 99;
	}
}

/* Somebody outside makes BAD and looks whether it is still there: it says so by BAD.lost. */
static void attack_rename(unsigned *got, unsigned *refused)
{
	char lost[4200];

	(void)snprintf(lost, sizeof lost, "%s.lost", bad);
	for (int i = 0; i < 4000; i++) {
		int fd = open(good, O_WRONLY | O_CREAT, 0600);

		(void)close(fd);
		*refused += rename(good, bad) < 0;
	}
	*got = access(lost, F_OK) == 0;
}

int main(int argc, char **argv)
{
	unsigned got = 0, refused = 0;

	if (argc != 4)
		return 2;
	good = argv[2];
	bad = argv[3];
	(void)strcpy(path, good);
	if (strcmp(argv[1], "how") == 0)
		attack_how(&got, &refused);
	else if (strcmp(argv[1], "exec") == 0)
		attack_exec(&got, &refused);
	else
		attack_rename(&got, &refused);
	(void)printf("opened=%u refused=%u\n", got, refused);
	return 0;
}
