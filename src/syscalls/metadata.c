#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

#include "base/cleanup.h"
#include "syscalls/object.h"
#include "syscalls/perform.h"
#include "target/memory.h"
#include "target/process.h"

/* Calls that change what an object says of itself, and its length: mode, owner, times. fs/open.c.
 */

enum { SYS_FCHMODAT2 = 452 }; /* Linux 6.6, newer than the headers of Debian 12 */

/* What `act` works on: the pin, or the description of a call about a descriptor. */
struct subject {
	const struct object_job *job;
	int pin;
};

static int act(struct object_job *job, const struct place *place, act_function *action)
{
	const struct subject subject = {job, place->object};

	return act_perform(job->call, -1, action, &subject);
}

static void perform(struct object_job *job, int result)
{
	if (result == 0)
		result = call_read_name(job->call);
	if (result < 0)
		answer_result(job->answer, result);
	else
		object_perform(job);
}

static unsigned follow(int at_flags)
{
	return (at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? PLACE_NOFOLLOW : 0;
}

static int check_flags(const struct call *call)
{
	return (call->at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0 ? -EINVAL : 0;
}

/* The 32 bits of the argument `behind` places behind the name (or the descriptor). */
static uint32_t argument_behind_name(const struct call *call, size_t behind)
{
	for (size_t i = 0; i + behind < 6; i++)
		if (call->row->arguments[i] == ARG_NAME)
			return (uint32_t)call->arguments[i + behind];
	return (uint32_t)call->arguments[behind];
}

/* ---- chmod --------------------------------------------------------------------------------- */

static long change_mode(const void *context)
{
	const struct subject *subject = context;
	uint32_t mode = subject->job->call->mode;

	if (subject->job->file >= 0)
		return syscall(SYS_fchmod, subject->job->file, mode);
	return syscall(SYS_FCHMODAT2, subject->pin, "", mode, AT_EMPTY_PATH);
}

static int act_chmod(struct object_job *job, const struct place *place)
{
	return act(job, place, change_mode);
}

static struct object_job chmod_job(struct call *call, struct answer *answer)
{
	return (struct object_job){.call = call,
		.answer = answer,
		.flags = follow(call->at_flags),
		.may_be_empty = (call->at_flags & AT_EMPTY_PATH) != 0,
		.act = act_chmod};
}

void chmod_perform(struct call *call, struct answer *answer)
{
	struct object_job job = chmod_job(call, answer);

	perform(&job, check_flags(call));
}

void fchmod_perform(struct call *call, struct answer *answer)
{
	struct object_job job = chmod_job(call, answer);

	object_perform_on_descriptor(&job, call->dirfd);
}

/* ---- chown --------------------------------------------------------------------------------- */

struct ids {
	uint32_t owner, group;
};

static long change_owner(const void *context)
{
	const struct subject *subject = context;
	const struct ids *ids = subject->job->context;

	if (subject->job->file >= 0)
		return syscall(SYS_fchown, subject->job->file, ids->owner, ids->group);
	return syscall(SYS_fchownat, subject->pin, "", ids->owner, ids->group, AT_EMPTY_PATH);
}

static int act_chown(struct object_job *job, const struct place *place)
{
	return act(job, place, change_owner);
}

static void describe_chown(const struct object_job *job, struct request *request)
{
	const struct ids *ids = job->context;

	request->owner = ids->owner;
	request->group = ids->group;
}

static void chown_with(struct call *call, struct answer *answer, unsigned flags, bool descriptor)
{
	const struct ids ids = {argument_behind_name(call, 1), argument_behind_name(call, 2)};
	struct object_job job = {.call = call,
		.answer = answer,
		.flags = flags,
		.may_be_empty = (call->at_flags & AT_EMPTY_PATH) != 0,
		.describe = describe_chown,
		.act = act_chown,
		.context = &ids};

	if (descriptor)
		object_perform_on_descriptor(&job, call->dirfd);
	else
		perform(&job, check_flags(call));
}

void chown_perform(struct call *call, struct answer *answer)
{
	chown_with(call, answer, follow(call->at_flags), false);
}

void lchown_perform(struct call *call, struct answer *answer)
{
	chown_with(call, answer, PLACE_NOFOLLOW, false);
}

void fchown_perform(struct call *call, struct answer *answer)
{
	chown_with(call, answer, 0, true);
}

/* ---- truncate ------------------------------------------------------------------------------ */

static long change_length(const void *context)
{
	const struct subject *subject = context;
	const int64_t *length = subject->job->context;
	char name[OBJECT_NAME_SIZE];

	return syscall(SYS_truncate, object_name(subject->pin, name), *length);
}

/*
 * inode_newsize_ok() in fs/attr.c looks at the limit of whoever calls, and that is us: so it is
 * looked at here. -EACCES: it can't be told.
 */
static int check_limit(const struct object_job *job, const struct place *place)
{
	const int64_t *length = job->context;
	rlim_t limit;

	if (!S_ISREG(place->st.st_mode) || *length <= place->st.st_size)
		return 0;
	if (process_file_size_limit(&job->call->session->world, &job->call->target, &limit) < 0)
		return -EACCES;
	return limit == RLIM_INFINITY || (uint64_t)*length <= limit ? 0 : -EFBIG;
}

/* What the kernel sends with EFBIG. */
static void signal_excess(const struct call *call)
{
	struct process_status status;

	if (process_status(&call->session->world, &call->target, &status) == 0)
		(void)syscall(SYS_tgkill, status.tgid, call->target.tid, SIGXFSZ);
}

static int act_truncate(struct object_job *job, const struct place *place)
{
	int result = check_limit(job, place);
	int native;

	if (result == 0)
		return act(job, place, change_length);
	/* Without the right to write it the answer is another one. */
	native = act_may_write(job->call, place->object);
	if (native < 0)
		return native;
	if (result == -EFBIG)
		signal_excess(job->call);
	return result;
}

static void describe_truncate(const struct object_job *job, struct request *request)
{
	request->length = *(const int64_t *)job->context;
}

void truncate_perform(struct call *call, struct answer *answer)
{
	const int64_t length = (int64_t)call->arguments[1];
	struct object_job job = {.call = call,
		.answer = answer,
		.describe = describe_truncate,
		.act = act_truncate,
		.context = &length};

	perform(&job, length < 0 ? -EINVAL : 0);
}

/* ---- times --------------------------------------------------------------------------------- */

static long change_times(const void *context)
{
	const struct subject *subject = context;
	const struct timespec *times = subject->job->context;

	if (subject->job->file >= 0)
		return syscall(SYS_utimensat, subject->job->file, NULL, times, 0);
	return syscall(SYS_utimensat, subject->pin, "", times, AT_EMPTY_PATH);
}

static int act_utime(struct object_job *job, const struct place *place)
{
	return act(job, place, change_times);
}

static void describe_utime(const struct object_job *job, struct request *request)
{
	request->times = job->context;
}

static void utime_with(struct call *call, struct answer *answer, const struct timespec *times)
{
	struct object_job job = {.call = call,
		.answer = answer,
		.flags = follow(call->at_flags),
		.may_be_empty = (call->at_flags & AT_EMPTY_PATH) != 0,
		.describe = describe_utime,
		.act = act_utime,
		.context = times};

	perform(&job, check_flags(call));
}

void utime_perform(struct call *call, struct answer *answer)
{
	struct timespec times[2] = {{0}};
	struct utimbuf given;
	int result = 0;

	if (call->arguments[1] != 0)
		result = memory_read(&call->target, call->arguments[1], &given, sizeof given);
	if (result < 0) {
		answer_result(answer, result);
		return;
	}
	if (call->arguments[1] != 0) {
		times[0].tv_sec = given.actime;
		times[1].tv_sec = given.modtime;
	}
	utime_with(call, answer, call->arguments[1] != 0 ? times : NULL);
}

/* A call that may name no path at all, but a descriptor. do_utimes() in fs/utimes.c. */
static void utime_of_any(
	struct call *call, struct answer *answer, uint64_t path, const struct timespec *times)
{
	struct object_job job = {.call = call,
		.answer = answer,
		.describe = describe_utime,
		.act = act_utime,
		.context = times};

	if (path != 0 || call->dirfd == AT_FDCWD)
		utime_with(call, answer, times);
	else if (call->at_flags != 0)
		answer_result(answer, -EINVAL);
	else
		object_perform_on_descriptor(&job, call->dirfd);
}

/* struct timeval[2] at `address` (0: now). */
static int read_timevals(const struct call *call, uint64_t address, struct timespec ret[2])
{
	struct timeval given[2];
	int result = memory_read(&call->target, address, given, sizeof given);

	if (result < 0)
		return result;
	for (int i = 0; i < 2; i++) {
		if (given[i].tv_usec < 0 || given[i].tv_usec >= 1000000)
			return -EINVAL;
		ret[i].tv_sec = given[i].tv_sec;
		ret[i].tv_nsec = given[i].tv_usec * 1000;
	}
	return 0;
}

static void utimes_at(struct call *call, struct answer *answer, uint64_t path, uint64_t address)
{
	struct timespec times[2];
	int result = address != 0 ? read_timevals(call, address, times) : 0;

	if (result < 0)
		answer_result(answer, result);
	else
		utime_of_any(call, answer, path, address != 0 ? times : NULL);
}

void utimes_perform(struct call *call, struct answer *answer)
{
	utimes_at(call, answer, call->arguments[0], call->arguments[1]);
}

void futimesat_perform(struct call *call, struct answer *answer)
{
	utimes_at(call, answer, call->arguments[1], call->arguments[2]);
}

void utimensat_perform(struct call *call, struct answer *answer)
{
	uint64_t path = call->arguments[1], address = call->arguments[2];
	struct timespec times[2];
	int result = 0;

	if (address != 0)
		result = memory_read(&call->target, address, times, sizeof times);
	if (result < 0)
		answer_result(answer, result);
	else if (address != 0 && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		answer_result(answer, 0); /* the kernel does not even look at the path */
	else
		utime_of_any(call, answer, path, address != 0 ? times : NULL);
}

/* ---- inode flags --------------------------------------------------------------------------- */

enum { ATTRIBUTES_FIRST_SIZE = 24, ATTRIBUTES_LIMIT = 4096 };

struct attributes {
	unsigned char bytes[ATTRIBUTES_LIMIT];
	uint64_t size;
};

static long set_attributes(const void *context)
{
	const struct subject *subject = context;
	const struct attributes *attributes = subject->job->context;
	const struct object_job *job = subject->job;
	char name[OBJECT_NAME_SIZE];

	if (job->file >= 0)
		return syscall(job->call->row->number, job->file, "", attributes->bytes,
			attributes->size, AT_EMPTY_PATH);
	return syscall(job->call->row->number, AT_FDCWD, object_name(subject->pin, name),
		attributes->bytes, attributes->size, 0);
}

static int act_set_attributes(struct object_job *job, const struct place *place)
{
	return act(job, place, set_attributes);
}

/* file_setattr(2), Linux 6.17. */
void file_setattr_perform(struct call *call, struct answer *answer)
{
	struct attributes attributes = {.size = call->arguments[3]};
	struct object_job job = {.call = call,
		.answer = answer,
		.flags = follow(call->at_flags),
		.may_be_empty = (call->at_flags & AT_EMPTY_PATH) != 0,
		.act = act_set_attributes,
		.context = &attributes};
	int result = check_flags(call);

	if (result == 0 && attributes.size > ATTRIBUTES_LIMIT)
		result = -E2BIG;
	else if (result == 0 && attributes.size < ATTRIBUTES_FIRST_SIZE)
		result = -EINVAL;
	if (result == 0)
		result = memory_read(
			&call->target, call->arguments[2], attributes.bytes, attributes.size);
	if (result == 0)
		result = call_read_name_or_none(call);
	if (result < 0)
		answer_result(answer, result);
	else if (call->given_len == 0 && job.may_be_empty && call->dirfd >= 0)
		object_perform_on_descriptor(&job, call->dirfd); /* not by an O_PATH one */
	else
		object_perform(&job);
}
