#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/operation.h"
#include "policy/policy.h"
#include "policy/vocabulary.h"

struct call;
struct answer;

/* What an argument of a row means: how the decoder copies it into struct call. */
enum argument_kind {
	ARG_IGNORED = 0,
	ARG_DIRFD,        /* int */
	ARG_PATH,         /* string, at most PATH_MAX with its NUL */
	ARG_FLAGS,        /* unsigned int: O_* */
	ARG_MODE,         /* umode_t */
	ARG_HOW,          /* struct open_how * */
	ARG_HOW_SIZE,     /* size_t */
	ARG_LOOKUP_FLAGS, /* int: AT_* */
	ARG_PID,          /* pid_t of whom it is about */
	ARG_OTHER_PID,    /* the first of two */
	ARG_WHICH,        /* int: what kind of number ARG_PID is */
	ARG_SIGNAL,       /* int */
	/* Read by call_read_name(), when the performing function has looked at the others. */
	ARG_NAME,
	ARG_NAME_OR_NONE, /* with AT_EMPTY_PATH no path at all is an empty one: Linux 6.11 */
	ARG_NEW_DIRFD,    /* the second of two names: rename, link */
	ARG_NEW_NAME,
};

enum syscall_group {
	GROUP_NONE,
#define GROUP(id, name, error, flags, help, refusal) GROUP_##id,
#include "syscalls/table.def"
	GROUP_COUNT,
};

struct syscall_row {
	const char *name;
	int number; /* < 0: by name */
	enum syscall_group group;
	enum operation operation;
	uint8_t arguments[6];
	/* Fills the answer; runs in the thread that received the call. NULL: never performed. */
	void (*perform)(struct call *call, struct answer *answer);
};

struct scalar_row {
	const char *name;
	unsigned argument;
	uint64_t mask, value;
	enum syscall_group group;
};

enum watch_relation { EQUAL, DIFFERENT };

struct watch_row {
	const char *name;
	unsigned argument;
	uint64_t mask;
	enum watch_relation relation;
	uint64_t value;
};

enum {
	EXPLAINED = 1 << 0, /* a refused call is notified, so that the denial can be explained */
	UNJUDGED = 1 << 1,  /* opening it lets calls through that no rule judges yet */
};

struct group_row {
	const char *name; /* "@debug" */
	int error;        /* what a refused call gets, positive */
	unsigned flags;
	const char *help;
	const char *refusal; /* not NULL: can't be opened, for this reason */
};

extern const struct syscall_row syscall_table[];
extern const size_t syscall_table_size;
extern const struct scalar_row scalar_table[];
extern const size_t scalar_table_size;
extern const struct watch_row watch_table[];
extern const size_t watch_table_size;
extern const struct group_row group_table[GROUP_COUNT]; /* [GROUP_NONE] has a NULL name */

/* The native number of a row, or -1 where this architecture lacks the call. */
int syscall_number(const struct syscall_row *row);

/* The row of a native number, or NULL. */
const struct syscall_row *syscall_by_number(int number);

/*
 * The group because of which a call is refused: its row's, or that of an argument's value.
 * GROUP_NONE where nothing in the table refuses it.
 */
enum syscall_group syscall_refusing_group(
	const struct syscall_row *row, const uint64_t arguments[6]);

/* Every word of allow.syscall and deny.syscall: names, @groups and groups of groups. */
const struct vocabulary *syscall_vocabulary(void);

/* True if the rule's word (a name, an @group, a group of groups) covers this call or group. */
bool syscall_word_covers(const char *word, const char *name, enum syscall_group group);

/* True if allow.syscall of this word lets calls through that no rule judges in this version. */
bool syscall_word_is_unjudged(const char *word);
