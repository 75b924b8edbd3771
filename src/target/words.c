#include "target/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "target/memory.h"

/* fs/exec.c: MAX_ARG_STRLEN, and three quarters of _STK_LIM for all of them together. */
enum { WORD_LIMIT = 128 * 1024, WORDS_LIMIT = 6 * 1024 * 1024, POINTERS = 64 };

void words_clear(struct words *words)
{
	free(words->bytes);
	*words = (struct words){0};
}

static int make_room(struct words *words, size_t more)
{
	size_t room = words->room > 0 ? words->room : 1024;
	char *bytes;

	while (room < words->size + more)
		room *= 2;
	if (room == words->room)
		return 0;
	bytes = realloc(words->bytes, room);
	if (bytes == NULL)
		return -ENOMEM;
	words->bytes = bytes;
	words->room = room;
	return 0;
}

static int append(struct words *words, const char *bytes, size_t size, size_t count)
{
	int result = make_room(words, size);

	if (result < 0)
		return result;
	memcpy(words->bytes + words->size, bytes, size);
	words->size += size;
	words->count += count;
	return 0;
}

int words_append(struct words *words, const char *text)
{
	return append(words, text, strlen(text) + 1, 1);
}

const char *words_next(const struct words *words, const char *word)
{
	const char *next = word == NULL ? words->bytes : word + strlen(word) + 1;

	return words->size > 0 && next < words->bytes + words->size ? next : NULL;
}

int words_append_all(struct words *words, const struct words *other, size_t skipped)
{
	const char *word = words_next(other, NULL);
	size_t count = other->count;

	for (; word != NULL && skipped > 0; skipped--, count--)
		word = words_next(other, word);
	if (word == NULL)
		return 0;
	return append(words, word, (size_t)(other->bytes + other->size - word), count);
}

bool words_equal(const struct words *one, const struct words *other)
{
	return one->size == other->size &&
	       (one->size == 0 || memcmp(one->bytes, other->bytes, one->size) == 0);
}

/* ---- from a target's memory ---------------------------------------------------------------- */

/* One string behind the words; it may grow as far as its own limit, and that of all. */
static int read_word(const struct target *target, uint64_t address, struct words *words)
{
	size_t limit = WORDS_LIMIT - words->size;
	size_t step = 4096;
	ssize_t length;

	if (limit > WORD_LIMIT)
		limit = WORD_LIMIT;
	do {
		if (step > limit)
			step = limit;
		if (make_room(words, step) < 0)
			return -ENOMEM;
		length = memory_read_string(target, address, words->bytes + words->size, step);
		if (length == -ENAMETOOLONG && step == limit)
			return -E2BIG;
		step *= 8;
	} while (length == -ENAMETOOLONG);
	if (length < 0)
		return (int)length;
	words->size += (size_t)length + 1;
	words->count++;
	return 0;
}

/* A vector that ends at the edge of a mapping is read pointer by pointer. */
static int read_pointers(const struct target *target, uint64_t address, uint64_t pointers[POINTERS],
	size_t *ret_count)
{
	int result = memory_read(target, address, pointers, POINTERS * sizeof *pointers);

	*ret_count = POINTERS;
	if (result != -EFAULT)
		return result;
	*ret_count = 1;
	return memory_read(target, address, pointers, sizeof *pointers);
}

static int read_all(const struct target *target, uint64_t address, struct words *words)
{
	for (;;) {
		uint64_t pointers[POINTERS];
		size_t count;
		int result = read_pointers(target, address, pointers, &count);

		for (size_t i = 0; i < count && result == 0; i++) {
			if (pointers[i] == 0)
				return 0;
			result = read_word(target, pointers[i], words);
		}
		if (result < 0)
			return result;
		address += count * sizeof *pointers;
	}
}

int words_read(const struct target *target, uint64_t address, struct words *ret)
{
	int result;

	*ret = (struct words){0};
	if (address == 0)
		return 0; /* Linux takes it for an empty one */
	result = read_all(target, address, ret);
	if (result < 0)
		words_clear(ret);
	return result;
}
