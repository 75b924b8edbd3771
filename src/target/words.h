#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/target.h"
#include "target/world.h"

/*
 * The strings of an argv or envp, one after another, each with its NUL: as a new program has them
 * on its stack, and as /proc/PID/cmdline shows them.
 */
struct words {
	char *bytes; /* owned */
	size_t size, room, count;
};

void words_clear(struct words *words);
#define cleanup_words __attribute__((cleanup(words_clear)))

/* 0 or -ENOMEM. */
int words_append(struct words *words, const char *text);

/* The words of `other` but for its first `skipped`. 0 or -ENOMEM. */
int words_append_all(struct words *words, const struct words *other, size_t skipped);

/* The word behind `word`, or the first; NULL behind the last. */
const char *words_next(const struct words *words, const char *word);

bool words_equal(const struct words *one, const struct words *other);

/* How many bytes argv and envp may have together, pointers included. 0 or a negative errno. */
int words_limit(const struct world *world, const struct target *target, size_t *ret);

/* What counts towards that. */
size_t words_weight(const struct words *words);

/*
 * Copies the vector of pointers at `address` and what they point to, as count() and copy_strings()
 * in fs/exec.c. *ret is the caller's to clear. -EFAULT; -E2BIG: more than the kernel takes, or too
 * far scattered; -EACCES, -ESRCH as memory_read().
 */
int words_read(const struct target *target, uint64_t address, size_t limit, struct words *ret);
