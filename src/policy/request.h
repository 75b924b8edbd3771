#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "policy/operation.h"

/* Facts about the asking process that cost a look into /proc: fetched only when a handler asks. */
enum fact {
	FACT_PID,    /* fact_value.number: the thread group; asked where request.pid is 0 */
	FACT_UID,    /* fact_value.number: the file system uid of the thread */
	FACT_GID,    /* fact_value.number */
	FACT_EXE,    /* fact_value.text: path of the running program */
	FACT_CWD,    /* fact_value.text */
	FACT_INSIDE, /* kill, fact_value.number: whether whom it is for belongs to the run */
};

struct fact_value {
	int64_t number;
	char text[4096]; /* NUL-terminated bytes, not necessarily UTF-8 */
};

/* Lists of strings of an exec: fetched only when a handler asks; what was shown must then hold. */
enum fact_words {
	WORDS_ARGV,
	WORDS_ENV,
};

/*
 * One question to the policy. Everything in it is a private copy: nothing here can be changed by
 * the target any more, and nothing refers to its memory.
 *
 * `path` is what the kernel would reach: absolute, without symlinks, `.` or `..`. `given` is what
 * the program wrote. Both are bytes, NUL-terminated.
 */
struct request {
	enum operation operation;
	const char *syscall; /* "openat" */
	unsigned rights;     /* RIGHT_*: every one of them must be granted */
	const char *path;
	size_t path_len;
	const char *given;
	size_t given_len;
	uint64_t flags; /* open: O_*; others 0 */
	uint32_t mode;  /* as the program passed it, umask not applied */
	pid_t pid;      /* thread group; 0: not known yet, fetch FACT_PID */
	pid_t tid;
	bool missing; /* nothing is there under that name yet */

	/* rename, link: the other name, and what it needs; else NULL. */
	const char *newpath;
	size_t newpath_len;
	unsigned new_rights;
	bool exchanges; /* RENAME_EXCHANGE: both names change places */

	const char *link_target;      /* symlink: its text; else NULL */
	const char *attribute;        /* getxattr, setxattr: the name; NULL: all (list) */
	int64_t length;               /* truncate */
	uint32_t owner, group;        /* chown: UINT32_MAX leaves it */
	const struct timespec *times; /* utime: access, modification; UTIME_NOW, UTIME_OMIT */

	/* kill: the number of the signal, 0 for a look; a process, or < 0: a group, -1: all. */
	int signal;
	pid_t to;

	/* exec: the file that a "#!" line of this one names; the one whose line names this; or NULL
	 */
	const char *interpreter, *script;

	/* 0, or a negative errno (-ESRCH: the target is gone). May be NULL: no facts (offline). */
	int (*fetch)(const struct request *request, enum fact fact, struct fact_value *ret);
	/* The same for exec; NULL for others. The strings, each with its NUL, are the request's. */
	int (*fetch_words)(const struct request *request, enum fact_words which,
		const char **ret_bytes, size_t *ret_size);
};
