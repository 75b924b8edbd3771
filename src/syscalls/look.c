#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/object.h"
#include "syscalls/perform.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/procfs.h"

/*
 * Calls that look: stat, access, readlink and their like. They are notified only where a policy has
 * something to say about it. What is told is of the pin, so it is of what was judged.
 */

/* What was found out, and where the target wants it. */
struct view {
	struct object_job job;
	uint64_t address;
	uint64_t size;
	unsigned mask;
	union {
		struct statx statx;
		struct statfs statfs;
		unsigned char bytes[PATH_MAX];
	} found;
};

struct subject {
	struct view *view;
	int pin;
};

static int act(struct object_job *job, const struct place *place, act_function *action)
{
	const struct subject subject = {(struct view *)job->context, place->object};

	return act_perform(job->call, -1, action, &subject);
}

static int tell(const struct view *view, const void *bytes, size_t size)
{
	return memory_write(&view->job.call->target, view->address, bytes, size);
}

static struct view start(struct call *call, struct answer *answer, uint64_t address)
{
	return (struct view){
		.job = {.call = call,
			.answer = answer,
			.rights = RIGHT_STAT,
			.flags = (call->at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? PLACE_NOFOLLOW : 0,
			.may_be_empty = (call->at_flags & AT_EMPTY_PATH) != 0,
			.descriptor_is_free = true},
		.address = address};
}

/* Linux 6.11: an empty path need not be there at all. */
static bool takes_no_path(const struct call *call)
{
	static const char *const names[] = {"newfstatat", "statx", "file_getattr"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(call->row->name, names[i]) == 0)
			return true;
	return false;
}

/* With an empty path the newest calls are about the descriptor itself. */
static bool is_about_descriptor(const struct object_job *job)
{
	const struct call *call = job->call;

	return takes_no_path(call) && job->may_be_empty && call->given_len == 0 && call->dirfd >= 0;
}

static void finish(struct view *view, int result)
{
	struct object_job *job = &view->job;

	job->context = view;
	if (result == 0)
		result = takes_no_path(job->call) ? call_read_name_or_none(job->call)
						  : call_read_name(job->call);
	if (result < 0)
		answer_result(job->answer, result);
	else if (is_about_descriptor(job))
		object_perform_on_descriptor(job, job->call->dirfd);
	else
		object_perform(job);
}

/* ---- stat ---------------------------------------------------------------------------------- */

/* It has been looked at when it was pinned; struct stat is the kernel's own. */
static int act_stat(struct object_job *job, const struct place *place)
{
	return tell(job->context, &place->st, sizeof place->st);
}

static void stat_with(struct call *call, struct answer *answer, unsigned flags, uint64_t address)
{
	struct view view = start(call, answer, address);

	view.job.flags |= flags;
	view.job.act = act_stat;
	finish(&view, 0);
}

void stat_perform(struct call *call, struct answer *answer)
{
	stat_with(call, answer, 0, call->arguments[1]);
}

void fstat_perform(struct call *call, struct answer *answer)
{
	struct view view = start(call, answer, call->arguments[1]);

	view.job.act = act_stat;
	view.job.context = &view;
	object_perform_on_descriptor(&view.job, call->dirfd);
}

void lstat_perform(struct call *call, struct answer *answer)
{
	stat_with(call, answer, PLACE_NOFOLLOW, call->arguments[1]);
}

void newfstatat_perform(struct call *call, struct answer *answer)
{
	const int known =
		AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;
	struct view view = start(call, answer, call->arguments[2]);
	int result = (call->at_flags & ~known) != 0 ? -EINVAL : 0;

	view.job.act = act_stat;
	finish(&view, result);
}

static long look_statx(const void *context)
{
	const struct subject *subject = context;
	struct view *view = subject->view;
	int flags = view->job.call->at_flags & ~AT_SYMLINK_NOFOLLOW;

	return syscall(
		SYS_statx, subject->pin, "", flags | AT_EMPTY_PATH, view->mask, &view->found.statx);
}

static int act_statx(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = act(job, place, look_statx);

	return result < 0 ? result : tell(view, &view->found.statx, sizeof view->found.statx);
}

/* Flags and mask are the kernel's to check: it does before it reads the path. */
static int check_statx(const struct call *call, unsigned mask)
{
	struct statx scrap;
	long result = syscall(SYS_statx, -1, (const char *)1, call->at_flags, mask, &scrap);

	return result < 0 && errno == EINVAL ? -EINVAL : 0;
}

void statx_perform(struct call *call, struct answer *answer)
{
	struct view view = start(call, answer, call->arguments[4]);

	view.mask = (uint32_t)call->arguments[3];
	view.job.act = act_statx;
	finish(&view, check_statx(call, view.mask));
}

static long look_statfs(const void *context)
{
	const struct subject *subject = context;

	return fstatfs(subject->pin, &subject->view->found.statfs);
}

static int act_statfs(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = act(job, place, look_statfs);

	return result < 0 ? result : tell(view, &view->found.statfs, sizeof view->found.statfs);
}

void statfs_perform(struct call *call, struct answer *answer)
{
	struct view view = start(call, answer, call->arguments[1]);

	view.job.act = act_statfs;
	finish(&view, 0);
}

void fstatfs_perform(struct call *call, struct answer *answer)
{
	struct view view = start(call, answer, call->arguments[1]);

	view.job.act = act_statfs;
	view.job.context = &view;
	object_perform_on_descriptor(&view.job, call->dirfd);
}

/* ---- inode flags, handles ------------------------------------------------------------------ */

enum { ATTRIBUTES_FIRST_SIZE = 24 };

static long look_attributes(const void *context)
{
	const struct subject *subject = context;
	struct view *view = subject->view;
	char name[OBJECT_NAME_SIZE];

	if (view->job.file >= 0)
		return syscall(view->job.call->row->number, view->job.file, "", view->found.bytes,
			view->size, AT_EMPTY_PATH);
	return syscall(view->job.call->row->number, AT_FDCWD, object_name(subject->pin, name),
		view->found.bytes, view->size, 0);
}

static int act_attributes(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = act(job, place, look_attributes);

	return result < 0 ? result : tell(view, view->found.bytes, view->size);
}

/* file_getattr(2), Linux 6.17. */
void file_getattr_perform(struct call *call, struct answer *answer)
{
	struct view view = start(call, answer, call->arguments[2]);
	int result = (call->at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0 ? -EINVAL : 0;

	view.size = call->arguments[3];
	view.job.act = act_attributes;
	if (result == 0 && view.size > sizeof view.found.bytes)
		result = -E2BIG;
	else if (result == 0 && view.size < ATTRIBUTES_FIRST_SIZE)
		result = -EINVAL;
	finish(&view, result);
}

struct handle {
	struct file_handle header;
	unsigned char bytes[MAX_HANDLE_SZ];
};

/* What is asked for, and found out. */
struct handle_view {
	struct view view;
	struct handle handle;
	uint64_t mount_address, mount;
};

static long look_handle(const void *context)
{
	const struct subject *subject = context;
	struct handle_view *handle = (struct handle_view *)subject->view;
	int flags = (handle->view.job.call->at_flags & ~AT_SYMLINK_FOLLOW) | AT_EMPTY_PATH;

	return syscall(SYS_name_to_handle_at, subject->pin, "", &handle->handle.header,
		&handle->mount, flags);
}

static int act_handle(struct object_job *job, const struct place *place)
{
	const int unique = 0x1; /* AT_HANDLE_MNT_ID_UNIQUE, Linux 6.12 */
	const struct target *target = &job->call->target;
	struct handle_view *handle = (struct handle_view *)job->context;
	size_t mount = (job->call->at_flags & unique) != 0 ? sizeof(uint64_t) : sizeof(int);
	int written, result = memory_read(target, handle->view.address, &handle->handle.header,
			     sizeof handle->handle.header);

	if (result == 0 && handle->handle.header.handle_bytes > MAX_HANDLE_SZ)
		result = -EINVAL;
	if (result == 0)
		result = act(job, place, look_handle);
	if (result < 0 && result != -EOVERFLOW)
		return result;
	written = memory_write(target, handle->mount_address, &handle->mount, mount);
	if (written == 0)
		written = tell(&handle->view, &handle->handle,
			sizeof handle->handle.header +
				(result < 0 ? 0 : handle->handle.header.handle_bytes));
	return written < 0 ? written : result;
}

/* Flags are the kernel's to check: it does before it reads the path. */
static int check_handle_flags(const struct call *call)
{
	struct handle scrap = {.header = {.handle_bytes = 0}};
	uint64_t mount;
	long result = syscall(
		SYS_name_to_handle_at, -1, (const char *)1, &scrap.header, &mount, call->at_flags);

	return result < 0 && errno == EINVAL ? -EINVAL : 0;
}

void name_to_handle_at_perform(struct call *call, struct answer *answer)
{
	struct handle_view handle = {.view = start(call, answer, call->arguments[2]),
		.mount_address = call->arguments[3]};

	handle.view.job.flags = (call->at_flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : PLACE_NOFOLLOW;
	handle.view.job.act = act_handle;
	finish(&handle.view, check_handle_flags(call));
}

/* ---- access -------------------------------------------------------------------------------- */

static long look_access(const void *context)
{
	const struct subject *subject = context;
	const struct call *call = subject->view->job.call;
	int flags = call->at_flags & ~AT_SYMLINK_NOFOLLOW;

	/* With a borrowed identity it is the file system's ids that are looked at: AT_EACCESS. */
	if (call->session->world.credentials_vary)
		flags |= AT_EACCESS;
	return syscall(SYS_faccessat2, subject->pin, "", call->mode, flags | AT_EMPTY_PATH);
}

static int act_access(struct object_job *job, const struct place *place)
{
	struct call *call = job->call;
	const struct subject subject = {(struct view *)job->context, place->object};

	int result = job->as_real ? act_perform_as_real(call, look_access, &subject)
				  : act_perform(call, place->object, look_access, &subject);

	/* Its own descriptors a process may list and search, whatever it has become. */
	if (result == -EACCES && (call->mode & W_OK) == 0 &&
		act_may_enter_anyway(call, place->object))
		result = 0;
	return result;
}

static void access_with(struct call *call, struct answer *answer, uint32_t mode)
{
	struct view view = start(call, answer, 0);
	int result = (call->at_flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0
			     ? -EINVAL
			     : 0;

	call->mode = mode;
	view.job.act = act_access;
	view.job.as_real = (call->at_flags & AT_EACCESS) == 0;
	finish(&view, (mode & ~(uint32_t)07) != 0 ? -EINVAL : result);
}

void access_perform(struct call *call, struct answer *answer)
{
	access_with(call, answer, (uint32_t)call->arguments[1]);
}

void faccessat_perform(struct call *call, struct answer *answer)
{
	access_with(call, answer, (uint32_t)call->arguments[2]);
}

/* ---- readlink ------------------------------------------------------------------------------ */

static long look_link(const void *context)
{
	const struct subject *subject = context;
	struct view *view = subject->view;

	return readlinkat(subject->pin, "", (char *)view->found.bytes, sizeof view->found.bytes);
}

/* The links that are ours when we read them. */
static int read_own_link(struct object_job *job, const struct place *place, char *buffer)
{
	const struct call *call = job->call;
	const struct world *world = &call->session->world;
	struct process_status status;
	int result;

	if (place->parent < 0 || !procfs_is_our_root(world, place->parent))
		return 0;
	if (strcmp(place->leaf, "self") != 0 && strcmp(place->leaf, "thread-self") != 0)
		return 0;
	result = process_status(world, &call->target, &status);
	if (result < 0)
		return result;
	return place->leaf[0] == 's'
		       ? snprintf(buffer, PATH_MAX, "%d", status.tgid)
		       : snprintf(buffer, PATH_MAX, "%d/task/%d", status.tgid, call->target.tid);
}

static int act_readlink(struct object_job *job, const struct place *place)
{
	struct view *view = (struct view *)job->context;
	int length, result;

	if (!S_ISLNK(place->st.st_mode))
		return job->call->given_len == 0 ? -ENOENT : -EINVAL;
	length = read_own_link(job, place, (char *)view->found.bytes);
	if (length == 0)
		length = act(job, place, look_link);
	if (length == -EACCES &&
		procfs_is_own(&job->call->session->world, &job->call->target, place)) {
		const struct subject subject = {view, place->object};

		length = (int)look_link(&subject);
	}
	if (length < 0)
		return length;
	if ((uint64_t)length > view->size)
		length = (int)view->size;
	result = tell(view, view->found.bytes, (size_t)length);
	return result < 0 ? result : length;
}

static void readlink_with(struct call *call, struct answer *answer, uint64_t address, int size)
{
	struct view view = start(call, answer, address);

	view.size = (uint64_t)size;
	view.job.flags = PLACE_NOFOLLOW;
	view.job.may_be_empty = true; /* a descriptor of the link itself */
	view.job.act = act_readlink;
	finish(&view, size <= 0 ? -EINVAL : 0);
}

void readlink_perform(struct call *call, struct answer *answer)
{
	readlink_with(call, answer, call->arguments[1], (int)(uint32_t)call->arguments[2]);
}

void readlinkat_perform(struct call *call, struct answer *answer)
{
	readlink_with(call, answer, call->arguments[2], (int)(uint32_t)call->arguments[3]);
}

/* ---- chdir --------------------------------------------------------------------------------- */

/*
 * Nobody can change another's working directory: the kernel does it. It confers nothing: every path
 * that starts there is resolved from where the target really is, and judged.
 */
static int act_chdir(struct object_job *job, const struct place *place)
{
	(void)job;
	(void)place;
	return OBJECT_CONTINUE;
}

static void chdir_with(struct call *call, struct answer *answer, bool descriptor)
{
	struct object_job job = {
		.call = call, .answer = answer, .rights = RIGHT_STAT, .act = act_chdir};
	int result;

	if (descriptor) {
		object_perform_on_descriptor(&job, call->dirfd);
	} else {
		result = call_read_name(call);
		if (result < 0)
			answer_result(answer, result);
		else
			object_perform(&job);
	}
}

void chdir_perform(struct call *call, struct answer *answer)
{
	chdir_with(call, answer, false);
}

void fchdir_perform(struct call *call, struct answer *answer)
{
	chdir_with(call, answer, true);
}
