#include "syscalls/act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/process.h"
#include "target/procfs.h"

typedef int enter_function(
	struct identity *identity, const struct world *world, const struct target *target);

static bool is_hidden(const struct world *world, const struct place *place)
{
	return world->hidden != NULL && place->object >= 0 && !place->nameless &&
	       world->hidden(world->hidden_context, place->path, place->path_len);
}

static int resolve_as(
	const struct call *call, enter_function *enter, struct route *route, struct place *ret)
{
	struct identity identity;
	int result = enter(&identity, &call->session->world, &call->target);

	if (result < 0) {
		*ret = PLACE_NOWHERE;
		return result;
	}
	route->identity = &identity;
	result = place_resolve(route, ret);
	route->identity = NULL;
	identity_leave(&identity);
	if (result == 0 && is_hidden(&call->session->world, ret)) {
		/* As if it were not there, before anything else is said of it. */
		place_clear(ret);
		return -ENOENT;
	}
	return result;
}

int act_resolve(const struct call *call, struct route *route, struct place *ret)
{
	return resolve_as(call, identity_enter, route, ret);
}

int act_resolve_as_real(const struct call *call, struct route *route, struct place *ret)
{
	return resolve_as(call, identity_enter_real, route, ret);
}

static struct open_how how_of(const struct opening *opening)
{
	struct open_how how = {
		.flags = opening->flags | O_CLOEXEC | O_NOCTTY,
		.resolve = opening->resolve,
	};

	/* openat2 takes a mode only where something may be created. */
	if ((how.flags & O_CREAT) != 0 || (how.flags & O_TMPFILE) == O_TMPFILE)
		how.mode = opening->mode;
	return how;
}

/* What an interrupted system call answers. */
static int interruption(const struct call *call)
{
	if (call->cancelled != call->turn)
		return -EINTR; /* the file system's own word */
	return call->crowded == call->turn ? -ENFILE : -INTERNAL_ERESTARTSYS;
}

/* The only signal let in is the monitor's, and it marks the call first; a stray one is passed over.
 */
static bool try_again(const struct call *call, int result, int attempt)
{
	enum { ATTEMPTS = 3 };

	return result == -EINTR && call->cancelled != call->turn && attempt < ATTEMPTS;
}

int act_open_as_self(struct call *call, const struct opening *opening)
{
	struct open_how how = how_of(opening);
	int fd, attempt = 0;

	/* What a slow file system does in the end must not be told to have been interrupted. */
	call->changes = !opening->known_to_block && (how.flags & (O_CREAT | O_TRUNC)) != 0;
	call->session->blocking_begin(call, opening->known_to_block);
	do {
		fd = (int)syscall(SYS_openat2, opening->base, opening->name, &how, sizeof how);
		if (fd < 0)
			fd = -errno;
	} while (try_again(call, fd, attempt++));
	call->session->blocking_end(call);
	return fd == -EINTR ? interruption(call) : fd;
}

/* Its own descriptors a process may reach even where its credentials say no. */
bool act_may_enter_anyway(const struct call *call, int directory)
{
	return call->session->world.credentials_vary &&
	       procfs_is_own_fd_directory(&call->session->world, &call->target, directory);
}

int act_open(struct call *call, const struct opening *opening)
{
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	result = act_open_as_self(call, opening);
	identity_leave(&identity);
	if (result != -EACCES || !act_may_enter_anyway(call, opening->base))
		return result;
	/* Its own to enter, but not its own to open without a trace: open(2), O_NOATIME. */
	return (opening->flags & O_NOATIME) != 0 ? -EPERM : act_open_as_self(call, opening);
}

