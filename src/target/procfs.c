#include "target/procfs.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/process.h"

enum { PROC_ROOT_INODE = 1, PROC_DEPTH = 16 };

bool procfs_holds(int pin)
{
	struct statfs fs;

	/* In doubt yes: an object that can't be asked gets the stricter rules. */
	return fstatfs(pin, &fs) < 0 || fs.f_type == PROC_SUPER_MAGIC;
}

static bool is_root_inode(int pin)
{
	struct stat st;

	return fstat(pin, &st) == 0 && st.st_ino == PROC_ROOT_INODE;
}

/*
 * Another procfs (of another pid namespace, say) has other numbers: nothing in its pid directories
 * can be told to be the target's.
 */
static bool is_ours(const struct world *world, int root)
{
	struct stat st, ours;

	return procfs_holds(root) && fstat(root, &st) == 0 && fstat(world->proc, &ours) == 0 &&
	       st.st_dev == ours.st_dev;
}

bool procfs_is_any_root(int pin)
{
	return is_root_inode(pin) && procfs_holds(pin);
}

bool procfs_is_our_root(const struct world *world, int pin)
{
	return is_root_inode(pin) && is_ours(world, pin);
}

/* The last component of a pin's name as a pid; 0 if it isn't one. */
static pid_t name_as_pid(const struct world *world, int pin)
{
	char name[PATH_MAX];
	ssize_t length = pin_name(world, pin, name);
	const char *last;
	char *end;
	long pid;

	if (length < 0)
		return (pid_t)length;
	last = strrchr(name, '/');
	if (last == NULL)
		return -EACCES;
	pid = strtol(last + 1, &end, 10);
	return *end == '\0' && end != last + 1 && pid > 0 ? (pid_t)pid : 0;
}

pid_t procfs_owner(const struct world *world, int directory)
{
	cleanup_fd int current = fcntl(directory, F_DUPFD_CLOEXEC, 3);

	if (current >= 0 && is_root_inode(current))
		return procfs_holds(current) ? 0 : -EACCES;
	for (int depth = 0; current >= 0 && depth < PROC_DEPTH; depth++) {
		int up = openat(current, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);

		if (up < 0)
			return -EACCES;
		if (is_root_inode(up)) {
			pid_t pid = is_ours(world, up) ? name_as_pid(world, current) : -EACCES;

			(void)close(up);
			return pid;
		}
		(void)close(current);
		current = up;
	}
	return -EACCES;
}

enum relation { RELATION_SELF, RELATION_TREE, RELATION_OUTSIDE, RELATION_SUPERVISOR };

static enum relation relation_of(
	const struct world *world, const struct target *target, pid_t owner)
{
	struct process_status other, own;

	if (owner == target->tid)
		return RELATION_SELF;
	if (process_status_of(world, owner, &other) < 0)
		return RELATION_OUTSIDE;
	if (other.tgid == world->supervisor || other.tgid == world->guard)
		return RELATION_SUPERVISOR;
	if (process_status_of(world, target->tid, &own) == 0 && own.tgid == other.tgid)
		return RELATION_SELF;
	return process_in_tree(world, other.tgid) ? RELATION_TREE : RELATION_OUTSIDE;
}

int procfs_permits_jump(const struct route *route, pid_t owner, bool *ret_own)
{
	enum relation relation;

	if (owner <= 0)
		return -EACCES;
	relation = relation_of(route->world, route->target, owner);
	*ret_own = relation == RELATION_SELF;
	return relation == RELATION_SELF || relation == RELATION_TREE ? 0 : -EACCES;
}

/* What the kernel shows of any process to anybody, and tools like ps need. */
static bool is_public(const char *leaf)
{
	static const char *const names[] = {"stat", "statm", "status", "cmdline", "comm", "cgroup",
		"task", "limits", "oom_score", "oom_score_adj", "sched", "schedstat", "loginuid",
		"sessionid", "wchan"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(leaf, names[i]) == 0)
			return true;
	return false;
}

static const char *last_name(const struct place *place)
{
	const char *slash = strrchr(place->path, '/');

	return slash == NULL ? "" : slash + 1;
}

static bool is_pid_directory(const struct place *place)
{
	const char *name = last_name(place);

	return name[0] >= '0' && name[0] <= '9' && S_ISDIR(place->st.st_mode);
}

/* The directory of an object whose parent was not pinned: by its name, as far as that leads. */
static int pin_directory(const struct world *world, const struct place *place)
{
	char name[PATH_MAX];
	const char *end = strrchr(place->path, '/');
	int pin;

	if (end == NULL || end == place->path)
		return -EACCES;
	(void)snprintf(name, sizeof name, ".%.*s", (int)(end - place->path), place->path);
	pin = openat(world->root, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (pin < 0 || !procfs_holds(pin)) {
		close_fd(&pin);
		return -EACCES;
	}
	return pin;
}

static pid_t owner_of(const struct world *world, const struct place *place)
{
	cleanup_fd int directory = -1;

	if (S_ISDIR(place->st.st_mode))
		return procfs_owner(world, place->object);
	if (place->parent >= 0)
		return procfs_owner(world, place->parent);
	/* Reached through a descriptor: perhaps an O_PATH one, which nobody has judged. */
	directory = pin_directory(world, place);
	return directory < 0 ? directory : procfs_owner(world, directory);
}

int procfs_permits(const struct route *route, const struct place *place)
{
	pid_t owner = owner_of(route->world, place);

	if (owner < 0)
		return -EACCES;
	if (owner == 0)
		return 0;
	switch (relation_of(route->world, route->target, owner)) {
	case RELATION_SELF:
	case RELATION_TREE:
		return 0;
	case RELATION_OUTSIDE:
		return is_public(last_name(place)) || is_pid_directory(place) ? 0 : -EACCES;
	case RELATION_SUPERVISOR:
		break;
	}
	return -EACCES;
}

bool procfs_is_outsider(
	const struct world *world, const struct target *target, const struct place *place)
{
	pid_t owner;

	if (!is_pid_directory(place) || !procfs_holds(place->object))
		return false;
	owner = owner_of(world, place);
	return owner != 0 && (owner < 0 || relation_of(world, target, owner) >= RELATION_OUTSIDE);
}

bool procfs_is_outsiders(
	const struct world *world, const struct target *target, const struct place *place)
{
	pid_t owner;

	if (!is_public(last_name(place)) || !procfs_holds(place->object))
		return false;
	owner = owner_of(world, place);
	return owner > 0 && relation_of(world, target, owner) >= RELATION_OUTSIDE;
}

bool procfs_is_memory(const struct place *place)
{
	return strcmp(last_name(place), "mem") == 0 && procfs_holds(place->object);
}

bool procfs_is_own_fd_directory(
	const struct world *world, const struct target *target, int directory)
{
	char name[PATH_MAX];
	const char *last;
	pid_t owner;

	if (!procfs_holds(directory) || pin_name(world, directory, name) < 0)
		return false;
	last = strrchr(name, '/');
	if (last == NULL || (strcmp(last, "/fd") != 0 && strcmp(last, "/fdinfo") != 0))
		return false;
	owner = procfs_owner(world, directory);
	return owner > 0 && relation_of(world, target, owner) == RELATION_SELF;
}

bool procfs_is_own(
	const struct world *world, const struct target *target, const struct place *place)
{
	pid_t owner = procfs_holds(place->object) ? owner_of(world, place) : 0;

	return owner > 0 && relation_of(world, target, owner) == RELATION_SELF;
}
