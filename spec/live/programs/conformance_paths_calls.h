#pragma once
/* The calls, and the circumstances in which one is made. */

#include "conformance_paths_picture.h"
#include "conformance_paths_values.h"

#include <sys/eventfd.h>
#include <sys/syscall.h>

/* What the descriptor 50 is. */
enum held {
	HELD_NOTHING,
	HELD_FILE,
	HELD_WRITABLE,
	HELD_PATH,
	HELD_SETUID,
	HELD_DIRECTORY,
	HELD_DIRECTORY_PATH,
	HELD_LINK_PATH,
	HELD_LOCKED_PATH,
	HELD_SOCKET_PATH,
	HELD_FIFO,
	HELD_FOREIGN,
	HELD_FOREIGN_DIRECTORY,
	HELD_PIPE,
	HELD_SOCKETPAIR,
	HELD_EVENTFD,
	HELD_MEMFD,
	HELD_SEALED_MEMFD,
	HELD_DELETED_FILE,
	HELD_DELETED_DIRECTORY,
	HELD_TMPFILE,
	HELD_TMPFILE_EXCL,
	HELD_INOTIFY,
	HELD_COUNT,
};

static const char *const held_names[] = {"nothing", "file", "file for writing", "O_PATH file",
	"setuid file for writing", "directory", "O_PATH directory", "O_PATH link",
	"O_PATH locked directory", "O_PATH socket", "fifo", "foreign file", "foreign directory",
	"pipe", "socketpair", "eventfd", "memfd", "sealed memfd", "deleted file",
	"deleted directory", "temporary file", "exclusive temporary file", "inotify"};

enum place { IN_WORK, IN_FULL, IN_LOCKED, IN_DELETED, PLACES };
static const char *const place_names[] = {"work", "full", "locked", "a deleted directory"};

enum limit { NO_LIMIT, LIMIT_IGNORED, LIMIT_HANDLED, LIMIT_DEFAULT, LIMITS };
static const char *const limit_names[] = {
	"none", "SIGXFSZ ignored", "SIGXFSZ handled", "SIGXFSZ by default"};

enum { DESCRIPTOR = 50, UNUSED = 999 };

/* Whether a call may be tried with what doesn't belong to us: what only MAKES fails there. */
enum effect { READS, MAKES, CHANGES };

enum shows { NOTHING, STAT, STATX, STATFS, NAME, BYTES, ATTRIBUTES, HANDLE, PLACE, EVENTS };

/* Places in a row that are filled in from elsewhere. */
static const struct value paths_here[1], directories_here[1], descriptors_here[1];
#define P paths_here
#define D directories_here
#define F descriptors_here

struct row {
	const char *name;
	long number;
	enum effect effect;
	enum shows shows;
	int main, crossed; /* the argument whose first values are tried with every path */
	const struct value *lists[6];
};

