#include "target/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"

/* Processes that have been found; those from `next` on have not been looked into. */
struct search {
	const struct world *world;
	pid_t *found;
	long next, count, enough;
};

static void add_children(struct search *search, int tasks, const char *tid)
{
	char name[300];
	FILE *file;
	int fd, pid;

	(void)snprintf(name, sizeof name, "%s/children", tid);
	fd = openat(tasks, name, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (file == NULL) {
		close_fd(&fd);
		return; /* it has ended: its children are the subreaper's now */
	}
	while (search->count < search->enough && fscanf(file, "%d", &pid) == 1)
		search->found[search->count++] = pid;
	(void)fclose(file);
}

static int look_into(struct search *search, pid_t pid)
{
	char name[32];
	DIR *directory;
	const struct dirent *task;
	int fd;

	(void)snprintf(name, sizeof name, "%d/task", pid);
	fd = openat(search->world->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (directory == NULL) {
		int result = -errno;

		close_fd(&fd);
		return result;
	}
	while ((task = readdir(directory)) != NULL)
		if (task->d_name[0] != '.')
			add_children(search, fd, task->d_name);
	(void)closedir(directory);
	return 0;
}

long tree_count(const struct world *world, pid_t root, long enough)
{
	struct search search = {.world = world, .enough = enough};
	int result;

	search.found = calloc((size_t)enough + 1, sizeof *search.found);
	if (search.found == NULL)
		return -ENOMEM;
	result = look_into(&search, root);
	while (search.next < search.count && search.count < enough)
		(void)look_into(&search, search.found[search.next++]);
	free(search.found);
	return result < 0 ? result : search.count;
}
