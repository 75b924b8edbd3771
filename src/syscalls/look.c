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

int view_act(struct object_job *job, const struct place *place, act_function *action)
{
	const struct view_subject subject = {(struct view *)job->context, place->object};

	return act_perform(job->call, -1, action, &subject);
}

int view_tell(const struct view *view, const void *bytes, size_t size)
{
	return memory_write(&view->job.call->target, view->address, bytes, size);
}

struct view view_start(struct call *call, struct answer *answer, uint64_t address)
{
	return (struct view){
		.job = {.call = call,
			.answer = answer,
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

void view_finish(struct view *view, int result)
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
	return view_tell(job->context, &place->st, sizeof place->st);
}

static void stat_with(struct call *call, struct answer *answer, unsigned flags, uint64_t address)
{
	struct view view = view_start(call, answer, address);

	view.job.flags |= flags;
	view.job.act = act_stat;
	view_finish(&view, 0);
}

void stat_perform(struct call *call, struct answer *answer)
{
	stat_with(call, answer, 0, call->arguments[1]);
}

void fstat_perform(struct call *call, struct answer *answer)
{
	struct view view = view_start(call, answer, call->arguments[1]);

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
	struct view view = view_start(call, answer, call->arguments[2]);
	int result = (call->at_flags & ~known) != 0 ? -EINVAL : 0;

	view.job.act = act_stat;
	view_finish(&view, result);
}

static long look_statx(const void *context)
{
	const struct view_subject *subject = context;
	struct view *view = subject->view;
	int flags = view->job.call->at_flags & ~AT_SYMLINK_NOFOLLOW;

	return syscall(
		SYS_statx, subject->pin, "", flags | AT_EMPTY_PATH, view->mask, &view->found.statx);
}

static int act_statx(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = view_act(job, place, look_statx);

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
	struct view view = view_start(call, answer, call->arguments[4]);

	view.mask = (uint32_t)call->arguments[3];
	view.job.act = act_statx;
	view_finish(&view, check_statx(call, view.mask));
}

static long look_statfs(const void *context)
{
	const struct view_subject *subject = context;

	return fstatfs(subject->pin, &subject->view->found.statfs);
}

static int act_statfs(struct object_job *job, const struct place *place)
{
	const struct view *view = job->context;
	int result = view_act(job, place, look_statfs);

	return result < 0 ? result
			  : view_tell(view, &view->found.statfs, sizeof view->found.statfs);
}

void statfs_perform(struct call *call, struct answer *answer)
{
	struct view view = view_start(call, answer, call->arguments[1]);

	view.job.act = act_statfs;
	view_finish(&view, 0);
}

void fstatfs_perform(struct call *call, struct answer *answer)
{
	struct view view = view_start(call, answer, call->arguments[1]);

	view.job.act = act_statfs;
	view.job.context = &view;
	object_perform_on_descriptor(&view.job, call->dirfd);
}
