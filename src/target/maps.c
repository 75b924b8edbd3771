#include "target/maps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A line of /proc/PID/maps. */
struct area {
	uint64_t start, end;
	bool is_code;
	struct maps_file file; /* inode 0: no file */
};

static bool parse(const char *line, struct area *ret)
{
	unsigned major, minor;
	char rights[5];

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %x:%x %" SCNu64, &ret->start, &ret->end,
		    rights, &major, &minor, &ret->file.inode) != 6)
		return false;
	ret->is_code = rights[2] == 'x';
	ret->file.device = makedev(major, minor);
	return true;
}

static FILE *open_maps(const struct world *world, pid_t pid)
{
	char name[32];
	int fd;
	FILE *file;

	(void)snprintf(name, sizeof name, "%d/maps", pid);
	fd = openat(world->proc, name, O_RDONLY | O_CLOEXEC);
	file = fd < 0 ? NULL : fdopen(fd, "r");
	if (file == NULL && fd >= 0)
		(void)close(fd);
	return file;
}

/* Areas, one after the other. */
struct list {
	FILE *file;
	char *line; /* whole: what is cut off a name could pass for a line of its own */
	size_t room;
	bool broken; /* it could not be read to its end */
};

static void list_close(struct list *list)
{
	if (list->file != NULL)
		(void)fclose(list->file);
	free(list->line);
}

/* The next area; false: there is none. */
static bool next(struct list *list, struct area *ret)
{
	if (list->file != NULL && getline(&list->line, &list->room, list->file) > 0 &&
		parse(list->line, ret))
		return true;
	list->broken = list->file == NULL || feof(list->file) == 0;
	return false;
}

/* false: nothing is there. */
static bool find(const struct world *world, pid_t pid, uint64_t address, struct area *ret)
{
	struct list list = {.file = open_maps(world, pid)};
	bool found = false;

	while (!found && next(&list, ret))
		found = ret->start <= address && address < ret->end;
	list_close(&list);
	return found;
}

/* What the kernel calls the file in such a list: it is mapped here, too. */
static bool find_own(const struct world *world, int pin, struct area *ret)
{
	char name[32];
	cleanup_fd int fd = -1;
	void *page;
	bool found;

	(void)snprintf(name, sizeof name, "%d", pin);
	fd = openat(world->fds, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	page = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		return false;
	found = find(world, getpid(), (uint64_t)(uintptr_t)page, ret);
	(void)munmap(page, 1);
	return found;
}

static bool is_file(const struct world *world, const struct maps_file *file, int pin)
{
	struct area own;
	struct stat st;

	if (fstat(pin, &st) == 0 && file->device == st.st_dev && file->inode == st.st_ino)
		return true;
	return find_own(world, pin, &own) && file->device == own.file.device &&
	       file->inode == own.file.inode;
}

bool maps_have(const struct world *world, pid_t pid, uint64_t address, uint64_t length, int pin,
	struct maps_file *ret)
{
	struct area area;

	if (!find(world, pid, address, &area) || !area.is_code || area.file.inode == 0 ||
		length > area.end - address || !is_file(world, &area.file, pin))
		return false;
	*ret = area.file;
	return true;
}

bool maps_visit_code(const struct world *world, pid_t pid,
	bool (*visit)(void *context, const struct maps_file *file), void *context)
{
	struct list list = {.file = open_maps(world, pid)};
	struct area area;
	bool going = true;

	while (going && next(&list, &area))
		if (area.is_code && area.file.inode != 0)
			going = visit(context, &area.file);
	going = going && !list.broken;
	list_close(&list);
	return going;
}

bool maps_visit_range(const struct world *world, pid_t pid, uint64_t address, uint64_t length,
	bool (*visit)(void *context, const struct maps_file *file), void *context)
{
	struct list list = {.file = open_maps(world, pid)};
	struct area area;
	bool going = true;

	while (going && next(&list, &area) &&
		(area.start <= address || area.start - address < length))
		if (area.end > address && area.file.inode != 0)
			going = visit(context, &area.file);
	going = going && !list.broken;
	list_close(&list);
	return going;
}
