#include <stdlib.h>

#include "policy/pattern.h"

/* Whether two patterns can match the same path: both are walked at once, all ways side by side. */

static bool is_star(const struct pattern *pattern, size_t at)
{
	return at < pattern->len && pattern->text[at] == '*';
}

/* One byte that both can be. */
static bool agree(char one, char other)
{
	if (one == '?')
		return other != '/';
	return other == '?' ? one != '/' : one == other;
}

/* Both have been walked as far as `i` and `j`: whether one path can end, or go on, behind that. */
static bool meets(const struct pattern *one, size_t i, const struct pattern *other, size_t j)
{
	bool one_over = i == one->len, other_over = j == other->len;

	if (one_over && other_over)
		return true;
	if (one_over && one->tree && other->text[j] == '/')
		return true;
	return other_over && other->tree && one->text[i] == '/';
}

/* From (i, j) to its neighbours; `here` is row i of what can be reached, `next` row i + 1. */
static void step(const struct pattern *one, size_t i, const struct pattern *other, size_t j,
	bool *here, bool *next)
{
	bool one_left = i < one->len, other_left = j < other->len;

	if (is_star(one, i)) {
		next[j] = true;
		if (other_left && other->text[j] != '/')
			here[j + 1] = true;
	}
	if (is_star(other, j)) {
		here[j + 1] = true;
		if (one_left && one->text[i] != '/')
			next[j] = true;
	}
	if (one_left && other_left && !is_star(one, i) && !is_star(other, j) &&
		agree(one->text[i], other->text[j]))
		next[j + 1] = true;
}

static bool walk(const struct pattern *one, const struct pattern *other, bool *rows)
{
	const size_t width = other->len + 2;

	rows[0] = true;
	for (size_t i = 0; i <= one->len; i++) {
		bool *here = rows + (i % 2) * width, *next = rows + ((i + 1) % 2) * width;

		for (size_t j = 0; j < width; j++)
			next[j] = false;
		for (size_t j = 0; j <= other->len; j++) {
			if (!here[j])
				continue;
			if (meets(one, i, other, j))
				return true;
			step(one, i, other, j, here, next);
		}
	}
	return false;
}

bool pattern_overlaps(const struct pattern *one, const struct pattern *other)
{
	bool *rows = calloc(2 * (other->len + 2), sizeof *rows);
	bool result = rows == NULL || walk(one, other, rows);

	free(rows);
	return result;
}

bool pattern_list_overlaps(const struct pattern_list *one, const struct pattern_list *other)
{
	for (size_t i = 0; i < one->count; i++)
		for (size_t j = 0; j < other->count; j++)
			if (pattern_overlaps(&one->items[i], &other->items[j]))
				return true;
	return false;
}
