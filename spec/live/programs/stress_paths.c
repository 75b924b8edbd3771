/*
 * Random path operations by four threads and their children, while the directories that they work
 * in are renamed and a signal arrives every two milliseconds.
 *
 *     stress_paths SEED SECONDS
 *
 * It works in the current directory. In `shared` everybody does everything: a result may be
 * anything that is possible natively, see `operations`. Each thread has a private directory, too,
 * of which it keeps a model: there every result is known beforehand, although others rename what is
 * above it. From time to time, and at the end, the directory is compared with the model.
 *
 * Prints numbers. Every result that is not possible is told on stderr; the status is then 1.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

#ifndef RENAME_NOREPLACE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#endif

enum {
	THREADS = 4,
	NAMES = 6,      /* in the private directories */
	NODES = 3000,   /* of one model */
	DEEPEST = 4,    /* directories are made */
	CONTENT = 160,  /* the longest file */
	TICK = 2000000, /* nanoseconds from signal to signal */
	CHILD_OPERATIONS = 150,
	COMPLAINTS = 40,
	OUTSIDE = 10000, /* no errno: where a path leads is not known */
};

/* ---- what can happen natively ---- */

enum operation {
	OPEN,
	MKDIR,
	MKNOD,
	SYMLINK,
	LINK,
	RENAME,
	UNLINK,
	RMDIR,
	CHMOD,
	UTIME,
	TRUNCATE,
	SETXATTR,
	GETXATTR,
	REMOVEXATTR,
	STAT,
	ACCESS,
	READLINK,
	CHDIR,
	LIST,
	OPERATIONS,
};

#define LOOKUP ENOENT, ENOTDIR, ELOOP

/* EPERM: a hard link to a directory, a user.* attribute of what is neither file nor directory. */
static const struct {
	const char *name;
	int errors[10];
} operations[OPERATIONS] = {
	[OPEN] = {"open", {LOOKUP, EEXIST, EISDIR, ENXIO}},
	[MKDIR] = {"mkdir", {LOOKUP, EEXIST}},
	[MKNOD] = {"mknod", {LOOKUP, EEXIST}},
	[SYMLINK] = {"symlink", {LOOKUP, EEXIST}},
	[LINK] = {"link", {LOOKUP, EEXIST, EPERM}},
	[RENAME] = {"rename", {LOOKUP, EEXIST, EISDIR, ENOTEMPTY, EINVAL, EBUSY}},
	[UNLINK] = {"unlink", {LOOKUP, EISDIR}},
	[RMDIR] = {"rmdir", {LOOKUP, ENOTEMPTY, EINVAL}},
	[CHMOD] = {"chmod", {LOOKUP}},
	[UTIME] = {"utime", {LOOKUP}},
	[TRUNCATE] = {"truncate", {LOOKUP, EISDIR, EINVAL}},
	[SETXATTR] = {"setxattr", {LOOKUP, EEXIST, ENODATA, EPERM}},
	[GETXATTR] = {"getxattr", {LOOKUP, ENODATA, ERANGE}},
	[REMOVEXATTR] = {"removexattr", {LOOKUP, ENODATA, EPERM}},
	[STAT] = {"stat", {LOOKUP}},
	[ACCESS] = {"access", {LOOKUP}},
	[READLINK] = {"readlink", {LOOKUP, EINVAL}},
	[CHDIR] = {"chdir", {LOOKUP}},
	[LIST] = {"list", {ENOENT}},
};

static bool is_possible(enum operation operation, int error)
{
	for (const int *each = operations[operation].errors; *each != 0; each++)
		if (*each == error)
			return true;
	return false;
}

/* ---- who works ---- */

enum kind { REGULAR, DIRECTORY, LINKED, FIFO };

/* An inode of the model. One that has no name any more is free. */
struct node {
	enum kind kind;
	mode_t mode;
	int names;
	ino_t number;
	size_t size;
	char content[CONTENT];
	struct timespec changed; /* tv_nsec < 0: not known */
	char attribute[32];
	char target[64];
	struct node *parent;
	struct node *entries[NAMES];
};

struct worker {
	int index; /* of the thread; its children have it, too */
	pid_t process;
	bool restarts; /* what its signals interrupt is started again */
	bool diverged;
	uint64_t random;
	struct node *nodes;
	struct node *root, *cwd, *held; /* NULL in a child: it has no model */
	int root_fd, held_fd;
	int shared_fd; /* some directory below `shared` */
};

static struct {
	atomic_long succeeded[OPERATIONS], failed[OPERATIONS];
	atomic_long ticks, interrupted, blocked;
	atomic_long children, moved, compared, unexpected, diverged;
	atomic_long slowest; /* microseconds */
} * counts;

static int top_fd;
static char top[PATH_MAX];
static bool attributes; /* the file system has them */
static struct timespec end;

static uint64_t next_random(struct worker *worker)
{
	uint64_t z = worker->random += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static int below(struct worker *worker, int limit)
{
	return (int)(next_random(worker) % (uint64_t)limit);
}

static bool one_in(struct worker *worker, int number)
{
	return below(worker, number) == 0;
}

static const char *name_of(long error)
{
	return error < 0 ? strerrorname_np((int)-error) : "success";
}

static bool may_complain(struct worker *worker)
{
	static atomic_int said;

	return atomic_fetch_add(&said, 1) < COMPLAINTS && worker->index < THREADS;
}

static void unexpected(
	struct worker *worker, enum operation operation, const char *path, long result)
{
	atomic_fetch_add(&counts->unexpected, 1);
	if (may_complain(worker))
		(void)dprintf(2, "thread %d%s: %s(%s): %s\n", worker->index,
			worker->root == NULL ? "'s child" : "", operations[operation].name, path,
			result == OUTSIDE ? "another object than asked for" : name_of(result));
}

static void diverge(
	struct worker *worker, const char *what, const char *path, long wanted, long got)
{
	worker->diverged = true;
	atomic_fetch_add(&counts->diverged, 1);
	if (may_complain(worker))
		(void)dprintf(2, "thread %d: %s %s: %ld (%s) wanted, got %ld (%s)\n", worker->index,
			what, path, wanted, name_of(wanted), got, name_of(got));
}

static bool is_over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > end.tv_sec || (now.tv_sec == end.tv_sec && now.tv_nsec >= end.tv_nsec);
}

static long microseconds(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - since->tv_sec) * 1000000 + (now.tv_nsec - since->tv_nsec) / 1000;
}

/* The result of a call as the kernel gives it. */
static long call_once(long number, long a, long b, long c, long d, long e)
{
	long result = syscall(number, a, b, c, d, e);

	return result < 0 ? -errno : result;
}

#define ARGUMENT(value) ((long)(value))

/* No operation on a path is interrupted natively but the open of a FIFO. Supervised one can be
 * until the supervisor has received it, so it must not have been done: it is counted and tried
 * again. */
static long attempt(struct worker *worker, enum operation operation, long number, long a, long b,
	long c, long d, long e)
{
	struct timespec start;
	long result, lasted, slowest = atomic_load(&counts->slowest);

	clock_gettime(CLOCK_MONOTONIC, &start);
	while ((result = call_once(number, a, b, c, d, e)) == -EINTR)
		if (worker->restarts)
			unexpected(worker, operation, "SA_RESTART", result);
		else
			atomic_fetch_add(&counts->interrupted, 1);
	lasted = microseconds(&start);
	while (lasted > slowest &&
		!atomic_compare_exchange_weak(&counts->slowest, &slowest, lasted))
		;
	atomic_fetch_add(
		result < 0 ? &counts->failed[operation] : &counts->succeeded[operation], 1);
	return result;
}

