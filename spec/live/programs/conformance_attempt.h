#pragma once
/* One attempt: in which circumstances which call is made, and what it gave. */

#include "conformance_world.h"

#include <grp.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

enum call { OPEN, CREAT, OPENAT, OPENAT2, MKDIR, MKDIRAT };

/* What the descriptor 50 is. */
enum held {
	HELD_NOTHING,
	HELD_FILE,
	HELD_FILE_WRITE,
	HELD_FILE_PATH,
	HELD_DIRECTORY,
	HELD_DIRECTORY_PATH,
	HELD_TREE,
	HELD_LINK_PATH,
	HELD_LOCKED_PATH,
	HELD_SOCKET_PATH,
	HELD_FIFO,
	HELD_NULL,
	HELD_FOREIGN,
	HELD_PIPE_READ,
	HELD_PIPE_WRITE,
	HELD_DELETED_FILE,
	HELD_DELETED_DIRECTORY,
	HELD_MEMFD,
	HELD_SEALED_MEMFD,
	HELD_EVENTFD,
	HELD_SOCKETPAIR,
	HELD_PROC,
	HELD_COUNT,
};

static const char *const held_names[] = {"nothing", "file", "file for writing", "O_PATH file",
	"directory", "O_PATH directory", "tree", "O_PATH link", "O_PATH locked directory",
	"O_PATH socket", "fifo", "null", "foreign file", "pipe's reading end", "pipe's writing end",
	"deleted file", "deleted directory", "memfd", "sealed memfd", "eventfd", "socketpair",
	"/proc/self"};

enum place { IN_TREE, IN_DIRECTORY, IN_DELETED, IN_LOCKED, IN_ROOT, PLACES };

static const char *const place_names[] = {
	"tree", "directory", "deleted directory", "locked directory", "/"};

enum { DESCRIPTOR = 50, CLOSED = 77 };

struct attempt {
	enum call call;
	const char *path;
	const char *label; /* instead of a path that can't be shown */
	enum held held;
	enum place place;
	long directory; /* argument of the at-calls */
	uint64_t flags;
	uint64_t mode;
	uint64_t resolve;
	size_t size; /* of struct open_how; 0: the right one */
	uint8_t tail;
	unsigned umask;
};

struct flag {
	uint64_t bits;
	const char *name;
};

static const struct flag flag_names[] = {
	{O_TMPFILE, "TMPFILE"},
	{O_CREAT, "CREAT"},
	{O_EXCL, "EXCL"},
	{O_TRUNC, "TRUNC"},
	{O_APPEND, "APPEND"},
	{O_NONBLOCK, "NONBLOCK"},
	{O_SYNC, "SYNC"},
	{O_DSYNC, "DSYNC"},
	{O_ASYNC, "ASYNC"},
	{O_DIRECT, "DIRECT"},
	{0100000, "LARGEFILE"},
	{O_DIRECTORY, "DIRECTORY"},
	{O_NOFOLLOW, "NOFOLLOW"},
	{O_NOATIME, "NOATIME"},
	{O_CLOEXEC, "CLOEXEC"},
	{O_PATH, "PATH"},
	{O_NOCTTY, "NOCTTY"},
	{O_TMPFILE & ~O_DIRECTORY, "__TMPFILE"},
};

static const char *const access_names[] = {"RDONLY", "WRONLY", "RDWR", "ACCMODE"};
static const char *const call_names[] = {"open", "creat", "openat", "openat2", "mkdir", "mkdirat"};

static void say_flags(struct text *text, uint64_t flags)
{
	say(text, " %s", access_names[flags & O_ACCMODE]);
	flags &= ~(uint64_t)O_ACCMODE;
	for (size_t i = 0; i < sizeof flag_names / sizeof flag_names[0]; i++) {
		if ((flags & flag_names[i].bits) != flag_names[i].bits)
			continue;
		say(text, "|%s", flag_names[i].name);
		flags &= ~flag_names[i].bits;
	}
	if (flags != 0)
		say(text, "|%#lx", flags);
}

