#include "policy/index.h"

#include <errno.h>
#include <stdlib.h>

struct index_entry {
	struct pattern pattern;
	uint64_t hash;
	uint32_t rule;
	uint32_t next; /* 1 + the next entry with the same slot; 0: none */
};

/* FNV-1a, byte by byte, so that a path's directories are hashed on the way through it. */
static const uint64_t hash_start = 14695981039346656037u;

static uint64_t hash_byte(uint64_t hash, char byte)
{
	return (hash ^ (unsigned char)byte) * 1099511628211u;
}

static uint64_t key_hash(const struct pattern *pattern)
{
	uint64_t hash = hash_start;

	for (size_t i = 0, len = pattern_literal_directory(pattern); i < len; i++)
		hash = hash_byte(hash, pattern->text[i]);
	return hash;
}

int index_add(struct pattern_index *index, const struct pattern *pattern, uint32_t rule)
{
	if (index->count == index->room) {
		size_t room = index->room == 0 ? 64 : 2 * index->room;
		struct index_entry *grown =
			reallocarray(index->entries, room, sizeof *index->entries);

		if (grown == NULL)
			return -ENOMEM;
		index->entries = grown;
		index->room = room;
	}
	index->entries[index->count++] =
		(struct index_entry){.pattern = *pattern, .hash = key_hash(pattern), .rule = rule};
	return 0;
}

static uint32_t *slot_of(const struct pattern_index *index, uint64_t hash)
{
	return &index->slots[(hash ^ hash >> 32) & (index->slot_count - 1)];
}

int index_finish(struct pattern_index *index)
{
	size_t slots = 16;

	while (slots < 2 * index->count)
		slots *= 2;
	free(index->slots);
	index->slots = calloc(slots, sizeof *index->slots);
	if (index->slots == NULL)
		return -ENOMEM;
	index->slot_count = slots;
	/* From the last to the first, so that chains are in the order of declaration. */
	for (size_t i = index->count; i > 0; i--) {
		struct index_entry *entry = &index->entries[i - 1];
		uint32_t *slot = slot_of(index, entry->hash);

		entry->next = *slot;
		*slot = (uint32_t)i;
	}
	return 0;
}

void index_clear(struct pattern_index *index)
{
	free(index->entries);
	free(index->slots);
	*index = (struct pattern_index){0};
}

struct visitor {
	bool (*visit)(void *context, uint32_t rule);
	void *context;
	const char *path;
	size_t len;
};

/* The patterns that stand under one directory of the path. */
static bool visit_chain(
	const struct pattern_index *index, const struct visitor *visitor, uint64_t hash)
{
	for (uint32_t at = *slot_of(index, hash); at != 0; at = index->entries[at - 1].next) {
		const struct index_entry *entry = &index->entries[at - 1];

		if (entry->hash == hash &&
			pattern_matches(&entry->pattern, visitor->path, visitor->len) &&
			!visitor->visit(visitor->context, entry->rule))
			return false;
	}
	return true;
}

void index_visit(const struct pattern_index *index, const char *path, size_t len,
	bool (*visit)(void *context, uint32_t rule), void *context)
{
	const struct visitor visitor = {visit, context, path, len};
	uint64_t hash = hash_start;

	if (index->count == 0)
		return;
	for (size_t i = 0; i < len; i++) {
		if (path[i] == '/' && !visit_chain(index, &visitor, hash))
			return;
		hash = hash_byte(hash, path[i]);
	}
	(void)visit_chain(index, &visitor, hash);
}
