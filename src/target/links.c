#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/identity.h"
#include "target/process.h"
#include "target/procfs.h"
#include "target/walk.h"

/* The walk at a symlink: text, magic links, `self`, and who may follow. */

static int count_link(struct walk *walk)
{
	if (walk_resolves(walk, RESOLVE_NO_SYMLINKS))
		return -ELOOP;
	return ++walk->links > SYMLINK_LIMIT ? -ELOOP : 0;
}

/* fs.protected_symlinks of proc_sys_fs(5); may_follow_link() in fs/namei.c. */
static int check_protected_link(const struct walk *walk, int link)
{
	struct stat directory, st;

	if (walk->route->world->protected_symlinks == 0)
		return 0;
	if (fstat(walk->current, &directory) < 0 || fstat(link, &st) < 0)
		return -EACCES;
	if ((directory.st_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH))
		return 0;
	if (st.st_uid == directory.st_uid || st.st_uid == (uid_t)syscall(SYS_setfsuid, -1))
		return 0;
	return -EACCES;
}

static int check_nosymfollow(int link)
{
	struct statfs fs;
	const long nosymfollow = 0x2000; /* ST_NOSYMFOLLOW, Linux 5.10 */

	if (fstatfs(link, &fs) < 0)
		return -EACCES;
	return (fs.f_flags & nosymfollow) != 0 ? -ELOOP : 0;
}

/* `self` and `thread-self` are ours when we read them: the target's are put in their place. */
static int follow_self(struct walk *walk, const struct component *component)
{
	const struct target *target = walk->route->target;
	struct process_status status;
	char text[64];
	int result = process_status(walk->route->world, target, &status);

	if (result < 0)
		return result;
	if (strcmp(component->name, "self") == 0)
		(void)snprintf(text, sizeof text, "%d", status.tgid);
	else
		(void)snprintf(text, sizeof text, "%d/task/%d", status.tgid, target->tid);
	return walk_insert(walk, text);
}

static bool is_self_name(const struct component *component)
{
	return strcmp(component->name, "self") == 0 || strcmp(component->name, "thread-self") == 0;
}

static bool is_self(const struct walk *walk, const struct component *component)
{
	return is_self_name(component) && procfs_is_our_root(walk->route->world, walk->current);
}

/* An entry of map_files, START-END: following it needs a capability, one's own, too. */
static bool is_mapping(const struct component *component)
{
	return strchr(component->name, '-') != NULL;
}

/* The text of a magic link is not where it leads: jump, if the target may. */
static int jump(struct walk *walk, const struct component *component, pid_t owner)
{
	const bool mapping = is_mapping(component);
	bool own = false;
	int result, pin;

	if (walk_resolves(walk, RESOLVE_NO_MAGICLINKS | RESOLVE_BENEATH | RESOLVE_IN_ROOT))
		return walk_resolves(walk, RESOLVE_NO_MAGICLINKS) ? -ELOOP : -EXDEV;
	walk_suspend(walk);
	pin = procfs_permits_jump(walk->route, owner, &own);
	if (pin == 0 && own && !mapping)
		pin = walk_open(walk->current, component->name, 0);
	result = walk_resume(walk);
	/* Another process of the tree, or a mapping: as the target itself, so that the kernel
	 * decides. */
	if (result == 0 && pin == 0 && (!own || mapping))
		pin = walk_open(walk->current, component->name, 0);
	if (pin == -EACCES && own && mapping)
		pin = -EPERM; /* to itself it is shown, but for the capability */
	if (result == 0)
		result = target_check(walk->route->target);
	if (result < 0 && pin >= 0)
		(void)close(pin);
	if (result < 0 || pin < 0)
		return result < 0 ? result : pin;
	return walk_move(walk, pin);
}

static int follow_text(struct walk *walk, int link)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(link, "", text, sizeof text);

	if (length < 0)
		return -errno;
	if (length == 0)
		return -ENOENT;
	if (length >= (ssize_t)sizeof text)
		return -ENAMETOOLONG;
	text[length] = '\0';
	return walk_insert(walk, text);
}

/* Magic links: STEP_ARRIVED with the object they lead to, or the walk goes on there. */
static int follow_magic(struct walk *walk, const struct component *component, pid_t owner)
{
	int result = jump(walk, component, owner);
	struct place *place = walk->place;

	if (result < 0)
		return result;
	if (!component->last)
		return STEP_GO_ON;
	place->object = steal_fd(&walk->current);
	if (fstat(place->object, &place->st) < 0)
		return -EACCES;
	if (component->trailing_slash && !S_ISDIR(place->st.st_mode))
		return -ENOTDIR;
	return STEP_ARRIVED;
}

int walk_follow(struct walk *walk, int link, const struct component *component)
{
	pid_t owner;
	int result = count_link(walk);

	if (result == 0)
		result = check_nosymfollow(link);
	if (result == 0 && component->last)
		result = check_protected_link(walk, link);
	if (result < 0)
		return result;
	if (is_self(walk, component))
		return follow_self(walk, component);
	if (procfs_holds(link)) {
		if (is_self_name(component) &&
			!procfs_is_our_root(walk->route->world, walk->current) &&
			procfs_is_any_root(walk->current))
			return -EACCES; /* of another procfs: it would be read as ours */
		walk_suspend(walk);
		owner = procfs_owner(walk->route->world, walk->current);
		result = walk_resume(walk);
		if (result < 0)
			return result;
		if (owner != 0)
			return follow_magic(walk, component, owner);
	}
	return follow_text(walk, link);
}
