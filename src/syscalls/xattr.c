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

/* The forms for a descriptor where there is one: it may be of a file without any path. */
static long change(const struct object_job *job, int pin)
{
	const struct attribute *attribute = job->context;
	char path[OBJECT_NAME_SIZE];

	if (job->file >= 0)
		return attribute->removes ? fremovexattr(job->file, attribute->name)
					  : fsetxattr(job->file, attribute->name, attribute->bytes,
						    attribute->size, attribute->flags);
	(void)object_name(pin, path);
	return attribute->removes ? removexattr(path, attribute->name)
				  : setxattr(path, attribute->name, attribute->bytes,
					    attribute->size, attribute->flags);
}

static long look(const struct object_job *job, int pin)
{
	const struct attribute *attribute = job->context;
	char path[OBJECT_NAME_SIZE], *list = (char *)attribute->bytes;

	if (job->file >= 0)
		return attribute->lists ? flistxattr(job->file, list, attribute->size)
					: fgetxattr(job->file, attribute->name, attribute->bytes,
						  attribute->size);
	(void)object_name(pin, path);
	return attribute->lists
		       ? listxattr(path, list, attribute->size)
		       : getxattr(path, attribute->name, attribute->bytes, attribute->size);
}

static int act_look(struct object_job *job, const struct place *place)
{
	const struct attribute *attribute = job->context;
	int length = object_act(job, place, look);
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
	ssize_t length = memory_read_string(&call->target, address, name, NAME_LIMIT + 1);

	if (length == -ENAMETOOLONG || length == 0)
		return -ERANGE;
	return length < 0 ? (int)length : 0;
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

static void finish(struct attribute *attribute, int result)
{
	struct object_job *job = &attribute->job;

	/* Getting and setting take AT_FDCWD for the working directory, also where the form has no
	 * path; the others do not. */
	job->takes_cwd = !attribute->lists && !attribute->removes;
	job->may_be_empty = job->may_be_empty || call_name_index(job->call) == 6;
	job->describe = describe;
	job->context = attribute;
	object_perform(job, result);
	free(attribute->bytes);
}

static struct attribute start(struct call *call, struct answer *answer)
{
	struct attribute attribute = {.job = object_job_of(call, answer)};

	if (call->row->operation == OPERATION_SETXATTR) {
		attribute.job.action = change;
	} else {
		attribute.job.act = act_look;
		attribute.job.descriptor_is_free = true;
	}
	return attribute;
}

/* ---- the forms ----------------------------------------------------------------------------- */

void setxattr_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer);

	attribute.value = call->arguments[2];
	attribute.size = call->arguments[3];
	attribute.flags = (int)(uint32_t)call->arguments[4];
	finish(&attribute, read_value(call, &attribute, call->arguments[1]));
}

void getxattr_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer);
	int result = read_name(call, call->arguments[1], attribute.name);

	attribute.value = call->arguments[2];
	attribute.size = call->arguments[3];
	finish(&attribute, result < 0 ? result : make_room(&attribute));
}

void listxattr_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer);

	attribute.lists = true;
	attribute.value = call->arguments[1];
	attribute.size = call->arguments[2];
	finish(&attribute, make_room(&attribute));
}

void removexattr_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer);

	attribute.removes = true;
	finish(&attribute, read_name(call, call->arguments[1], attribute.name));
}

void lsetxattr_perform(struct call *call, struct answer *answer)
{
	call->at_flags = AT_SYMLINK_NOFOLLOW;
	setxattr_perform(call, answer);
}

void lgetxattr_perform(struct call *call, struct answer *answer)
{
	call->at_flags = AT_SYMLINK_NOFOLLOW;
	getxattr_perform(call, answer);
}

void llistxattr_perform(struct call *call, struct answer *answer)
{
	call->at_flags = AT_SYMLINK_NOFOLLOW;
	listxattr_perform(call, answer);
}

void lremovexattr_perform(struct call *call, struct answer *answer)
{
	call->at_flags = AT_SYMLINK_NOFOLLOW;
	removexattr_perform(call, answer);
}

/* ---- the newest forms: (dirfd, path, at_flags, …), Linux 6.13 ------------------------------ */

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
	struct attribute attribute = start(call, answer);
	int result = read_args(call, &attribute);

	if (result == 0)
		result = object_check_flags(call);
	if (result == 0)
		result = read_value(call, &attribute, call->arguments[3]);
	finish(&attribute, result);
}

void getxattrat_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer);
	int result = read_args(call, &attribute);

	if (result == 0 && attribute.flags != 0)
		result = -EINVAL;
	if (result == 0)
		result = object_check_flags(call);
	if (result == 0)
		result = read_name(call, call->arguments[3], attribute.name);
	finish(&attribute, result < 0 ? result : make_room(&attribute));
}

void listxattrat_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer);
	int result = object_check_flags(call);

	attribute.lists = true;
	attribute.value = call->arguments[3];
	attribute.size = call->arguments[4];
	finish(&attribute, result < 0 ? result : make_room(&attribute));
}

void removexattrat_perform(struct call *call, struct answer *answer)
{
	struct attribute attribute = start(call, answer);
	int result = object_check_flags(call);

	attribute.removes = true;
	finish(&attribute,
		result < 0 ? result : read_name(call, call->arguments[3], attribute.name));
}