/* The call without a descriptor, where there is one and none is needed: other rows of the table. */
static bool plain(struct worker *worker, int base)
{
#ifdef SYS_open
	return base == AT_FDCWD && one_in(worker, 2);
#else
	(void)worker;
	(void)base;
	return false;
#endif
}

/* ---- the operations, in both their forms ---- */

static long do_open(struct worker *w, int base, const char *path, int flags, mode_t mode)
{
#ifdef SYS_open
	if (plain(w, base))
		return attempt(w, OPEN, SYS_open, ARGUMENT(path), flags, mode, 0, 0);
#endif
	return attempt(w, OPEN, SYS_openat, base, ARGUMENT(path), flags, mode, 0);
}

static long do_mkdir(struct worker *w, int base, const char *path, mode_t mode)
{
#ifdef SYS_mkdir
	if (plain(w, base))
		return attempt(w, MKDIR, SYS_mkdir, ARGUMENT(path), mode, 0, 0, 0);
#endif
	return attempt(w, MKDIR, SYS_mkdirat, base, ARGUMENT(path), mode, 0, 0);
}

static long do_mknod(struct worker *w, int base, const char *path, mode_t mode)
{
#ifdef SYS_mknod
	if (plain(w, base))
		return attempt(w, MKNOD, SYS_mknod, ARGUMENT(path), mode, 0, 0, 0);
#endif
	return attempt(w, MKNOD, SYS_mknodat, base, ARGUMENT(path), mode, 0, 0);
}

static long do_symlink(struct worker *w, const char *target, int base, const char *path)
{
#ifdef SYS_symlink
	if (plain(w, base))
		return attempt(w, SYMLINK, SYS_symlink, ARGUMENT(target), ARGUMENT(path), 0, 0, 0);
#endif
	return attempt(w, SYMLINK, SYS_symlinkat, ARGUMENT(target), base, ARGUMENT(path), 0, 0);
}

static long do_link(
	struct worker *w, int base, const char *path, int new_base, const char *new_path, int flags)
{
#ifdef SYS_link
	if (flags == 0 && new_base == AT_FDCWD && plain(w, base))
		return attempt(w, LINK, SYS_link, ARGUMENT(path), ARGUMENT(new_path), 0, 0, 0);
#endif
	return attempt(
		w, LINK, SYS_linkat, base, ARGUMENT(path), new_base, ARGUMENT(new_path), flags);
}

static long do_rename(struct worker *w, int base, const char *path, int new_base,
	const char *new_path, unsigned flags)
{
#ifdef SYS_rename
	if (flags == 0 && new_base == AT_FDCWD && plain(w, base))
		return attempt(w, RENAME, SYS_rename, ARGUMENT(path), ARGUMENT(new_path), 0, 0, 0);
#endif
#ifdef SYS_renameat
	if (flags == 0 && one_in(w, 2))
		return attempt(w, RENAME, SYS_renameat, base, ARGUMENT(path), new_base,
			ARGUMENT(new_path), 0);
#endif
	return attempt(w, RENAME, SYS_renameat2, base, ARGUMENT(path), new_base, ARGUMENT(new_path),
		flags);
}

static long do_unlink(struct worker *w, int base, const char *path)
{
#ifdef SYS_unlink
	if (plain(w, base))
		return attempt(w, UNLINK, SYS_unlink, ARGUMENT(path), 0, 0, 0, 0);
#endif
	return attempt(w, UNLINK, SYS_unlinkat, base, ARGUMENT(path), 0, 0, 0);
}

static long do_rmdir(struct worker *w, int base, const char *path)
{
#ifdef SYS_rmdir
	if (plain(w, base))
		return attempt(w, RMDIR, SYS_rmdir, ARGUMENT(path), 0, 0, 0, 0);
#endif
	return attempt(w, RMDIR, SYS_unlinkat, base, ARGUMENT(path), AT_REMOVEDIR, 0, 0);
}

static long do_chmod(struct worker *w, int base, const char *path, mode_t mode)
{
#ifdef SYS_chmod
	if (plain(w, base))
		return attempt(w, CHMOD, SYS_chmod, ARGUMENT(path), mode, 0, 0, 0);
#endif
	return attempt(w, CHMOD, SYS_fchmodat, base, ARGUMENT(path), mode, 0, 0);
}

static long do_utime(
	struct worker *w, int base, const char *path, const struct timespec times[2], int flags)
{
	return attempt(w, UTIME, SYS_utimensat, base, ARGUMENT(path), ARGUMENT(times), flags, 0);
}

static long do_readlink(struct worker *w, int base, const char *path, char *text, size_t size)
{
#ifdef SYS_readlink
	if (plain(w, base))
		return attempt(w, READLINK, SYS_readlink, ARGUMENT(path), ARGUMENT(text),
			ARGUMENT(size), 0, 0);
#endif
	return attempt(w, READLINK, SYS_readlinkat, base, ARGUMENT(path), ARGUMENT(text),
		ARGUMENT(size), 0);
}

static long do_stat(struct worker *w, int base, const char *path, struct stat *status, int flags)
{
	return attempt(w, STAT, SYS_newfstatat, base, ARGUMENT(path), ARGUMENT(status), flags, 0);
}

static long do_access(struct worker *w, int base, const char *path, int mode)
{
#ifdef SYS_access
	if (plain(w, base))
		return attempt(w, ACCESS, SYS_access, ARGUMENT(path), mode, 0, 0, 0);
#endif
	return attempt(w, ACCESS, SYS_faccessat, base, ARGUMENT(path), mode, 0, 0);
}

/* These know no base: the descriptor is named through procfs. */
static const char *without_base(int base, const char *path, char *buffer)
{
	if (base == AT_FDCWD)
		return path;
	(void)snprintf(buffer, PATH_MAX, "/proc/self/fd/%d/%s", base, path);
	return buffer;
}

static long do_truncate(struct worker *w, int base, const char *path, long size)
{
	char buffer[PATH_MAX];

	path = without_base(base, path, buffer);
	return attempt(w, TRUNCATE, SYS_truncate, ARGUMENT(path), size, 0, 0, 0);
}

static long do_setxattr(struct worker *w, int base, const char *path, const char *value, int flags)
{
	char buffer[PATH_MAX];

	path = without_base(base, path, buffer);
	return attempt(w, SETXATTR, SYS_setxattr, ARGUMENT(path), ARGUMENT("user.stress"),
		ARGUMENT(value), ARGUMENT(strlen(value)), flags);
}

static long do_getxattr(struct worker *w, int base, const char *path, char *value, size_t size)
{
	char buffer[PATH_MAX];

	path = without_base(base, path, buffer);
	return attempt(w, GETXATTR, SYS_getxattr, ARGUMENT(path), ARGUMENT("user.stress"),
		ARGUMENT(value), ARGUMENT(size), 0);
}

static long do_removexattr(struct worker *w, int base, const char *path)
{
	char buffer[PATH_MAX];

	path = without_base(base, path, buffer);
	return attempt(
		w, REMOVEXATTR, SYS_removexattr, ARGUMENT(path), ARGUMENT("user.stress"), 0, 0, 0);
}

