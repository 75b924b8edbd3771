#pragma once

/*
 * Operations are what a policy names: `open` covers open, openat, openat2 and creat. Which
 * syscalls belong to one is said in syscalls/table.def; which rights exist, here.
 */
#define OPERATIONS(X) \
	X(OPEN, "open", "EACCES", "open or create a file (open, openat, openat2, creat)") \
	X(MKDIR, "mkdir", "EACCES", "make a directory (mkdir, mkdirat)") \
	X(EXEC, "exec", "EACCES", "run a program (execve, execveat)") \
	X(STAT, "stat", "EACCES", "look at an object's facts (stat, statx, statfs, …)") \
	X(ACCESS, "access", "EACCES", "ask what one may do (access, faccessat, faccessat2)") \
	X(READLINK, "readlink", "EACCES", "read where a symbolic link leads") \
	X(GETXATTR, "getxattr", "EACCES", "read or list extended attributes") \
	X(CHDIR, "chdir", "EACCES", "change the working directory (chdir, fchdir)") \
	X(WATCH, "watch", "EACCES", "be told of changes (inotify_add_watch)") \
	X(MKNOD, "mknod", "EACCES", "make a FIFO, socket, device node or empty file") \
	X(REMOVE, "remove", "EACCES", "remove a name (unlink, rmdir, unlinkat)") \
	X(RENAME, "rename", "EACCES", "rename or exchange (rename, renameat, renameat2)") \
	X(LINK, "link", "EACCES", "give an object a second name (link, linkat)") \
	X(SYMLINK, "symlink", "EACCES", "make a symbolic link (symlink, symlinkat)") \
	X(CHMOD, "chmod", "EACCES", "change the mode or the inode flags") \
	X(CHOWN, "chown", "EACCES", "change the owner or the group") \
	X(TRUNCATE, "truncate", "EACCES", "change the length of a file by its name") \
	X(UTIME, "utime", "EACCES", "change time stamps") \
	X(SETXATTR, "setxattr", "EACCES", "set or remove extended attributes")

enum operation {
#define OPERATION_ENUM(id, name, refusal, help) OPERATION_##id,
	OPERATIONS(OPERATION_ENUM)
#undef OPERATION_ENUM
		OPERATION_COUNT,
	OPERATION_NONE = OPERATION_COUNT,
};

/* "open"; NULL for OPERATION_NONE. */
const char *operation_name(enum operation operation);

/* What a rule grants. `write` in a policy is the group create + delete + modify. */
enum {
	RIGHT_READ = 1 << 0,
	RIGHT_CREATE = 1 << 1,
	RIGHT_DELETE = 1 << 2,
	RIGHT_MODIFY = 1 << 3,
	RIGHT_EXEC = 1 << 4,
	RIGHT_STAT = 1 << 5, /* everybody has it unless the policy says something about it */
	RIGHT_WRITE = RIGHT_CREATE | RIGHT_DELETE | RIGHT_MODIFY,
	RIGHT_ALL = RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_STAT,
};
