#pragma once
/* What the programs of conformance share: text, making of files, identities. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { USER = 2001, GROUP = 2002 };

static char base[PATH_MAX]; /* where the tree is made */

struct text {
	size_t length;
	char bytes[1 << 17];
};

__attribute__((format(printf, 2, 3))) static void say(struct text *text, const char *format, ...)
{
	va_list arguments;
	size_t left = sizeof text->bytes - text->length;

	va_start(arguments, format);
	int length = vsnprintf(text->bytes + text->length, left, format, arguments);
	va_end(arguments);
	if (length > 0)
		text->length += (size_t)length < left ? (size_t)length : left - 1;
}

/* ---- files --------------------------------------------------------------------------------- */

static const char *type_name(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG:
		return "file";
	case S_IFDIR:
		return "directory";
	case S_IFLNK:
		return "link";
	case S_IFIFO:
		return "fifo";
	case S_IFSOCK:
		return "socket";
	case S_IFCHR:
		return "character";
	case S_IFBLK:
		return "block";
	}
	return "other";
}

static void put_link(const char *path, const char *target)
{
	char absolute[PATH_MAX + 64];

	if (target[0] == '$') {
		snprintf(absolute, sizeof absolute, "%s/tree%s", base, target + 1);
		target = absolute;
	}
	if (symlink(target, path) != 0)
		perror(path);
}

static void put_socket(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int socket_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(address.sun_path, path, strlen(path));
	if (bind(socket_, (struct sockaddr *)&address, sizeof address) != 0)
		perror(path);
	close(socket_);
}

/* ---- identities ---------------------------------------------------------------------------- */

enum identity {
	AS_STARTED,
	DROPPED,
	GROUPED,
	NO_OVERRIDE,
	EFFECTIVE,
	FSUID,
	THREAD,
	PREPARE,
	IDENTITIES,
};

static const char *const identity_names[] = {"as-started", "dropped", "grouped", "no-override",
	"effective", "fsuid", "thread", "prepare"};

static enum identity identity_named(const char *name)
{
	enum identity identity = AS_STARTED;

	while (identity < IDENTITIES && strcmp(name, identity_names[identity]) != 0)
		identity++;
	return identity;
}

static int drop_override(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) != 0)
		return -1;
	data[0].effective &= ~(1u << CAP_DAC_OVERRIDE);
	return (int)syscall(SYS_capset, &header, data);
}

static int become(enum identity identity)
{
	gid_t group = GROUP;

	switch (identity) {
	case DROPPED:
		return setgroups(0, NULL) | setresgid(USER, USER, USER) |
		       setresuid(USER, USER, USER);
	case GROUPED:
		return setgroups(1, &group) | setresgid(USER, USER, USER) |
		       setresuid(USER, USER, USER);
	case NO_OVERRIDE:
		return drop_override();
	case EFFECTIVE:
		return setresgid(0, USER, 0) | setresuid(0, USER, 0);
	case FSUID:
		setfsgid(USER);
		setfsuid(USER);
		return 0;
	default:
		return 0;
	}
}
