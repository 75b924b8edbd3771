#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "launch/launch.h"

/*
 * The caller is a subreaper: whoever loses its parent becomes its child. So killing the children,
 * again and again, reaches every descendant, double forks and new sessions included.
 */

/* Kills the children that one thread of ours has; how many were found. */
static int kill_children_of(const char *tid)
{
	char path[300];
	FILE *file;
	int pid, found = 0;

	(void)snprintf(path, sizeof path, "/proc/self/task/%s/children", tid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	while (fscanf(file, "%d", &pid) == 1) {
		(void)kill(pid, SIGKILL);
		found++;
	}
	(void)fclose(file);
	return found;
}

static int kill_children(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *entry;
	int found = 0;

	if (tasks == NULL)
		return 0;
	while ((entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			found += kill_children_of(entry->d_name);
	(void)closedir(tasks);
	return found;
}

int launch_kill_tree(void)
{
	int reaped = 0;

	for (;;) {
		(void)kill_children();
		/* Blocks until one is gone: its children are ours now. */
		if (waitpid(-1, NULL, __WALL) >= 0)
			reaped++;
		else if (errno == ECHILD)
			return reaped;
	}
}