static long do_chdir(struct worker *w, const char *path)
{
	return attempt(w, CHDIR, SYS_chdir, ARGUMENT(path), 0, 0, 0, 0);
}

static void do_close(long fd)
{
	(void)syscall(SYS_close, fd);
}

/* ---- the model ---- */

static struct node *new_node(struct worker *worker, enum kind kind, mode_t mode)
{
	for (struct node *node = worker->nodes; node < worker->nodes + NODES; node++) {
		if (node->names != 0)
			continue;
		*node = (struct node){.kind = kind, .mode = mode, .names = 1};
		node->changed.tv_nsec = -1;
		return node;
	}
	return NULL;
}

static bool has_room(const struct worker *worker)
{
	int room = 0;

	for (const struct node *node = worker->nodes; node < worker->nodes + NODES; node++)
		if (node->names == 0 && ++room == 8)
			return true;
	return false;
}

static int depth(const struct node *node)
{
	int depth = 0;

	while ((node = node->parent) != NULL)
		depth++;
	return depth;
}

static bool is_empty(const struct node *node)
{
	for (int i = 0; i < NAMES; i++)
		if (node->entries[i] != NULL)
			return false;
	return true;
}

/* Is it the directory itself, or above it? */
static bool contains(const struct node *node, const struct node *directory)
{
	for (; directory != NULL; directory = directory->parent)
		if (directory == node)
			return true;
	return false;
}

/* Where a path leads: `parent` and `name` say which entry, `node` what is there (or NULL). The name
 * is negative where the path ends in a dot. */
struct place {
	struct node *parent, *node;
	int name;
};

static int walk_from(
	struct node *at, const char *path, bool follow, int *links, struct place *place)
{
	for (;;) {
		char component[64];
		size_t length;
		bool last;

		while (*path == '/')
			path++;
		length = strcspn(path, "/");
		last = path[length] == '\0';
		(void)snprintf(component, sizeof component, "%.*s", (int)length, path);
		path += length;
		if (at->kind != DIRECTORY)
			return ENOTDIR;
		if (strcmp(component, ".") == 0 || strcmp(component, "..") == 0) {
			if (component[1] == '.') {
				if (at->parent == NULL)
					return OUTSIDE;
				at = at->parent;
			}
			*place = (struct place){.node = at, .name = -1};
		} else {
			*place = (struct place){.parent = at, .name = component[0] - 'a'};
			place->node = at->entries[place->name];
			if (place->node != NULL && place->node->kind == LINKED &&
				(!last || follow)) {
				int error;

				if (++*links > 40)
					return ELOOP;
				error = walk_from(at, place->node->target, true, links, place);
				if (error != 0)
					return error;
			}
			if (!last && place->node == NULL)
				return ENOENT;
			at = place->node;
		}
		if (last)
			return 0;
	}
}

/* A path of the private directory as a call is given it, and where the model starts. */
struct route {
	int base;
	struct node *at;
	int links;  /* followed on the way to it */
	int prefix; /* of `text`, that leads to it */
	char text[256];
};

/* Rather names that are there, as seen from `at`, than others. */
static void random_components(
	struct worker *worker, const struct node *at, char *text, int most, bool may_end_in_dot)
{
	int count = 1 + below(worker, most);

	for (int i = 0; i < count; i++) {
		int name = below(worker, NAMES);

		if (i > 0)
			text += sprintf(text, one_in(worker, 10) ? "//" : "/");
		if (one_in(worker, 12) && (i < count - 1 || may_end_in_dot)) {
			text += sprintf(text, one_in(worker, 2) ? "." : "..");
			at = NULL;
			continue;
		}
		for (int turns = 0; at != NULL && turns < NAMES && at->entries[name] == NULL &&
				    !one_in(worker, 4);
			turns++)
			name = (name + 1) % NAMES;
		text += sprintf(text, "%c", 'a' + name);
		at = at != NULL ? at->entries[name] : NULL;
	}
}

static struct route random_route(struct worker *worker, bool may_end_in_dot)
{
	struct route route = {.base = AT_FDCWD, .text = ""};

	switch (below(worker, 12)) {
	case 0:
		route.prefix = sprintf(route.text, "/proc/self/fd/%d/", worker->root_fd);
		route.links = 2;
		route.at = worker->root;
		break;
	case 1:
		route.prefix = sprintf(route.text, "/proc/thread-self/cwd/");
		route.links = 2;
		route.at = worker->cwd;
		break;
	case 2:
		route.prefix = sprintf(route.text, "/dev/fd/%d/", worker->held_fd);
		route.links = 3;
		route.at = worker->held;
		break;
	case 3:
	case 4:
	case 5:
		route.base = worker->root_fd;
		route.at = worker->root;
		break;
	case 6:
	case 7:
	case 8:
		route.base = worker->held_fd;
		route.at = worker->held;
		break;
	default:
		route.at = worker->cwd;
	}
	random_components(worker, route.at, route.text + route.prefix, DEEPEST, may_end_in_dot);
	return route;
}

static int follow_route(const struct route *route, bool follow, struct place *place)
{
	int links = route->links;

	*place = (struct place){0};
	return walk_from(route->at, route->text + route->prefix, follow, &links, place);
}

/* Whether the call did something that the model must do, too. */
static bool expect(
	struct worker *worker, const char *what, const struct route *route, long wanted, long got)
{
	char path[320];

	if (got >= 0 && wanted >= 0)
		return true;
	if (got == wanted)
		return false;
	(void)snprintf(path, sizeof path, "%s (from %s)", route->text,
		route->at == worker->root  ? "the root"
		: route->at == worker->cwd ? "the working directory"
					   : "a directory");
	diverge(worker, what, path, wanted, got);
	return false;
}

static void touched(struct node *node)
{
	node->changed.tv_nsec = -1;
}

static mode_t type_of(const struct node *node)
{
	static const mode_t types[] = {S_IFREG, S_IFDIR, S_IFLNK, S_IFIFO};

	return types[node->kind];
}

static void check_status(
	struct worker *worker, const char *path, const struct node *node, const struct stat *status)
{
	if (status->st_ino != node->number)
		diverge(worker, "inode of", path, (long)node->number, (long)status->st_ino);
	if (status->st_mode != (type_of(node) | node->mode))
		diverge(worker, "mode of", path, type_of(node) | node->mode, status->st_mode);
	if (node->kind != DIRECTORY && status->st_nlink != (nlink_t)node->names)
		diverge(worker, "links of", path, node->names, (long)status->st_nlink);
	if (node->kind == REGULAR && status->st_size != (off_t)node->size)
		diverge(worker, "size of", path, (long)node->size, status->st_size);
	if (status->st_uid != geteuid())
		diverge(worker, "owner of", path, geteuid(), status->st_uid);
	if (node->changed.tv_nsec >= 0 && (status->st_mtim.tv_sec != node->changed.tv_sec ||
						  status->st_mtim.tv_nsec != node->changed.tv_nsec))
		diverge(worker, "time of", path, node->changed.tv_sec, status->st_mtim.tv_sec);
}

