#include "target/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/memory.h"

bool image_is(const struct world *world, pid_t pid, dev_t device, ino_t inode)
{
	char name[32];
	struct stat st;

	(void)snprintf(name, sizeof name, "%d/exe", pid);
	return fstatat(world->proc, name, &st, 0) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool file_has(int fd, const struct words *words, bool whole)
{
	char buffer[4096];
	size_t seen = 0;
	ssize_t got;

	while ((whole || seen < words->size) && (got = read(fd, buffer, sizeof buffer)) > 0) {
		size_t left = words->size - seen;
		size_t size = (size_t)got < left ? (size_t)got : left;

		if ((size < (size_t)got && whole) || memcmp(words->bytes + seen, buffer, size) != 0)
			return false;
		seen += size;
	}
	return seen == words->size;
}

static int open_entry(const struct world *world, pid_t pid, const char *entry)
{
	char name[48];

	(void)snprintf(name, sizeof name, "%d/%s", pid, entry);
	return openat(world->proc, name, O_RDONLY | O_CLOEXEC);
}

/* `whole`: and nothing else. */
static bool entry_has(const struct world *world, pid_t pid, const char *entry,
	const struct words *words, bool whole)
{
	cleanup_fd int fd = open_entry(world, pid, entry);

	return fd >= 0 && file_has(fd, words, whole);
}

bool image_has_argv(const struct world *world, pid_t pid, const struct words *argv)
{
	return entry_has(world, pid, "cmdline", argv, true);
}

bool image_starts_with(const struct world *world, pid_t pid, const struct words *words)
{
	return words->size == 0 || entry_has(world, pid, "cmdline", words, false);
}

bool image_has_environment(const struct world *world, pid_t pid, const struct words *env)
{
	return entry_has(world, pid, "environ", env, true);
}

/* ---- stripping ----------------------------------------------------------------------------- */

enum { AREA_LIMIT = 8 * 1024 * 1024, STRING_LIMIT = 128 * 1024 };

/* envp and the auxiliary vector behind it, as the new program will find them. */
struct area {
	struct target target;
	uint64_t address;
	uint64_t *words; /* owned */
	size_t count;
	char *string; /* owned: room for the longest */
};

static void area_clear(struct area *area)
{
	free(area->words);
	free(area->string);
}

/* It stands still, and is ours: there is nothing to check. */
static int check_nothing(const struct target *target)
{
	(void)target;
	return 0;
}

/* Up to the strings: argv's come first. */
static int area_read(struct area *area, uint64_t sp)
{
	uint64_t head[2], end, first;
	int result = memory_read(&area->target, sp, head, sizeof head);

	if (result < 0)
		return result;
	area->address = sp + (head[0] + 2) * sizeof *area->words;
	result = memory_read(&area->target, area->address, &first, sizeof first);
	if (result < 0)
		return result;
	if (first == 0)
		return 0; /* there is no environment */
	end = head[0] > 0 ? head[1] : first;
	if (head[0] > AREA_LIMIT || end <= area->address || end - area->address > AREA_LIMIT)
		return -EINVAL;
	area->count = (end - area->address) / sizeof *area->words;
	area->words = calloc(area->count, sizeof *area->words);
	area->string = malloc(STRING_LIMIT);
	if (area->words == NULL || area->string == NULL)
		return -ENOMEM;
	return memory_read(
		&area->target, area->address, area->words, area->count * sizeof *area->words);
}

/* 1: it stays; 0: it went, and its bytes are zero; or a negative errno. */
static int judge_variable(struct area *area, uint64_t address,
	bool (*keeps)(void *context, const char *name, size_t length), void *context)
{
	ssize_t length = memory_read_string(&area->target, address, area->string, STRING_LIMIT);

	if (length < 0)
		return (int)length;
	if (keeps(context, area->string, strcspn(area->string, "=")))
		return 1;
	memset(area->string, 0, (size_t)length);
	return memory_write(&area->target, address, area->string, (size_t)length);
}

/* The auxiliary vector moves down behind what is left of envp; `from` is its first word. */
static int move_auxiliary(struct area *area, size_t from, size_t to)
{
	size_t end = from;

	while (end + 1 < area->count && area->words[end] != 0) /* AT_NULL */
		end += 2;
	if (end + 1 >= area->count)
		return -EINVAL;
	end += 2;
	memmove(area->words + to, area->words + from, (end - from) * sizeof *area->words);
	memset(area->words + to + (end - from), 0, (from - to) * sizeof *area->words);
	return memory_write(&area->target, area->address, area->words, end * sizeof *area->words);
}

static int area_strip(struct area *area,
	bool (*keeps)(void *context, const char *name, size_t length), void *context)
{
	size_t kept = 0, i;

	for (i = 0; i < area->count && area->words[i] != 0; i++) {
		int stays = judge_variable(area, area->words[i], keeps, context);

		if (stays < 0)
			return stays;
		if (stays > 0)
			area->words[kept++] = area->words[i];
	}
	if (i == area->count)
		return -EINVAL;
	if (kept == i)
		return 0;
	area->words[kept] = 0;
	return move_auxiliary(area, i + 1, kept + 1);
}

int image_strip_environment(pid_t pid, uint64_t sp,
	bool (*keeps)(void *context, const char *name, size_t length), void *context)
{
	struct area area = {.target = {.tid = pid, .check = check_nothing}};
	int result = area_read(&area, sp);

	if (result == 0 && area.count > 0)
		result = area_strip(&area, keeps, context);
	area_clear(&area);
	return result;
}
