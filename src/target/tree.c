#include "target/tree.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/process.h"

/*
 * Processes that have been found; those from `next` on have not been looked into. The picture is of
 * whose children they are, in their order, and of which have ended.
 */
struct search {
	const struct world *world;
	pid_t *found;
	long next, count, room, enough;
	uint64_t picture;
};

enum stroke { STROKE_CHILD, STROKE_ALIVE, STROKE_ENDED, STROKES };

static void paint(struct search *search, pid_t pid, enum stroke stroke)
{
	search->picture = (search->picture ^ ((uint64_t)pid * STROKES + stroke)) *
			  UINT64_C(0x100000001b3); /* FNV-1a */
}

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
		if (result == 0) {
			search->found[search->count++] = pid;
			paint(search, pid, STROKE_CHILD);
		}
	}
	(void)fclose(file);
	return result;
}

/* Behind its children: whether it had ended by the time they were read. */
static void paint_end(struct search *search, pid_t pid)
{
	char state = process_state(search->world, pid);
	bool ended = state == '\0' || state == 'Z' || state == 'X';

	paint(search, pid, ended ? STROKE_ENDED : STROKE_ALIVE);
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
		paint_end(search, pid);
		return result;
	}
	while (result == 0 && (task = readdir(directory)) != NULL)
		if (task->d_name[0] != '.')
			result = add_children(search, fd, task->d_name);
	(void)closedir(directory);
	paint_end(search, pid);
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

static int search_tree(struct search *search, pid_t root)
{
	int result = look_into(search, root);

	if (result == 0)
		result = look_further(search);
	if (result < 0)
		free(search->found);
	return result;
}

long tree_list(const struct world *world, pid_t root, long enough, pid_t **ret)
{
	struct search search = {.world = world, .enough = enough};
	int result = search_tree(&search, root);

	if (result < 0)
		return result;
	*ret = search.found;
	return search.count;
}

/*
 * When a process ends while the tree is searched, its children become another's, whose list may
 * have been read: they are missed. Children of a thread that ends become another thread's. What two
 * searches miss both has moved twice, the second time from a process that ended during the second
 * search; so the pictures differ.
 */
long tree_count(const struct world *world, pid_t root, long enough)
{
	struct search first = {.world = world, .enough = enough}, second = first;
	int result = search_tree(&first, root);

	if (result < 0)
		return result;
	free(first.found);
	if (first.count >= enough)
		return first.count;
	result = search_tree(&second, root);
	if (result < 0)
		return result;
	free(second.found);
	return first.picture == second.picture ? second.count : -EAGAIN;
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
