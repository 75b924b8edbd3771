#pragma once
/* What a call gave. */

#include "conformance_paths_calls.h"

#include <linux/magic.h>

static bool in_procfs(int file)
{
	struct statfs system;

	return fstatfs(file, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

/* The object that a call of the stat family was about, held; by open, which other specs look at. */
static int object_of(const struct attempt *attempt)
{
	int at = place_of(attempt->row, D), path_at = place_of(attempt->row, P);
	int directory = at < 0 ? AT_FDCWD : (int)attempt->arguments[at].bits;
	const char *path = (const char *)attempt->arguments[path_at].bits;
	long flags = 0;

	if (attempt->row->shows == STAT && at >= 0)
		flags = attempt->arguments[3].bits;
	else if (attempt->row->shows == STATX)
		flags = attempt->arguments[2].bits;
	else if (attempt->row->number == SYS_lstat)
		flags = AT_SYMLINK_NOFOLLOW;
	if (path == NULL || ((flags & AT_EMPTY_PATH) && path[0] == '\0'))
		return directory == AT_FDCWD ? open(".", O_PATH) : dup(directory);
	return openat(directory, path, O_PATH | (flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0));
}

static void say_comparison(struct text *text, bool same, const char *field)
{
	if (!same)
		say(text, " WRONG %s", field);
}

/* Numbers of inodes differ from run to run, so what fstat says is compared at once. */
static void say_stat(struct text *text, const struct attempt *attempt)
{
	struct stat status, held;
	int file = object_of(attempt);

	memcpy(&status, out, sizeof status);
	if (in_procfs(file)) {
		say(text, " %s %04o %u:%u", type_name(status.st_mode), status.st_mode & 07777,
			status.st_uid, status.st_gid);
		return;
	}
	say(text, " ");
	say_status(text, &status);
	if (!attempt->outside)
		say_time(text, "modified", &status.st_mtim, true);
	if (file < 0 || fstat(file, &held) != 0) {
		say(text, " can't be held");
		return;
	}
	say_comparison(text, status.st_dev == held.st_dev, "device");
	say_comparison(text, status.st_ino == held.st_ino, "inode");
	say_comparison(text, status.st_mode == held.st_mode, "mode");
	say_comparison(text, status.st_size == held.st_size, "size");
	say_comparison(text, status.st_blksize == held.st_blksize, "block size");
	say_comparison(text, status.st_blocks == held.st_blocks, "blocks");
	if (attempt->outside)
		return;
	say_comparison(text, status.st_mtim.tv_nsec == held.st_mtim.tv_nsec, "mtime");
	say_comparison(text, status.st_ctim.tv_nsec == held.st_ctim.tv_nsec, "ctime");
}

static uint64_t mount_of(int file)
{
	char name[64], line[256];
	unsigned long number = 0;

	snprintf(name, sizeof name, "/proc/self/fdinfo/%d", file);
	FILE *info = fopen(name, "r");
	while (info != NULL && fgets(line, sizeof line, info) != NULL)
		if (sscanf(line, "mnt_id: %lu", &number) == 1)
			break;
	if (info != NULL)
		fclose(info);
	return number;
}

static void say_statx(struct text *text, const struct attempt *attempt)
{
	struct statx status;
	struct stat held;
	int file = object_of(attempt);

	memcpy(&status, out, sizeof status);
	say(text, " mask %#x attributes %#llx of %#llx", status.stx_mask, status.stx_attributes,
		status.stx_attributes_mask);
	say(text, " %s %04o %u:%u", type_name(status.stx_mode), status.stx_mode & 07777,
		status.stx_uid, status.stx_gid);
	if (in_procfs(file))
		return;
	say(text, " links %u block %u", status.stx_nlink, status.stx_blksize);
	if (!S_ISDIR(status.stx_mode))
		say(text, " size %llu", status.stx_size);
	if (file < 0 || fstat(file, &held) != 0) {
		say(text, " can't be held");
		return;
	}
	say(text, "%s", status.stx_btime.tv_sec != 0 ? " born" : "");
	say_comparison(
		text, makedev(status.stx_dev_major, status.stx_dev_minor) == held.st_dev, "device");
	say_comparison(text, makedev(status.stx_rdev_major, status.stx_rdev_minor) == held.st_rdev,
		"own device");
	say_comparison(text, status.stx_ino == held.st_ino, "inode");
	say_comparison(text, status.stx_blocks == (uint64_t)held.st_blocks, "blocks");
	if ((status.stx_mask & STATX_MTIME) && !attempt->outside)
		say_comparison(text, status.stx_mtime.tv_nsec == held.st_mtim.tv_nsec, "mtime");
	if ((status.stx_mask & STATX_CTIME) && !attempt->outside)
		say_comparison(text, status.stx_ctime.tv_nsec == held.st_ctim.tv_nsec, "ctime");
	if (status.stx_mask & STATX_MNT_ID)
		say_comparison(text, status.stx_mnt_id == mount_of(file), "mount");
}

/* Names in /proc have numbers in them that differ from run to run. */
static void say_name(struct text *text, const char *name, size_t length)
{
	const char *at = name, *end = name + length;

	if (length >= strlen(base) && memcmp(name, base, strlen(base)) == 0) {
		say(text, "$");
		at += strlen(base);
	}
	while (at < end && at - name < 100) {
		long number = 0;
		size_t digits = 0;

		while (at + digits < end && at[digits] >= '0' && at[digits] <= '9')
			number = number * 10 + at[digits++] - '0';
		if (digits != 0 && (number == getpid() || number == gettid())) {
			say(text, number == getpid() ? "PID" : "TID");
			at += digits;
			continue;
		}
		say_bytes(text, at, 1, 1);
		if (*at == '[' || *at == '#')
			break;
		at++;
	}
}

static size_t touched(void)
{
	size_t length = sizeof out;

	while (length >= 8 && memcmp(out + length - 8, "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5", 8) == 0)
		length -= 8;
	while (length > 0 && out[length - 1] == 0xa5)
		length--;
	return length;
}

static void say_place(struct text *text)
{
	char name[PATH_MAX * 2];
	long length = syscall(SYS_getcwd, name, sizeof name);
	struct stat status;

	if (length < 0)
		say(text, " nowhere %s", strerrorname_np(errno));
	else
		say(text, " at ");
	say_name(text, name, length < 0 ? 0 : (size_t)length - 1);
	say(text, " inside %s", stat("inside", &status) == 0 ? "there" : strerrorname_np(errno));
	say(text, " status %s", stat(".", &status) == 0 ? "known" : strerrorname_np(errno));
}

static void say_events(struct text *text, const struct attempt *attempt)
{
	const char *path = (const char *)attempt->arguments[place_of(attempt->row, P)].bits;
	_Alignas(struct inotify_event) char bytes[4096];

	if (attempt->outside)
		return;
	int file = open(path, O_RDONLY | O_NONBLOCK);
	if (file >= 0) {
		mkdirat(file, "made", 0777);
		unlinkat(file, "made", AT_REMOVEDIR);
		close(file);
	}
	if (fchownat(AT_FDCWD, path, -1, -1, AT_SYMLINK_NOFOLLOW) != 0)
		errno = 0;
	ssize_t length = read(DESCRIPTOR, bytes, sizeof bytes);
	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *event = (const void *)(bytes + at);

		say(text, " %d:%#x:%s", event->wd, event->mask, event->len > 0 ? event->name : "");
		at += (ssize_t)(sizeof *event + event->len);
	}
}

static void say_shown(struct text *text, const struct attempt *attempt)
{
	struct statfs system;
	uint32_t numbers[6];

	switch (attempt->row->shows) {
	case STAT:
		say_stat(text, attempt);
		break;
	case STATX:
		say_statx(text, attempt);
		break;
	case STATFS:
		memcpy(&system, out, sizeof system);
		say(text, " type %#lx block %ld longest %ld fragment %ld flags %#lx", system.f_type,
			system.f_bsize, system.f_namelen, system.f_frsize, system.f_flags);
		break;
	case NAME:
		say(text, " ");
		say_name(text, (const char *)out, touched());
		return;
	case BYTES:
		say(text, " ");
		say_bytes(text, (const char *)out, touched(), 60);
		break;
	case ATTRIBUTES:
		memcpy(numbers, out, sizeof numbers);
		for (size_t i = 0; i < COUNT(numbers); i++)
			say(text, " %#x", numbers[i]);
		break;
	case PLACE:
		say_place(text);
		break;
	case EVENTS:
		say_events(text, attempt);
		break;
	default:
		break;
	}
}

static void say_descriptor(struct text *text)
{
	struct stat status;

	if (fstat(DESCRIPTOR, &status) != 0)
		return;
	say(text, " 50:[");
	say_status(text, &status);
	if (S_ISREG(status.st_mode))
		say_times(text, &status);
	say(text, "]");
}

static void say_result(struct text *text, const struct attempt *attempt, long result)
{
	const struct value *handle = &attempt->arguments[2];

	if (result < 0) {
		const char *name = strerrorname_np(errno);

		say(text, "%s", name != NULL ? name : "an unknown error");
	} else {
		if (attempt->row->shows != NAME)
			say(text, "%ld", result);
		say_comparison(
			text, attempt->row->shows != NAME || touched() == (size_t)result, "length");
		say_shown(text, attempt);
	}
	if (attempt->row->shows == HANDLE && (uint32_t *)handle->bits >= handles[0] &&
		(uint32_t *)handle->bits < handles[0] + sizeof handles / 4)
		say(text, " handle %u", *(uint32_t *)handle->bits);
	size_t wrote = attempt->row->effect == READS && attempt->row->shows != NAME ? touched() : 0;
	if (wrote != 0)
		say(text, " wrote %zu", wrote);
	if (attempt->held != HELD_NOTHING && attempt->row->effect != READS)
		say_descriptor(text);
}
