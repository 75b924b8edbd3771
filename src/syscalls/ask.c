#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/perform.h"
#include "syscalls/view.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/procfs.h"

/* The other calls that look: inode flags, handles, access, links, the working directory. */

/* ---- inode flags, handles ------------------------------------------------------------------ */

enum { ATTRIBUTES_FIRST_SIZE = 24, ATTRIBUTES_LIMIT = 4096 };

static long look_attributes(const struct object_job *job, int pin)
{
	const struct view *view = job->context;
	const int number = job->call->row->number;
	char name[OBJECT_NAME_SIZE];

	if (job->file >= 0)
		return syscall(number, job->file, "", view->found.bytes, view->size, AT_EMPTY_PATH);
	return syscall(number, AT_FDCWD, object_name(pin, name), view->found.bytes, view->size, 0);
}

static int act_attributes(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = object_act(job, place, look_attributes);

	return result < 0 ? result : view_tell(view, view->found.bytes, view->size);
}

/* file_getattr(2), Linux 6.17. */
void file_getattr_perform(struct call *call, struct answer *answer)
{
	unsigned char bytes[ATTRIBUTES_LIMIT] = {0};
	struct view view;
	int result = object_check_flags(call);

	view_start(&view, call, answer, call->arguments[2]);
	view.found.bytes = bytes;
	view.size = call->arguments[3];
	view.job.act = act_attributes;
	if (result == 0 && view.size > sizeof bytes)
		result = -E2BIG;
	else if (result == 0 && view.size < ATTRIBUTES_FIRST_SIZE)
		result = -EINVAL;
	object_perform(&view.job, result);
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

static long look_handle(const struct object_job *job, int pin)
{
	struct handle_view *handle = job->context;
	char name[OBJECT_NAME_SIZE];
	/* Not with AT_EMPTY_PATH, which excludes AT_HANDLE_CONNECTABLE. */
	int flags = (job->call->at_flags & ~AT_EMPTY_PATH) | AT_SYMLINK_FOLLOW;

	return syscall(SYS_name_to_handle_at, AT_FDCWD, object_name(pin, name),
		&handle->handle.header, &handle->mount, flags);
}

static int act_handle(struct object_job *job, const struct place *place)
{
	const int unique = 0x1; /* AT_HANDLE_MNT_ID_UNIQUE, Linux 6.12 */
	const struct target *target = &job->call->target;
	struct handle_view *handle = job->context;
	size_t mount = (job->call->at_flags & unique) != 0 ? sizeof(uint64_t) : sizeof(int);
	int written, result = memory_read(target, handle->view.address, &handle->handle.header,
			     sizeof handle->handle.header);

	if (result == 0 && handle->handle.header.handle_bytes > MAX_HANDLE_SZ)
		result = -EINVAL;
	if (result == 0)
		result = object_act(job, place, look_handle);
	if (result < 0 && result != -EOVERFLOW)
		return result;
	written = memory_write(target, handle->mount_address, &handle->mount, mount);
	if (written == 0)
		written = view_tell(&handle->view, &handle->handle,
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
	struct handle_view handle = {.mount_address = call->arguments[3]};
	struct object_job *job = &handle.view.job;

	view_start(&handle.view, call, answer, call->arguments[2]);
	job->flags = (call->at_flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : PLACE_NOFOLLOW;
	job->act = act_handle;
	object_perform(job, check_handle_flags(call));
}

/* ---- access -------------------------------------------------------------------------------- */

static long look_access(const struct object_job *job, int pin)
{
	const struct call *call = job->call;
	int flags = call->at_flags & ~AT_SYMLINK_NOFOLLOW;

	/* With a borrowed identity it is the file system's ids that are looked at: AT_EACCESS. */
	if (call->session->world.credentials_vary)
		flags |= AT_EACCESS;
	return syscall(SYS_faccessat2, pin, "", call->mode, flags | AT_EMPTY_PATH);
}

static int act_access(struct object_job *job, const struct place *place)
{
	int result = object_act(job, place, look_access);

	/* Its own descriptors a process may list and search, whatever it has become. */
	if (result == -EACCES && (job->call->mode & W_OK) == 0 &&
		act_may_enter_anyway(job->call, place->object))
		result = 0;
	return result;
}

static void access_with(struct call *call, struct answer *answer, uint32_t mode)
{
	const int known = AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;
	struct object_job job = object_job_of(call, answer);
	bool valid = (call->at_flags & ~known) == 0 && (mode & ~(uint32_t)07) == 0;

	call->mode = mode;
	job.act = act_access;
	job.as_real = (call->at_flags & AT_EACCESS) == 0;
	object_perform(&job, valid ? 0 : -EINVAL);
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

static long look_link(const struct object_job *job, int pin)
{
	const struct view *view = job->context;

	return readlinkat(pin, "", (char *)view->found.bytes, PATH_MAX);
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
	const struct view *view = job->context;
	int length, result;

	if (!S_ISLNK(place->st.st_mode))
		return job->call->given_len == 0 ? -ENOENT : -EINVAL;
	length = read_own_link(job, place, (char *)view->found.bytes);
	if (length == 0)
		length = object_act(job, place, look_link);
	if (length == -EACCES &&
		procfs_is_own(&job->call->session->world, &job->call->target, place))
		length = (int)look_link(job, place->object);
	if (length < 0)
		return length;
	if ((uint64_t)length > view->size)
		length = (int)view->size;
	result = view_tell(view, view->found.bytes, (size_t)length);
	return result < 0 ? result : length;
}

static void readlink_with(struct call *call, struct answer *answer, uint64_t address, int size)
{
	unsigned char bytes[PATH_MAX];
	struct view view;

	view_start(&view, call, answer, address);
	view.found.bytes = bytes;
	view.size = (uint64_t)size;
	view.job.flags = PLACE_NOFOLLOW;
	view.job.may_be_empty = true; /* a descriptor of the link itself */
	view.job.act = act_readlink;
	object_perform(&view.job, size <= 0 ? -EINVAL : 0);
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

void chdir_perform(struct call *call, struct answer *answer)
{
	struct object_job job = object_job_of(call, answer);

	job.act = act_chdir;
	object_perform(&job, 0);
}