/* Gone: nobody may stay in it. */
static void leave(struct worker *worker, const struct node *node)
{
	struct stat status;
	long fd;

	if (worker->cwd == node) {
		fd = call_once(SYS_openat, AT_FDCWD, ARGUMENT("a"), O_CREAT | O_WRONLY, 0644, 0);
		if (fd != -ENOENT && fd != -EINTR)
			diverge(worker, "open", "a in a removed directory", -ENOENT, fd);
		if (fchdir(worker->root_fd) != 0)
			diverge(worker, "fchdir", "", 0, -errno);
		worker->cwd = worker->root;
	}
	if (worker->held == node) {
		/* It is still known where it was. */
		fd = do_stat(worker, worker->held_fd, "..", &status, 0);
		if (fd != 0)
			diverge(worker, "stat", ".. of a removed directory", 0, fd);
		else
			check_status(worker, ".. of a removed directory", node->parent, &status);
		fd = do_mkdir(worker, worker->held_fd, "a", 0755);
		if (fd != -ENOENT)
			diverge(worker, "mkdir", "in a removed directory", -ENOENT, fd);
		do_close(worker->held_fd);
		worker->held_fd = dup(worker->root_fd);
		worker->held = worker->root;
	}
}

static void drop(struct worker *worker, struct node *node)
{
	if (--node->names == 0 && node->kind == DIRECTORY)
		leave(worker, node);
}

static void enter(struct node *parent, int name, struct node *node)
{
	parent->entries[name] = node;
	if (node->kind == DIRECTORY)
		node->parent = parent;
	touched(parent);
}

/* What was just made: its number is not known before, all else is. */
static void learn(struct worker *worker, struct node *node, int base, const char *path)
{
	struct stat status;
	long result = do_stat(worker, base, path, &status, AT_SYMLINK_NOFOLLOW);

	if (result != 0) {
		diverge(worker, "stat of new", path, 0, result);
		return;
	}
	node->number = status.st_ino;
	check_status(worker, path, node, &status);
}

static void check_content(struct worker *worker, const char *path, const struct node *node, long fd)
{
	char content[CONTENT + 1];
	long length = pread((int)fd, content, sizeof content, 0);

	if (length != (long)node->size)
		diverge(worker, "length of", path, (long)node->size, length < 0 ? -errno : length);
	else if (memcmp(content, node->content, node->size) != 0)
		diverge(worker, "content of", path, 0, 1);
}

static mode_t mask_of_thread(void)
{
	mode_t mask = umask(022);

	(void)umask(mask);
	return mask;
}

static void private_open(struct worker *worker)
{
	static const int extra[] = {0, 0, 0, O_CREAT, O_CREAT, O_CREAT | O_EXCL, O_TRUNC,
		O_CREAT | O_TRUNC, O_NOFOLLOW, O_CREAT | O_NOFOLLOW, O_DIRECTORY, O_PATH,
		O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY, O_APPEND, O_DIRECTORY | O_NOFOLLOW};
	static const mode_t modes[] = {0644, 0666, 0600, 0777, 0751};
	int flags = below(worker, 3) | extra[below(worker, sizeof extra / sizeof *extra)] |
		    O_NONBLOCK | O_CLOEXEC;
	mode_t mode = modes[below(worker, 5)];
	struct route route = random_route(worker, true);
	bool writes = (flags & O_ACCMODE) != O_RDONLY;
	struct place place;
	struct stat status;
	long wanted, fd;
	int error;

	error = follow_route(&route,
		!(flags & O_NOFOLLOW) && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL),
		&place);
	if (error == OUTSIDE)
		return;
	if (flags & O_PATH)
		writes = false;
	if (error != 0)
		wanted = -error;
	else if (place.node == NULL)
		wanted = flags & O_CREAT ? 0 : -ENOENT;
	else if ((flags & O_CREAT) && (flags & O_EXCL))
		wanted = -EEXIST;
	else if ((flags & O_CREAT) && place.node->kind == DIRECTORY)
		wanted = -EISDIR;
	else if ((flags & O_DIRECTORY) && place.node->kind != DIRECTORY)
		wanted = -ENOTDIR;
	else if (flags & O_PATH)
		wanted = 0;
	else if (place.node->kind == LINKED)
		wanted = -ELOOP;
	else if (place.node->kind == DIRECTORY && (writes || (flags & O_TRUNC)))
		wanted = -EISDIR;
	else if (place.node->kind == FIFO && (flags & O_ACCMODE) == O_WRONLY)
		wanted = -ENXIO;
	else
		wanted = 0;
	if (wanted == 0 && place.node == NULL && !has_room(worker))
		return;
	/* Of a FIFO there must be no descriptor: a child that is forked meanwhile keeps it open. */
	if (wanted == 0 && place.node != NULL && place.node->kind == FIFO && !(flags & O_PATH))
		return;
	fd = do_open(worker, route.base, route.text, flags, mode);
	if (!expect(worker, "open", &route, wanted, fd)) {
		if (fd >= 0)
			do_close(fd);
		return;
	}
	if (fstat((int)fd, &status) != 0)
		diverge(worker, "fstat of", route.text, 0, -errno);
	if (place.node == NULL) {
		place.node = new_node(worker, REGULAR, mode & ~mask_of_thread());
		place.node->number = status.st_ino;
		enter(place.parent, place.name, place.node);
	} else if (place.node->kind == REGULAR && (flags & O_TRUNC) && !(flags & O_PATH)) {
		place.node->size = 0;
		touched(place.node);
	}
	check_status(worker, route.text, place.node, &status);
	if (place.node->kind == REGULAR && writes) {
		struct node *node = place.node;
		char text[32];
		size_t length = 1 + (size_t)below(worker, sizeof text);
		size_t offset = (size_t)below(worker, CONTENT - (int)sizeof text);

		memset(text, 'A' + below(worker, 26), sizeof text);
		if (flags & O_APPEND) { /* pwrite appends, whatever the offset */
			offset = node->size;
			length = offset + length > CONTENT ? CONTENT - offset : length;
		}
		if (pwrite((int)fd, text, length, (off_t)offset) != (ssize_t)length)
			diverge(worker, "write to", route.text, (long)length, -errno);
		if (offset > node->size)
			memset(node->content + node->size, 0, offset - node->size);
		memcpy(node->content + offset, text, length);
		if (offset + length > node->size)
			node->size = offset + length;
		touched(node);
	}
	if (place.node->kind == REGULAR && (flags & O_ACCMODE) != O_WRONLY && !(flags & O_PATH))
		check_content(worker, route.text, place.node, fd);
	do_close(fd);
}

/* Blocks until the next signal: the one call that is to be interrupted. */
static void private_block(struct worker *worker)
{
	struct route route;
	struct place place;
	int tries = 0;
	long fd;

	if (worker->restarts)
		return;
	do {
		if (tries++ == 50)
			return;
		route = random_route(worker, false);
	} while (follow_route(&route, true, &place) != 0 || place.node == NULL ||
		 place.node->kind != FIFO);
	fd = call_once(SYS_openat, route.base, ARGUMENT(route.text),
		(one_in(worker, 2) ? O_RDONLY : O_WRONLY) | O_CLOEXEC, 0, 0);
	atomic_fetch_add(&counts->blocked, 1);
	expect(worker, "blocking open", &route, -EINTR, fd);
	if (fd >= 0)
		do_close(fd);
}

