#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/open.h"
#include "target/process.h"
#include "target/procfs.h"
#include "target/terminal.h"

/*
 * The short way of an open, which nearly every open goes.
 *
 * Where a path has no `.`, `..` and no symlink, its text (behind the name of its base) is the
 * object's name. So: decide on the text, then open it and have the kernel vouch for "no symlink"
 * in the same call. Whatever is opened is what bears the judged name, if no directory moves
 * meanwhile, not even while the kernel walks. If it finds a symlink, or something was renamed, the
 * decision was about nothing, and the long way starts from scratch.
 */

/* No empty, `.` or `..` component, no trailing slash. */
static bool is_plain(const char *path, size_t length)
{
	const char *component = path + (path[0] == '/' ? 1 : 0);

	if (length == 0 || path[length - 1] == '/')
		return false;
	for (;;) {
		size_t size = strcspn(component, "/");

		if (size == 0 || (size == 1 && component[0] == '.') ||
			(size == 2 && component[0] == '.' && component[1] == '.'))
			return false;
		if (component[size] == '\0')
			return true;
		component += size + 1;
	}
}

static bool can_go_directly(const struct open_job *job)
{
	const struct call *call = job->call;

	/* What is cut off can't be put back, if a directory turns out to have been moved. */
	return (call->flags & (O_CREAT | O_TRUNC | O_PATH | (O_TMPFILE & ~O_DIRECTORY))) == 0 &&
	       call->resolve == 0 && !call->session->world.roots_vary &&
	       is_plain(call->given, call->given_len);
}

/* The text as an absolute name; its length, or 0: it has none. */
static size_t full_name(const struct open_job *job, char name[PATH_MAX])
{
	const struct call *call = job->call;
	ssize_t length = 0;

	if (call->given[0] != '/') {
		length = pin_name(&call->session->world, job->base, name);
		if (length < 0 || name[0] != '/')
			return 0;
		if (length > 1)
			name[length++] = '/';
	}
	if ((size_t)length + call->given_len >= PATH_MAX)
		return 0;
	memcpy(name + length, call->given, call->given_len + 1);
	return (size_t)length + call->given_len;
}

/* FNV-1a of the directory part; never 0. */
static uint64_t directory_hash(const char *name)
{
	const char *end = strrchr(name, '/');
	uint64_t hash = 14695981039346656037u;

	for (const char *at = name; at < end; at++)
		hash = (hash ^ (unsigned char)*at) * 1099511628211u;
	return hash | 1;
}

static _Atomic uint64_t *hint(const struct open_job *job, uint64_t hash)
{
	struct session *session = job->call->session;
	size_t size = sizeof session->plain_directories / sizeof *session->plain_directories;

	return &session->plain_directories[(hash >> 20) % size];
}

/* A pin of what the text names, without a symlink; or -errno. */
static int pin_text(const struct call *call, int base, const char *text)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
	struct identity identity;
	int pin = identity_enter(&identity, &call->session->world, &call->target);

	if (pin < 0)
		return pin;
	pin = (int)syscall(SYS_openat2, base >= 0 ? base : AT_FDCWD, text, &how, sizeof how);
	pin = pin < 0 ? -errno : pin;
	identity_leave(&identity);
	return pin;
}

/* 0 where the text names an existing object without a symlink; else why not. */
static int probe(const struct open_job *job)
{
	cleanup_fd int pin = pin_text(job->call, job->base, job->call->given);

	if (pin >= 0 && procfs_holds(pin))
		return -ELOOP;
	return pin < 0 ? pin : 0;
}

/* A handler is asked once, about real names: the directory must have been seen plain before. */
static bool is_ready_for_handler(const struct open_job *job, const char *name)
{
	uint64_t hash;

	if (!job->call->session->asks[OPERATION_OPEN])
		return true;
	hash = directory_hash(name);
	if (*hint(job, hash) == hash)
		return true;
	if (probe(job) == -ELOOP)
		return false;
	*hint(job, hash) = hash;
	return true;
}

static int open_plain(const struct open_job *job)
{
	struct opening opening = {
		.base = job->base >= 0 ? job->base : AT_FDCWD,
		.name = job->call->given,
		.flags = job->call->flags,
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	return act_open(job->call, &opening);
}

bool open_is_special(int fd)
{
	struct stat st;

	if (fd < 0)
		return false;
	if (fstat(fd, &st) < 0)
		return true;
	if (S_ISCHR(st.st_mode))
		return terminal_is_alias(&st);
	return procfs_holds(fd);
}

/* EACCES: perhaps a directory of its own in /proc, which it may enter where we in its place may
 * not. */
static bool may_be_its_own(const struct open_job *job, int result)
{
	return result == -EACCES && job->call->session->world.credentials_vary;
}

static bool has_moved(const struct open_job *job, struct moves_ticket ticket)
{
	return !moves_none_since(&job->call->session->moves, ticket);
}

/*
 * Whether the judged name is this object's now. What was opened may not simply be opened anew: who
 * waited at the other end of a FIFO has gone on.
 */
static bool is_called(const struct open_job *job, const char *name, int fd)
{
	const struct moves_ticket ticket = moves_ticket(&job->call->session->moves);
	cleanup_fd int pin = pin_text(job->call, AT_FDCWD, name);
	struct stat opened, named;

	return pin >= 0 && fstat(pin, &named) == 0 && fstat(fd, &opened) == 0 &&
	       named.st_dev == opened.st_dev && named.st_ino == opened.st_ino &&
	       !has_moved(job, ticket);
}

static bool open_allowed(struct open_job *job, const struct question *question,
	const struct verdict *verdict, struct moves_ticket ticket)
{
	cleanup_fd int fd = open_plain(job);

	if (fd >= 0 && has_moved(job, ticket) && !is_called(job, question->request.path, fd))
		return false;

	/* ENXIO: perhaps /dev/tty, and it is we who have no terminal. */
	if (fd == -ELOOP || fd == -ENXIO || open_is_special(fd) || may_be_its_own(job, fd))
		return false;
	question_observe(question, verdict);
	open_answer(job, fd >= 0 ? steal_fd(&fd) : fd);
	return true;
}

static bool open_refused(
	struct open_job *job, const struct question *question, const struct verdict *verdict)
{
	int found = probe(job);

	if (found == -ELOOP || may_be_its_own(job, found))
		return false;
	/* The default protects objects: where there is none, the kernel's own word stands. */
	if (found < 0 && verdict->source == SOURCE_DEFAULT)
		answer_result(job->answer, found);
	else
		open_settle(job, question, verdict);
	return true;
}

bool open_directly(struct open_job *job)
{
	char name[PATH_MAX];
	struct question question;
	struct verdict verdict;
	struct moves_ticket ticket;
	size_t length;
	bool done;

	if (!can_go_directly(job))
		return false;
	ticket = moves_ticket(&job->call->session->moves);
	length = full_name(job, name);
	if (length == 0 || !is_ready_for_handler(job, name))
		return false;
	question_prepare(&question, job->call, open_rights(job->call->flags), name, length, false);
	question_ask(&question, &verdict);
	done = verdict.kind == VERDICT_ALLOW ? open_allowed(job, &question, &verdict, ticket)
					     : open_refused(job, &question, &verdict);
	verdict_clear(&verdict);
	return done;
}
