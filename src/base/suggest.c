#include "base/suggest.h"

#include <stdio.h>
#include <string.h>

enum { LONGEST = 40 }; /* longer words are not typing errors of one of ours */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits between two words: insert, delete, replace a byte, exchange two neighbours. */
static size_t distance_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[LONGEST + 1][LONGEST + 1];

	for (size_t i = 0; i <= a_len; i++)
		for (size_t j = 0; j <= b_len; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = i + j;
				continue;
			}
			rows[i][j] = least(least(rows[i - 1][j], rows[i][j - 1]) + 1,
				rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	return rows[a_len][b_len];
}

void suggestion_try(struct suggestion *suggestion, const char *candidate)
{
	size_t len = strlen(suggestion->word), other = strlen(candidate), distance;
	size_t worst = len / 3 > 1 ? len / 3 : 1;

	if (len > LONGEST || other > LONGEST || len > other + worst || other > len + worst)
		return;
	distance = distance_of(suggestion->word, len, candidate, other);
	if (distance == 0 || distance > worst)
		return;
	if (suggestion->nearest == NULL || distance < suggestion->distance ||
		(distance == suggestion->distance && strcmp(candidate, suggestion->nearest) < 0)) {
		suggestion->nearest = candidate;
		suggestion->distance = distance;
	}
}

const char *suggestion_hint(const struct suggestion *suggestion, char *buffer, size_t size)
{
	if (suggestion->nearest == NULL)
		(void)snprintf(buffer, size, "%s", "");
	else
		(void)snprintf(buffer, size, " (did you mean '%s'?)", suggestion->nearest);
	return buffer;
}
