#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/object.h"
#include "syscalls/perform.h"
#include "target/memory.h"

/*
 * Extended attributes. fs/xattr.c. The forms for descriptors refuse a pin, so a path to the pin is
 * taken, which for a pinned symlink is the link itself: the l-forms need nothing else.
 */

enum { NAME_LIMIT = 255, VALUE_LIMIT = 65536, ATTRIBUTE_ARGS_SIZE = 16, ARGS_LIMIT = 4096 };

/* One call, whatever its form was. */
struct attribute {
	struct object_job job;
	bool lists, removes;
	char name[NAME_LIMIT + 1];
	uint64_t value; /* the target's address */
	uint64_t size;
	int flags;
	unsigned char *bytes; /* a copy of the value, or room for it */
};

static const char *name_of(const struct attribute *attribute, int pin, char buffer[32])
{
	const int file = attribute->job.file;

	return object_name(file >= 0 ? file : pin, buffer);
}

struct subject {
	const struct attribute *attribute;
	int pin;
};

/* The forms for a descriptor where there is one: it may be of a file without any path. */
static long change(const void *context)
{
	const struct subject *subject = context;
	const struct attribute *attribute = subject->attribute;
	int file = attribute->job.file;
	char path[OBJECT_NAME_SIZE];

	if (file >= 0 && attribute->removes)
		return fremovexattr(file, attribute->name);
	if (file >= 0)
		return fsetxattr(
			file, attribute->name, attribute->bytes, attribute->size, attribute->flags);
	if (attribute->removes)
		return removexattr(name_of(attribute, subject->pin, path), attribute->name);
	return setxattr(name_of(attribute, subject->pin, path), attribute->name, attribute->bytes,
		attribute->size, attribute->flags);
}

static long look(const void *context)
{
	const struct subject *subject = context;
	const struct attribute *attribute = subject->attribute;
	int file = attribute->job.file;
	char path[OBJECT_NAME_SIZE];

	if (file >= 0 && attribute->lists)
		return flistxattr(file, (char *)attribute->bytes, attribute->size);
	if (file >= 0)
		return fgetxattr(file, attribute->name, attribute->bytes, attribute->size);
	if (attribute->lists)
		return listxattr(name_of(attribute, subject->pin, path), (char *)attribute->bytes,
			attribute->size);
	return getxattr(name_of(attribute, subject->pin, path), attribute->name, attribute->bytes,
		attribute->size);
}

static int act_change(struct object_job *job, const struct place *place)
{
	const struct attribute *attribute = job->context;
	const struct subject subject = {attribute, place->object};

	return act_perform(job->call, -1, change, &subject);
}

static int act_look(struct object_job *job, const struct place *place)
{
	const struct attribute *attribute = job->context;
	const struct subject subject = {attribute, place->object};
	int length = act_perform(job->call, -1, look, &subject);
	int result;

	if (length <= 0 || attribute->size == 0)
		return length;
	result = memory_write(
		&job->call->target, attribute->value, attribute->bytes, (size_t)length);
	return result < 0 ? result : length;
}

static void describe(const struct object_job *job, struct request *request)
{
	const struct attribute *attribute = job->context;

	request->attribute = attribute->lists ? NULL : attribute->name;
	request->flags = (uint32_t)attribute->flags;
}

/* ---- arguments ----------------------------------------------------------------------------- */

/* import_xattr_name(): 1 to 255 bytes. */
static int read_name(const struct call *call, uint64_t address, char name[NAME_LIMIT + 1])
{
	char text[PATH_MAX];
	ssize_t length = memory_read_path(&call->target, address, text);

	if (length == -ENAMETOOLONG || length > NAME_LIMIT || length == 0)
		return -ERANGE;
	if (length < 0)
		return (int)length;
	memcpy(name, text, (size_t)length + 1);
	return 0;
}

/* setxattr_copy(): flags, name, size, value. */
static int read_value(const struct call *call, struct attribute *attribute, uint64_t name)
{
	int result = 0;

	if ((attribute->flags & ~(XATTR_CREATE | XATTR_REPLACE)) != 0)
		return -EINVAL;
	result = read_name(call, name, attribute->name);
	if (result < 0)
		return result;
	if (attribute->size > VALUE_LIMIT)
		return -E2BIG;
	attribute->bytes = malloc(attribute->size + 1);
	if (attribute->bytes == NULL)
		return -ENOMEM;
	return attribute->size == 0 ? 0
				    : memory_read(&call->target, attribute->value, attribute->bytes,
					      attribute->size);
}

static int make_room(struct attribute *attribute)
{
	if (attribute->size > VALUE_LIMIT)
		attribute->size = VALUE_LIMIT;
	attribute->bytes = malloc(attribute->size + 1);
	return attribute->bytes == NULL ? -ENOMEM : 0;
}

static bool names_path(const struct call *call)
{
	for (size_t i = 0; i < 6; i++)
		if (call->row->arguments[i] == ARG_NAME)
			return true;
	return false;
}

/*
 * fgetxattr and its like; an empty path with AT_EMPTY_PATH is the same. Getting and setting take
 * AT_FDCWD for the working directory then, the others for a descriptor that is none.
 */
static bool is_about_descriptor(const struct attribute *attribute)
{
	const struct call *call = attribute->job.call;
	bool only = attribute->lists || attribute->removes;

	if (names_path(call) && !(attribute->job.may_be_empty && call->given_len == 0))
		return false;
	return only || call->dirfd >= 0;
}

