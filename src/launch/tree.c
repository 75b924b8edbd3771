#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/launch.h"

/*
 * The caller is a subreaper: whoever loses its parent becomes its child. So killing the children,
 * again and again, reaches every descendant, double forks and new sessions included.
 */

/* Children that the process had before it became a supervisor (`daemon & exec moongate …`). */
static pid_t *spared;
static size_t spared_count, spared_room;
static bool spared_failed;

static bool is_spared(pid_t pid)
{
	for (size_t i = 0; i < spared_count; i++)
		if (spared[i] == pid)
			return true;
	return false;
}

/* Calls `visit` with every child that one thread of ours has; how many were visited, or -errno. */
static int visit_children_of(const char *tid, void (*visit)(pid_t pid))
{
	char path[300];
	FILE *file;
	int pid, found = 0;

	(void)snprintf(path, sizeof path, "/proc/self/task/%s/children", tid);
	file = fopen(path, "re");
	if (file == NULL)
		return -errno;
	while (fscanf(file, "%d", &pid) == 1)
		if (!is_spared(pid)) {
			visit(pid);
			found++;
		}
	(void)fclose(file);
	return found;
}

static int visit_children(void (*visit)(pid_t pid))
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *entry;
	int found = 0;

	if (tasks == NULL)
		return 0;
	while ((entry = readdir(tasks)) != NULL) {
		int here = entry->d_name[0] != '.' ? visit_children_of(entry->d_name, visit) : 0;

		found += here > 0 ? here : 0;
	}
	(void)closedir(tasks);
	return found;
}

static void spare(pid_t pid)
{
	if (spared_count == spared_room) {
		size_t room = 2 * spared_room + 64;
		pid_t *more = reallocarray(spared, room, sizeof *more);

		if (more == NULL) {
			spared_failed = true;
			return;
		}
		spared = more;
		spared_room = room;
	}
	spared[spared_count++] = pid;
}

int launch_spare_children(struct error *err)
{
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	if (access(path, R_OK) < 0)
		return error_errno(err, errno,
			"the kernel does not list a process's children (CONFIG_PROC_CHILDREN)\n"
			"without that nobody could end the program's processes for certain");
	(void)visit_children(spare);
	return spared_failed ? error_set(err, ENOMEM, "out of memory") : 0;
}

static void kill_child(pid_t pid)
{
	(void)kill(pid, SIGKILL);
}

void launch_kill_tree(void)
{
	/* Dead ones are listed until they are waited for, and their children are ours by then. */
	while (visit_children(kill_child) > 0)
		if (waitpid(-1, NULL, __WALL) < 0 && errno == ECHILD)
			return;
}
