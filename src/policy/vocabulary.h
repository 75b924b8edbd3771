#pragma once

#include <stddef.h>

/*
 * The words of allow.syscall and deny.syscall, given to the loader by its caller because the
 * table of system calls lives in another room.
 */
struct vocabulary_word {
	const char *name;    /* "ptrace" or "@debug" */
	const char *help;    /* one line, may be NULL */
	const char *refusal; /* not NULL: allow.syscall of it is an error, for this reason */
};

struct vocabulary {
	const struct vocabulary_word *words;
	size_t count;
};
