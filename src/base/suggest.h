#pragma once

#include <stddef.h>

/*
 * "did you mean": the nearest of the words that would have been right, as lua/moongate/suggest.lua
 * finds it in policies.
 */
struct suggestion {
	const char *word;    /* what was written */
	const char *nearest; /* NULL: nothing is near */
	size_t distance;
};

void suggestion_try(struct suggestion *suggestion, const char *candidate);

/* " (did you mean 'x'?)", or nothing. Returns the buffer. */
const char *suggestion_hint(const struct suggestion *suggestion, char *buffer, size_t size);
