#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/entry.h"
#include "syscalls/judge.h"
#include "syscalls/perform.h"

/*
 * Calls about one name in a directory: mkdir, mknod, symlink, unlink, rmdir. Pin the directory,
 * judge its name and the last component, act there. fs/namei.c: filename_create(), do_unlinkat().
 */

struct job {
	struct call *call;
	struct answer *answer;
	bool makes; /* else it removes */
	int (*act)(struct call *call, const struct entry *entry);
	const char *link_target;
	struct entry entry;
	bool moved; /* its directory, since it was judged */
};

static int act_on(const struct job *job, const struct entry *entry, bool *ret_moved)
{
	struct moves *moves = &job->call->session->moves;
	int result = moves_hold(moves, false);

	if (result < 0)
		return result;
	*ret_moved = !entry_is_where_it_was(job->call, entry);
	result = *ret_moved ? -EACCES : job->act(job->call, entry);
	moves_release(moves, false);
	return result;
}

static void redirected(struct job *job, const char *path)
{
	cleanup_entry struct entry entry = ENTRY_NOWHERE;
	int result = entry_find_redirected(job->call, path, &entry);
	bool moved;

	answer_result(job->answer, result < 0 ? result : act_on(job, &entry, &moved));
}

static void decide(struct job *job, int otherwise)
{
	const struct place *place = &job->entry.place;
	struct question question;
	struct verdict verdict;

	question_prepare(&question, job->call, operation_rights(job->call->row->operation),
		place->path, place->path_len, !job->entry.exists);
	question.request.link_target = job->link_target;
	question.request.flags = (uint32_t)job->call->at_flags;
	switch (judge(&question, job->answer, otherwise, &verdict)) {
	case JUDGED_ALLOW:
		answer_result(job->answer, act_on(job, &job->entry, &job->moved));
		break;
	case JUDGED_REDIRECT:
		redirected(job, verdict.data);
		break;
	case JUDGED_ANSWERED:
		break;
	}
	verdict_clear(&verdict);
}

/* What comes of it whatever the policy says; 0: it depends. */
static int foregone(const struct job *job)
{
	const struct entry *entry = &job->entry;

	/* To remove, the kernel asks the mount before it looks. */
	if (!job->makes && !entry->exists && entry_is_read_only(entry))
		return -EROFS;
	if (entry->too_long)
		return -ENAMETOOLONG;
	if (job->makes)
		return entry->exists ? -EEXIST : 0;
	return entry->exists ? 0 : -ENOENT;
}

static void find_and_decide(struct job *job, int base)
{
	const struct call *call = job->call;
	int result = entry_find(call, base, call->given, call->given_len, &job->entry);

	if (result == -ENOENT && job->entry.place.path_len > 0)
		decide(job, -ENOENT);
	else if (result < 0)
		answer_result(job->answer, result);
	else if (job->entry.special)
		answer_result(job->answer, job->act(job->call, &job->entry));
	else
		decide(job, foregone(job));
}

/* Whoever keeps moving the directory wins nothing: EACCES in the end. */
static void perform(struct job *job)
{
	cleanup_fd int base = -1;
	int result = call_base(job->call, &base);

	if (result < 0) {
		answer_result(job->answer, result);
		return;
	}
	for (int i = 0; i < MOVES_ATTEMPTS && (i == 0 || job->moved); i++) {
		job->moved = false;
		job->entry = ENTRY_NOWHERE;
		find_and_decide(job, base);
		entry_clear(&job->entry);
	}
}

/* ---- making -------------------------------------------------------------------------------- */

struct making {
	const struct entry *entry;
	uint32_t mode;
	uint64_t device;
	const char *text;
};

static long make_directory(const void *context)
{
	const struct making *making = context;

	return syscall(SYS_mkdirat, making->entry->dirfd, making->entry->name, making->mode);
}

static int act_mkdir(struct call *call, const struct entry *entry)
{
	const struct making making = {.entry = entry, .mode = call->mode};
	int result = act_take_umask(call);

	return result < 0 ? result
			  : act_perform(call, entry->place.parent, make_directory, &making);
}