static void finish(struct attribute *attribute, int result)
{
	struct object_job *job = &attribute->job;

	job->context = attribute;
	job->describe = describe;
	job->may_be_empty = job->may_be_empty || !names_path(job->call);
	if (result == 0)
		result = call_read_name_or_none(job->call);
	if (result < 0)
		answer_result(job->answer, result);
	else if (is_about_descriptor(attribute))
		object_perform_on_descriptor(job, job->call->dirfd);
	else
		object_perform(job);
	free(attribute->bytes);
}

static struct attribute start(struct call *call, struct answer *answer, unsigned flags)
{
	bool changes = call->row->operation == OPERATION_SETXATTR;

	return (struct attribute){.job = {.call = call,
					  .answer = answer,
					  .flags = flags,
					  .act = changes ? act_change : act_look,
					  .descriptor_is_free = !changes,
					  .file = -1}};
}

/* ---- the forms ----------------------------------------------------------------------------- */

static void set(struct call *call, struct answer *answer, unsigned flags)
{
	struct attribute attribute = start(call, answer, flags);

	attribute.value = call->arguments[2];
	attribute.size = call->arguments[3];
	attribute.flags = (int)(uint32_t)call->arguments[4];
	finish(&attribute, read_value(call, &attribute, call->arguments[1]));
}

static void get(struct call *call, struct answer *answer, unsigned flags)
{
	struct attribute attribute = start(call, answer, flags);
	int result = read_name(call, call->arguments[1], attribute.name);

	attribute.value = call->arguments[2];
	attribute.size = call->arguments[3];
	finish(&attribute, result < 0 ? result : make_room(&attribute));
}

static void list(struct call *call, struct answer *answer, unsigned flags)
{
	struct attribute attribute = start(call, answer, flags);

	attribute.lists = true;
	attribute.value = call->arguments[1];
	attribute.size = call->arguments[2];
	finish(&attribute, make_room(&attribute));
}

static void drop(struct call *call, struct answer *answer, unsigned flags)
{
	struct attribute attribute = start(call, answer, flags);

	attribute.removes = true;
	finish(&attribute, read_name(call, call->arguments[1], attribute.name));
}

void setxattr_perform(struct call *call, struct answer *answer)
{
	set(call, answer, 0);
}

void lsetxattr_perform(struct call *call, struct answer *answer)
{
	set(call, answer, PLACE_NOFOLLOW);
}

void getxattr_perform(struct call *call, struct answer *answer)
{
	get(call, answer, 0);
}

void lgetxattr_perform(struct call *call, struct answer *answer)
{
	get(call, answer, PLACE_NOFOLLOW);
}

void listxattr_perform(struct call *call, struct answer *answer)
{
	list(call, answer, 0);
}

void llistxattr_perform(struct call *call, struct answer *answer)
{
	list(call, answer, PLACE_NOFOLLOW);
}

void removexattr_perform(struct call *call, struct answer *answer)
{
	drop(call, answer, 0);
}

void lremovexattr_perform(struct call *call, struct answer *answer)
{
	drop(call, answer, PLACE_NOFOLLOW);
}

/* ---- the newest forms: (dirfd, path, at_flags, …), Linux 6.13 ------------------------------ */

static int start_at(struct call *call, struct attribute *attribute)
{
	int at_flags = call->at_flags;

	if ((at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0)
		return -EINVAL;
	attribute->job.flags = (at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? PLACE_NOFOLLOW : 0;
	attribute->job.may_be_empty = (at_flags & AT_EMPTY_PATH) != 0;
	return 0;
}

/* struct xattr_args { u64 value; u32 size; u32 flags; }, longer ones with a zero tail. */
static int read_args(struct call *call, struct attribute *attribute)
{
	unsigned char bytes[ARGS_LIMIT];
	uint64_t address = call->arguments[4], size = call->arguments[5];
	uint32_t words[4];
	int result;

	if (size < ATTRIBUTE_ARGS_SIZE)
		return -EINVAL;
	if (size > ARGS_LIMIT)
		return -E2BIG;
	result = memory_read(&call->target, address, bytes, size);
	if (result < 0)
		return result;
	for (size_t i = ATTRIBUTE_ARGS_SIZE; i < size; i++)
		if (bytes[i] != 0)
			return -E2BIG;
	memcpy(words, bytes, sizeof words);
	attribute->value = words[0] | (uint64_t)words[1] << 32;
	attribute->size = words[2];
	attribute->flags = (int)words[3];
	return 0;
}

void setxattrat_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer, 0);
	int result = read_args(call, &attribute);

	if (result == 0)
		result = start_at(call, &attribute);
	if (result == 0)
		result = read_value(call, &attribute, call->arguments[3]);
	finish(&attribute, result);
}

void getxattrat_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer, 0);
	int result = read_args(call, &attribute);

	if (result == 0 && attribute.flags != 0)
		result = -EINVAL;
	if (result == 0)
		result = start_at(call, &attribute);
	if (result == 0)
		result = read_name(call, call->arguments[3], attribute.name);
	finish(&attribute, result < 0 ? result : make_room(&attribute));
}

void listxattrat_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer, 0);
	int result = start_at(call, &attribute);

	attribute.lists = true;
	attribute.value = call->arguments[3];
	attribute.size = call->arguments[4];
	finish(&attribute, result < 0 ? result : make_room(&attribute));
}

void removexattrat_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer, 0);
	int result = start_at(call, &attribute);

	attribute.removes = true;
	finish(&attribute,
		result < 0 ? result : read_name(call, call->arguments[3], attribute.name));
}
