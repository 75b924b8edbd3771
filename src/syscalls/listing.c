#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/object.h"
#include "syscalls/perform.h"
#include "target/memory.h"
#include "target/process.h"

/*
 * getdents: only where a policy hides names. It is done on the target's own open directory, whose
 * position all its holders share, into a buffer of ours, and what does not exist is left out.
 */

enum { BUFFER_LIMIT = 64 * 1024, BUFFER_LEAST = 1024 };

/* struct linux_dirent64 has the type before the name; struct linux_dirent had it behind. */
struct form {
	long number;
	size_t name_offset;
};

static const struct form *form_of(const struct call *call)
{
	static const struct form entries64 = {SYS_getdents64, 19};
#ifdef SYS_getdents /* newer architectures do not have it */
	static const struct form entries = {SYS_getdents, 18};

	if (strcmp(call->row->name, "getdents") == 0)
		return &entries;
#endif
	return &entries64;
}

struct listing {
	const struct call *call;
	const struct form *form;
	int file;
	unsigned char *bytes;
	unsigned size;
	char directory[PATH_MAX];
	size_t directory_len;
};

static long list(const void *context)
{
	const struct listing *listing = context;

	return syscall(listing->form->number, listing->file, listing->bytes, listing->size);
}

static bool is_hidden(const struct listing *listing, const char *name)
{
	const struct world *world = &listing->call->session->world;
	char path[PATH_MAX + NAME_MAX + 2];
	size_t length = listing->directory_len == 1 ? 0 : listing->directory_len;
	size_t more = strnlen(name, NAME_MAX + 1);

	if (more > NAME_MAX || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	memcpy(path, listing->directory, length);
	path[length++] = '/';
	memcpy(path + length, name, more + 1);
	return world->hidden(world->hidden_context, path, length + more);
}

static uint16_t record_length(const unsigned char *record)
{
	uint16_t length;

	memcpy(&length, record + 16, sizeof length);
	return length;
}

/* Moves what may be seen together; returns how much it is. */
static int filter(const struct listing *listing, int used)
{
	size_t offset = listing->form->name_offset;
	int kept = 0;

	for (int at = 0; at < used;) {
		unsigned char *record = listing->bytes + at;
		int length = record_length(record);

		if (length <= (int)offset || length > used - at)
			return -EIO;
		if (!is_hidden(listing, (const char *)record + offset)) {
			memmove(listing->bytes + kept, record, (size_t)length);
			kept += length;
		}
		at += length;
	}
	return kept;
}

/* The next entries that may be seen; 0: there are none. */
static int next_entries(struct listing *listing, struct call *call)
{
	int result;

	do {
		result = act_perform(call, -1, list, listing);
		if (result <= 0)
			return result;
		result = filter(listing, result);
	} while (result == 0);
	return result;
}

/* Where the next entry is, as the last one before `end` says. */
static off_t position_behind(const struct listing *listing, int end)
{
	int64_t position = 0;

	for (int at = 0; at < end; at += record_length(listing->bytes + at))
		memcpy(&position, listing->bytes + at + 8, sizeof position);
	return (off_t)position;
}

/* As many entries as the target has room for; the position goes back to the first that has none. */
static int cut(struct listing *listing, int used, unsigned room)
{
	int kept = 0;

	while (kept < used && (unsigned)(kept + record_length(listing->bytes + kept)) <= room)
		kept += record_length(listing->bytes + kept);
	if (kept > 0 && kept < used)
		(void)lseek(listing->file, position_behind(listing, kept), SEEK_SET);
	return kept > 0 ? kept : -EINVAL;
}

static int deliver(struct listing *listing, struct call *call, unsigned room)
{
	off_t before = lseek(listing->file, 0, SEEK_CUR);
	int length = next_entries(listing, call);
	int result;

	if (length <= 0)
		return length;
	length = cut(listing, length, room);
	result = length < 0 ? length
			    : memory_write(&call->target, call->arguments[1], listing->bytes,
				      (size_t)length);
	if (result < 0 && before >= 0)
		(void)lseek(listing->file, before, SEEK_SET); /* they have not been read */
	return result < 0 ? result : length;
}

void getdents_perform(struct call *call, struct answer *answer)
{
	unsigned size = (uint32_t)call->arguments[2];
	struct listing listing = {.call = call, .form = form_of(call), .size = size};
	cleanup_place struct place place = PLACE_NOWHERE;
	cleanup_fd int file = -1;
	int result = object_of_descriptor(call, call->dirfd, &place, &file);

	listing.file = file;
	/* Above INT_MAX the kernel takes it for negative, and writes nothing. */
	if (size <= INT_MAX && size > BUFFER_LIMIT)
		listing.size = BUFFER_LIMIT;
	/* A hidden name must fit, too, so that what comes behind it is seen. */
	else if (size < BUFFER_LEAST)
		listing.size = BUFFER_LEAST;
	listing.bytes = malloc(BUFFER_LIMIT);
	if (result == 0 && listing.bytes == NULL)
		result = -ENOMEM;
	if (result == 0) {
		memcpy(listing.directory, place.path, place.path_len + 1);
		listing.directory_len = place.path_len;
		result = deliver(&listing, call, size);
	}
	free(listing.bytes);
	answer_result(answer, result);
}
