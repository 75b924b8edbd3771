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
#include "syscalls/position.h"
#include "target/memory.h"
#include "target/process.h"

/*
 * getdents: only where a policy hides names. It is done on the target's own open directory, whose
 * position all its holders share, into a buffer of ours, and what does not exist is left out.
 */

enum { ROOM_LIMIT = 64 * 1024, MORE = 1024 /* than one entry takes */ };

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
	struct call *call;
	const struct form *form;
	int file;
	unsigned char *bytes;
	unsigned kept, size; /* what is read comes behind what may be seen */
	unsigned char *last; /* entry of those that may be seen */
	char directory[PATH_MAX];
	size_t directory_len;
};

static long list(const void *context)
{
	const struct listing *listing = context;

	return syscall(listing->form->number, listing->file, listing->bytes + listing->kept,
		listing->size - listing->kept);
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

/* Where the entry behind it is: on some file systems a hash of that one's name. */
static int64_t next_position(const unsigned char *record)
{
	int64_t position;

	memcpy(&position, record + 8, sizeof position);
	return position;
}

static void set_next_position(unsigned char *record, int64_t position)
{
	memcpy(record + 8, &position, sizeof position);
}

/*
 * Moves what may be seen of the bytes that were read together. What is left out is not named as the
 * next one either.
 */
static int filter(struct listing *listing, int used)
{
	size_t offset = listing->form->name_offset;
	unsigned char *from = listing->bytes + listing->kept;

	for (int length; used > 0; from += length, used -= length) {
		length = record_length(from);
		if (length <= (int)offset || length > used)
			return -EIO;
		if (!is_hidden(listing, (const char *)from + offset)) {
			listing->last = listing->bytes + listing->kept;
			memmove(listing->last, from, (size_t)length);
			listing->kept += (unsigned)length;
		} else if (listing->last != NULL) {
			set_next_position(listing->last, next_position(from));
		}
	}
	return 0;
}

/*
 * More than there is room for, or up to the end: so how much is read at once, and where the reading
 * stops, tells nothing of what is hidden.
 */
static int read_entries(struct listing *listing, unsigned room)
{
	int used = 1, result = 0;

	while (used > 0 && result == 0 && listing->kept <= room) {
		used = act_perform(listing->call, -1, list, listing);
		if (used > 0)
			result = filter(listing, used);
	}
	if (used == 0 && listing->last != NULL)
		set_next_position(listing->last, lseek(listing->file, 0, SEEK_CUR));
	/* Behind entries that were read an error comes with the next call. */
	return used < 0 && listing->last == NULL ? used : result;
}

/* As many entries as the target has room for; the position goes back to the first that has none. */
static int cut(const struct listing *listing, unsigned room)
{
	const unsigned char *last = NULL;
	unsigned kept = 0;

	while (kept < listing->kept && kept + record_length(listing->bytes + kept) <= room) {
		last = listing->bytes + kept;
		kept += record_length(last);
	}
	if (kept > 0 && kept < listing->kept)
		(void)lseek(listing->file, next_position(last), SEEK_SET);
	return kept > 0 ? (int)kept : -EINVAL;
}

/* Reads, and goes back behind what the target has room for: in its turn. */
static int deliver(struct listing *listing, unsigned room)
{
	const struct call *call = listing->call;
	off_t before = lseek(listing->file, 0, SEEK_CUR);
	int result = read_entries(listing, room);

	if (result == 0 && listing->kept == 0)
		return 0;
	if (result == 0)
		result = cut(listing, room);
	if (result > 0) {
		int written = memory_write(
			&call->target, call->arguments[1], listing->bytes, (size_t)result);

		result = written < 0 ? written : result;
	}
	if (result < 0 && before >= 0)
		(void)lseek(listing->file, before, SEEK_SET); /* they have not been read */
	return result;
}

void getdents_perform(struct call *call, struct answer *answer)
{
	unsigned size = (uint32_t)call->arguments[2];
	unsigned room = size > ROOM_LIMIT ? ROOM_LIMIT : size;
	struct listing listing = {.call = call, .form = form_of(call), .size = room + MORE};
	cleanup_place struct place place = PLACE_NOWHERE;
	cleanup_fd int file = -1;
	struct position position;
	int result = object_of_descriptor(call, call->dirfd, &place, &file);

	listing.file = file;
	if (size > INT_MAX)
		listing.size = size; /* the kernel takes it for negative, and writes nothing */
	listing.bytes = malloc(room + MORE);
	if (result == 0 && listing.bytes == NULL)
		result = -ENOMEM;
	if (result == 0) {
		memcpy(listing.directory, place.path, place.path_len + 1);
		listing.directory_len = place.path_len;
		result = position_hold(call, file, &place.st, &position);
	}
	if (result == 0) {
		result = deliver(&listing, room);
		position_release(&position);
	}
	free(listing.bytes);
	answer_result(answer, result);
}
