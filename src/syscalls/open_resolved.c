#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/decode.h"
#include "syscalls/entry.h"
#include "syscalls/open.h"
#include "target/process.h"
#include "target/procfs.h"
#include "target/terminal.h"

/*
 * The long way of an open: pin what the path leads to, decide on the pin's name, act on the pin.
 * Semantics of do_filp_open() in fs/namei.c, each errno in its order.
 */

enum { CREATE_ATTEMPTS = 8 };

static struct route route_of(const struct open_job *job)
{
	const struct call *call = job->call;
	bool nofollow = open_wants(job, O_NOFOLLOW) || open_wants(job, O_CREAT | O_EXCL);

	return (struct route){
		.world = &call->session->world,
		.target = &call->target,
		.path = call->given,
		.length = call->given_len,
		.base = job->base,
		.flags = (nofollow ? PLACE_NOFOLLOW : 0) |
			 (open_wants(job, O_CREAT) ? PLACE_CREATE : 0),
		.resolve = call->resolve,
	};
}

static bool is_tmpfile(const struct open_job *job)
{
	return open_wants(job, O_TMPFILE);
}

/* ---- nothing is there ---------------------------------------------------------------------- */

/* Only a verdict that somebody wrote down changes what a missing object answers. */
static void answer_missing(struct open_job *job, const struct place *place)
{
	unsigned rights = open_rights(job->call->flags);
	struct question question;
	struct verdict verdict;

	if (open_wants(job, O_CREAT))
		rights |= RIGHT_CREATE;
	if (place->path_len == 0) {
		answer_result(job->answer, -ENOENT);
		return;
	}
	question_prepare(&question, job->call, rights, place->path, place->path_len, true);
	question_ask(&question, &verdict);
	if (verdict.kind == VERDICT_ALLOW || verdict.source == SOURCE_DEFAULT)
		answer_result(job->answer, -ENOENT);
	else
		open_settle(job, &question, &verdict);
	verdict_clear(&verdict);
}

static int create_at(struct open_job *job, const struct place *place)
{
	struct call *call = job->call;
	struct opening opening = {
		.base = place->parent,
		.name = place->leaf,
		/* What another made meanwhile is looked at first: it may block, or be a link. */
		.flags = call->flags | O_EXCL,
		.mode = call->mode,
		.resolve = RESOLVE_NO_SYMLINKS,
	};
	struct moves *moves = &call->session->moves;
	int result;

	/* Natively the descriptor comes first: no file may be made for one that can't be had. */
	if (process_fds_exhausted(&call->session->world, &call->target))
		return -EMFILE;
	result = act_take_umask(call);
	if (result == 0)
		result = moves_hold(moves, false);
	if (result < 0)
		return result;
	result = place_is_where_it_was(call, place) ? act_open(call, &opening) : -EEXIST;
	moves_release(moves, false);
	return result;
}

/* false: somebody else made it meanwhile, or moved its directory: look again. */
static bool create(struct open_job *job, const struct place *place)
{
	unsigned rights = open_rights(job->call->flags) | RIGHT_CREATE;
	struct question question;
	struct verdict verdict;
	bool done = true;

	question_prepare(&question, job->call, rights, place->path, place->path_len, true);
	question_ask(&question, &verdict);
	if (verdict.kind != VERDICT_ALLOW) {
		open_settle(job, &question, &verdict);
	} else {
		int fd = create_at(job, place);

		done = fd != -EEXIST;
		if (done) {
			question_observe(&question, &verdict);
			open_answer(job, fd);
		}
	}
	verdict_clear(&verdict);
	return done;
}

/* ---- something is there -------------------------------------------------------------------- */

/* Whether fs.protected_regular or fs.protected_fifos, or the kernel's own rule, looks at it. */
static int protection_level(const struct world *world, mode_t mode)
{
	if (S_ISREG(mode))
		return world->protected_regular;
	return S_ISFIFO(mode) ? world->protected_fifos : 1;
}

/* may_create_in_sticky() in fs/namei.c: O_CREAT on what somebody else put into a sticky directory.
 */
static bool is_protected(const struct open_job *job, const struct place *place)
{
	const struct world *world = &job->call->session->world;
	int level = protection_level(world, place->st.st_mode);
	struct process_status status;
	struct stat directory;

	if (level == 0 || place->parent < 0 || fstat(place->parent, &directory) < 0)
		return false;
	if ((directory.st_mode & S_ISVTX) == 0 || place->st.st_uid == directory.st_uid)
		return false;
	if (process_status(world, &job->call->target, &status) < 0 ||
		place->st.st_uid == status.fsuid)
		return false;
	return (directory.st_mode & S_IWOTH) != 0 ||
	       ((directory.st_mode & S_IWGRP) != 0 && level >= 2);
}

