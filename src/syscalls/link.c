#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "policy/pattern.h"
#include "syscalls/entry.h"
#include "syscalls/judge.h"
#include "syscalls/object.h"
#include "syscalls/perform.h"
#include "target/process.h"

/*
 * Calls with two names: rename and link. Each end is pinned, both are judged in one question, and
 * the act is done on the pins. fs/namei.c: do_renameat2(), do_linkat().
 */

struct pair {
	struct call *call;
	struct answer *answer;
	struct entry from;   /* rename */
	struct place object; /* link */
	struct entry to;
	unsigned flags;    /* of the act */
	bool must_replace; /* something is, or may be, at the new name: it will be gone */
	bool appeared;     /* nothing was there when it was judged, but now there is */
	bool moved;        /* a directory of one of them, since it was judged */
};

static void refuse_redirect(const struct question *question, struct answer *answer)
{
	question_refuse(question, answer, EACCES,
		"a call with two names can be allowed or refused, not redirected");
}

/* The question about both ends; `more` and `new_more` rights than such calls always need. */
static void ask(struct pair *pair, const struct place *from, bool missing, unsigned more,
	unsigned new_more, int otherwise, int (*act)(struct pair *pair))
{
	const enum operation operation = pair->call->row->operation;
	struct question question;
	struct verdict verdict;

	question_prepare(&question, pair->call, operation_rights(operation) | more, from->path,
		from->path_len, missing);
	question.request.newpath = pair->to.place.path;
	question.request.newpath_len = pair->to.place.path_len;
	question.request.new_rights = operation_new_rights(operation) | new_more;
	question.request.flags = (uint32_t)pair->call->at_flags;
	question.request.exchanges =
		operation == OPERATION_RENAME && (pair->call->at_flags & RENAME_EXCHANGE) != 0;
	switch (judge(&question, pair->answer, otherwise, &verdict)) {
	case JUDGED_ALLOW:
		answer_result(pair->answer, act(pair));
		break;
	case JUDGED_REDIRECT:
		refuse_redirect(&question, pair->answer);
		break;
	case JUDGED_ANSWERED:
		break;
	}
	verdict_clear(&verdict);
}

/* ---- rename -------------------------------------------------------------------------------- */

static long rename_names(const void *context)
{
	const struct pair *pair = context;

	return syscall(SYS_renameat2, pair->from.dirfd, pair->from.name, pair->to.dirfd,
		pair->to.name, pair->flags);
}

static bool goes_into_itself(const struct pair *pair)
{
	const struct place *from = &pair->from.place, *to = &pair->to.place;

	return path_is_under(to->path, to->path_len, from->path, from->path_len);
}

static bool are_where_they_were(const struct pair *pair, bool renames)
{
	return (!renames || entry_is_where_it_was(pair->call, &pair->from)) &&
	       entry_is_where_it_was(pair->call, &pair->to);
}

static int act_on_names(struct pair *pair, bool renames, act_function *action)
{
	struct moves *moves = &pair->call->session->moves;
	int result = moves_hold(moves, renames);

	if (result < 0)
		return result;
	pair->moved = !are_where_they_were(pair, renames);
	result = pair->moved ? -EACCES : act_perform(pair->call, -1, action, pair);
	moves_release(moves, renames);
	return result;
}

/*
 * What was judged to replace nothing must replace nothing: NOREPLACE, whether the program asked for
 * it or not. -EINVAL: a file system that does not know it.
 */
static int act_rename(struct pair *pair)
{
	bool asks = !pair->must_replace && !pair->from.special && !pair->to.special &&
		    (pair->call->at_flags & (RENAME_EXCHANGE | RENAME_NOREPLACE)) == 0;
	int result;

	pair->flags = (unsigned)pair->call->at_flags | (asks ? RENAME_NOREPLACE : 0);
	result = act_on_names(pair, true, rename_names);
	pair->appeared =
		asks && (result == -EEXIST || (result == -EINVAL && !goes_into_itself(pair)));
	return result;
}

