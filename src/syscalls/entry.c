#include "syscalls/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void entry_clear(struct entry *entry)
{
	place_clear(&entry->place);
}

static bool is_dots(const char *leaf)
{
	return strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0;
}

/* place.path: the parent's name and the leaf's. */
static int name_leaf(const struct world *world, struct place *place)
{
	ssize_t length = pin_name(world, place->parent, place->path);
	size_t leaf = strlen(place->leaf);

	if (length < 0 || place->path[0] != '/')
		return -EACCES;
	if (length > 1)
		place->path[length++] = '/';
	if ((size_t)length + leaf >= sizeof place->path)
		return -ENAMETOOLONG;
	memcpy(place->path + length, place->leaf, leaf + 1);
	place->path_len = (size_t)length + leaf;
	return 0;
}

static bool look(const struct call *call, struct entry *entry)
{
	const struct place *place = &entry->place;
	struct identity identity;
	bool found;

	if (identity_enter(&identity, &call->session->world, &call->target) < 0)
		return false;
	found = fstatat(place->parent, place->leaf, &entry->st, AT_SYMLINK_NOFOLLOW) == 0;
	identity_leave(&identity);
	if (!found && act_may_enter_anyway(call, place->parent))
		found = fstatat(place->parent, place->leaf, &entry->st, AT_SYMLINK_NOFOLLOW) == 0;
	return found;
}

/* The kernel's own words for what never works: the root is real, and so busy. */
static int take_special(struct entry *entry)
{
	entry->special = entry->exists = true;
	if (entry->place.object >= 0) {
		entry->dirfd = AT_FDCWD;
		(void)strcpy(entry->name, "/");
	}
	return 0;
}

static int settle(const struct call *call, struct entry *entry)
{
	struct place *place = &entry->place;
	int result;

	entry->dirfd = place->parent;
	(void)snprintf(entry->name, sizeof entry->name, "%s%s", place->leaf,
		place->trailing_slash ? "/" : "");
	if (place->object >= 0 || is_dots(place->leaf))
		return take_special(entry);
	result = name_leaf(&call->session->world, place);
	if (result < 0)
		return result;
	entry->exists = look(call, entry);
	return 0;
}

int entry_find(
	const struct call *call, int base, const char *path, size_t length, struct entry *ret)
{
	struct route route = {
		.world = &call->session->world,
		.target = &call->target,
		.path = path,
		.length = length,
		.base = base,
		.flags = PLACE_PARENT,
	};
	int result;

	*ret = ENTRY_NOWHERE;
	result = act_resolve(call, &route, &ret->place);
	return result < 0 ? result : settle(call, ret);
}

static int pin_as_target(const struct call *call, const char *directory)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	result = (int)syscall(SYS_openat2, AT_FDCWD, directory, &how, sizeof how);
	if (result < 0)
		result = -errno;
	identity_leave(&identity);
	return result;
}

int entry_find_redirected(const struct call *call, const char *path, struct entry *ret)
{
	const char *leaf = strrchr(path, '/');
	char directory[PATH_MAX];

	*ret = ENTRY_NOWHERE;
	if (leaf == NULL || leaf[1] == '\0' || strlen(leaf + 1) > NAME_MAX ||
		strlen(path) >= PATH_MAX)
		return -EACCES;
	(void)snprintf(directory, sizeof directory, "%.*s", (int)(leaf - path + 1), path);
	ret->place.parent = pin_as_target(call, directory);
	if (ret->place.parent < 0)
		return ret->place.parent;
	(void)strcpy(ret->place.leaf, leaf + 1);
	return settle(call, ret);
}
