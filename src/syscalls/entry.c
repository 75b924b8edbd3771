#include "syscalls/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

void entry_clear(struct entry *entry)
{
	place_clear(&entry->place);
}

/* place.path: the parent's name and the last component's. */
static int name_entry(const struct world *world, const char *leaf, struct place *place)
{
	ssize_t length = pin_name(world, place->parent, place->path);
	size_t leaf_len = strlen(leaf);

	if (length < 0 || place->path[0] != '/')
		return -EACCES;
	if (length > 1)
		place->path[length++] = '/';
	if ((size_t)length + leaf_len >= sizeof place->path)
		return -ENAMETOOLONG;
	memcpy(place->path + length, leaf, leaf_len + 1);
	place->path_len = (size_t)length + leaf_len;
	return 0;
}

/* What a lookup of it says: 0, or a negative errno. */
static int look(const struct call *call, const char *leaf, struct entry *entry)
{
	const int parent = entry->place.parent;
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	result = fstatat(parent, leaf, &entry->st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
	identity_leave(&identity);
	if (result < 0 && act_may_enter_anyway(call, parent))
		result = fstatat(parent, leaf, &entry->st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
	return result;
}

/* `leaf`: the last component, with no slash. */
static int settle(const struct call *call, const char *leaf, struct entry *entry)
{
	struct place *place = &entry->place;
	int result;

	entry->dirfd = place->parent;
	if (place->object >= 0) {
		/* The root: a real one is as busy as any. */
		entry->dirfd = AT_FDCWD;
		entry->name = "/";
	}
	entry->special = entry->exists = place->object >= 0 || path_is_dots(leaf);
	if (entry->special)
		return 0;
	result = name_entry(&call->session->world, leaf, place);
	if (result < 0)
		return result;
	result = look(call, leaf, entry);
	entry->exists = result == 0;
	entry->too_long = result == -ENAMETOOLONG;
	return 0;
}

int entry_find(
	const struct call *call, int base, const char *path, size_t length, struct entry *ret)
{
	char directory[PATH_MAX], leaf[PATH_MAX];
	struct route route = {
		.world = &call->session->world,
		.target = &call->target,
		.path = path,
		.length = length,
		.base = base,
		.flags = PLACE_PARENT,
	};
	size_t start, end;
	int result;

	*ret = ENTRY_NOWHERE;
	path_last(path, length, &start, &end);
	if (end - start > NAME_MAX) {
		/* Its file system says that it is too long, later: its directory counts first. */
		memcpy(directory, path, start);
		(void)strcpy(directory + start, "x");
		route.path = directory;
		route.length = start + 1;
	}
	result = act_resolve(call, &route, &ret->place);
	if (result < 0)
		return result;
	memcpy(leaf, path + start, end - start);
	leaf[end - start] = '\0';
	ret->name = path + start;
	return settle(call, leaf, ret);
}

bool place_is_where_it_was(const struct call *call, const struct place *place)
{
	char name[PATH_MAX];
	ssize_t length = pin_name(&call->session->world, place->parent, name);
	const char *end = strrchr(place->path, '/');
	const size_t judged = end == place->path ? 1 : (size_t)(end - place->path);

	return length >= 0 && end != NULL && (size_t)length == judged &&
	       memcmp(name, place->path, judged) == 0;
}

bool entry_is_where_it_was(const struct call *call, const struct entry *entry)
{
	return entry->special || place_is_where_it_was(call, &entry->place);
}

bool entry_is_read_only(const struct entry *entry)
{
	struct statvfs st;

	return fstatvfs(entry->place.parent, &st) == 0 && (st.f_flag & ST_RDONLY) != 0;
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
	size_t length = strlen(path), start, end;
	char directory[PATH_MAX];

	*ret = ENTRY_NOWHERE;
	path_last(path, length, &start, &end);
	if (start == 0 || end < length || end - start > NAME_MAX || length >= PATH_MAX)
		return -EACCES;
	(void)snprintf(directory, sizeof directory, "%.*s", (int)start, path);
	ret->place.parent = pin_as_target(call, directory);
	if (ret->place.parent < 0)
		return ret->place.parent;
	ret->name = path + start;
	return settle(call, ret->name, ret);
}
