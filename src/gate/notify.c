#include "gate/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12: Linux 6.6. The flag is the argument, not a pointer to it. */
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
enum { FD_SYNC_WAKE_UP = 1 << 0, MAX_ERRNO = 4095 };

static size_t larger(size_t one, size_t other)
{
	return one > other ? one : other;
}

int notify_buffers_init(struct notify_buffers *ret, struct error *err)
{
	struct seccomp_notif_sizes sizes;
	struct notify_buffers buffers;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		return error_errno(err, errno, "the kernel does not tell its notification sizes");
	buffers.request_size = larger(sizes.seccomp_notif, sizeof(struct seccomp_notif));
	buffers.response_size = larger(sizes.seccomp_notif_resp, sizeof(struct seccomp_notif_resp));
	buffers.request = calloc(1, buffers.request_size);
	buffers.response = calloc(1, buffers.response_size);
	if (buffers.request == NULL || buffers.response == NULL) {
		notify_buffers_free(&buffers);
		return error_set(err, ENOMEM, "out of memory");
	}
	*ret = buffers;
	return 0;
}

void notify_buffers_free(struct notify_buffers *buffers)
{
	free(buffers->request);
	free(buffers->response);
	*buffers = (struct notify_buffers){0};
}

int notify_receive(int listener, struct notify_buffers *buffers)
{
	/* The kernel refuses a buffer that is not zero, so that it can grow the structure. */
	memset(buffers->request, 0, buffers->request_size);
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, buffers->request) < 0 ? -errno : 0;
}

bool notify_is_over(int listener)
{
	struct pollfd polled = {.fd = listener, .events = 0};

	return poll(&polled, 1, 0) > 0 && (polled.revents & POLLHUP) != 0;
}

int notify_cookie_valid(int listener, uint64_t id)
{
	return ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) < 0 ? -errno : 0;
}

static int send_response(
	int listener, struct notify_buffers *buffers, const struct seccomp_notif_resp *response)
{
	int result;

	memset(buffers->response, 0, buffers->response_size);
	*buffers->response = *response;
	do
		result = ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, buffers->response);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : 0;
}

int notify_send_value(int listener, struct notify_buffers *buffers, uint64_t id, int64_t value)
{
	struct seccomp_notif_resp response = {.id = id, .val = value};

	/* The kernel returns it raw: a small negative one would be an errno. */
	if (value < 0)
		return notify_send_error(listener, buffers, id, EACCES);
	return send_response(listener, buffers, &response);
}

int notify_send_error(int listener, struct notify_buffers *buffers, uint64_t id, int error)
{
	struct seccomp_notif_resp response = {.id = id, .error = -error};

	/* The kernel takes any number; a positive one would be a success, a large one a value. */
	if (error <= 0 || error > MAX_ERRNO)
		response.error = -EACCES;
	return send_response(listener, buffers, &response);
}

int notify_send_continue(int listener, struct notify_buffers *buffers, uint64_t id)
{
	struct seccomp_notif_resp response = {
		.id = id, .flags = (uint32_t)SECCOMP_USER_NOTIF_FLAG_CONTINUE};

	return send_response(listener, buffers, &response);
}

int notify_add_fd(int listener, uint64_t id, int fd, bool cloexec)
{
	struct seccomp_notif_addfd request = {
		.id = id,
		.srcfd = (uint32_t)fd,
		.newfd_flags = cloexec ? O_CLOEXEC : 0,
	};
	int result;

	/* EINTR: not installed. Can only be the monitor's signal, sent to a section just left. */
	do
		result = ioctl(listener, SECCOMP_IOCTL_NOTIF_ADDFD, &request);
	while (result < 0 && errno == EINTR);
	return result < 0 ? -errno : result;
}

void notify_set_synchronous(int listener)
{
	(void)ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, FD_SYNC_WAKE_UP);
}
