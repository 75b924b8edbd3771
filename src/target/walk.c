#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/identity.h"
#include "target/place.h"
#include "target/process.h"
#include "target/procfs.h"
#include "target/walk.h"

/*
 * The walk by hand, component by component, each one pinned before the next is looked up:
 * path_resolution(7) for another process. It exists for what openat2(2) would resolve as ours:
 * /proc/self, magic links, a foreign root; and to learn where exactly a name is missing.
 */

int walk_open(int base, const char *name, int flags)
{
	int fd = openat(base, name, O_PATH | O_CLOEXEC | flags);

	return fd >= 0 ? fd : -errno;
}

static int identity_of(int pin, struct statx *ret)
{
	return statx(pin, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, ret) < 0 ? -errno : 0;
}

static bool same_directory(int one, int other)
{
	struct statx a, b;

	return identity_of(one, &a) == 0 && identity_of(other, &b) == 0 && a.stx_ino == b.stx_ino &&
	       a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor &&
	       a.stx_mnt_id == b.stx_mnt_id;
}

static int check_mount(struct walk *walk, int pin)
{
	struct statx st;

	if (!walk_resolves(walk, RESOLVE_NO_XDEV))
		return 0;
	if (identity_of(pin, &st) < 0)
		return -EACCES;
	return st.stx_mnt_id == walk->mount ? 0 : -EXDEV;
}

/* The walk goes on from `pin`, which it owns from now on. */
int walk_move(struct walk *walk, int pin)
{
	int result = check_mount(walk, pin);

	if (result < 0) {
		(void)close(pin);
		return result;
	}
	close_fd(&walk->current);
	walk->current = pin;
	return 0;
}

static int move_to_copy(struct walk *walk, int pin)
{
	int copy = fcntl(pin, F_DUPFD_CLOEXEC, 3);

	return copy < 0 ? -errno : walk_move(walk, copy);
}

/*
 * An absolute path, or an absolute link: to the target's root, where openat2 lets it. The kernel's
 * nd_jump_root() compares with a root that it may not have looked up yet, and then says EXDEV.
 */
int walk_move_to_root(struct walk *walk)
{
	if (walk_resolves(walk, RESOLVE_BENEATH))
		return -EXDEV;
	if (walk_resolves(walk, RESOLVE_NO_XDEV) && !walk->root_known)
		return -EXDEV;
	walk->root_known = true;
	return move_to_copy(walk, walk_resolves(walk, RESOLVE_IN_ROOT) ? walk->start : walk->root);
}

/* Whether `start` is met on the way up from `directory`. */
static bool is_below(int directory, int start)
{
	int current = fcntl(directory, F_DUPFD_CLOEXEC, 3);
	bool met = false, top = false;

	while (current >= 0 && !met && !top) {
		int up = walk_open(current, "..", O_DIRECTORY);

		met = same_directory(current, start);
		top = up < 0 || same_directory(up, current);
		(void)close(current);
		current = up;
	}
	close_fd(&current);
	return met;
}

static int go_up(struct walk *walk)
{
	int up;

	walk->root_known = true;
	if (walk_resolves(walk, RESOLVE_BENEATH | RESOLVE_IN_ROOT) &&
		same_directory(walk->current, walk->start))
		return walk_resolves(walk, RESOLVE_BENEATH) ? -EXDEV : 0;
	if (same_directory(walk->current, walk->root))
		return move_to_copy(walk, walk->current);
	up = walk_open(walk->current, "..", O_DIRECTORY);
	if (up >= 0 && walk_resolves(walk, RESOLVE_BENEATH | RESOLVE_IN_ROOT) &&
		!is_below(up, walk->start)) {
		/* The directory was moved out of it meanwhile: openat2(2) says EAGAIN, too. */
		(void)close(up);
		return -EAGAIN;
	}
	return up < 0 ? up : walk_move(walk, up);
}

/* false: the text is used up. */
static int next_component(struct walk *walk, struct component *ret)
{
	const char *text = walk->rest + walk->at;
	size_t length, after;

	text += strspn(text, "/");
	if (*text == '\0')
		return 0;
	length = strcspn(text, "/");
	if (length > NAME_MAX)
		return -ENAMETOOLONG;
	memcpy(ret->name, text, length);
	ret->name[length] = '\0';
	after = strspn(text + length, "/");
	ret->trailing_slash = after > 0;
	ret->last = text[length + after] == '\0';
	walk->at = (size_t)(text + length - walk->rest);
	return 1;
}

