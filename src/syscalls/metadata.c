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

/* The 32 bits of the argument `behind` places behind the name, or the descriptor. */
static uint32_t argument_behind(const struct call *call, size_t behind)
{
	size_t name = call_name_index(call);

	return (uint32_t)call->arguments[(name < 6 ? name : 0) + behind];
}

/* ---- chmod --------------------------------------------------------------------------------- */

static long change_mode(const struct object_job *job, int pin)
{
	if (job->file >= 0)
		return syscall(SYS_fchmod, job->file, job->call->mode);
	return syscall(SYS_FCHMODAT2, pin, "", job->call->mode, AT_EMPTY_PATH);
}

void chmod_perform(struct call *call, struct answer *answer)
{
	struct object_job job = object_job_of(call, answer);

	job.action = change_mode;
	object_perform(&job, object_check_flags(call));
}

/* ---- chown --------------------------------------------------------------------------------- */

struct ids {
	uint32_t owner, group;
};

static long change_owner(const struct object_job *job, int pin)
{
	const struct ids *ids = job->context;

	if (job->file >= 0)
		return syscall(SYS_fchown, job->file, ids->owner, ids->group);
	return syscall(SYS_fchownat, pin, "", ids->owner, ids->group, AT_EMPTY_PATH);
}

static void describe_chown(const struct object_job *job, struct request *request)
{
	const struct ids *ids = job->context;

	request->owner = ids->owner;
	request->group = ids->group;
}

void chown_perform(struct call *call, struct answer *answer)
{
	struct ids ids = {argument_behind(call, 1), argument_behind(call, 2)};
	struct object_job job = object_job_of(call, answer);

	job.describe = describe_chown;
	job.action = change_owner;
	job.context = &ids;
	object_perform(&job, object_check_flags(call));
}

void lchown_perform(struct call *call, struct answer *answer)
{
	call->at_flags = AT_SYMLINK_NOFOLLOW;
	chown_perform(call, answer);
}

/* ---- truncate ------------------------------------------------------------------------------ */

static long change_length(const struct object_job *job, int pin)
{
	const int64_t *length = job->context;
	char name[OBJECT_NAME_SIZE];

	return syscall(SYS_truncate, object_name(pin, name), *length);
}

/*
 * inode_newsize_ok() in fs/attr.c looks at the limit of whoever calls, and that is us: so it is
 * looked at here. A negative errno; 0: it may grow so far.
 */
static int check_limit(const struct object_job *job, const struct place *place)
{
	const int64_t *length = job->context;
	rlim_t limit;
	int result;

	if (!S_ISREG(place->st.st_mode) || *length <= place->st.st_size)
		return 0;
	result =
		process_limit(&job->call->session->world, &job->call->target, RLIMIT_FSIZE, &limit);
	if (result < 0)
		return result;
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
		return object_act(job, place, change_length);
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
	int64_t length = (int64_t)call->arguments[1];
	struct object_job job = object_job_of(call, answer);

	job.describe = describe_truncate;
	job.act = act_truncate;
	job.context = &length;
	object_perform(&job, length < 0 ? -EINVAL : 0);
}

/* ---- times --------------------------------------------------------------------------------- */

static long change_times(const struct object_job *job, int pin)
{
	const struct timespec *times = job->context;

	if (job->file >= 0)
		return syscall(SYS_utimensat, job->file, NULL, times, 0);
	return syscall(SYS_utimensat, pin, "", times, AT_EMPTY_PATH);
}

static void describe_utime(const struct object_job *job, struct request *request)
{
	request->times = job->context;
}

/*
 * `times` NULL: now. do_utimes() in fs/utimes.c: without a path (NULL, not an empty one) it is
 * about the descriptor.
 */
static void utime_with(struct call *call, struct answer *answer, struct timespec *times)
{
	struct object_job job = object_job_of(call, answer);
	bool names_path = call->arguments[call_name_index(call)] != 0;

	job.describe = describe_utime;
	job.action = change_times;
	job.context = times;
	if (names_path || call->dirfd == AT_FDCWD)
		object_perform(&job, object_check_flags(call));
	else if (call->at_flags != 0)
		answer_result(answer, -EINVAL);
	else
		object_perform_on_descriptor(&job);
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

static void utimes_with(struct call *call, struct answer *answer, uint64_t address)
{
	struct timespec times[2];
	int result = address != 0 ? read_timevals(call, address, times) : 0;

	if (result < 0)
		answer_result(answer, result);
	else
		utime_with(call, answer, address != 0 ? times : NULL);
}

void utimes_perform(struct call *call, struct answer *answer)
{
	utimes_with(call, answer, call->arguments[1]);
}

void futimesat_perform(struct call *call, struct answer *answer)
{
	utimes_with(call, answer, call->arguments[2]);
}

void utimensat_perform(struct call *call, struct answer *answer)
{
	uint64_t address = call->arguments[2];
	struct timespec times[2];
	int result = 0;

	if (address != 0)
		result = memory_read(&call->target, address, times, sizeof times);
	if (result < 0)
		answer_result(answer, result);
	else if (address != 0 && times[0].tv_nsec == UTIME_OMIT && times[1].tv_nsec == UTIME_OMIT)
		answer_result(answer, 0); /* the kernel does not even look at the path */
	else
		utime_with(call, answer, address != 0 ? times : NULL);
}

/* ---- inode flags --------------------------------------------------------------------------- */

enum { ATTRIBUTES_FIRST_SIZE = 24, ATTRIBUTES_LIMIT = 4096 };

struct attributes {
	unsigned char bytes[ATTRIBUTES_LIMIT];
	uint64_t size;
};

static long set_attributes(const struct object_job *job, int pin)
{
	const struct attributes *attributes = job->context;
	const int number = job->call->row->number;
	char name[OBJECT_NAME_SIZE];

	if (job->file >= 0)
		return syscall(
			number, job->file, "", attributes->bytes, attributes->size, AT_EMPTY_PATH);
	return syscall(
		number, AT_FDCWD, object_name(pin, name), attributes->bytes, attributes->size, 0);
}

/* file_setattr(2), Linux 6.17. */
void file_setattr_perform(struct call *call, struct answer *answer)
{
	struct attributes attributes = {.size = call->arguments[3]};
	struct object_job job = object_job_of(call, answer);
	int result = object_check_flags(call);

	if (result == 0 && attributes.size > ATTRIBUTES_LIMIT)
		result = -E2BIG;
	else if (result == 0 && attributes.size < ATTRIBUTES_FIRST_SIZE)
		result = -EINVAL;
	if (result == 0)
		result = memory_read(
			&call->target, call->arguments[2], attributes.bytes, attributes.size);
	job.action = set_attributes;
	job.context = &attributes;
	object_perform(&job, result);
}
