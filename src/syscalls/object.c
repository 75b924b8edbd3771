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
	int pin, file = process_take_fd(&call->session->world, &call->target, fd);

	*ret = PLACE_NOWHERE;
	if (file < 0)
		return file;
	*ret_file = file;
	/* Of the same description: nothing that the target does to its number matters any more. */
	pin = fcntl(file, F_DUPFD_CLOEXEC, 3);
	return pin < 0 ? -errno : describe_pin(call, pin, ret);
}

/* ---- judging and acting -------------------------------------------------------------------- */

struct performance {
	const struct object_job *job;
	int pin;
	object_action *action;
};

static long run(const void *context)
{
	const struct performance *performance = context;

	return performance->action(performance->job, performance->pin);
}

int object_act(struct object_job *job, const struct place *place, object_action *action)
{
	const struct performance performance = {job, place->object, action};

	return job->as_real ? act_perform_as_real(job->call, run, &performance)
			    : act_perform(job->call, -1, run, &performance);
}

static void act(struct object_job *job, const struct place *place)
{
	int result = job->act != NULL ? job->act(job, place) : object_act(job, place, job->action);

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

static void settle(struct object_job *job, const struct place *place, int result)
{
	if (result == -ENOENT && place->path_len > 0)
		decide(job, place, -ENOENT);
	else if (result < 0)
		answer_result(job->answer, result);
	else if (is_free(job, place))
		act(job, place);
	else
		decide(job, place, 0);
}

static void perform_on_path(struct object_job *job)
{
	cleanup_place struct place place = PLACE_NOWHERE;
	int result = find(job->call, job->flags, job->may_be_empty,
		job->as_real ? act_resolve_as_real : act_resolve, &place);

	job->file = -1;
	settle(job, &place, result == 0 && place.object < 0 ? -ENOENT : result);
}

void object_perform_on_descriptor(struct object_job *job)
{
	cleanup_place struct place place = PLACE_NOWHERE;
	cleanup_fd int file = -1;
	int result = object_of_descriptor(job->call, job->call->dirfd, &place, &file);

	job->file = file;
	settle(job, &place, result);
}

static bool is_about_descriptor(const struct object_job *job)
{
	const struct call *call = job->call;
	size_t name = call_name_index(call);
	bool empty = job->may_be_empty && call->given_len == 0;

	if (name < 6 && !(empty && call->row->arguments[name] == ARG_NAME_OR_NONE))
		return false;
	return call->dirfd >= 0 || !job->takes_cwd;
}

void object_perform(struct object_job *job, int checked)
{
	int result = checked < 0 ? checked : call_read_name(job->call);

	if (result < 0)
		answer_result(job->answer, result);
	else if (is_about_descriptor(job))
		object_perform_on_descriptor(job);
	else
		perform_on_path(job);
}

int object_check_flags(const struct call *call)
{
	return (call->at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0 ? -EINVAL : 0;
}

struct object_job object_job_of(struct call *call, struct answer *answer)
{
	return (struct object_job){.call = call,
		.answer = answer,
		.flags = (call->at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? PLACE_NOFOLLOW : 0,
		.may_be_empty = (call->at_flags & AT_EMPTY_PATH) != 0,
		.takes_cwd = call_name_index(call) < 6,
		.file = -1};
}