void mkdir_perform(struct call *call, struct answer *answer)
{
	struct job job = {.call = call, .answer = answer, .makes = true, .act = act_mkdir};

	perform(&job);
}

/* The device is the argument behind the mode. */
static uint64_t device_of(const struct call *call)
{
	for (size_t i = 0; i < 5; i++)
		if (call->row->arguments[i] == ARG_MODE)
			return (uint32_t)call->arguments[i + 1];
	return 0;
}

static long make_node(const void *context)
{
	const struct making *making = context;

	return syscall(SYS_mknodat, making->entry->dirfd, making->entry->name, making->mode,
		making->device);
}

static int act_mknod(struct call *call, const struct entry *entry)
{
	const struct making making = {
		.entry = entry, .mode = call->mode, .device = device_of(call)};
	int result = act_take_umask(call);

	return result < 0 ? result : act_perform(call, entry->place.parent, make_node, &making);
}

/* may_mknod() in fs/namei.c comes before the path. */
static int check_type(uint32_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
	case 0:
		return 0;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
}

/* The whiteout, 0:0, is no device. */
static bool makes_device(const struct call *call)
{
	return (S_ISCHR(call->mode) || S_ISBLK(call->mode)) &&
	       (device_of(call) != 0 || S_ISBLK(call->mode));
}

void mknod_perform(struct call *call, struct answer *answer)
{
	struct job job = {.call = call, .answer = answer, .makes = true, .act = act_mknod};
	int result = check_type(call->mode);

	if (result == 0)
		result = call_read_name(call);
	if (result < 0)
		answer_result(answer, result);
	else if (makes_device(call) && !call->session->world.device_open)
		answer_refusal(call, answer, EPERM,
			"a device node is another name for the device: the policy must open "
			"@device");
	else
		perform(&job);
}

static long make_symlink(const void *context)
{
	const struct making *making = context;

	return syscall(SYS_symlinkat, making->text, making->entry->dirfd, making->entry->name);
}

/* The row calls the text a name, and the name a new name. */
static int act_symlink(struct call *call, const struct entry *entry)
{
	const struct making making = {.entry = entry, .text = call->new_given};

	return act_perform(call, entry->place.parent, make_symlink, &making);
}

void symlink_perform(struct call *call, struct answer *answer)
{
	struct job job = {.call = call,
		.answer = answer,
		.makes = true,
		.act = act_symlink,
		.link_target = call->new_given};
	int result = call_read_new_name(call);

	if (result == 0 && call->new_given_len == 0)
		result = -ENOENT;
	if (result == 0)
		result = call_read_name(call);
	if (result < 0)
		answer_result(answer, result);
	else
		perform(&job);
}

/* ---- removing ------------------------------------------------------------------------------ */

struct removal {
	const struct entry *entry;
	int flags;
};

static long remove_name(const void *context)
{
	const struct removal *removal = context;

	return syscall(SYS_unlinkat, removal->entry->dirfd, removal->entry->name, removal->flags);
}

static int act_remove(struct call *call, const struct entry *entry)
{
	const struct removal removal = {entry, call->at_flags};

	return act_perform(call, entry->place.parent, remove_name, &removal);
}

static void remove_with(struct call *call, struct answer *answer, int flags)
{
	struct job job = {.call = call, .answer = answer, .act = act_remove};
	int result = 0;

	call->at_flags = flags;
	if ((flags & ~AT_REMOVEDIR) != 0)
		result = -EINVAL;
	if (result == 0)
		result = call_read_name(call);
	if (result < 0)
		answer_result(answer, result);
	else
		perform(&job);
}

void unlink_perform(struct call *call, struct answer *answer)
{
	remove_with(call, answer, call->at_flags);
}

void rmdir_perform(struct call *call, struct answer *answer)
{
	remove_with(call, answer, AT_REMOVEDIR);
}
