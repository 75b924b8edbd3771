#include "target/place.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/procfs.h"

void place_clear(struct place *place)
{
	close_fd(&place->object);
	close_fd(&place->parent);
}

ssize_t pin_name(const struct world *world, int pin, char buffer[PATH_MAX])
{
	char number[16];
	ssize_t length;

	(void)snprintf(number, sizeof number, "%d", pin);
	length = readlinkat(world->fds, number, buffer, PATH_MAX);
	if (length < 0)
		return -errno;
	if (length >= PATH_MAX)
		return -ENAMETOOLONG;
	buffer[length] = '\0';
	return length;
}

static bool leads_to(const struct world *world, const char *path, const struct stat *st)
{
	struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	cleanup_fd int pin = (int)syscall(SYS_openat2, world->root, path, &how, sizeof how);
	struct stat found;

	return pin >= 0 && fstat(pin, &found) == 0 && found.st_dev == st->st_dev &&
	       found.st_ino == st->st_ino;
}

/*
 * The kernel marks a name that is gone; a living file may end in the same letters. An object whose
 * last name is gone is judged by the name it had. Where another link keeps it alive, and it is not
 * to be found under the whole name, nobody can tell which of the two it is: -EACCES.
 */
static int strip_deleted(const struct world *world, struct place *place)
{
	static const char suffix[] = " (deleted)";
	const size_t length = sizeof suffix - 1;

	if (place->path_len <= length ||
		memcmp(place->path + place->path_len - length, suffix, length) != 0)
		return 0;
	if (place->st.st_nlink > 0)
		return leads_to(world, place->path, &place->st) ? 0 : -EACCES;
	place->path_len -= length;
	place->path[place->path_len] = '\0';
	return 0;
}

int place_name(const struct world *world, struct place *place)
{
	ssize_t length = pin_name(world, place->object, place->path);

	if (length < 0)
		return -EACCES;
	place->path_len = (size_t)length;
	if (place->path[0] != '/') {
		/* "pipe:[1]", "anon_inode:…"; but "(unreachable)/x" is a path we cannot judge. */
		place->nameless = place->path[0] != '(';
		return place->nameless ? 0 : -EACCES;
	}
	if (strip_deleted(world, place) < 0)
		return -EACCES;
	if (place->st.st_nlink == 0 && strncmp(place->path, "/memfd:", 7) == 0)
		place->nameless = true;
	return 0;
}

static bool has_dots(const char *path)
{
	for (const char *at = strstr(path, ".."); at != NULL; at = strstr(at + 1, ".."))
		if ((at == path || at[-1] == '/') && (at[2] == '/' || at[2] == '\0'))
			return true;
	return false;
}

/*
 * Where names are hidden the kernel may only walk a path that is the object's name: through a link
 * or ".." it could pass what does not exist for the target.
 */
static bool passes_hidden(const struct route *route, const char *path)
{
	return route->world->hidden != NULL && has_dots(path);
}

static uint64_t added_resolve(const struct route *route)
{
	return RESOLVE_NO_MAGICLINKS | (route->world->hidden != NULL ? RESOLVE_NO_SYMLINKS : 0);
}

static bool can_use_kernel(const struct route *route)
{
	if (passes_hidden(route, route->path))
		return false;
	/* RESOLVE_IN_ROOT at a foreign root would clamp ".." of relative paths at their start. */
	return !route->world->roots_vary && (route->flags & (PLACE_PARENT | PLACE_CREATE)) == 0 &&
	       (route->resolve & RESOLVE_CACHED) == 0;
}

/*
 * The kernel walks: right for everything but magic links and procfs, which it would resolve as
 * ours. Needs no parent, so it serves only existing objects.
 */
static int resolve_by_kernel(const struct route *route, struct place *ret)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC |
			 ((route->flags & PLACE_NOFOLLOW) != 0 ? (uint64_t)O_NOFOLLOW : 0),
		.resolve = route->resolve | added_resolve(route),
	};
	int base = route->base >= 0 ? route->base : AT_FDCWD;

	ret->object = (int)syscall(SYS_openat2, base, route->path, &how, sizeof how);
	if (ret->object < 0)
		return -errno;
	if (fstat(ret->object, &ret->st) < 0)
		return -errno;
	if (procfs_holds(ret->object))
		return -ELOOP;
	return place_name(route->world, ret);
}

void path_last(const char *path, size_t length, size_t *ret_start, size_t *ret_end)
{
	size_t end = length, start;

	while (end > 0 && path[end - 1] == '/')
		end--;
	start = end;
	while (start > 0 && path[start - 1] != '/')
		start--;
	*ret_start = start;
	*ret_end = end;
}

bool path_is_dots(const char *component)
{
	return strcmp(component, ".") == 0 || strcmp(component, "..") == 0;
}

/*
 * Splits "a/b/c//" into "a/b/." and "c": a lookup of "." asks for the right to search, as that of
 * any name does. false: there is no plain last name, or no room.
 */
static bool split(const struct route *route, char directory[PATH_MAX], struct place *ret)
{
	size_t start, end;

	path_last(route->path, route->length, &start, &end);
	if (end == start || end - start > NAME_MAX || start + 2 > PATH_MAX)
		return false;
	memcpy(ret->leaf, route->path + start, end - start);
	ret->leaf[end - start] = '\0';
	memcpy(directory, route->path, start);
	memcpy(directory + start, ".", 2);
	return !path_is_dots(ret->leaf);
}

/* The directory of the last component, by the kernel's walk; < 0: walk by hand. */
static int resolve_parent_by_kernel(const struct route *route, struct place *ret)
{
	struct open_how how = {
		.flags = O_PATH | O_DIRECTORY | O_CLOEXEC, .resolve = added_resolve(route)};
	char directory[PATH_MAX];

	if (route->world->roots_vary || route->flags != PLACE_PARENT || route->resolve != 0 ||
		!split(route, directory, ret) || passes_hidden(route, directory))
		return -ELOOP;
	ret->parent = (int)syscall(SYS_openat2, route->base >= 0 ? route->base : AT_FDCWD,
		directory, &how, sizeof how);
	if (ret->parent < 0)
		return -errno;
	return procfs_holds(ret->parent) ? -ELOOP : 0;
}

int place_resolve(const struct route *route, struct place *ret)
{
	int result;

	*ret = PLACE_NOWHERE;
	if ((route->flags & PLACE_PARENT) != 0) {
		if (resolve_parent_by_kernel(route, ret) == 0)
			return 0;
		place_clear(ret);
		*ret = PLACE_NOWHERE;
	}
	if (can_use_kernel(route)) {
		result = resolve_by_kernel(route, ret);
		if (result == 0)
			return 0;
		place_clear(ret);
		/*
		 * The walk tells: what is missing and where a dangling link leads (ENOENT), whether
		 * it was a loop or a magic link (ELOOP), whether it was our own /proc entry
		 * (EACCES).
		 */
		if (result != -ELOOP && result != -ENOENT && result != -EACCES &&
			route->world->hidden == NULL)
			return result;
	}
	result = place_walk(route, ret);
	if (result < 0)
		place_clear(ret);
	return result;
}
