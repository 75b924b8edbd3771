#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/act.h"
#include "syscalls/perform.h"
#include "target/process.h"

/* mkdir: pin the parent, judge parent and name, make it there. do_mkdirat() in fs/namei.c. */

struct mkdir_job {
	struct call *call;
	struct answer *answer;
	struct place place; /* parent and leaf; path is the name judged */
};

static bool is_dots(const char *leaf)
{
	return strcmp(leaf, ".") == 0 || strcmp(leaf, "..") == 0;
}

/* place.path: the parent's name and the leaf's. */
static int name_leaf(const struct world *world, struct place *place)
{
	ssize_t length = pin_name(world, place->parent, place->path);
	size_t leaf = strlen(place->leaf);

	if (length < 0 || place->path[0] != '/')
		return -EACCES;
	if (length > 1)
		place->path[length++] = '/';
	if ((size_t)length + leaf >= sizeof place->path)
		return -ENAMETOOLONG;
	memcpy(place->path + length, place->leaf, leaf + 1);
	place->path_len = (size_t)length + leaf;
	return 0;
}

static bool exists(const struct call *call, const struct place *place)
{
	struct identity identity;
	struct stat st;
	bool found;

	if (identity_enter(&identity, &call->session->world, &call->target) < 0)
		return false;
	found = fstatat(place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) == 0;
	identity_leave(&identity);
	if (!found && act_may_enter_anyway(call, place->parent))
		found = fstatat(place->parent, place->leaf, &st, AT_SYMLINK_NOFOLLOW) == 0;
	return found;
}

static int make(struct mkdir_job *job, const struct place *place)
{
	int result = act_take_umask(job->call);

	if (result < 0)
		return result;
	/* Nothing can be undone: not for a call that nobody waits for. */
	result = target_check(&job->call->target);
	return result < 0 ? result
			  : act_mkdir(job->call, place->parent, place->leaf, job->call->mode);
}

static int pin_as_target(const struct call *call, const char *directory)
{
	struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
		.resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	result = (int)syscall(SYS_openat2, AT_FDCWD, directory, &how, sizeof how);
	if (result < 0)
		result = -errno;
	identity_leave(&identity);
	return result;
}

static int redirected(struct mkdir_job *job, const char *path)
{
	cleanup_place struct place place = PLACE_NOWHERE;
	const char *leaf = strrchr(path, '/');
	char directory[PATH_MAX];

	if (leaf == NULL || leaf[1] == '\0' || strlen(leaf + 1) > NAME_MAX ||
		strlen(path) >= PATH_MAX)
		return -EACCES;
	(void)snprintf(directory, sizeof directory, "%.*s", (int)(leaf - path + 1), path);
	(void)strcpy(place.leaf, leaf + 1);
	place.parent = pin_as_target(job->call, directory);
	return place.parent < 0 ? place.parent : make(job, &place);
}

static void settle(struct mkdir_job *job, const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_ALLOW)
		answer_result(job->answer, make(job, &job->place));
	else if (answer_verdict(job->answer, verdict))
		return;
	else if (verdict->kind == VERDICT_REDIRECT)
		answer_result(job->answer, redirected(job, verdict->data));
	else
		answer_result(job->answer, -EACCES);
}

/*
 * The default protects what would be made: where nothing would be, `otherwise` (the kernel's own
 * answer) stands. 0: something would be made.
 */
static void judge(struct mkdir_job *job, int otherwise)
{
	const struct place *place = &job->place;
	struct question question;
	struct verdict verdict;

	question_prepare(&question, job->call, RIGHT_CREATE, place->path, place->path_len,
		otherwise != -EEXIST);
	question_ask(&question, &verdict);
	if (otherwise < 0 && (verdict.kind == VERDICT_ALLOW || verdict.source == SOURCE_DEFAULT)) {
		answer_result(job->answer, otherwise);
	} else {
		question_observe(&question, &verdict);
		settle(job, &verdict);
	}
	verdict_clear(&verdict);
}

static int find_parent(struct mkdir_job *job, int base)
{
	const struct call *call = job->call;
	struct route route = {
		.world = &call->session->world,
		.target = &call->target,
		.path = call->given,
		.length = call->given_len,
		.base = base,
		.flags = PLACE_PARENT,
	};

	return act_resolve(call, &route, &job->place);
}

static void perform(struct mkdir_job *job, int base)
{
	struct place *place = &job->place;
	int result = find_parent(job, base);

	if (result == -ENOENT && place->path_len > 0)
		judge(job, -ENOENT);
	else if (result < 0)
		answer_result(job->answer, result);
	else if (place->object >= 0 || is_dots(place->leaf))
		answer_result(job->answer, -EEXIST);
	else if ((result = name_leaf(&job->call->session->world, place)) < 0)
		answer_result(job->answer, result);
	else
		judge(job, exists(job->call, place) ? -EEXIST : 0);
}

void mkdir_perform(struct call *call, struct answer *answer)
{
	struct mkdir_job job = {.call = call, .answer = answer, .place = PLACE_NOWHERE};
	cleanup_fd int base = -1;
	int result = call_base(call, &base);

	if (result < 0) {
		answer_result(answer, result);
		return;
	}
	perform(&job, base);
	place_clear(&job.place);
}
