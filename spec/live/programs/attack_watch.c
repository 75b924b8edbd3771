/*
 * attack_watch WHOM READY COMMAND [ARG...]: runs `moongate run ...`, natively, kills WHOM when the
 * file READY is there (or, if READY is a number, after so many microseconds), and says what is left
 * of all descendants two seconds later. It is a subreaper, so none gets away.
 *
 * WHOM: supervisor, guard, both, target, nobody
 */
#include <dirent.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "attack.h"

static pid_t supervisor;
static int supervisor_status = -1;

/* The children of a process, up to `limit`. */
static int children(pid_t pid, pid_t *found, int limit)
{
	char name[64];
	FILE *list;
	int count = 0;

	(void)snprintf(name, sizeof name, "/proc/%d/task/%d/children", pid, pid);
	list = fopen(name, "r");
	while (list != NULL && count < limit && fscanf(list, "%d", &found[count]) == 1)
		count++;
	if (list != NULL)
		(void)fclose(list);
	return count;
}

static void name_of(pid_t pid, char name[32])
{
	char path[64];
	FILE *file;

	name[0] = '\0';
	(void)snprintf(path, sizeof path, "/proc/%d/comm", pid);
	file = fopen(path, "r");
	if (file != NULL && fgets(name, 32, file) != NULL)
		name[strcspn(name, "\n")] = '\0';
	if (file != NULL)
		(void)fclose(file);
}

static pid_t guard(void)
{
	pid_t found[16];
	int count = children(supervisor, found, 16);
	char name[32];

	for (int i = 0; i < count; i++) {
		name_of(found[i], name);
		if (strcmp(name, "moongate-guard") == 0)
			return found[i];
	}
	return -1;
}

static void await(const char *ready)
{
	double start = seconds_now();

	if (ready[0] >= '0' && ready[0] <= '9') {
		(void)usleep((useconds_t)atoi(ready));
		return;
	}
	while (access(ready, F_OK) < 0 && seconds_now() < start + 10)
		(void)usleep(2000);
	if (access(ready, F_OK) < 0)
		(void)puts("never ready");
	(void)usleep(50000);
}

static void strike(const char *whom)
{
	pid_t shield = guard(), first[1] = {-1};

	/* It may not have been there yet. */
	for (int i = 0; i < 2000 && shield < 0 && strcmp(whom, "supervisor") != 0; i++) {
		(void)usleep(500);
		shield = guard();
	}
	if (shield > 0)
		(void)children(shield, first, 1);
	if (strcmp(whom, "guard") == 0 || strcmp(whom, "both") == 0)
		if (shield > 0)
			(void)kill(shield, SIGKILL);
	if (strcmp(whom, "both") == 0)
		(void)usleep(300);
	if (strcmp(whom, "supervisor") == 0 || strcmp(whom, "both") == 0)
		(void)kill(supervisor, SIGKILL);
	if (strcmp(whom, "target") == 0 && first[0] > 0)
		(void)kill(first[0], SIGKILL);
}

/* false: no child is left. */
static bool reap(void)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (pid == supervisor)
			supervisor_status =
				WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return pid == 0;
}

static void show(pid_t parent, bool end)
{
	pid_t found[256];
	int count = children(parent, found, 256);

	for (int i = 0; i < count; i++) {
		char name[32];

		name_of(found[i], name);
		if (!end)
			(void)printf("left: %s\n", name);
		show(found[i], end);
		if (end)
			(void)kill(found[i], SIGKILL);
	}
}

int main(int argc, char **argv)
{
	double start;

	if (argc < 4)
		return 2;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	supervisor = fork();
	if (supervisor == 0) {
		(void)execvp(argv[3], argv + 3);
		_exit(99);
	}
	await(argv[2]);
	strike(argv[1]);
	start = seconds_now();
	while (reap() && seconds_now() < start + 2)
		(void)usleep(1000);
	show(getpid(), false);
	(void)printf("status %d\n", supervisor_status);
	(void)fflush(stdout);
	for (int i = 0; i < 1000 && reap(); i++) {
		show(getpid(), true);
		(void)usleep(2000);
	}
	return 0;
}