static void private_make(struct worker *worker, enum kind kind)
{
	static const mode_t modes[] = {0755, 0777, 0700, 0711, 0770};
	mode_t mode = modes[below(worker, 5)];
	struct route route = random_route(worker, false);
	struct node *node;
	struct place place;
	char target[64] = "";
	int error = follow_route(&route, false, &place);
	long wanted, result;

	if (error == OUTSIDE || !has_room(worker))
		return;
	wanted = error != 0 ? -error : place.node != NULL ? -EEXIST : 0;
	if (wanted == 0 && kind == DIRECTORY && depth(place.parent) >= DEEPEST)
		return;
	if (kind == DIRECTORY) {
		result = do_mkdir(worker, route.base, route.text, mode);
	} else if (kind == FIFO) {
		result = do_mknod(worker, route.base, route.text, S_IFIFO | (mode & 0666));
	} else {
		random_components(worker, NULL, target, 2, true);
		result = do_symlink(worker, target, route.base, route.text);
	}
	if (!expect(worker,
		    kind == DIRECTORY ? "mkdir"
		    : kind == FIFO    ? "mknod"
				      : "symlink",
		    &route, wanted, result))
		return;
	node = new_node(worker, kind, 0777);
	if (kind == DIRECTORY)
		node->mode = (mode & ~mask_of_thread()) | (place.parent->mode & S_ISGID);
	else if (kind == FIFO)
		node->mode = mode & 0666 & ~mask_of_thread();
	else
		strcpy(node->target, target);
	enter(place.parent, place.name, node);
	learn(worker, node, route.base, route.text);
}

static void private_link(struct worker *worker)
{
	struct route from = random_route(worker, false), to = random_route(worker, false);
	int flags = one_in(worker, 3) ? AT_SYMLINK_FOLLOW : 0, error, new_error;
	struct place old, new;
	long wanted, result;

	error = follow_route(&from, flags != 0, &old);
	new_error = follow_route(&to, false, &new);
	if (error == OUTSIDE || new_error == OUTSIDE)
		return;
	if (error == 0 && old.node == NULL)
		error = ENOENT;
	if (error == 0 && old.node->kind == DIRECTORY)
		return; /* EPERM, which nothing else here may be */
	wanted = error != 0 ? -error : new_error != 0 ? -new_error : new.node != NULL ? -EEXIST : 0;
	result = do_link(worker, from.base, from.text, to.base, to.text, flags);
	if (!expect(worker, "link", &to, wanted, result))
		return;
	old.node->names++;
	enter(new.parent, new.name, old.node);
	learn(worker, old.node, to.base, to.text);
}

static void private_rename(struct worker *worker)
{
	struct route from = random_route(worker, false), to = random_route(worker, false);
	unsigned flags = one_in(worker, 4)   ? RENAME_NOREPLACE
			 : one_in(worker, 4) ? RENAME_EXCHANGE
					     : 0;
	bool exchange = flags == RENAME_EXCHANGE;
	struct place old, new;
	int error = follow_route(&from, false, &old), new_error = follow_route(&to, false, &new);
	long wanted, result;

	if (error == OUTSIDE || new_error == OUTSIDE)
		return;
	if (error != 0 || new_error != 0)
		wanted = error != 0 ? -error : -new_error;
	else if (old.node == NULL)
		wanted = -ENOENT;
	else if (flags == RENAME_NOREPLACE && new.node != NULL)
		wanted = -EEXIST;
	else if (exchange && new.node == NULL)
		wanted = -ENOENT;
	else if (old.node->kind == DIRECTORY &&
		 old.parent != new.parent &&contains(old.node, new.parent))
		wanted = -EINVAL;
	else if (new.node != NULL &&new.node->kind == DIRECTORY &&
		 old.parent != new.parent &&contains(new.node, old.parent))
		wanted = exchange ? -EINVAL : -ENOTEMPTY;
	else if (old.node == new.node || exchange || new.node == NULL)
		wanted = 0;
	else if (old.node->kind == DIRECTORY && new.node->kind != DIRECTORY)
		wanted = -ENOTDIR;
	else if (old.node->kind != DIRECTORY && new.node->kind == DIRECTORY)
		wanted = -EISDIR;
	else if (new.node->kind == DIRECTORY && !is_empty(new.node))
		wanted = -ENOTEMPTY;
	else
		wanted = 0;
	result = do_rename(worker, from.base, from.text, to.base, to.text, flags);
	if (!expect(worker, "rename", &to, wanted, result) || old.node == new.node)
		return;
	if (exchange) {
		enter(old.parent, old.name, new.node);
	} else {
		old.parent->entries[old.name] = NULL;
		touched(old.parent);
	}
	enter(new.parent, new.name, old.node);
	if (!exchange && new.node != NULL)
		drop(worker, new.node);
}

static void private_remove(struct worker *worker, bool directory)
{
	struct route route = random_route(worker, false);
	struct place place;
	int error = follow_route(&route, false, &place);
	long wanted, result;

	if (error == OUTSIDE)
		return;
	if (error == 0 && place.node == NULL)
		error = ENOENT;
	else if (error == 0 && directory && place.node->kind != DIRECTORY)
		error = ENOTDIR;
	else if (error == 0 && directory && !is_empty(place.node))
		error = ENOTEMPTY;
	else if (error == 0 && !directory && place.node->kind == DIRECTORY)
		error = EISDIR;
	wanted = -error;
	result = directory ? do_rmdir(worker, route.base, route.text)
			   : do_unlink(worker, route.base, route.text);
	if (!expect(worker, directory ? "rmdir" : "unlink", &route, wanted, result))
		return;
	place.parent->entries[place.name] = NULL;
	touched(place.parent);
	drop(worker, place.node);
}

/* What an operation on an object that is there expects, and the object. */
static struct node *object(const struct route *route, bool follow, long *wanted)
{
	struct place place;
	int error = follow_route(route, follow, &place);

	*wanted = error != 0 ? -error : place.node == NULL ? -ENOENT : 0;
	return error == 0 ? place.node : NULL;
}

static void private_chmod(struct worker *worker)
{
	static const mode_t modes[] = {0600, 0644, 0664, 0755, 0711, 0777};
	struct route route = random_route(worker, true);
	mode_t mode = modes[below(worker, 6)];
	long wanted, result;
	struct node *node = object(&route, true, &wanted);

	if (wanted == -OUTSIDE)
		return;
	if (node == NULL || node->kind == DIRECTORY)
		mode |= 0700 | (one_in(worker, 6) ? S_ISGID : 0);
	result = do_chmod(worker, route.base, route.text, mode);
	if (expect(worker, "chmod", &route, wanted, result))
		node->mode = mode;
}

static void private_utime(struct worker *worker)
{
	struct route route = random_route(worker, true);
	struct timespec times[2] = {{0, UTIME_OMIT},
		{1000000000 + below(worker, 100000000), below(worker, 1000000000)}};
	int flags = one_in(worker, 3) ? AT_SYMLINK_NOFOLLOW : 0;
	bool now = one_in(worker, 8);
	long wanted, result;
	struct node *node = object(&route, flags == 0, &wanted);

	if (wanted == -OUTSIDE)
		return;
	if (one_in(worker, 2))
		times[0] = (struct timespec){1, 2};
	result = do_utime(worker, route.base, route.text, now ? NULL : times, flags);
	if (!expect(worker, "utimensat", &route, wanted, result))
		return;
	node->changed = times[1];
	if (now)
		touched(node);
}