static void say_attempt(struct text *text, const struct attempt *attempt)
{
	const char *path = attempt->path;

	say(text, "%s ", call_names[attempt->call]);
	if (attempt->label != NULL)
		say(text, "%s", attempt->label);
	else if (strlen(path) > 200)
		say(text, "%.20s...(%zu)", path, strlen(path));
	else if (strncmp(path, base, strlen(base)) == 0)
		say(text, "$%s", path + strlen(base));
	else
		say(text, "\"%s\"", path);
	if (attempt->call != MKDIR && attempt->call != MKDIRAT && attempt->call != CREAT)
		say_flags(text, attempt->flags);
	if (attempt->mode != 0)
		say(text, " mode %#lo", attempt->mode);
	if (attempt->umask != 022)
		say(text, " umask %#o", attempt->umask);
	if (attempt->call == OPENAT || attempt->call == OPENAT2 || attempt->call == MKDIRAT)
		say(text, " at %#lx", attempt->directory);
	if (attempt->held != HELD_NOTHING)
		say(text, " with %s as 50", held_names[attempt->held]);
	if (attempt->place != IN_TREE)
		say(text, " in %s", place_names[attempt->place]);
	if (attempt->resolve != 0)
		say(text, " resolve %#lx", attempt->resolve);
	if (attempt->size != 0)
		say(text, " size %zu tail %u", attempt->size, attempt->tail);
}

static int deleted(bool directory)
{
	int file;

	if (directory) {
		mkdir("deleted", 0777);
		file = open("deleted", O_RDONLY | O_DIRECTORY);
		rmdir("deleted");
	} else {
		file = open("deleted", O_CREAT | O_RDWR, 0666);
		if (write(file, "gone\n", 5) < 0)
			perror("deleted");
		unlink("deleted");
	}
	return file;
}

static int memory_file(bool sealed)
{
	int file = memfd_create("memory", MFD_ALLOW_SEALING);

	if (write(file, "memory\n", 7) < 0)
		perror("memory");
	if (sealed)
		fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW);
	return file;
}

static int take(enum held held)
{
	int ends[2];

	switch (held) {
	case HELD_FILE:
		return open("file", O_RDONLY);
	case HELD_FILE_WRITE:
		return open("file", O_WRONLY);
	case HELD_FILE_PATH:
		return open("file", O_PATH);
	case HELD_DIRECTORY:
		return open("directory", O_RDONLY | O_DIRECTORY);
	case HELD_DIRECTORY_PATH:
		return open("directory", O_PATH | O_DIRECTORY);
	case HELD_TREE:
		return open(".", O_RDONLY | O_DIRECTORY);
	case HELD_LINK_PATH:
		return open("to_file", O_PATH | O_NOFOLLOW);
	case HELD_LOCKED_PATH:
		return open("locked", O_PATH);
	case HELD_SOCKET_PATH:
		return open("socket", O_PATH);
	case HELD_FIFO:
		return open("fifo", O_RDONLY | O_NONBLOCK);
	case HELD_NULL:
		return open("/dev/null", O_RDWR);
	case HELD_FOREIGN:
		return open("foreign", O_RDONLY);
	case HELD_PIPE_READ:
	case HELD_PIPE_WRITE:
		return pipe(ends) == 0 ? ends[held == HELD_PIPE_WRITE] : -1;
	case HELD_SOCKETPAIR:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? ends[0] : -1;
	case HELD_DELETED_FILE:
	case HELD_DELETED_DIRECTORY:
		return deleted(held == HELD_DELETED_DIRECTORY);
	case HELD_MEMFD:
	case HELD_SEALED_MEMFD:
		return memory_file(held == HELD_SEALED_MEMFD);
	case HELD_EVENTFD:
		return eventfd(0, 0);
	case HELD_PROC:
		return open("/proc/self", O_RDONLY | O_DIRECTORY);
	default:
		return -1;
	}
}

static void hold(enum held held)
{
	int file;

	if (held == HELD_NOTHING)
		return;
	file = take(held);
	/* The other end of a pipe stays open elsewhere, so that an open of this one can't block. */
	for (int end = 3; end < 6; end++)
		if (end != file && fcntl(end, F_GETFD) >= 0)
			dup2(end, end + 60);
	if (file >= 0)
		dup2(file, DESCRIPTOR);
	close_range(3, 10, 0);
}

static int go_to(enum place place)
{
	switch (place) {
	case IN_DIRECTORY:
		return chdir("directory");
	case IN_DELETED:
		return mkdir("deleted", 0777) | chdir("deleted") | rmdir("../deleted");
	case IN_LOCKED:
		return chdir("locked");
	case IN_ROOT:
		return chdir("/");
	default:
		return 0;
	}
}

