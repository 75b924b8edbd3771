#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/seccomp.h>

#include "base/error.h"

/*
 * The notification ioctls of seccomp_unotify(2), each as one small function. They are raw because
 * libseccomp 2.5.4 loses errno, does not zero the buffers and lacks ADDFD.
 *
 * -ENOENT from any of them is ordinary: the target died or was interrupted. It means "nobody waits
 * any more", and is never a reason to let a call through.
 */

/* Buffers of the kernel's sizes, which may be larger than the headers'. One thread's own. */
struct notify_buffers {
	struct seccomp_notif *request;
	struct seccomp_notif_resp *response;
	size_t request_size, response_size;
};

int notify_buffers_init(struct notify_buffers *ret, struct error *err);
void notify_buffers_free(struct notify_buffers *buffers);

/*
 * Waits for a notification. 0, and buffers->request holds it; -ENOENT: it vanished before it was
 * received, or no task uses the filter any more (notify_is_over() tells).
 */
int notify_receive(int listener, struct notify_buffers *buffers);

/* True once no task uses the filter: the listener's hang-up. Does not block. */
bool notify_is_over(int listener);

/*
 * Whether the cookie is still valid: the thread that made the call lives, and waits for its answer.
 * 0, or -ENOENT.
 */
int notify_cookie_valid(int listener, uint64_t id);

/* The call returns `value`. */
int notify_send_value(int listener, struct notify_buffers *buffers, uint64_t id, int64_t value);

/* The call fails with `error` (1..4095). */
int notify_send_error(int listener, struct notify_buffers *buffers, uint64_t id, int error);

/* The kernel performs the call itself: docs/design.md §2 says when that is legal. */
int notify_send_continue(int listener, struct notify_buffers *buffers, uint64_t id);

/*
 * Installs a copy of `fd` in the target: its number there, or a negative errno (-EMFILE: the target
 * has no room; the notification is alive). The call is not answered by this: two steps, so that we
 * hold no reference to the file any more when the target runs on.
 */
int notify_add_fd(int listener, uint64_t id, int fd, bool cloexec);

/* Asks for the wake-up that stays on this CPU; older kernels lack it, and work. */
void notify_set_synchronous(int listener);