static void private_truncate(struct worker *worker)
{
	struct route route = random_route(worker, true);
	size_t size = (size_t)below(worker, CONTENT);
	long wanted, result;
	struct node *node = object(&route, true, &wanted);

	if (wanted == -OUTSIDE)
		return;
	if (node != NULL && node->kind != REGULAR)
		wanted = node->kind == DIRECTORY ? -EISDIR : -EINVAL;
	result = do_truncate(worker, route.base, route.text, (long)size);
	if (!expect(worker, "truncate", &route, wanted, result))
		return;
	if (size > node->size)
		memset(node->content + node->size, 0, size - node->size);
	node->size = size;
	touched(node);
}

static void private_attribute(struct worker *worker)
{
	struct route route = random_route(worker, true);
	char value[64], got[64] = "";
	int what = below(worker, 4), flags;
	long wanted, result;
	struct node *node = object(&route, true, &wanted);
	bool has = node != NULL && node->attribute[0] != '\0';

	if (!attributes || wanted == -OUTSIDE ||
		(node != NULL && node->kind != REGULAR && node->kind != DIRECTORY))
		return;
	if (what <= 1) {
		flags = one_in(worker, 3) ? XATTR_CREATE : one_in(worker, 3) ? XATTR_REPLACE : 0;
		if (wanted == 0 && flags == XATTR_CREATE && has)
			wanted = -EEXIST;
		if (wanted == 0 && flags == XATTR_REPLACE && !has)
			wanted = -ENODATA;
		(void)sprintf(value, "value %d", below(worker, 1000000));
		result = do_setxattr(worker, route.base, route.text, value, flags);
		if (expect(worker, "setxattr", &route, wanted, result))
			strcpy(node->attribute, value);
		return;
	}
	if (wanted == 0 && !has)
		wanted = -ENODATA;
	if (what == 2) {
		result = do_removexattr(worker, route.base, route.text);
		if (expect(worker, "removexattr", &route, wanted, result))
			node->attribute[0] = '\0';
		return;
	}
	result = do_getxattr(worker, route.base, route.text, got, sizeof got - 1);
	if (expect(worker, "getxattr", &route, wanted, result) && strcmp(got, node->attribute) != 0)
		diverge(worker, "attribute of", route.text, 0, 1);
}

static void private_look(struct worker *worker)
{
	struct route route = random_route(worker, true);
	bool follow = one_in(worker, 2);
	struct stat status;
	char text[80] = "";
	long wanted, result;
	struct node *node;

	switch (below(worker, 4)) {
	case 0:
		node = object(&route, true, &wanted);
		if (wanted == -OUTSIDE)
			return;
		result = do_access(worker, route.base, route.text, R_OK | W_OK);
		(void)expect(worker, "access", &route, wanted, result);
		return;
	case 1:
		node = object(&route, false, &wanted);
		if (wanted == -OUTSIDE)
			return;
		if (node != NULL && node->kind != LINKED)
			wanted = -EINVAL;
		result = do_readlink(worker, route.base, route.text, text, sizeof text - 1);
		if (expect(worker, "readlink", &route, wanted, result) &&
			strcmp(text, node->target) != 0)
			diverge(worker, "target of", route.text, 0, 1);
		return;
	default:
		node = object(&route, follow, &wanted);
		if (wanted == -OUTSIDE)
			return;
		result = do_stat(
			worker, route.base, route.text, &status, follow ? 0 : AT_SYMLINK_NOFOLLOW);
		if (expect(worker, "stat", &route, wanted, result))
			check_status(worker, route.text, node, &status);
	}
}

static void private_go(struct worker *worker)
{
	struct route route = random_route(worker, true);
	struct stat status;
	long wanted, result;
	struct node *node = object(&route, true, &wanted);

	if (wanted == -OUTSIDE)
		return;
	if (node != NULL && node->kind != DIRECTORY)
		wanted = -ENOTDIR;
	if (one_in(worker, 2)) {
		result = do_open(worker, route.base, route.text,
			O_DIRECTORY | O_CLOEXEC | (one_in(worker, 2) ? O_PATH : O_RDONLY), 0);
		if (!expect(worker, "open of a directory", &route, wanted, result))
			return;
		do_close(worker->held_fd);
		worker->held_fd = (int)result;
		worker->held = node;
		result = fstat((int)result, &status) == 0 ? 0 : -errno;
	} else {
		if (route.base != AT_FDCWD) /* chdir knows no base: from the root */
			return;
		result = do_chdir(worker, route.text);
		if (!expect(worker, "chdir", &route, wanted, result))
			return;
		worker->cwd = node;
		result = do_stat(worker, AT_FDCWD, ".", &status, 0);
	}
	if (result != 0)
		diverge(worker, "stat of the new", route.text, 0, result);
	else
		check_status(worker, route.text, node, &status);
}

/* The names in a directory as a set of bits; names that are not the model's have the last bit. */
static long list(struct worker *worker, int base, const char *path, unsigned *names)
{
	struct entry {
		uint64_t number, offset;
		unsigned short length;
		unsigned char type;
		char name[];
	};
	_Alignas(8) char buffer[4096];
	long fd = do_open(worker, base, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0), length;

	*names = 0;
	if (fd < 0)
		return fd;
	while ((length = attempt(worker, LIST, SYS_getdents64, fd, ARGUMENT(buffer), sizeof buffer,
			0, 0)) > 0)
		for (char *at = buffer; at < buffer + length;) {
			const struct entry *entry = (const void *)at;
			const char *name = entry->name;

			at += entry->length;
			if (name[1] == '\0' && name[0] >= 'a' && name[0] < 'a' + NAMES)
				*names |= 1U << (name[0] - 'a');
			else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
				 strcmp(name, "keep") != 0)
				*names |= 1U << NAMES;
		}
	do_close(fd);
	return length;
}

static void compare(struct worker *worker, const struct node *node, int base, const char *path)
{
	unsigned names, wanted = 0;
	long result = list(worker, base, path, &names);

	if (result != 0) {
		diverge(worker, "list", path, 0, result);
		return;
	}
	for (int i = 0; i < NAMES; i++)
		wanted |= (node->entries[i] != NULL ? 1U : 0U) << i;
	if (wanted != names)
		diverge(worker, "names in", path, wanted, names);
	for (int i = 0; i < NAMES && !worker->diverged; i++) {
		const struct node *entry = node->entries[i];
		char name[PATH_MAX], text[80] = "";
		struct stat status;

		if (entry == NULL)
			continue;
		(void)snprintf(name, sizeof name, "%s/%c", path, 'a' + i);
		result = do_stat(worker, base, name, &status, AT_SYMLINK_NOFOLLOW);
		if (result != 0)
			diverge(worker, "stat of", name, 0, result);
		else
			check_status(worker, name, entry, &status);
		if (entry->kind == DIRECTORY)
			compare(worker, entry, base, name);
		if (entry->kind == LINKED) {
			result = do_readlink(worker, base, name, text, sizeof text - 1);
			if (result < 0 || strcmp(text, entry->target) != 0)
				diverge(worker, "target of", name, 0, result);
		}
		if (entry->kind == REGULAR) {
			result = do_open(worker, base, name, O_RDONLY | O_CLOEXEC, 0);
			if (result < 0) {
				diverge(worker, "open", name, 0, result);
				continue;
			}
			check_content(worker, name, entry, result);
			do_close(result);
		}
		if (attributes && (entry->kind == REGULAR || entry->kind == DIRECTORY)) {
			result = do_getxattr(worker, base, name, text, sizeof text - 1);
			if (entry->attribute[0] == '\0' ? result != -ENODATA
							: strcmp(text, entry->attribute) != 0)
				diverge(worker, "attribute of", name, 0, result);
		}
	}
}

