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
	long next, count, room, enough;
};

static int make_room(struct search *search, long room)
{
	pid_t *found = realloc(search->found, (size_t)room * sizeof *found);

	if (found == NULL)
		return -ENOMEM;
	search->found = found;
	search->room = room;
	return 0;
}

static int add_children(struct search *search, int tasks, const char *tid)
{
	char name[300];
	FILE *file;
	int fd, pid, result = 0;

	(void)snprintf(name, sizeof name, "%s/children", tid);
	fd = openat(tasks, name, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (file == NULL) {
		close_fd(&fd);
		return 0; /* it has ended: its children are the subreaper's now */
	}
	while (result == 0 && search->count < search->enough && fscanf(file, "%d", &pid) == 1) {
		if (search->count == search->room)
			result = make_room(search, 2 * search->room + 16);
		if (result == 0)
			search->found[search->count++] = pid;
	}
	(void)fclose(file);
	return result;
}

static int look_into(struct search *search, pid_t pid)
{
	char name[32];
	DIR *directory;
	const struct dirent *task;
	int fd, result = 0;

	(void)snprintf(name, sizeof name, "%d/task", pid);
	fd = openat(search->world->proc, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	directory = fd < 0 ? NULL : fdopendir(fd);
	if (directory == NULL) {
		result = -errno;
		close_fd(&fd);
		return result;
	}
	while (result == 0 && (task = readdir(directory)) != NULL)
		if (task->d_name[0] != '.')
			result = add_children(search, fd, task->d_name);
	(void)closedir(directory);
	return result;
}

/* Also what is found of those that are found. */
static int look_further(struct search *search)
{
	while (search->next < search->count && search->count < search->enough)
		if (look_into(search, search->found[search->next++]) == -ENOMEM)
			return -ENOMEM;
	return 0;
}

long tree_list(const struct world *world, pid_t root, long enough, pid_t **ret)
{
	struct search search = {.world = world, .enough = enough};
	int result = look_into(&search, root);

	if (result == 0)
		result = look_further(&search);
	if (result < 0) {
		free(search.found);
		return result;
	}
	*ret = search.found;
	return search.count;
}

long tree_count(const struct world *world, pid_t root, long enough)
{
	pid_t *found;
	long count = tree_list(world, root, enough, &found);

	if (count >= 0)
		free(found);
	return count;
}

bool tree_has_group(const struct world *world, pid_t group)
{
	enum { ENOUGH = 1 << 20 };
	pid_t *found;
	long count = tree_list(world, world->guard, ENOUGH, &found);
	bool has = false;

	for (long i = 0; i < count && !has; i++)
		has = getpgid(found[i]) == group;
	if (count >= 0)
		free(found);
	return has;
}
