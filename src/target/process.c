#include "target/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { NAME_SIZE = 64, SIBLING_LOOKS = 10, PID_MAX_LIMIT = 1 << 22 };

static const char *entry(char buffer[NAME_SIZE], pid_t tid, const char *name)
{
	(void)snprintf(buffer, NAME_SIZE, "%d/%s", tid, name);
	return buffer;
}

/* Whole small file into buffer, NUL-terminated; its length or a negative errno. */
static ssize_t read_entry(
	const struct world *world, pid_t tid, const char *name, char *buffer, size_t size)
{
	char path[NAME_SIZE];
	cleanup_fd int fd = openat(world->proc, entry(path, tid, name), O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got = 0;

	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	while (used < size - 1 && (got = read(fd, buffer + used, size - 1 - used)) > 0)
		used += (size_t)got;
	if (got < 0)
		return -errno;
	buffer[used] = '\0';
	return (ssize_t)used;
}

/* The text behind "\nName:\t", or NULL. */
static const char *field(const char *status, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = status; line != NULL; line = strchr(line, '\n')) {
		if (*line == '\n')
			line++;
		if (strncmp(line, name, length) == 0 && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

static bool parse_ids(const char *text, uint32_t *real, uint32_t *effective, uint32_t *fs)
{
	return text != NULL &&
	       sscanf(text, "%" SCNu32 " %" SCNu32 " %*u %" SCNu32, real, effective, fs) == 3;
}

static bool parse_hex(const char *text, uint64_t *ret)
{
	return text != NULL && sscanf(text, "%" SCNx64, ret) == 1;
}

static bool parse_int(const char *text, pid_t *ret)
{
	return text != NULL && sscanf(text, "%d", ret) == 1;
}

static int parse_groups(const char *text, struct process_status *ret)
{
	const int limit = (int)(sizeof ret->groups / sizeof *ret->groups);

	ret->group_count = 0;
	while (text != NULL && *text != '\n' && *text != '\0') {
		char *end;
		unsigned long group = strtoul(text, &end, 10);

		if (end == text)
			break;
		if (ret->group_count == limit)
			return -EACCES;
		ret->groups[ret->group_count++] = (gid_t)group;
		for (text = end; *text == ' ' || *text == '\t'; text++)
			;
	}
	return 0;
}

static int parse_status(const char *text, struct process_status *ret)
{
	const char *mask = field(text, "Umask");

	/* A zombie has none any more. */
	ret->has_umask = mask != NULL && sscanf(mask, "%o", &ret->umask) == 1;
	if (!parse_int(field(text, "Tgid"), &ret->tgid) ||
		!parse_int(field(text, "PPid"), &ret->parent) ||
		!parse_int(field(text, "TracerPid"), &ret->tracer) ||
		!parse_ids(field(text, "Uid"), &ret->uid, &ret->euid, &ret->fsuid) ||
		!parse_ids(field(text, "Gid"), &ret->gid, &ret->egid, &ret->fsgid) ||
		!parse_hex(field(text, "CapPrm"), &ret->cap_permitted) ||
		!parse_hex(field(text, "CapEff"), &ret->cap_effective) ||
		!parse_hex(field(text, "CapBnd"), &ret->cap_bounding) ||
		!parse_hex(field(text, "SigPnd"), &ret->signals_pending) ||
		!parse_hex(field(text, "ShdPnd"), &ret->signals_shared) ||
		!parse_hex(field(text, "SigBlk"), &ret->signals_blocked) ||
		!parse_hex(field(text, "SigIgn"), &ret->signals_ignored))
		return -EACCES;
	return parse_groups(field(text, "Groups"), ret);
}

int process_status_of(const struct world *world, pid_t tid, struct process_status *ret)
{
	char text[16384] = "";
	ssize_t length = read_entry(world, tid, "status", text, sizeof text);

	if (length < 0)
		return (int)length;
	/* A line cut off would be a group too few: refuse what does not fit. */
	if ((size_t)length == sizeof text - 1)
		return -EACCES;
	return parse_status(text, ret);
}

int process_status(
	const struct world *world, const struct target *target, struct process_status *ret)
{
	int result = process_status_of(world, target->tid, ret);

	return target_check(target) < 0 ? -ESRCH : result;
}

static int open_entry(
	const struct world *world, const struct target *target, const char *name, int flags)
{
	char path[NAME_SIZE];
	cleanup_fd int fd =
		openat(world->proc, entry(path, target->tid, name), O_PATH | O_CLOEXEC | flags);
	int error = errno;

	if (target_check(target) < 0)
		return -ESRCH;
	return fd >= 0 ? steal_fd(&fd) : -error;
}

int process_open_cwd(const struct world *world, const struct target *target)
{
	return open_entry(world, target, "cwd", O_DIRECTORY);
}

int process_open_root(const struct world *world, const struct target *target)
{
	return open_entry(world, target, "root", O_DIRECTORY);
}

int process_open_fd(const struct world *world, const struct target *target, int fd)
{
	char name[NAME_SIZE];
	int pin;

	if (fd < 0)
		return -EBADF;
	(void)snprintf(name, sizeof name, "fd/%d", fd);
	pin = open_entry(world, target, name, 0);
	return pin == -ENOENT ? -EBADF : pin;
}

ssize_t process_link(const struct world *world, const struct target *target, const char *name,
	char *buffer, size_t size)
{
	char path[NAME_SIZE];
	ssize_t length = readlinkat(world->proc, entry(path, target->tid, name), buffer, size - 1);
	int error = errno;

	if (target_check(target) < 0)
		return -ESRCH;
	if (length < 0)
		return -error;
	buffer[length] = '\0';
	return length;
}

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL /* Linux 6.9 */
#endif

/*
 * A pidfd of the thread; before Linux 6.9 only of its process, which will do if both have the same
 * table of descriptors.
 */
static int open_thread(const struct world *world, pid_t tid)
{
	enum { SAME_FILES = 2 /* KCMP_FILES */ };
	int pidfd = (int)syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
	struct process_status status;

	if (pidfd >= 0 || errno != EINVAL)
		return pidfd;
	if (process_status_of(world, tid, &status) < 0 ||
		(status.tgid != tid && syscall(SYS_kcmp, tid, status.tgid, SAME_FILES, 0, 0) != 0))
		return -1;
	return (int)syscall(SYS_pidfd_open, status.tgid, 0);
}

int process_take_fd(const struct world *world, const struct target *target, int fd)
{
	cleanup_fd int pidfd = open_thread(world, target->tid);
	int result;

	if (pidfd < 0)
		return target_check(target) < 0 ? -ESRCH : -EACCES;
	result = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
	if (result < 0)
		result = errno == EBADF ? -EBADF : -EACCES;
	if (target_check(target) < 0) {
		close_fd(&result);
		return -ESRCH;
	}
	return result;
}

void process_comm(const struct world *world, pid_t tid, char ret[16])
{
	ssize_t length = read_entry(world, tid, "comm", ret, 16);

	if (length < 0)
		ret[0] = '\0';
	else if (length > 0 && ret[length - 1] == '\n')
		ret[length - 1] = '\0';
}

int process_time_used(const struct world *world, pid_t tid, uint64_t *ret_ns)
{
	char text[128];
	ssize_t length = read_entry(world, tid, "schedstat", text, sizeof text);

	if (length < 0)
		return (int)length;
	return sscanf(text, "%" SCNu64, ret_ns) == 1 ? 0 : -EIO;
}

static bool is_child(const struct world *world, pid_t pid, pid_t parent)
{
	struct process_status status;

	return process_status_of(world, pid, &status) == 0 && status.parent == parent;
}

/*
 * The guard is a subreaper: every chain of parents of the tree ends at it. As long as a child has
 * the same parent, that one's number is its own: so a child is looked at again after its parent.
 */
static bool descends_from_guard(const struct world *world, pid_t pid, pid_t parent)
{
	struct process_status status;

	for (long depth = 0; depth < PID_MAX_LIMIT && parent != world->guard; depth++) {
		if (parent <= 1 || process_status_of(world, parent, &status) < 0 ||
			!is_child(world, pid, parent))
			return false;
		pid = parent;
		parent = status.parent;
	}
	return parent == world->guard;
}

/*
 * A parent that ends between two looks has left its children to the guard, and its number perhaps
 * to a stranger. So a no is said when it comes again and again.
 */
bool process_in_tree(const struct world *world, pid_t pid)
{
	enum { LOOKS = 8 };
	struct process_status status;

	for (int look = 0; look < LOOKS; look++) {
		if (pid <= 1 || process_status_of(world, pid, &status) < 0)
			return false;
		if (descends_from_guard(world, pid, status.parent))
			return true;
	}
	return false;
}

/* What stands behind the name, which may hold anything. */
static char parse_state(const char *text)
{
	const char *behind = strrchr(text, ')');

	if (behind == NULL || behind[1] != ' ')
		return '\0';
	return behind[2];
}

/* State of a thread as /proc/PID/stat shows it; 0: it is gone. */
static char state_of(const struct world *world, pid_t pid, const char *tid)
{
	char name[NAME_SIZE], text[512];

	(void)snprintf(name, sizeof name, "task/%.16s/stat", tid);
	if (read_entry(world, pid, name, text, sizeof text) < 0)
		return '\0';
	return parse_state(text);
}

char process_state(const struct world *world, pid_t tid)
{
	char text[512];

	if (read_entry(world, tid, "stat", text, sizeof text) < 0)
		return '\0';
	return parse_state(text);
}

long process_waits_in(const struct world *world, pid_t tid)
{
	char text[256];
	ssize_t length = read_entry(world, tid, "syscall", text, sizeof text);
	long number;

	if (length < 0)
		return length;
	if (sscanf(text, "%ld", &number) != 1)
		return strncmp(text, "running", 7) == 0 ? -EBUSY : -EIO;
	return number < 0 ? LONG_MAX : number;
}

/* A stop of the whole process shows first at the threads that do not wait for us. */
static bool is_stopping(const struct world *world, pid_t tgid)
{
	char name[NAME_SIZE];
	int fd = openat(world->proc, entry(name, tgid, "task"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;
	bool stopping = false;

	if (directory == NULL) {
		close_fd(&fd);
		return false;
	}
	/* A few of them: with a thousand threads the look would cost more than the wait. */
	for (int looks = 0;
		looks < SIBLING_LOOKS && !stopping && (item = readdir(directory)) != NULL; looks++)
		stopping = item->d_name[0] != '.' && state_of(world, tgid, item->d_name) == 'T';
	(void)closedir(directory);
	return stopping;
}

int process_is_signalled(const struct world *world, const struct target *target, bool *ret)
{
	struct process_status status;
	int result = process_status(world, target, &status);

	if (result < 0)
		return result;
	*ret = ((status.signals_pending | status.signals_shared) & ~status.signals_blocked &
		       ~status.signals_ignored) != 0 ||
	       is_stopping(world, status.tgid);
	return 0;
}

/* The line of /proc/TID/limits, for a target of another user: its limits are no secret. */
static int read_limit(
	const struct world *world, const struct target *target, const char *title, rlim_t *ret)
{
	char text[4096];
	const char *line;
	ssize_t length = read_entry(world, target->tid, "limits", text, sizeof text);

	line = length < 0 ? NULL : strstr(text, title);
	if (line == NULL)
		return length < 0 ? (int)length : -EACCES;
	line += strlen(title);
	line += strspn(line, " ");
	*ret = strncmp(line, "unlimited", 9) == 0 ? RLIM_INFINITY : strtoull(line, NULL, 10);
	return 0;
}

static const char *limit_title(__rlimit_resource_t resource)
{
	switch (resource) {
	case RLIMIT_FSIZE:
		return "Max file size";
	case RLIMIT_STACK:
		return "Max stack size";
	default:
		return "Max open files";
	}
}

int process_limit(const struct world *world, const struct target *target,
	__rlimit_resource_t resource, rlim_t *ret)
{
	struct rlimit limit;
	int result = 0;

	/* prlimit(2) asks for CAP_SYS_RESOURCE where the target is another user. */
	if (prlimit(target->tid, resource, NULL, &limit) == 0)
		*ret = limit.rlim_cur;
	else
		result = read_limit(world, target, limit_title(resource), ret);
	return target_check(target) < 0 ? -ESRCH : result;
}

/* Open descriptors below the limit; those above it, opened before it was lowered, take no room. */
static rlim_t count_below(const struct world *world, const char *path, rlim_t limit)
{
	int fd = openat(world->proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *item;
	rlim_t count = 0;

	if (directory == NULL) {
		close_fd(&fd);
		return 0;
	}
	while ((item = readdir(directory)) != NULL)
		if (item->d_name[0] != '.' && strtoul(item->d_name, NULL, 10) < limit)
			count++;
	(void)closedir(directory);
	return count;
}

bool process_fds_exhausted(const struct world *world, const struct target *target)
{
	char path[NAME_SIZE];
	struct stat st;
	rlim_t limit;

	if (fstatat(world->proc, entry(path, target->tid, "fd"), &st, 0) < 0 ||
		process_limit(world, target, RLIMIT_NOFILE, &limit) < 0)
		return false;
	if (st.st_size == 0 || (rlim_t)st.st_size < limit)
		return false;
	return count_below(world, path, limit) >= limit;
}
