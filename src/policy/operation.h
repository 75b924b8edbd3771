#pragma once

/* What a rule grants. `write` in a policy is the group create + delete + modify. */
#define RIGHTS(X) \
	X(READ, "read") \
	X(CREATE, "create") \
	X(DELETE, "delete") \
	X(MODIFY, "modify") \
	X(EXEC, "exec") \
	/* These everybody has unless the policy says something about them. */ \
	X(STAT, "stat") \
	X(MAP, "map")

enum right_index {
#define RIGHT_INDEX(id, name) RIGHT_INDEX_##id,
	RIGHTS(RIGHT_INDEX)
#undef RIGHT_INDEX
		RIGHT_COUNT,
};

enum {
#define RIGHT_BIT(id, name) RIGHT_##id = 1 << RIGHT_INDEX_##id,
	RIGHTS(RIGHT_BIT)
#undef RIGHT_BIT
		RIGHT_WRITE = RIGHT_CREATE | RIGHT_DELETE | RIGHT_MODIFY,
	RIGHT_ALL = RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC | RIGHT_STAT | RIGHT_MAP,
};

/* "read" of 1 << index. */
const char *right_name(enum right_index index);

/*
 * Operations are what a policy names: `open` covers open, openat, openat2 and creat. Which
 * syscalls belong to one is said in syscalls/table.def; which rights it needs, here:
 *
 * X(id, name, refusal, rights, rights at the second name, help)
 *
 * Of an open its flags say what it needs; a rename that exchanges or replaces needs more. A kill
 * needs no right: no rule names processes, handlers alone are asked, and else it is allowed.
 */
#define OPERATIONS(X) \
	X(OPEN, "open", "EACCES", 0, 0, "open or create a file (open, openat, openat2, creat)") \
	X(MKDIR, "mkdir", "EACCES", RIGHT_CREATE, 0, "make a directory (mkdir, mkdirat)") \
	X(EXEC, "exec", "EACCES", RIGHT_EXEC, 0, "run a program (execve, execveat)") \
	X(STAT, "stat", "EACCES", RIGHT_STAT, 0, \
		"look at an object's facts (stat, statx, statfs, …)") \
	X(ACCESS, "access", "EACCES", RIGHT_STAT, 0, \
		"ask what one may do (access, faccessat, faccessat2)") \
	X(READLINK, "readlink", "EACCES", RIGHT_STAT, 0, "read where a symbolic link leads") \
	X(GETXATTR, "getxattr", "EACCES", RIGHT_STAT, 0, "read or list extended attributes") \
	X(CHDIR, "chdir", "EACCES", RIGHT_STAT, 0, "change the working directory (chdir, fchdir)") \
	X(WATCH, "watch", "EACCES", RIGHT_READ, 0, "be told of changes (inotify_add_watch)") \
	X(MKNOD, "mknod", "EACCES", RIGHT_CREATE, 0, \
		"make a FIFO, socket, device node or empty file") \
	X(REMOVE, "remove", "EACCES", RIGHT_DELETE, 0, "remove a name (unlink, rmdir, unlinkat)") \
	X(RENAME, "rename", "EACCES", RIGHT_DELETE, RIGHT_CREATE, \
		"rename or exchange (rename, renameat, renameat2)") \
	X(LINK, "link", "EACCES", RIGHT_READ | RIGHT_MODIFY, RIGHT_CREATE, \
		"give an object a second name (link, linkat)") \
	X(SYMLINK, "symlink", "EACCES", RIGHT_CREATE, 0, \
		"make a symbolic link (symlink, symlinkat)") \
	X(CHMOD, "chmod", "EACCES", RIGHT_MODIFY, 0, "change the mode or the inode flags") \
	X(CHOWN, "chown", "EACCES", RIGHT_MODIFY, 0, "change the owner or the group") \
	X(TRUNCATE, "truncate", "EACCES", RIGHT_MODIFY, 0, \
		"change the length of a file by its name") \
	X(UTIME, "utime", "EACCES", RIGHT_MODIFY, 0, "change time stamps") \
	X(SETXATTR, "setxattr", "EACCES", RIGHT_MODIFY, 0, "set or remove extended attributes") \
	X(MAP, "map", "EPERM", RIGHT_MAP, 0, \
		"map a file as code, or make memory executable (mmap, mprotect)") \
	X(KILL, "kill", "EPERM", 0, 0, \
		"send a signal to another process (kill, tgkill, rt_sigqueueinfo, …)")

enum operation {
#define OPERATION_ENUM(id, name, refusal, rights, new_rights, help) OPERATION_##id,
	OPERATIONS(OPERATION_ENUM)
#undef OPERATION_ENUM
		OPERATION_COUNT,
	OPERATION_NONE = OPERATION_COUNT,
};

/* "open"; NULL for OPERATION_NONE. */
const char *operation_name(enum operation operation);
const char *operation_help(enum operation operation);

/* RIGHT_*; 0 for an open, and where there is no second name. */
unsigned operation_rights(enum operation operation);
unsigned operation_new_rights(enum operation operation);