/* One after the other: what is wrong with the new name comes after all that is with the old. */
static int find_old(struct pair *pair)
{
	struct call *call = pair->call;
	cleanup_fd int base = -1;
	int result = call_read_name(call);

	if (result == 0)
		result = call_base(call, &base);
	return result < 0 ? result
			  : entry_find(call, base, call->given, call->given_len, &pair->from);
}

static int find_new(struct pair *pair)
{
	struct call *call = pair->call;
	cleanup_fd int base = -1;
	int result = call_read_new_name(call);

	if (result == 0)
		result = call_new_base(call, &base);
	return result < 0 ? result
			  : entry_find(call, base, call->new_given, call->new_given_len, &pair->to);
}

static bool on_same_mount(const struct pair *pair)
{
	struct statx one, other;

	return statx(pair->from.place.parent, "", AT_EMPTY_PATH, STATX_MNT_ID, &one) == 0 &&
	       statx(pair->to.place.parent, "", AT_EMPTY_PATH, STATX_MNT_ID, &other) == 0 &&
	       one.stx_mnt_id == other.stx_mnt_id;
}

/* What the lookups say, in their order; 0: nothing. */
static int looked_up(const struct pair *pair)
{
	if (pair->from.too_long)
		return -ENAMETOOLONG;
	if (!pair->from.exists)
		return -ENOENT;
	if (pair->to.too_long)
		return -ENAMETOOLONG;
	if (pair->to.exists && (pair->call->at_flags & RENAME_NOREPLACE) != 0)
		return -EEXIST;
	if (!pair->to.exists && (pair->call->at_flags & RENAME_EXCHANGE) != 0)
		return -ENOENT;
	return 0;
}

static int foregone_rename(const struct pair *pair)
{
	int result = looked_up(pair);

	if (result < 0 && !on_same_mount(pair))
		return -EXDEV;
	return result < 0 && entry_is_read_only(&pair->from) ? -EROFS : result;
}

static void ask_rename(struct pair *pair)
{
	unsigned flags = (unsigned)pair->call->at_flags;
	unsigned rights = 0, new_rights = 0;

	/* What is exchanged comes to the old name; a whiteout is made there. */
	if ((flags & (RENAME_EXCHANGE | RENAME_WHITEOUT)) != 0)
		rights |= RIGHT_CREATE;
	if (pair->must_replace)
		new_rights |= RIGHT_DELETE;
	ask(pair, &pair->from.place, !pair->from.exists, rights, new_rights, foregone_rename(pair),
		act_rename);
}

/* Once more where something has come to be at the new name meanwhile: that is another question. */
static void decide_rename(struct pair *pair)
{
	if (pair->from.special || pair->to.special) {
		answer_result(pair->answer, act_rename(pair));
		return;
	}
	pair->must_replace = pair->to.exists;
	ask_rename(pair);
	if (pair->appeared) {
		pair->must_replace = true;
		ask_rename(pair);
	}
}

static int check_rename_flags(unsigned flags)
{
	if ((flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) != 0)
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) != 0 && flags != RENAME_EXCHANGE)
		return -EINVAL;
	return 0;
}

static void find_and_rename(struct pair *pair)
{
	int result = find_old(pair);

	pair->moved = pair->appeared = false;
	if (result == 0)
		result = find_new(pair);
	if (result < 0)
		answer_result(pair->answer, result);
	else
		decide_rename(pair);
	entry_clear(&pair->from);
	entry_clear(&pair->to);
	pair->from = pair->to = ENTRY_NOWHERE;
}

void rename_perform(struct call *call, struct answer *answer)
{
	struct pair pair = {.call = call,
		.answer = answer,
		.from = ENTRY_NOWHERE,
		.object = PLACE_NOWHERE,
		.to = ENTRY_NOWHERE};
	int result = check_rename_flags((unsigned)call->at_flags);

	if (result < 0) {
		answer_result(answer, result);
		return;
	}
	/* Whoever keeps moving the directories wins nothing: EACCES in the end. */
	for (int i = 0; i < MOVES_ATTEMPTS && (i == 0 || pair.moved); i++)
		find_and_rename(&pair);
}