static const struct row rows[] = {
	{"stat", SYS_stat, READS, STAT, 1, 1, {P, outs}},
	{"lstat", SYS_lstat, READS, STAT, 1, 1, {P, outs}},
	{"newfstatat", SYS_newfstatat, READS, STAT, 3, 2, {D, P, outs, at_flags}},
	{"statx", SYS_statx, READS, STATX, 2, 2, {D, P, at_flags, masks, outs}},
	{"statfs", SYS_statfs, READS, STATFS, 1, 1, {P, outs}},
	{"access", SYS_access, READS, NOTHING, 1, 2, {P, access_modes}},
	{"faccessat", SYS_faccessat, READS, NOTHING, 2, 2, {D, P, access_modes}},
	{"faccessat2", SYS_faccessat2, READS, NOTHING, 3, 2, {D, P, access_modes, at_flags}},
	{"readlink", SYS_readlink, READS, NAME, 2, 1, {P, outs, link_sizes}},
	{"readlinkat", SYS_readlinkat, READS, NAME, 3, 1, {D, P, outs, link_sizes}},
	{"mknod", SYS_mknod, MAKES, NOTHING, 1, 2, {P, makes, devices}},
	{"mknodat", SYS_mknodat, MAKES, NOTHING, 2, 3, {D, P, makes, devices}},
	{"unlink", SYS_unlink, CHANGES, NOTHING, 0, 1, {P}},
	{"unlinkat", SYS_unlinkat, CHANGES, NOTHING, 2, 2, {D, P, unlink_flags}},
	{"rmdir", SYS_rmdir, CHANGES, NOTHING, 0, 1, {P}},
	{"symlink", SYS_symlink, MAKES, NOTHING, 0, 1, {targets, P}},
	{"symlinkat", SYS_symlinkat, MAKES, NOTHING, 0, 2, {targets, D, P}},
	{"chmod", SYS_chmod, CHANGES, NOTHING, 1, 2, {P, modes}},
	{"fchmod", SYS_fchmod, CHANGES, NOTHING, 1, 2, {F, modes}},
	{"fchmodat", SYS_fchmodat, CHANGES, NOTHING, 2, 2, {D, P, modes}},
	{"fchmodat2", 452, CHANGES, NOTHING, 3, 2, {D, P, modes, at_flags}},
	{"chown", SYS_chown, CHANGES, NOTHING, 1, 2, {P, owners, owners}},
	{"lchown", SYS_lchown, CHANGES, NOTHING, 1, 2, {P, owners, owners}},
	{"fchown", SYS_fchown, CHANGES, NOTHING, 1, 2, {F, owners, owners}},
	{"fchownat", SYS_fchownat, CHANGES, NOTHING, 4, 2, {D, P, owners, owners, at_flags}},
	{"truncate", SYS_truncate, CHANGES, NOTHING, 1, 2, {P, lengths}},
	{"ftruncate", SYS_ftruncate, CHANGES, NOTHING, 1, 2, {F, lengths}},
	{"utime", SYS_utime, CHANGES, NOTHING, 1, 2, {P, utimes_of}},
	{"utimes", SYS_utimes, CHANGES, NOTHING, 1, 2, {P, timevals}},
	{"futimesat", SYS_futimesat, CHANGES, NOTHING, 2, 2, {D, P, timevals}},
	{"utimensat", SYS_utimensat, CHANGES, NOTHING, 2, 3, {D, P, timespecs, at_flags}},
	{"setxattr", SYS_setxattr, CHANGES, NOTHING, 1, 1,
		{P, names_to_set, attributes, attribute_sizes, attribute_flags}},
	{"lsetxattr", SYS_lsetxattr, CHANGES, NOTHING, 1, 1,
		{P, names_to_set, attributes, attribute_sizes, attribute_flags}},
	{"fsetxattr", SYS_fsetxattr, CHANGES, NOTHING, 1, 1,
		{F, names_to_set, attributes, attribute_sizes, attribute_flags}},
	{"setxattrat", 463, CHANGES, NOTHING, 2, 2,
		{D, P, at_flags, names_to_set, calls_to_set, call_sizes}},
	{"getxattr", SYS_getxattr, READS, BYTES, 1, 1, {P, names_to_get, outs, out_sizes}},
	{"lgetxattr", SYS_lgetxattr, READS, BYTES, 1, 1, {P, names_to_get, outs, out_sizes}},
	{"fgetxattr", SYS_fgetxattr, READS, BYTES, 1, 1, {F, names_to_get, outs, out_sizes}},
	{"getxattrat", 464, READS, BYTES, 2, 2,
		{D, P, at_flags, names_to_get, calls_to_get, call_sizes}},
	{"listxattr", SYS_listxattr, READS, BYTES, 1, 1, {P, outs, out_sizes}},
	{"llistxattr", SYS_llistxattr, READS, BYTES, 1, 1, {P, outs, out_sizes}},
	{"flistxattr", SYS_flistxattr, READS, BYTES, 1, 1, {F, outs, out_sizes}},
	{"listxattrat", 465, READS, BYTES, 2, 2, {D, P, at_flags, outs, out_sizes}},
	{"removexattr", SYS_removexattr, CHANGES, NOTHING, 1, 1, {P, names_to_get}},
	{"lremovexattr", SYS_lremovexattr, CHANGES, NOTHING, 1, 1, {P, names_to_get}},
	{"fremovexattr", SYS_fremovexattr, CHANGES, NOTHING, 1, 1, {F, names_to_get}},
	{"removexattrat", 466, CHANGES, NOTHING, 2, 2, {D, P, at_flags, names_to_get}},
	{"file_getattr", 468, READS, ATTRIBUTES, 4, 2, {D, P, outs, file_sizes, at_flags}},
	{"chdir", SYS_chdir, READS, PLACE, 0, 1, {P}},
	{"fchdir", SYS_fchdir, READS, PLACE, 0, 1, {F}},
	{"inotify_add_watch", SYS_inotify_add_watch, READS, EVENTS, 2, 2, {F, P, watch_masks}},
	{"name_to_handle_at", SYS_name_to_handle_at, READS, HANDLE, 4, 2,
		{D, P, handles_of, outs, handle_flags}},
	/* Those with two paths have their own cases. */
	{"rename", SYS_rename, CHANGES, NOTHING, 0, 0, {P, P}},
	{"renameat", SYS_renameat, CHANGES, NOTHING, 0, 0, {D, P, D, P}},
	{"renameat2", SYS_renameat2, CHANGES, NOTHING, 4, 4, {D, P, D, P, rename_flags}},
	{"link", SYS_link, MAKES, NOTHING, 0, 0, {P, P}},
	{"linkat", SYS_linkat, MAKES, NOTHING, 4, 3, {D, P, D, P, follow_flags}},
};

static int place_of(const struct row *row, const struct value *what)
{
	for (int i = 0; i < 6; i++)
		if (row->lists[i] == what)
			return i;
	return -1;
}

