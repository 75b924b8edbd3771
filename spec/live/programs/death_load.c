/*
 * A supervised program that is busy when somebody dies.
 *
 *   death_load storm DIRECTORY RECORD   processes that make directories, open, fork and execute
 * until the command is gone; what was made is told in the file descriptor RECORD, once it has been
 *   death_load children DIRECTORY RECORD COUNT  a storm whose members are killed, COUNT of them,
 * each at some moment; then it ends death_load blocked DIRECTORY RECORD COUNT   the same of
 * processes whose call is being performed: that open DIRECTORY/fifo, or look at long paths in
 * threads death_load nothing
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MEMBERS = 3, AT_ONCE = 4, LONGEST = 3 /* s */, THREADS = 3 };

static const char *directory, *self;
static int record;

/* ---- what is done -------------------------------------------------------------------------- */

static void make(unsigned number)
{
	char path[4096], name[64];
	int length = snprintf(name, sizeof name, "d.%d.%u\n", getpid(), number);

	(void)snprintf(path, sizeof path, "%s/%.*s", directory, length - 1, name);
	if (mkdir(path, 0700) < 0)
		return;
	(void)!write(record, name, (size_t)length);
	(void)rmdir(path);
}

static int look(const char *name)
{
	char path[4096];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return errno;
	(void)close(fd);
	return 0;
}

static void start_another(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl(self, self, "nothing", (char *)NULL);
		_exit(1);
	}
	(void)waitpid(pid, NULL, 0);
}

static void be_busy(unsigned kind, unsigned number)
{
	make(number);
	(void)look("data");
	(void)look("../shut/data");
	(void)look("missing");
	if (kind == 0)
		start_another();
}

/* ---- a storm ------------------------------------------------------------------------------- */

static void storm(unsigned kind, pid_t command)
{
	time_t end = time(NULL) + LONGEST;

	for (unsigned i = 0; getppid() == command && time(NULL) < end; i++)
		be_busy(kind, i);
	_exit(0);
}

static void start_storm(void)
{
	pid_t command = getpid();

	for (unsigned i = 0; i < MEMBERS; i++)
		if (fork() == 0)
			storm(i, command);
	while (wait(NULL) > 0)
		continue;
}

/* ---- members that are killed --------------------------------------------------------------- */

static void *look_far(void *argument)
{
	char path[1000];
	size_t used = (size_t)snprintf(path, sizeof path, "%s", directory);
	struct stat st;

	while (used + 8 < sizeof path)
		used += (size_t)snprintf(path + used, sizeof path - used, "/../open");
	for (;;)
		(void)stat(path, &st);
	return argument;
}

static void block(unsigned kind)
{
	pthread_t thread;

	if (kind % 2 == 0) {
		(void)look("fifo");
		_exit(1); /* nobody writes there */
	}
	for (int i = 1; i < THREADS; i++)
		(void)pthread_create(&thread, NULL, look_far, NULL);
	(void)look_far(NULL);
}

static pid_t start_member(unsigned kind, bool blocked)
{
	pid_t command = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	if (blocked)
		block(kind);
	storm(kind % MEMBERS, command);
	return 0;
}

/* false: one has not died of it. */
static bool kill_member(pid_t *member)
{
	int status = 0;
	bool died = true;

	if (*member > 0) {
		(void)kill(*member, SIGKILL);
		died = waitpid(*member, &status, 0) == *member && WIFSIGNALED(status);
	}
	*member = 0;
	return died;
}

static void kill_members(unsigned count, bool blocked)
{
	pid_t members[AT_ONCE] = {0};
	unsigned survived = 0, unseen = 0;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	srandom((unsigned)now.tv_nsec);
	for (unsigned i = 0; i < count + AT_ONCE; i++) {
		survived += !kill_member(&members[i % AT_ONCE]);
		if (i < count)
			members[i % AT_ONCE] = start_member(i, blocked);
		unseen += members[i % AT_ONCE] < 0;
		(void)usleep((useconds_t)(random() % 4000));
	}
	printf("killed %u of %u, %s\n", count - survived - unseen, count,
		look("data") == 0 && look("../shut/data") == EACCES ? "supervised" : "or not");
}

int main(int argc, char **argv)
{
	self = argv[0];
	if (argc == 2)
		return 0;
	if (argc < 4)
		return 2;
	directory = argv[2];
	record = atoi(argv[3]);
	if (argc == 5)
		kill_members((unsigned)atoi(argv[4]), strcmp(argv[1], "blocked") == 0);
	else
		start_storm();
	return 0;
}
