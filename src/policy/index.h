#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/pattern.h"

/*
 * Which patterns can match a path: found by the directories of the path, so that ten thousand rules
 * cost what ten do. A pattern stands under its literal directory (/usr/lib for /usr/lib/x*.so), or
 * under its whole text where that is literal or a tree.
 */
struct pattern_index {
	struct index_entry *entries;
	size_t count, room;
	uint32_t *slots; /* hash → 1 + the first entry of its chain */
	size_t slot_count;
};

/* Remembers a pattern as number `rule`. The pattern is copied; its text must stay. -ENOMEM. */
int index_add(struct pattern_index *index, const struct pattern *pattern, uint32_t rule);

/* Makes what was added findable. -ENOMEM. */
int index_finish(struct pattern_index *index);

void index_clear(struct pattern_index *index);

/*
 * Calls `visit` with the number of every rule that has a matching pattern, in any order, perhaps
 * more than once, until it returns false.
 */
void index_visit(const struct pattern_index *index, const char *path, size_t len,
	bool (*visit)(void *context, uint32_t rule), void *context);