/* What opening it fails with before anybody is asked, in the order of do_open(); 0: go on. */
static int check_existing(const struct open_job *job, const struct place *place)
{
	if (open_wants(job, O_CREAT)) {
		if (open_wants(job, O_EXCL))
			return -EEXIST;
		if (S_ISDIR(place->st.st_mode))
			return -EISDIR;
		if (is_protected(job, place))
			return -EACCES;
	}
	if (open_wants(job, O_DIRECTORY) && !S_ISDIR(place->st.st_mode))
		return -ENOTDIR;
	if (S_ISLNK(place->st.st_mode) && !open_wants(job, O_PATH))
		return -ELOOP;
	return 0;
}

static bool writes_memory(const struct open_job *job, const struct place *place)
{
	return (open_rights(job->call->flags) & RIGHT_MODIFY) != 0 &&
	       !job->call->session->world.debug_open && procfs_is_memory(place);
}

/* Where no Landlock domain keeps signals within the tree, pidfd_send_signal(2) would take it. */
static bool holds_outsider(const struct open_job *job, const struct place *place)
{
	const struct call *call = job->call;

	return !call->session->scoped && (call->flags & O_PATH) == 0 &&
	       procfs_is_outsider(&call->session->world, &call->target, place);
}

static bool writes_to_outsider(const struct open_job *job, const struct place *place)
{
	return (open_rights(job->call->flags) & RIGHT_MODIFY) != 0 &&
	       (place->st.st_mode & (S_IWUSR | S_IWGRP | S_IWOTH)) != 0 &&
	       procfs_is_outsiders(&job->call->session->world, &job->call->target, place);
}

static int open_terminal(struct open_job *job, const struct place *place)
{
	struct call *call = job->call;
	cleanup_fd int pin = terminal_pin(&call->session->world, &call->target, place->object);
	struct stat st;

	if (pin < 0)
		return pin;
	if (fstat(pin, &st) < 0)
		return -ENXIO;
	return act_reopen(call, pin, &st, call->flags, 0);
}

static int open_object(struct open_job *job, const struct place *place)
{
	struct call *call = job->call;
	const struct world *world = &call->session->world;
	int result = 0;

	if (terminal_is_alias(&place->st))
		return open_terminal(job, place);
	if (open_wants(job, O_TRUNC) && process_fds_exhausted(world, &call->target))
		return -EMFILE;
	if (is_tmpfile(job) && procfs_is_own_fd_directory(world, &call->target, place->object))
		return -EOPNOTSUPP; /* the kernel's rule for one's own descriptors comes before the
				       mode */
	if (is_tmpfile(job))
		result = act_take_umask(call);
	if (result < 0)
		return result;
	result = act_reopen(call, place->object, &place->st, call->flags, call->mode);
	if (result == -EACCES && call->session->world.credentials_vary)
		result = act_reopen_own(call, place, call->flags);
	return result;
}

static void act_on_object(struct open_job *job, const struct place *place)
{
	if (!open_wants(job, O_PATH))
		open_answer(job, open_object(job, place));
	else if (decode_is_openat2(job->call))
		/*
		 * Its flags lie in the target's memory: by the time the kernel reads them they may
		 * ask for a descriptor that confers something. Programs fall back to openat.
		 */
		answer_result(job->answer, -ENOSYS);
	else
		/* Confers nothing by itself, and can't be injected: every use is judged again. */
		job->answer->kind = ANSWER_CONTINUE;
}

static void open_existing(struct open_job *job, const struct place *place)
{
	unsigned rights = open_rights(job->call->flags);
	struct question question;
	struct verdict verdict;
	int result = check_existing(job, place);

	if (result < 0) {
		answer_result(job->answer, result);
		return;
	}
	if (place->nameless) {
		/* A pipe, a socket, a memory file: reached through a descriptor that it has. */
		act_on_object(job, place);
		return;
	}
	if (writes_to_outsider(job, place) || holds_outsider(job, place)) {
		answer_refusal(job->call, job->answer, EACCES, "processes outside are left alone");
		return;
	}
	if (writes_memory(job, place)) {
		answer_refusal(job->call, job->answer, EACCES,
			"writing to a process's memory is refused unless the policy opens @debug");
		return;
	}
	question_prepare(&question, job->call, rights, place->path, place->path_len, false);
	question_ask(&question, &verdict);
	if (verdict.kind != VERDICT_ALLOW) {
		open_settle(job, &question, &verdict);
	} else {
		question_observe(&question, &verdict);
		act_on_object(job, place);
	}
	verdict_clear(&verdict);
}

/* ---- both ---------------------------------------------------------------------------------- */

static bool attempt(struct open_job *job)
{
	struct route route = route_of(job);
	cleanup_place struct place place = PLACE_NOWHERE;
	int result = act_resolve(job->call, &route, &place);

	if (result == -ENOENT) {
		answer_missing(job, &place);
	} else if (result < 0) {
		answer_result(job->answer, result);
	} else if (place.object >= 0) {
		open_existing(job, &place);
	} else if (open_wants(job, O_CREAT)) {
		return create(job, &place);
	} else {
		answer_missing(job, &place);
	}
	return true;
}

void open_resolved(struct open_job *job)
{
	for (int i = 0; i < CREATE_ATTEMPTS; i++)
		if (attempt(job))
			return;
	/* Whoever keeps making and removing that name wins nothing. */
	answer_result(job->answer, -EACCES);
}
