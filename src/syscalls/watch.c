#include <errno.h>
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/object.h"
#include "syscalls/perform.h"
#include "target/process.h"

/*
 * inotify_add_watch: the watch is put on the pinned object, through the target's own instance, so
 * that its number and its events are the target's. fs/notify/inotify/inotify_user.c.
 */

struct watching {
	int instance;
	uint32_t mask;
};

static long watch(const struct object_job *job, int pin)
{
	const struct watching *watching = job->context;
	char name[OBJECT_NAME_SIZE];

	return syscall(SYS_inotify_add_watch, watching->instance, object_name(pin, name),
		watching->mask & ~(uint32_t)IN_DONT_FOLLOW);
}

/* The kernel itself looks at mask and instance; it stops at a path that can't be read. */
static int check(const struct watching *watching)
{
	long result =
		syscall(SYS_inotify_add_watch, watching->instance, (const char *)1, watching->mask);

	return result < 0 && errno != EFAULT ? -errno : 0;
}

void inotify_add_watch_perform(struct call *call, struct answer *answer)
{
	cleanup_fd int instance =
		process_take_fd(&call->session->world, &call->target, call->dirfd);
	struct watching watching = {instance, (uint32_t)call->arguments[2]};
	struct object_job job = object_job_of(call, answer);
	int result = check(&watching);

	if (result == -EBADF && instance < 0)
		result = instance; /* a mask without an event is looked at first */
	job.flags = (watching.mask & IN_DONT_FOLLOW) != 0 ? PLACE_NOFOLLOW : 0;
	job.action = watch;
	job.context = &watching;
	call->dirfd = AT_FDCWD; /* where the path starts */
	object_perform(&job, result);
}