static long make_call(const struct attempt *attempt)
{
	union {
		struct open_how how;
		uint8_t bytes[8192];
	} argument;
	const char *path = attempt->path;

	switch (attempt->call) {
	case OPEN:
		return syscall(SYS_open, path, attempt->flags, attempt->mode);
	case CREAT:
		return syscall(SYS_creat, path, attempt->mode);
	case OPENAT:
		return syscall(SYS_openat, attempt->directory, path, attempt->flags, attempt->mode);
	case MKDIR:
		return syscall(SYS_mkdir, path, attempt->mode);
	case MKDIRAT:
		return syscall(SYS_mkdirat, attempt->directory, path, attempt->mode);
	case OPENAT2:
		break;
	}
	memset(&argument, attempt->tail, sizeof argument);
	argument.how = (struct open_how){attempt->flags, attempt->mode, attempt->resolve};
	size_t size = attempt->size == 0 ? sizeof argument.how : attempt->size;
	if (size == SIZE_MAX)
		size = 0;
	/* With ".." below RESOLVE_BENEATH, a rename anywhere on the machine may give EAGAIN. */
	long result = -1;
	for (int tries = 0; tries < 50 && result < 0; tries++) {
		result = syscall(SYS_openat2, attempt->directory, path, &argument, size);
		if (result < 0 && errno != EAGAIN)
			break;
	}
	return result;
}

static bool in_procfs(int file)
{
	struct statfs system;

	return fstatfs(file, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/* Names differ from run to run where the kernel puts a number in them. */
static void say_name(struct text *text, int file)
{
	char link[64], name[PATH_MAX];
	ssize_t length;
	const char *rest = name;

	snprintf(link, sizeof link, "/proc/self/fd/%d", file);
	length = readlink(link, name, sizeof name - 1);
	if (length < 0)
		return;
	name[length] = '\0';
	say(text, " named ");
	if (strncmp(name, base, strlen(base)) == 0) {
		say(text, "$");
		rest += strlen(base);
	}
	for (; *rest != '\0' && rest - name < 200; rest++) {
		long number = in_procfs(file) ? strtol(rest, NULL, 10) : 0;

		if (number == getpid() || (number != 0 && number == gettid())) {
			say(text, number == getpid() ? "PID" : "TID");
			rest += strspn(rest, "0123456789") - 1;
		} else {
			say(text, "%c", *rest);
		}
		if (*rest == '#' || *rest == '[')
			break;
	}
}

static void say_content(struct text *text, int file, const struct stat *status)
{
	char bytes[17] = "";
	ssize_t length;

	if (!S_ISREG(status->st_mode))
		return;
	length = pread(file, bytes, 6, 0);
	if (length < 0) {
		say(text, " unreadable %s", strerrorname_np(errno));
		return;
	}
	if (in_procfs(file) && bytes[0] >= '0' && bytes[0] <= '9') {
		/* Of a stat file of this process; the rest is addresses and times. */
		say(text, " reads %s",
			atoi(bytes) == getpid()   ? "own pid"
			: atoi(bytes) == gettid() ? "own tid"
						  : "digits");
		return;
	}
	say(text, " reads ");
	for (ssize_t i = 0; i < length; i++)
		say(text, bytes[i] > ' ' && bytes[i] < 127 ? "%c" : "\\%o", (uint8_t)bytes[i]);
}

static void say_result(struct text *text, const struct attempt *attempt, long result)
{
	struct stat status;
	int file = (int)result;

	if (result < 0) {
		const char *name = strerrorname_np(errno);

		say(text, "%s", name != NULL ? name : "an unknown error");
		return;
	}
	say(text, "%ld", result);
	if (attempt->call == MKDIR || attempt->call == MKDIRAT)
		return;
	int flags = fcntl(file, F_GETFL);
	say(text, " flags %#x cloexec %d ", flags, fcntl(file, F_GETFD));
	if (fstat(file, &status) != 0) {
		say(text, "no status");
		return;
	}
	if (S_ISDIR(status.st_mode) && in_procfs(file))
		status.st_nlink = 0; /* the number of processes */
	say_status(text, &status);
	if (!S_ISFIFO(status.st_mode) && !S_ISCHR(status.st_mode) && (flags & O_PATH) == 0)
		say(text, " offset %ld", (long)lseek(file, 0, SEEK_CUR));
	if ((flags & O_PATH) == 0 && (flags & O_ACCMODE) != O_WRONLY)
		say_content(text, file, &status);
	say_name(text, file);
}