static bool may_block(const struct stat *st, uint64_t flags)
{
	if ((flags & O_NONBLOCK) != 0)
		return false;
	if (S_ISFIFO(st->st_mode))
		return (flags & O_ACCMODE) != O_RDWR;
	return S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* O_EXCL of O_TMPFILE says that the file never gets a name: that stays. */
static uint64_t flags_of_reopen(uint64_t flags)
{
	const uint64_t looked_at = O_CREAT | O_NOFOLLOW;

	return flags & ~((flags & O_TMPFILE) == O_TMPFILE ? looked_at : looked_at | O_EXCL);
}

int act_reopen(struct call *call, int pin, const struct stat *st, uint64_t flags, uint32_t mode)
{
	char name[16];
	struct opening opening = {
		.base = call->session->world.fds,
		.name = name,
		.flags = flags_of_reopen(flags),
		.mode = mode,
		.known_to_block = may_block(st, flags),
	};
	int result;

	(void)snprintf(name, sizeof name, "%d", pin);
	result = act_open(call, &opening);
	if (result != -EACCES || !act_may_enter_anyway(call, pin))
		return result;
	return (flags & O_NOATIME) != 0 ? -EPERM : act_open_as_self(call, &opening);
}

/* The mode bits alone, for the target's identity. */
static int check_mode(const struct call *call, int pin, uint64_t flags)
{
	static const int by_access[4] = {R_OK, W_OK, R_OK | W_OK, R_OK | W_OK};
	int wanted = by_access[flags & O_ACCMODE] | ((flags & O_TRUNC) != 0 ? W_OK : 0);
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	/* faccessat2, by number: the C library's emulation of AT_EMPTY_PATH looks at other ids. */
	result = syscall(SYS_faccessat2, pin, "", wanted, AT_EACCESS | AT_EMPTY_PATH) < 0 ? -errno
											  : 0;
	identity_leave(&identity);
	return result;
}

/* What /proc/PID/fdinfo/N tells is the process's own, whatever its credentials are. */
static bool is_fdinfo(const struct call *call, const struct place *place)
{
	return S_ISREG(place->st.st_mode) && place->parent >= 0 &&
	       act_may_enter_anyway(call, place->parent);
}

int act_reopen_own(struct call *call, const struct place *place, uint64_t flags)
{
	char name[16];
	struct opening opening = {.base = call->session->world.fds,
		.name = name,
		.flags = flags & ~(uint64_t)(O_CREAT | O_EXCL | O_NOFOLLOW)};
	int result = -EACCES;

	(void)snprintf(name, sizeof name, "%d", place->object);
	/* To write is another matter: some entries then look at capabilities, which are ours. */
	if ((flags & (O_ACCMODE | O_TRUNC)) == O_RDONLY &&
		procfs_is_own(&call->session->world, &call->target, place))
		result = is_fdinfo(call, place) ? 0 : check_mode(call, place->object, flags);
	return result < 0 ? result : act_open_as_self(call, &opening);
}

int act_take_umask(const struct call *call)
{
	struct process_status status;
	int result = process_status(&call->session->world, &call->target, &status);

	if (result < 0)
		return result;
	if (!status.has_umask)
		return -ESRCH;
	/* The worker has an fs_struct of its own: unshare(CLONE_FS). */
	(void)umask(status.umask);
	return 0;
}

static int perform_interruptibly(struct call *call, act_function *action, const void *context)
{
	long result;
	int attempt = 0;

	call->changes = true;
	call->session->blocking_begin(call, false);
	do {
		result = action(context);
		if (result < 0)
			result = -errno;
	} while (try_again(call, (int)result, attempt++));
	call->session->blocking_end(call);
	return result == -EINTR ? interruption(call) : (int)result;
}

int act_perform_as_real(struct call *call, act_function *action, const void *context)
{
	struct identity identity;
	int result = identity_enter_real(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	result = perform_interruptibly(call, action, context);
	identity_leave(&identity);
	return result;
}

int act_may_write(const struct call *call, int pin)
{
	return check_mode(call, pin, O_WRONLY);
}

int act_perform(struct call *call, int directory, act_function *action, const void *context)
{
	struct identity identity;
	int result = target_check(&call->target);

	if (result == 0)
		result = identity_enter(&identity, &call->session->world, &call->target);
	if (result < 0)
		return result;
	result = perform_interruptibly(call, action, context);
	identity_leave(&identity);
	if (result == -EACCES && directory >= 0 && act_may_enter_anyway(call, directory))
		result = perform_interruptibly(call, action, context);
	return result;
}