static void compare_all(struct worker *worker)
{
	atomic_fetch_add(&counts->compared, 1);
	compare(worker, worker->root, worker->root_fd, ".");
}

static void private_operation(struct worker *worker)
{
	static const mode_t masks[] = {0, 022, 027, 077, 002};

	switch (below(worker, 24)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		private_open(worker);
		break;
	case 5:
	case 6:
		private_make(worker, DIRECTORY);
		break;
	case 7:
		private_make(worker, LINKED);
		break;
	case 8:
		private_make(worker, one_in(worker, 3) ? FIFO : LINKED);
		break;
	case 9:
		private_link(worker);
		break;
	case 10:
	case 11:
	case 12:
		private_rename(worker);
		break;
	case 13:
		private_remove(worker, one_in(worker, 2));
		break;
	case 14:
		private_chmod(worker);
		break;
	case 15:
		private_utime(worker);
		break;
	case 16:
		private_truncate(worker);
		break;
	case 17:
	case 18:
		private_attribute(worker);
		break;
	case 19:
	case 20:
		private_look(worker);
		break;
	case 21:
	case 22:
		private_go(worker);
		break;
	default:
		if (one_in(worker, 2))
			private_block(worker);
		else
			(void)umask(masks[below(worker, 5)]);
	}
}

/* ---- where everybody works ---- */

/* `..` only behind a name, and in no symlink: nothing here leads out of `shared`. */
static void shared_components(struct worker *worker, char *text, int most)
{
	int count = 1 + below(worker, most);
	bool named = false;

	for (int i = 0; i < count; i++) {
		if (i > 0)
			*text++ = '/';
		if (named && one_in(worker, 10)) {
			text += sprintf(text, "..");
			named = false;
		} else if (one_in(worker, 20)) {
			text += sprintf(text, ".");
		} else {
			text += sprintf(
				text, "%c%d", one_in(worker, 2) ? 'd' : 'n', below(worker, 4));
			named = true;
		}
	}
	if (one_in(worker, 20))
		text += sprintf(text, "/");
	*text = '\0';
}

static int shared_path(struct worker *worker, char *text)
{
	switch (below(worker, 5)) {
	case 0:
		text += sprintf(text, "%s/shared/", top);
		shared_components(worker, text, 3);
		return AT_FDCWD;
	case 1:
		text += sprintf(text, "shared/");
		shared_components(worker, text, 3);
		return top_fd;
	case 2:
		text += sprintf(text, "/proc/self/fd/%d/", worker->shared_fd);
		shared_components(worker, text, 2);
		return AT_FDCWD;
	case 3:
		if (worker->root == NULL) { /* a child works down there */
			shared_components(worker, text, 2);
			return AT_FDCWD;
		}
		__attribute__((fallthrough));
	default:
		shared_components(worker, text, 2);
		return worker->shared_fd;
	}
}

static void shared_open(struct worker *worker, int base, const char *path)
{
	static const int extra[] = {0, O_CREAT, O_CREAT, O_CREAT | O_EXCL, O_CREAT | O_TRUNC,
		O_TRUNC, O_NOFOLLOW, O_DIRECTORY, O_PATH, O_PATH | O_NOFOLLOW, O_APPEND,
		O_DIRECTORY};
	int flags = below(worker, 3) | extra[below(worker, sizeof extra / sizeof *extra)] |
		    O_NONBLOCK | O_CLOEXEC;
	long fd = do_open(worker, base, path, flags, 0666);
	struct stat status;

	if (fd < 0) {
		if (!is_possible(OPEN, (int)-fd))
			unexpected(worker, OPEN, path, fd);
		return;
	}
	if (fstat((int)fd, &status) != 0)
		unexpected(worker, OPEN, path, -errno);
	else if (((flags & O_DIRECTORY) && !S_ISDIR(status.st_mode)) ||
		 (S_ISLNK(status.st_mode) &&
			 (flags & (O_PATH | O_NOFOLLOW)) != (O_PATH | O_NOFOLLOW)) ||
		 ((flags & O_CREAT) && S_ISDIR(status.st_mode)))
		unexpected(worker, OPEN, path, OUTSIDE);
	else if (S_ISREG(status.st_mode) && !(flags & O_PATH) && (flags & O_ACCMODE) != O_RDONLY)
		(void)!write((int)fd, path, strlen(path));
	if (S_ISDIR(status.st_mode) && one_in(worker, 2)) {
		do_close(worker->shared_fd);
		worker->shared_fd = (int)fd;
		return;
	}
	do_close(fd);
}

static void shared_operation(struct worker *worker)
{
	char path[PATH_MAX + 64], other[PATH_MAX + 64], value[64];
	static const mode_t modes[] = {0700, 0755, 0777, 0750};
	const struct timespec times[2] = {{1, 2}, {below(worker, 1000000), 3}};
	int base = shared_path(worker, path), other_base;
	enum operation operation = (enum operation)below(worker, LIST);
	struct stat status;
	long result;

	if (one_in(worker, 6)) /* so that there is always something */
		operation = one_in(worker, 2) ? MKDIR : OPEN;
	switch (operation) {
	case MKDIR:
		result = do_mkdir(worker, base, path, 0777);
		break;
	case MKNOD:
		result = do_mknod(worker, base, path, S_IFIFO | 0666);
		break;
	case SYMLINK:
		shared_components(worker, value, 2);
		/* Without dots: what is above a link is not below `shared` only. */
		for (char *dot; (dot = strstr(value, ".")) != NULL;)
			*dot = 'x';
		result = do_symlink(worker, value, base, path);
		break;
	case LINK:
		other_base = shared_path(worker, other);
		result = do_link(worker, base, path, other_base, other,
			one_in(worker, 3) ? AT_SYMLINK_FOLLOW : 0);
		break;
	case RENAME:
		other_base = shared_path(worker, other);
		result = do_rename(worker, base, path, other_base, other,
			one_in(worker, 4)   ? RENAME_NOREPLACE
			: one_in(worker, 4) ? RENAME_EXCHANGE
					    : 0);
		break;
	case UNLINK:
		result = do_unlink(worker, base, path);
		break;
	case RMDIR:
		result = do_rmdir(worker, base, path);
		break;
	case CHMOD:
		result = do_chmod(worker, base, path, modes[below(worker, 4)]);
		break;
	case UTIME:
		result = do_utime(
			worker, base, path, times, one_in(worker, 3) ? AT_SYMLINK_NOFOLLOW : 0);
		break;
	case TRUNCATE:
		result = do_truncate(worker, base, path, below(worker, 5000));
		break;
	case SETXATTR:
		if (!attributes)
			return;
		result = do_setxattr(worker, base, path, "shared", below(worker, 3));
		break;
	case GETXATTR:
		if (!attributes)
			return;
		result = do_getxattr(worker, base, path, value, sizeof value);
		break;
	case REMOVEXATTR:
		if (!attributes)
			return;
		result = do_removexattr(worker, base, path);
		break;
	case STAT:
		result = do_stat(
			worker, base, path, &status, one_in(worker, 2) ? AT_SYMLINK_NOFOLLOW : 0);
		break;
	case ACCESS:
		result = do_access(worker, base, path, R_OK);
		break;
	case READLINK:
		result = do_readlink(worker, base, path, value, sizeof value);
		break;
	case CHDIR:
		if (worker->root != NULL || base != AT_FDCWD)
			return;
		result = do_chdir(worker, path);
		break;
	default:
		shared_open(worker, base, path);
		return;
	}
	if (result < 0 && !is_possible(operation, (int)-result))
		unexpected(worker, operation, path, result);
}

