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

struct subject {
	const struct watching *watching;
	int pin;
};

static long watch(const void *context)
{
	const struct subject *subject = context;
	char name[OBJECT_NAME_SIZE];

	return syscall(SYS_inotify_add_watch, subject->watching->instance,
		object_name(subject->pin, name),
		subject->watching->mask & ~(uint32_t)IN_DONT_FOLLOW);
}

static int act_watch(struct object_job *job, const struct place *place)
{
	const struct subject subject = {job->context, place->object};

	return act_perform(job->call, place->object, watch, &subject);
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
	struct watching watching = {.mask = (uint32_t)call->arguments[2]};
	struct object_job job = {.call = call,
		.answer = answer,
		.flags = (watching.mask & IN_DONT_FOLLOW) != 0 ? PLACE_NOFOLLOW : 0,
		.act = act_watch,
		.context = &watching};
	cleanup_fd int instance = -1;
	int result;

	instance = process_take_fd(&call->session->world, &call->target, call->dirfd);
	watching.instance = instance;
	call->dirfd = AT_FDCWD; /* where the path starts */
	result = check(&watching);
	if (result == -EBADF && instance < 0)
		result = instance; /* a mask without an event is looked at first */
	if (result == 0)
		result = call_read_name(call);
	if (result < 0)
		answer_result(answer, result);
	else
		object_perform(&job);
}
