#include "target/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { TTY_AUX_MAJOR = 5, TTY_MAJOR = 4, PTY_FIRST_MAJOR = 136, PTY_LAST_MAJOR = 143 };

bool terminal_is_alias(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(TTY_AUX_MAJOR, 0);
}

struct session_terminal {
	int session;
	unsigned device; /* as the kernel encodes it in /proc/PID/stat, field 7 */
};

static int read_terminal(const struct world *world, pid_t tid, struct session_terminal *ret)
{
	char path[32], text[1024];
	cleanup_fd int fd = -1;
	const char *behind_comm;
	ssize_t length;
	int device;

	(void)snprintf(path, sizeof path, "%d/stat", tid);
	fd = openat(world->proc, path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -ESRCH;
	length = read(fd, text, sizeof text - 1);
	if (length <= 0)
		return -ESRCH;
	text[length] = '\0';
	/* comm may hold anything, ")" included: the last one ends it. */
	behind_comm = strrchr(text, ')');
	if (behind_comm == NULL ||
		sscanf(behind_comm + 1, " %*c %*d %*d %d %d", &ret->session, &device) != 2)
		return -EACCES;
	ret->device = (unsigned)device;
	return 0;
}

/* Where the device usually is; what is found there is checked against the number. */
static int device_path(unsigned device, char *buffer, size_t size, dev_t *ret)
{
	unsigned major_number = device >> 8 & 0xfff;
	unsigned minor_number = (device & 0xff) | (device >> 12 & 0xfff00);

	*ret = makedev(major_number, minor_number);
	if (major_number >= PTY_FIRST_MAJOR && major_number <= PTY_LAST_MAJOR)
		(void)snprintf(buffer, size, "/dev/pts/%u",
			(major_number - PTY_FIRST_MAJOR) * 256 + minor_number);
	else if (major_number == TTY_MAJOR && minor_number < 64)
		(void)snprintf(buffer, size, "/dev/tty%u", minor_number);
	else if (major_number == TTY_MAJOR)
		(void)snprintf(buffer, size, "/dev/ttyS%u", minor_number - 64);
	else
		return -ENXIO;
	return 0;
}

static int pin_device(unsigned device)
{
	char path[64];
	dev_t number;
	struct stat st;
	cleanup_fd int pin = -1;

	if (device_path(device, path, sizeof path, &number) < 0)
		return -ENXIO;
	pin = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (pin < 0 || fstat(pin, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != number)
		return -ENXIO;
	return steal_fd(&pin);
}

int terminal_pin(const struct world *world, const struct target *target, int alias)
{
	struct session_terminal its, ours;
	int result = read_terminal(world, target->tid, &its);

	if (target_check(target) < 0)
		return -ESRCH;
	if (result < 0)
		return result;
	if (its.device == 0)
		return -ENXIO;
	if (read_terminal(world, world->supervisor, &ours) == 0 && ours.session == its.session &&
		ours.device == its.device) {
		int copy = fcntl(alias, F_DUPFD_CLOEXEC, 3);

		return copy < 0 ? -errno : copy;
	}
	return pin_device(its.device);
}
