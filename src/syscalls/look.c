#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/perform.h"
#include "syscalls/view.h"
#include "target/memory.h"

/* Facts about an object: stat and its like, and what the calls that look have in common. */

void view_start(struct view *ret, struct call *call, struct answer *answer, uint64_t address)
{
	ret->job = object_job_of(call, answer);
	ret->job.descriptor_is_free = true;
	ret->job.context = ret;
	ret->address = address;
}

int view_tell(const struct view *view, const void *bytes, size_t size)
{
	return memory_write(&view->job.call->target, view->address, bytes, size);
}

/* ---- stat ---------------------------------------------------------------------------------- */

/* It has been looked at when it was pinned; struct stat is the kernel's own. */
static int act_stat(struct object_job *job, const struct place *place)
{
	return view_tell(job->context, &place->st, sizeof place->st);
}

static void stat_with(struct call *call, struct answer *answer, uint64_t address, int checked)
{
	struct view view;

	view_start(&view, call, answer, address);
	view.job.act = act_stat;
	object_perform(&view.job, checked);
}

void stat_perform(struct call *call, struct answer *answer)
{
	stat_with(call, answer, call->arguments[1], 0);
}

void lstat_perform(struct call *call, struct answer *answer)
{
	call->at_flags = AT_SYMLINK_NOFOLLOW;
	stat_with(call, answer, call->arguments[1], 0);
}

void newfstatat_perform(struct call *call, struct answer *answer)
{
	const int known =
		AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE;

	stat_with(call, answer, call->arguments[2], (call->at_flags & ~known) != 0 ? -EINVAL : 0);
}

static long look_statx(const struct object_job *job, int pin)
{
	struct view *view = job->context;
	int flags = job->call->at_flags & ~AT_SYMLINK_NOFOLLOW;

	return syscall(SYS_statx, pin, "", flags | AT_EMPTY_PATH, view->mask, &view->found.statx);
}

static int act_statx(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = object_act(job, place, look_statx);

	return result < 0 ? result : view_tell(view, &view->found.statx, sizeof view->found.statx);
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
	struct view view;

	view_start(&view, call, answer, call->arguments[4]);
	view.mask = (uint32_t)call->arguments[3];
	view.job.act = act_statx;
	object_perform(&view.job, check_statx(call, view.mask));
}

static long look_statfs(const struct object_job *job, int pin)
{
	struct view *view = job->context;

	return fstatfs(pin, &view->found.statfs);
}

static int act_statfs(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = object_act(job, place, look_statfs);

	return result < 0 ? result
			  : view_tell(view, &view->found.statfs, sizeof view->found.statfs);
}

void statfs_perform(struct call *call, struct answer *answer)
{
	struct view view;

	view_start(&view, call, answer, call->arguments[1]);
	view.job.act = act_statfs;
	object_perform(&view.job, 0);
}
