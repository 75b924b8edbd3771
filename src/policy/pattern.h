#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Path patterns: absolute; `*` and `?` never match a slash; a last component `**` means the
 * directory and all below it; nothing else is special. Bytes, not characters.
 */
struct pattern {
	const char *text; /* without a closing slash and `**` */
	size_t len;
	size_t literal; /* so many bytes at the start of text stand for themselves */
	bool tree;      /* all below, too */
};

/*
 * -EINVAL and a sentence with a mend. *ret refers to `text`: nothing is copied. `text` has no NUL
 * inside its `len` bytes.
 */
int pattern_parse(const char *text, size_t len, struct pattern *ret, struct error *err);

/* Neither allocates nor recurses; time is linear in the path. `path` is absolute and clean. */
bool pattern_matches(const struct pattern *pattern, const char *path, size_t len);

/* Whether it may match something strictly below the directory `path`. */
bool pattern_may_match_below(const struct pattern *pattern, const char *path, size_t len);

/* What it matches below one of two directories it matches below the other, too, and there is some.
 */
bool pattern_matches_alike_below(const struct pattern *pattern, const char *one, size_t one_len,
	const char *other, size_t other_len);

/*
 * Whether some path is matched by both; time is the product of both lengths. Without memory: true.
 */
bool pattern_overlaps(const struct pattern *one, const struct pattern *other);

/* Length of the components before the first one with a wildcard; of all where none has one. */
size_t pattern_literal_directory(const struct pattern *pattern);

/* True if nothing is outside the pattern. */
bool pattern_is_everything(const struct pattern *pattern);

/* The directory itself, or something below it; no byte of `directory` is special. */
bool path_is_under(const char *path, size_t len, const char *directory, size_t directory_len);

/* Patterns that own their text. */
struct pattern_list {
	struct pattern *items;
	size_t count, room;
};

struct pattern_list *pattern_list_new(void); /* NULL: no memory */
void pattern_list_free(struct pattern_list *list);

/* Parses a copy of `text`. */
int pattern_list_add(struct pattern_list *list, const char *text, struct error *err);

/*
 * Adds `pattern` with the first `replaced` bytes of its text exchanged for `literal`, whose bytes
 * all stand for themselves.
 */
int pattern_list_add_renamed(struct pattern_list *list, const struct pattern *pattern,
	size_t replaced, const char *literal, struct error *err);

bool pattern_list_matches(const struct pattern_list *list, const char *path, size_t len);
bool pattern_list_overlaps(const struct pattern_list *one, const struct pattern_list *other);
bool pattern_list_may_match_below(const struct pattern_list *list, const char *path, size_t len);
/* One of them matches `path` and everything below it. */
bool pattern_list_covers_tree(const struct pattern_list *list, const char *path, size_t len);
