#include "syscalls/object.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "target/process.h"

const char *object_name(int pin, char buffer[OBJECT_NAME_SIZE])
{
	(void)snprintf(buffer, OBJECT_NAME_SIZE, "/proc/self/fd/%d", pin);
	return buffer;
}

/* ---- finding ------------------------------------------------------------------------------- */

static int describe_pin(const struct call *call, int pin, struct place *ret)
{
	ret->object = pin;
	if (fstat(pin, &ret->st) < 0)
		return -errno;
	return place_name(&call->session->world, ret);
}

static int find_empty(struct call *call, struct place *ret)
{
	int pin = call_open_dirfd(call, call->dirfd);

	return pin < 0 ? pin : describe_pin(call, pin, ret);
}

typedef int resolve_as_function(const struct call *call, struct route *route, struct place *ret);

static int find(struct call *call, unsigned flags, bool may_be_empty, resolve_as_function *resolve,
	struct place *ret)
{
	struct route route = {
		.world = &call->session->world,
		.target = &call->target,
		.path = call->given,
		.length = call->given_len,
		.flags = flags,
	};
	cleanup_fd int base = -1;
	int result;

	*ret = PLACE_NOWHERE;
	if (call->given_len == 0 && may_be_empty)
		return find_empty(call, ret);
	result = call_base(call, &base);
	if (result < 0)
		return result;
	route.base = base;
	return resolve(call, &route, ret);
}

int object_find(struct call *call, unsigned flags, bool may_be_empty, struct place *ret)
{
	return find(call, flags, may_be_empty, act_resolve, ret);
}

int object_of_descriptor(struct call *call, int fd, struct place *ret, int *ret_file)
{
	const struct world *world = &call->session->world;
	int pin, file = process_take_fd(world, &call->target, fd);

	*ret = PLACE_NOWHERE;
	if (file < 0)
		return file;
	*ret_file = file;
	/* Of the same description: nothing that the target does to its number matters any more. */
	pin = fcntl(file, F_DUPFD_CLOEXEC, 3);
	return pin < 0 ? -errno : describe_pin(call, pin, ret);
}

/* ---- judging and acting -------------------------------------------------------------------- */

static void act(struct object_job *job, const struct place *place)
{
	int result = job->act(job, place);

	if (result == OBJECT_CONTINUE)
		job->answer->kind = ANSWER_CONTINUE;
	else
		answer_result(job->answer, result);
}

/*
 * What the target has open it may look at. Not by an O_PATH descriptor: the kernel opens those
 * itself, after the judgement, and may have opened something else.
 */
static bool is_free(const struct object_job *job, const struct place *place)
{
	int flags;

	if (place->nameless)
		return true;
	flags = job->descriptor_is_free && job->file >= 0 ? fcntl(job->file, F_GETFL) : O_PATH;
	return flags >= 0 && (flags & O_PATH) == 0;
}

static void redirected(struct object_job *job, const struct verdict *verdict)
{
	struct call *call = job->call;
	cleanup_place struct place place = PLACE_NOWHERE;
	struct route route = {
		.world = &call->session->world,
		.target = &call->target,
		.path = verdict->data,
		.length = verdict->data_len,
		.base = -1,
		.flags = job->flags,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	int result = job->file >= 0 ? -EACCES : act_resolve(call, &route, &place);

	if (result == 0 && place.object < 0)
		result = -ENOENT;
	if (result < 0)
		answer_result(job->answer, result);
	else
		act(job, &place);
}

static void decide(struct object_job *job, const struct place *place, int otherwise)
{
	struct question question;
	struct verdict verdict;

	question_prepare(&question, job->call, operation_rights(job->call->row->operation),
		place->path, place->path_len, otherwise == -ENOENT);
	if (job->describe != NULL)
		job->describe(job, &question.request);
	switch (judge(&question, job->answer, otherwise, &verdict)) {
	case JUDGED_ALLOW:
		act(job, place);
		break;
	case JUDGED_REDIRECT:
		redirected(job, &verdict);
		break;
	case JUDGED_ANSWERED:
		break;
	}
	verdict_clear(&verdict);
}

void object_perform(struct object_job *job)
{
	cleanup_place struct place place = PLACE_NOWHERE;
	int result = find(job->call, job->flags, job->may_be_empty,
		job->as_real ? act_resolve_as_real : act_resolve, &place);

	job->file = -1;
	if (result == 0 && place.object < 0)
		result = -ENOENT;
	if (result == -ENOENT && place.path_len > 0)
		decide(job, &place, -ENOENT);
	else if (result < 0)
		answer_result(job->answer, result);
	else if (is_free(job, &place))
		act(job, &place);
	else
		decide(job, &place, 0);
}

void object_perform_on_descriptor(struct object_job *job, int fd)
{
	cleanup_place struct place place = PLACE_NOWHERE;
	cleanup_fd int file = -1;
	int result = object_of_descriptor(job->call, fd, &place, &file);

	job->file = file;
	if (result < 0)
		answer_result(job->answer, result);
	else if (is_free(job, &place))
		act(job, &place);
	else
		decide(job, &place, 0);
}