/*
 * Puts a link's text before what is left to walk. Links in links' texts leave as much as forty of
 * them may be long.
 */
int walk_insert(struct walk *walk, const char *text)
{
	char *joined;

	if (asprintf(&joined, "%s%s", text, walk->rest + walk->at) < 0)
		return -ENOMEM;
	free(walk->rest);
	walk->rest = joined;
	walk->at = 0;
	return text[0] == '/' ? walk_move_to_root(walk) : 0;
}

/* Where the walk is done: everything of the place but the object's name. */
static int arrive(struct walk *walk, int object, const struct component *component)
{
	struct place *place = walk->place;

	if (fstat(object, &place->st) < 0) {
		(void)close(object);
		return -EACCES;
	}
	place->object = object;
	place->parent = fcntl(walk->current, F_DUPFD_CLOEXEC, 3);
	if (place->parent < 0)
		return -errno;
	(void)strcpy(place->leaf, component->name);
	if (component->trailing_slash && !S_ISDIR(place->st.st_mode))
		return -ENOTDIR;
	return STEP_ARRIVED;
}

/* Nothing there: a place to create at if it was the last component. */
static int miss(struct walk *walk, const struct component *component)
{
	struct place *place = walk->place;
	ssize_t length = pin_name(walk->route->world, walk->current, place->path);
	const char *rest = component->last ? "" : walk->rest + walk->at;
	int added;

	if (length < 0 || place->path[0] != '/')
		return length == -ENAMETOOLONG ? -EACCES : -ENOENT;
	if (length == 1)
		length = 0;
	added = snprintf(place->path + length, sizeof place->path - (size_t)length, "/%s%s",
		component->name, rest);
	if (added < 0 || (size_t)(length + added) >= sizeof place->path)
		return component->last ? -ENAMETOOLONG : -ENOENT;
	place->path_len = (size_t)(length + added);
	if (!component->last)
		return -ENOENT;
	place->parent = steal_fd(&walk->current);
	(void)strcpy(place->leaf, component->name);
	return STEP_ARRIVED;
}

void walk_suspend(const struct walk *walk)
{
	if (walk->route->identity != NULL)
		identity_suspend(walk->route->identity);
}

int walk_resume(const struct walk *walk)
{
	const struct route *route = walk->route;

	if (route->identity == NULL)
		return 0;
	return identity_resume(route->identity, route->world, route->target);
}

static int look_up(const struct walk *walk, const char *name)
{
	const struct route *route = walk->route;
	int next = walk_open(walk->current, name, O_NOFOLLOW), result;

	if (next != -EACCES || route->identity == NULL || !route->identity->borrowed)
		return next;
	walk_suspend(walk);
	if (procfs_is_own_fd_directory(route->world, route->target, walk->current))
		next = walk_open(walk->current, name, O_NOFOLLOW);
	result = walk_resume(walk);
	if (result < 0)
		close_fd(&next);
	return result < 0 ? result : next;
}

static int step_into(struct walk *walk, const struct component *component)
{
	cleanup_fd int next = look_up(walk, component->name);
	bool stop_at_link = component->last && !component->trailing_slash &&
			    (walk->route->flags & PLACE_NOFOLLOW) != 0;
	struct stat st;
	int result;

	if (next == -ENOENT)
		return miss(walk, component);
	if (next < 0)
		return next;
	if (fstat(next, &st) < 0)
		return -EACCES;
	if (S_ISLNK(st.st_mode) && !stop_at_link)
		return walk_follow(walk, next, component);
	result = check_mount(walk, next);
	if (result < 0)
		return result;
	if (component->last)
		return arrive(walk, steal_fd(&next), component);
	return walk_move(walk, steal_fd(&next));
}

/* The directory itself is the object: "/", "dir/.", "..". */
static int arrive_here(struct walk *walk)
{
	struct place *place = walk->place;

	place->object = steal_fd(&walk->current);
	return fstat(place->object, &place->st) < 0 ? -EACCES : STEP_ARRIVED;
}

