#pragma once

/*
 * Operations are what a policy names: `open` covers open, openat, openat2 and creat. Which
 * syscalls belong to one is said in syscalls/table.def; which rights exist, here.
 */
#define OPERATIONS(X) \
	X(OPEN, "open", "EACCES", "open or create a file (open, openat, openat2, creat)") \
	X(MKDIR, "mkdir", "EACCES", "make a directory (mkdir, mkdirat)") \
	X(EXEC, "exec", "EACCES", "run a program (execve, execveat)")

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
	RIGHT_WRITE = RIGHT_CREATE | RIGHT_DELETE | RIGHT_MODIFY,
	RIGHT_ALL = RIGHT_READ | RIGHT_WRITE | RIGHT_EXEC,
};