struct attempt {
	const struct row *row;
	struct value arguments[6];
	enum held held;
	bool held_late; /* opened by whom the program becomes */
	bool outside;   /* where others cause events, and times mean nothing */
	enum place place;
	enum limit limit;
	unsigned umask;
};

static void say_string(struct text *text, const char *string)
{
	say(text, "\"");
	if (strncmp(string, base, strlen(base)) == 0) {
		say(text, "$");
		string += strlen(base);
	}
	say_bytes(text, string, strlen(string), 40);
	say(text, "\"");
}

static void say_attempt(struct text *text, const struct attempt *attempt)
{
	say(text, "%s(", attempt->row->name);
	for (int i = 0; i < 6 && attempt->row->lists[i] != NULL; i++) {
		const struct value *value = &attempt->arguments[i];

		say(text, i == 0 ? "" : ", ");
		if (value->label == string_label)
			say_string(text, (const char *)value->bits);
		else
			say(text, "%s", value->label);
	}
	say(text, ")");
	if (attempt->held != HELD_NOTHING)
		say(text, " with %s as 50", held_names[attempt->held]);
	if (attempt->held_late)
		say(text, " of its own");
	if (attempt->place != IN_WORK)
		say(text, " in %s", place_names[attempt->place]);
	if (attempt->limit != NO_LIMIT)
		say(text, " limit %s", limit_names[attempt->limit]);
	if (attempt->umask != 022)
		say(text, " umask %#o", attempt->umask);
}

/* What has no name is made beside the tree, which would show it. */
static void beside(char name[PATH_MAX], const char *what)
{
	snprintf(name, PATH_MAX, "%.*s/scratch/%s", PATH_MAX - 64, base, what);
}

/* A directory that is gone, and so is its parent, in which more could be made. */
static int deleted_directory(void)
{
	char above[PATH_MAX], name[PATH_MAX];

	beside(above, "above");
	beside(name, "above/gone");
	mkdir(above, 0777);
	mkdir(name, 0777);
	int file = open(name, O_RDONLY | O_DIRECTORY);
	rmdir(name);
	rmdir(above);
	return file;
}

static int deleted_file(void)
{
	char name[PATH_MAX];

	beside(name, "gone");
	int file = open(name, O_CREAT | O_RDWR, 0666);
	unlink(name);
	return file;
}

static int temporary(int flags)
{
	char name[PATH_MAX];

	beside(name, "");
	return open(name, O_TMPFILE | O_RDWR | flags, 0666);
}

static int memory_file(bool sealed)
{
	int file = memfd_create("memory", MFD_ALLOW_SEALING);

	if (ftruncate(file, 7) != 0)
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
	case HELD_WRITABLE:
		return open("file", O_WRONLY);
	case HELD_PATH:
		return open("file", O_PATH);
	case HELD_SETUID:
		return open("setuid", O_WRONLY);
	case HELD_DIRECTORY:
		return open("full", O_RDONLY | O_DIRECTORY);
	case HELD_DIRECTORY_PATH:
		return open("full", O_PATH | O_DIRECTORY);
	case HELD_LINK_PATH:
		return open("to_file", O_PATH | O_NOFOLLOW);
	case HELD_LOCKED_PATH:
		return open("locked", O_PATH);
	case HELD_SOCKET_PATH:
		return open("socket", O_PATH);
	case HELD_FIFO:
		return open("fifo", O_RDONLY | O_NONBLOCK);
	case HELD_FOREIGN:
		return open("../theirs/file", O_RDONLY);
	case HELD_FOREIGN_DIRECTORY:
		return open("../theirs", O_RDONLY);
	case HELD_PIPE:
		return pipe(ends) == 0 ? ends[0] : -1;
	case HELD_SOCKETPAIR:
		return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 ? ends[0] : -1;
	case HELD_EVENTFD:
		return eventfd(0, 0);
	case HELD_MEMFD:
	case HELD_SEALED_MEMFD:
		return memory_file(held == HELD_SEALED_MEMFD);
	case HELD_DELETED_FILE:
		return deleted_file();
	case HELD_DELETED_DIRECTORY:
		return deleted_directory();
	case HELD_TMPFILE:
	case HELD_TMPFILE_EXCL:
		return temporary(held == HELD_TMPFILE_EXCL ? O_EXCL : 0);
	case HELD_INOTIFY:
		return inotify_init1(IN_NONBLOCK);
	default:
		return -1;
	}
}

static void hold(enum held held)
{
	int file = take(held);

	if (file < 0)
		return;
	dup2(file, DESCRIPTOR);
	close_range(3, 10, 0);
}

static int go_to(enum place place)
{
	int gone;

	switch (place) {
	case IN_FULL:
		return chdir("full");
	case IN_LOCKED:
		return chdir("locked");
	case IN_DELETED:
		gone = deleted_directory();
		return fchdir(gone) | close(gone);
	default:
		return 0;
	}
}
