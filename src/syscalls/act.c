#include "syscalls/act.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/process.h"
#include "target/procfs.h"

int act_resolve(const struct call *call, struct route *route, struct place *ret)
{
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0) {
		*ret = PLACE_NOWHERE;
		return result;
	}
	route->identity = &identity;
	result = place_resolve(route, ret);
	route->identity = NULL;
	identity_leave(&identity);
	return result;
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

static int open_interruptibly(struct call *call, const struct opening *opening)
{
	struct open_how how = how_of(opening);
	int fd;

	if (!call->session->blocking_begin(call, opening->known_to_block))
		return -ENFILE;
	do {
		fd = (int)syscall(SYS_openat2, opening->base, opening->name, &how, sizeof how);
		if (fd < 0)
			fd = -errno;
		/* The only signal let in is the monitor's, and it sets the flag first. */
	} while (fd == -EINTR && !call->cancelled);
	call->session->blocking_end(call);
	return fd == -EINTR ? -INTERNAL_ERESTARTSYS : fd;
}

int act_open(struct call *call, const struct opening *opening)
{
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	result = open_interruptibly(call, opening);
	identity_leave(&identity);
	return result;
}

static bool may_block(const struct stat *st)
{
	return S_ISFIFO(st->st_mode) || S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
}

/* Its own descriptors a process may list even where its credentials say no. */
static bool is_open_to_it_anyway(const struct call *call, int pin, const struct stat *st)
{
	return S_ISDIR(st->st_mode) &&
	       procfs_is_own_fd_directory(&call->session->world, &call->target, pin);
}

int act_reopen(struct call *call, int pin, const struct stat *st, uint64_t flags, uint32_t mode)
{
	char name[16];
	struct opening opening = {
		.base = call->session->world.fds,
		.name = name,
		.flags = flags & ~(uint64_t)(O_CREAT | O_EXCL | O_NOFOLLOW),
		.mode = mode,
		.known_to_block = may_block(st),
	};
	int result;

	(void)snprintf(name, sizeof name, "%d", pin);
	result = act_open(call, &opening);
	if (result == -EACCES && is_open_to_it_anyway(call, pin, st))
		result = open_interruptibly(call, &opening);
	return result;
}

int act_take_umask(const struct call *call)
{
	struct process_status status;
	int result = process_status(&call->session->world, &call->target, &status);

	if (result < 0)
		return result;
	/* The worker has an fs_struct of its own: unshare(CLONE_FS). */
	(void)umask(status.umask);
	return 0;
}

int act_mkdir(struct call *call, int parent, const char *leaf, uint32_t mode)
{
	struct identity identity;
	int result = identity_enter(&identity, &call->session->world, &call->target);

	if (result < 0)
		return result;
	if (call->session->blocking_begin(call, false)) {
		result = mkdirat(parent, leaf, mode) < 0 ? -errno : 0;
		call->session->blocking_end(call);
	} else {
		result = -ENFILE;
	}
	identity_leave(&identity);
	return result;
}