/* Renames of what is above somebody's private directory, or of that itself. */
static void move_something(struct worker *worker)
{
	static const char *const homes[] = {"home", "house"};
	char path[64], other[64];
	char *const paths[] = {path, other};
	unsigned flags = 0;
	long result;

	if (one_in(worker, 3)) {
		result = do_rename(worker, top_fd, homes[below(worker, 2)], top_fd,
			homes[below(worker, 2)], RENAME_NOREPLACE);
	} else {
		int index = below(worker, THREADS);

		for (int i = 0; i < 2; i++)
			switch (below(worker, 3)) {
			case 0:
				(void)sprintf(paths[i], "%d", index);
				break;
			case 1:
				(void)sprintf(paths[i], "%d.moved", index);
				break;
			default:
				(void)sprintf(
					paths[i], "%s/deeper/%d", homes[below(worker, 2)], index);
			}
		if (one_in(worker, 8))
			flags = RENAME_NOREPLACE;
		result = do_rename(worker, top_fd, path, top_fd, other, flags);
	}
	if (result == 0)
		atomic_fetch_add(&counts->moved, 1);
	else if (!is_possible(RENAME, (int)-result))
		unexpected(worker, RENAME, path, result);
}

/* ---- the whole ---- */

static void tick(int number)
{
	(void)number;
	atomic_fetch_add(&counts->ticks, 1);
}

static void catch (int number, int flags)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = flags};

	sigemptyset(&action.sa_mask);
	sigaction(number, &action, NULL);
}

static void start_ticking(const struct worker *worker)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_THREAD_ID,
		.sigev_signo = worker->restarts ? SIGUSR1 : SIGUSR2,
	};
	const struct itimerspec every = {{0, TICK}, {0, TICK}};
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
		timer_settime(timer, 0, &every, NULL) != 0) {
		perror("timer");
		_exit(3);
	}
}

static void be_child(struct worker *worker)
{
	const struct itimerval every = {{0, TICK / 1000}, {0, TICK / 1000}};
	long before = atomic_load(&counts->unexpected);

	worker->root = NULL;
	(void)setitimer(ITIMER_REAL, &every, NULL);
	if (fchdir(worker->shared_fd) != 0)
		unexpected(worker, CHDIR, "(shared)", -errno);
	else
		for (int i = 0; i < CHILD_OPERATIONS && !is_over(); i++)
			if (one_in(worker, 8))
				move_something(worker);
			else
				shared_operation(worker);
	_exit(atomic_load(&counts->unexpected) != before);
}

static void have_child(struct worker *worker)
{
	struct worker child = *worker;
	pid_t process;
	int status = 0;

	child.random ^= next_random(worker);
	process = fork();
	if (process == 0) {
		child.held_fd = child.root_fd = -1;
		child.restarts = false;
		be_child(&child);
	}
	if (process < 0) {
		diverge(worker, "fork", "", 0, -errno);
		return;
	}
	atomic_fetch_add(&counts->children, 1);
	/* Meanwhile it works on itself: where the parent waits there is one racer fewer. */
	for (int i = 0; i < CHILD_OPERATIONS; i++)
		shared_operation(worker);
	while (waitpid(process, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		diverge(worker, "a child's end", "", 0, WTERMSIG(status));
}

/* Before anybody moves it. */
static void open_private(struct worker *worker)
{
	char name[32];
	struct stat status;

	(void)snprintf(name, sizeof name, "%d", worker->index);
	worker->nodes = calloc(NODES, sizeof *worker->nodes);
	if (worker->nodes == NULL)
		exit(3);
	worker->root = worker->cwd = worker->held = new_node(worker, DIRECTORY, 0);
	worker->root_fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	worker->held_fd = openat(top_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	worker->shared_fd = openat(top_fd, "shared", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fstat(worker->root_fd, &status) != 0) {
		perror(name);
		exit(3);
	}
	worker->root->number = status.st_ino;
	worker->root->mode = status.st_mode & 07777;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	long round = 0;

	if (unshare(CLONE_FS) != 0 || fchdir(worker->root_fd) != 0) {
		perror("a working directory of one's own");
		_exit(3);
	}
	start_ticking(worker);
	for (; !is_over(); round++) {
		if (one_in(worker, 12))
			move_something(worker);
		else if (worker->diverged || one_in(worker, 3))
			shared_operation(worker);
		else
			private_operation(worker);
		if (one_in(worker, 1500))
			have_child(worker);
		if (round % 5000 == 4999 && !worker->diverged)
			compare_all(worker);
	}
	if (!worker->diverged)
		compare_all(worker);
	return NULL;
}

static void prepare(void)
{
	static const char *const directories[] = {
		"shared", "home", "home/deeper", "0", "1", "2", "3"};
	char name[32];
	int fd;

	umask(022);
	if (getcwd(top, sizeof top) == NULL)
		exit(3);
	top_fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		if (mkdir(directories[i], 0755) != 0) {
			perror(directories[i]);
			exit(3);
		}
	for (int i = 0; i < THREADS; i++) { /* so that nobody can remove or replace it */
		(void)snprintf(name, sizeof name, "%d/keep", i);
		fd = open(name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0) {
			perror(name);
			exit(3);
		}
		attributes = fsetxattr(fd, "user.probe", "x", 1, 0) == 0 || errno != EOPNOTSUPP;
		close(fd);
	}
}

int main(int argc, char **argv)
{
	struct worker workers[THREADS] = {0};
	pthread_t threads[THREADS];
	long total = 0;

	if (argc != 3) {
		(void)fprintf(stderr, "usage: stress_paths SEED SECONDS\n");
		return 2;
	}
	counts = mmap(
		NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (counts == MAP_FAILED)
		return 3;
	prepare();
	catch (SIGUSR1, SA_RESTART);
	catch (SIGUSR2, 0);
	catch (SIGALRM, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += atol(argv[2]);
	for (int i = 0; i < THREADS; i++) {
		workers[i].index = i;
		workers[i].restarts = i % 2 == 0;
		workers[i].random = strtoull(argv[1], NULL, 0) * 1000003 + (uint64_t)i;
		open_private(&workers[i]);
	}
	for (int i = 0; i < THREADS; i++) {
		if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0)
			return 3;
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < OPERATIONS; i++) {
		printf("%s=%ld/%ld ", operations[i].name, counts->succeeded[i], counts->failed[i]);
		total += counts->succeeded[i] + counts->failed[i];
	}
	printf("\noperations=%ld ticks=%ld children=%ld moved=%ld compared=%ld blocked=%ld "
	       "slowest=%ld interrupted=%ld unexpected=%ld diverged=%ld\n",
		total, counts->ticks, counts->children, counts->moved, counts->compared,
		counts->blocked, counts->slowest, counts->interrupted, counts->unexpected,
		counts->diverged);
	return counts->unexpected != 0 || counts->diverged != 0;
}