/* ---- link ---------------------------------------------------------------------------------- */

static long link_object(const void *context)
{
	const struct pair *pair = context;
	char name[OBJECT_NAME_SIZE];

	/* Not AT_EMPTY_PATH: that asks for a capability, or for the opener's own credentials. */
	return syscall(SYS_linkat, AT_FDCWD, object_name(pair->object.object, name), pair->to.dirfd,
		pair->to.name, AT_SYMLINK_FOLLOW);
}

static int act_link(struct pair *pair)
{
	return act_on_names(pair, false, link_object);
}

/* Nothing is there to be linked: the new name does not matter, and is not looked at. */
static void decide_missing(struct pair *pair)
{
	struct question question;
	struct verdict verdict;

	question_prepare(&question, pair->call, operation_rights(OPERATION_LINK), pair->object.path,
		pair->object.path_len, true);
	if (judge(&question, pair->answer, -ENOENT, &verdict) == JUDGED_REDIRECT)
		refuse_redirect(&question, pair->answer);
	verdict_clear(&verdict);
}

static int foregone_link(const struct pair *pair)
{
	if (pair->to.too_long)
		return -ENAMETOOLONG;
	return pair->to.exists ? -EEXIST : 0;
}

static void decide_link(struct pair *pair)
{
	if (pair->to.special || pair->object.nameless)
		answer_result(pair->answer, act_link(pair)); /* EEXIST, EXDEV */
	else
		/* With a second name a file that may only be read could be written, and so on. */
		ask(pair, &pair->object, false, 0, 0, foregone_link(pair), act_link);
}

/*
 * With AT_EMPTY_PATH the kernel links what the very same credentials have opened, or asks for
 * CAP_DAC_READ_SEARCH (path_init() in fs/namei.c). Who opened it can't be told: where credentials
 * change, only the capability counts.
 */
static int check_opener(const struct call *call)
{
	const struct world *world = &call->session->world;
	struct process_status status;
	int result;

	if (!world->credentials_vary || call->dirfd < 0 || call->given_len > 0)
		return 0;
	result = process_status(world, &call->target, &status);
	if (result < 0)
		return result;
	return (status.cap_effective & (1ull << CAP_DAC_READ_SEARCH)) != 0 ? 0 : -ENOENT;
}

static int find_object(struct pair *pair)
{
	struct call *call = pair->call;
	unsigned flags = (call->at_flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : PLACE_NOFOLLOW;
	int result = call_read_name(call);

	if (result == 0)
		result = object_find(
			call, flags, (call->at_flags & AT_EMPTY_PATH) != 0, &pair->object);
	return result == 0 && pair->object.object < 0 ? -ENOENT : result;
}

static void find_and_link(struct pair *pair)
{
	int result = find_object(pair);

	pair->moved = false;
	if (result == -ENOENT && pair->object.path_len > 0) {
		decide_missing(pair);
	} else {
		if (result == 0)
			result = check_opener(pair->call);
		if (result == 0)
			result = find_new(pair);
		if (result < 0)
			answer_result(pair->answer, result);
		else
			decide_link(pair);
	}
	place_clear(&pair->object);
	entry_clear(&pair->to);
	pair->object = PLACE_NOWHERE;
	pair->to = ENTRY_NOWHERE;
}

void link_perform(struct call *call, struct answer *answer)
{
	struct pair pair = {.call = call,
		.answer = answer,
		.from = ENTRY_NOWHERE,
		.object = PLACE_NOWHERE,
		.to = ENTRY_NOWHERE};

	if ((call->at_flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0) {
		answer_result(answer, -EINVAL);
		return;
	}
	for (int i = 0; i < MOVES_ATTEMPTS && (i == 0 || pair.moved); i++)
		find_and_link(&pair);
}
