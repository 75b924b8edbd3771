#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * A process of ours in the target's process group that notes which signals arrive. One that was
 * sent to the whole group (kill(2) with a negative number) has reached the target already: passed
 * on, it would arrive twice.
 */
struct witness {
	pid_t pid; /* 0: none; then every signal counts as sent to us alone */
	int notes; /* pipe */
};

/* Without memory or processes there is no witness. */
void witness_start(struct witness *ret);

/* Whether `signal`, which we just took, was sent to the whole group. Takes what was noted. */
bool witness_saw(const struct witness *witness, int signal);

void witness_end(struct witness *witness);
