#include "target/words.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "target/memory.h"
#include "target/process.h"

/* fs/exec.c: MAX_ARG_STRLEN; for all of them together ARG_MAX, and three quarters of _STK_LIM. */
enum { WORD_LIMIT = 128 * 1024, WORDS_LEAST = 128 * 1024, WORDS_MOST = 6 * 1024 * 1024 };

enum {
	PAGE = 4096,
	PAGES = 2048,  /* more than the words of an exec can fill */
	READS = 10000, /* of pages; it is the deadline of a decision that runs meanwhile */
};

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

/* A page of its memory is read once; with strings scattered far and wide, again. */
struct page {
	uint64_t number; /* and one; 0: none */
	char bytes[PAGE];
};

struct reader {
	const struct target *target;
	struct page *pages; /* each has its place, by its number */
	size_t reads, left; /* bytes that may yet be taken */
	struct words *words;
};

/* What stands at the address, up to the end of its page. */
static int look_at(struct reader *reader, uint64_t address, const char **ret, size_t *ret_size)
{
	uint64_t number = address / PAGE;
	struct page *page = &reader->pages[number % PAGES];
	int result;

	if (page->number != number + 1) {
		if (++reader->reads > READS)
			return -E2BIG;
		page->number = 0;
		result = memory_read(reader->target, number * PAGE, page->bytes, PAGE);
		if (result < 0)
			return result;
		page->number = number + 1;
	}
	*ret = page->bytes + address % PAGE;
	*ret_size = PAGE - address % PAGE;
	return 0;
}

static int take(struct reader *reader, size_t size)
{
	if (size > reader->left)
		return -E2BIG;
	reader->left -= size;
	return 0;
}

static int read_word(struct reader *reader, uint64_t address)
{
	size_t length = 0;
	const char *end = NULL;

	while (end == NULL) {
		const char *bytes;
		size_t size;
		int result = look_at(reader, address + length, &bytes, &size);

		if (result < 0)
			return result;
		end = memchr(bytes, '\0', size);
		if (end != NULL)
			size = (size_t)(end - bytes) + 1;
		length += size;
		result = length > WORD_LIMIT ? -E2BIG : take(reader, size);
		if (result == 0)
			result = append(reader->words, bytes, size, end != NULL);
		if (result < 0)
			return result;
	}
	return 0;
}

/* As many pointers as are on their page: the vector may end at the edge of a mapping. */
static int read_pointers(const struct target *target, uint64_t address,
	uint64_t pointers[PAGE / sizeof(uint64_t)], size_t *ret_count)
{
	size_t count = (PAGE - address % PAGE) / sizeof *pointers;

	*ret_count = count > 0 ? count : 1;
	return memory_read(target, address, pointers, *ret_count * sizeof *pointers);
}

static int read_all(struct reader *reader, uint64_t address)
{
	for (;;) {
		uint64_t pointers[PAGE / sizeof(uint64_t)];
		size_t count;
		int result = read_pointers(reader->target, address, pointers, &count);

		for (size_t i = 0; i < count && result == 0; i++) {
			if (pointers[i] == 0)
				return 0;
			result = take(reader, sizeof *pointers);
			if (result == 0)
				result = read_word(reader, pointers[i]);
		}
		if (result < 0)
			return result;
		address += count * sizeof *pointers;
	}
}

/* bprm_stack_limits() in fs/exec.c */
int words_limit(const struct world *world, const struct target *target, size_t *ret)
{
	rlim_t stack;
	int result = process_limit(world, target, RLIMIT_STACK, &stack);

	if (result < 0)
		return result;
	*ret = stack / 4 < WORDS_MOST ? (size_t)stack / 4 : WORDS_MOST;
	if (*ret < WORDS_LEAST)
		*ret = WORDS_LEAST;
	return 0;
}

size_t words_weight(const struct words *words)
{
	return words->size + words->count * sizeof(uint64_t);
}

int words_read(const struct target *target, uint64_t address, size_t limit, struct words *ret)
{
	struct reader reader = {.target = target, .left = limit, .words = ret};
	const size_t size = PAGES * sizeof *reader.pages;
	int result;

	*ret = (struct words){0};
	if (address == 0)
		return 0; /* Linux takes it for an empty one */
	reader.pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (reader.pages == MAP_FAILED)
		return -ENOMEM;
	result = read_all(&reader, address);
	(void)munmap(reader.pages, size);
	if (result < 0)
		words_clear(ret);
	return result;
}