static int step_dots(struct walk *walk, const struct component *component)
{
	/* Looking up "." needs search permission, as any name does. */
	int here = walk_open(walk->current, ".", O_DIRECTORY);
	int result = here < 0 ? here : walk_move(walk, here);

	if (result == 0 && component->name[1] == '.')
		result = go_up(walk);
	return result;
}

/* PLACE_PARENT: the last component is not looked up; its directory is what is wanted. */
static int stop_before(struct walk *walk, const struct component *component)
{
	struct place *place = walk->place;

	place->parent = steal_fd(&walk->current);
	(void)strcpy(place->leaf, component->name);
	return STEP_ARRIVED;
}

/* What the kernel finds wrong with a name to be made before it looks whether it is there. */
static int check_last(const struct walk *walk, const struct component *component)
{
	int here = look_up(walk, ".");

	if (here < 0)
		return here;
	(void)close(here);
	if (component->trailing_slash && (walk->route->flags & PLACE_CREATE) != 0 &&
		!path_is_dots(component->name))
		return -EISDIR;
	return 0;
}

/* What does not exist for the target is not looked up: whatever comes behind it, it is missing. */
static int check_hidden(struct walk *walk, const struct component *component)
{
	const struct world *world = walk->route->world;
	struct place *place = walk->place;
	ssize_t length;

	if (world->hidden == NULL || path_is_dots(component->name))
		return 0;
	length = pin_name(world, walk->current, place->path);
	if (length < 0 || place->path[0] != '/')
		return 0;
	if (length == 1)
		length = 0;
	if ((size_t)length + strlen(component->name) + 2 > sizeof place->path)
		return 0;
	length += sprintf(place->path + length, "/%s", component->name);
	if (!world->closed(world->hidden_context, place->path, (size_t)length))
		return 0;
	place->path_len = (size_t)length;
	return -ENOENT;
}

static int step(struct walk *walk)
{
	struct component component;
	int more = next_component(walk, &component);

	if (more < 0)
		return more;
	if (more == 0)
		return arrive_here(walk);
	more = check_hidden(walk, &component);
	if (more < 0)
		return more;
	if (component.last && (walk->route->flags & (PLACE_PARENT | PLACE_CREATE)) != 0) {
		int result = check_last(walk, &component);

		if (result < 0)
			return result;
		if ((walk->route->flags & PLACE_PARENT) != 0)
			return stop_before(walk, &component);
	}
	if (path_is_dots(component.name))
		return step_dots(walk, &component);
	return step_into(walk, &component);
}

static int begin(struct walk *walk)
{
	const struct route *route = walk->route;
	struct statx st;

	walk->rest = strndup(route->path, route->length);
	if (walk->rest == NULL)
		return -ENOMEM;
	walk->start = route->base >= 0 ? route->base : walk->root;
	if (identity_of(walk->start, &st) < 0)
		return -EACCES;
	walk->mount = st.stx_mnt_id;
	walk->root_known = route->path[0] == '/' || walk_resolves(walk, RESOLVE_IN_ROOT);
	return route->path[0] == '/' ? walk_move_to_root(walk) : move_to_copy(walk, walk->start);
}

static int name_place(const struct walk *walk)
{
	struct place *place = walk->place;
	int result;

	if (place->object < 0)
		return 0; /* named by miss(), or by the caller for PLACE_PARENT */
	result = place_name(walk->route->world, place);
	if (result < 0 || !procfs_holds(place->object))
		return result;
	walk_suspend(walk);
	result = procfs_permits(walk->route, place);
	return walk_resume(walk) < 0 ? -EACCES : result;
}

int place_walk(const struct route *route, struct place *ret)
{
	struct walk walk = {
		.route = route, .root = route->world->root, .current = -1, .place = ret};
	cleanup_fd int foreign_root = -1;
	int result;

	*ret = PLACE_NOWHERE;
	if (route->world->roots_vary) {
		walk_suspend(&walk);
		foreign_root = process_open_root(route->world, route->target);
		result = walk_resume(&walk);
		if (foreign_root < 0 || result < 0)
			return foreign_root < 0 ? foreign_root : result;
		walk.root = foreign_root;
	}
	result = begin(&walk);
	while (result == STEP_GO_ON)
		result = step(&walk);
	close_fd(&walk.current);
	free(walk.rest);
	return result < 0 ? result : name_place(&walk);
}
