#pragma once
/* The small tree that every case meets. */

#include "conformance_common.h"

#include <time.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { OTHER = 2003, OLD = 1000000000 };

static void say_bytes(struct text *text, const char *bytes, size_t length, size_t most)
{
	for (size_t i = 0; i < length && i < most; i++)
		if (bytes[i] > ' ' && bytes[i] < 127)
			say(text, "%c", bytes[i]);
		else
			say(text, "\\%o", (uint8_t)bytes[i]);
	if (length > most)
		say(text, "...(%zu)", length);
}

/* CONTAINERs are never removed, as what is in them may be more than we can make again. */
enum kind { CONTAINER, DIRECTORY, FILE_, TWIN, LINK, FIFO, SOCKET, CHARACTER };

struct object {
	const char *name;
	enum kind kind;
	unsigned mode;
	uid_t owner;
	gid_t group;
	const char *content; /* or a link's target, where $ stands for the absolute tree */
};

/* Cases start in "work". What root owns can't be spoiled by the ordinary user, who can't mend it.
 */
static const struct object objects[] = {
	{".", CONTAINER, 0755, 0, 0, NULL},
	{"work", CONTAINER, 0755, USER, USER, NULL},
	{"theirs", CONTAINER, 0755, 0, 0, NULL},
	{"theirs/open", CONTAINER, 0777, 0, 0, NULL},
	{"theirs/setgid", CONTAINER, 02777, 0, GROUP, NULL},
	{"sticky", CONTAINER, 01777, 0, 0, NULL},
	{"work/file", FILE_, 0644, USER, USER, "hello"},
	{"work/none", FILE_, 0, USER, USER, "nothing is allowed"},
	{"work/setuid", FILE_, 06755, USER, USER, "privileged"},
	{"work/readonly", FILE_, 0444, USER, USER, "read me"},
	{"work/empty", DIRECTORY, 0755, USER, USER, NULL},
	{"work/full", DIRECTORY, 0755, USER, USER, NULL},
	{"work/full/inside", FILE_, 0644, USER, USER, "inside"},
	{"work/full/sub", DIRECTORY, 0755, USER, USER, NULL},
	{"work/locked", DIRECTORY, 0, USER, USER, NULL},
	{"work/locked/inside", FILE_, 0666, USER, USER, "locked in"},
	{"work/setgid", DIRECTORY, 02775, USER, GROUP, NULL},
	{"work/acl", DIRECTORY, 0775, USER, USER, NULL},
	{"work/pair", DIRECTORY, 0755, USER, USER, NULL},
	{"work/pair/a", FILE_, 0664, USER, GROUP, "two names"},
	{"work/pair/b", TWIN, 0, USER, GROUP, "work/pair/a"},
	{"work/to_file", LINK, 0, USER, USER, "file"},
	{"work/to_full", LINK, 0, USER, USER, "full"},
	{"work/dangling", LINK, 0, USER, USER, "missing"},
	{"work/loop", LINK, 0, USER, USER, "loop"},
	{"work/absolute", LINK, 0, USER, USER, "$/work/setuid"},
	{"work/to_theirs", LINK, 0, USER, USER, "../theirs/file"},
	{"work/to_locked", LINK, 0, USER, USER, "locked/inside"},
	{"work/to_dot", LINK, 0, USER, USER, "."},
	{"work/to_fd", LINK, 0, USER, USER, "/proc/self/fd/50"},
	{"work/fifo", FIFO, 0644, USER, USER, NULL},
	{"work/socket", SOCKET, 0755, USER, USER, NULL},
	{"theirs/file", FILE_, 0644, 0, 0, "theirs to change"},
	{"theirs/hidden", FILE_, 0600, 0, 0, "hidden from others"},
	{"theirs/setuid", FILE_, 06755, 0, 0, "privileged by root"},
	{"theirs/group", FILE_, 0664, 0, GROUP, "for a group"},
	{"theirs/null", CHARACTER, 0644, 0, 0, NULL},
	{"theirs/link", LINK, 0, 0, 0, "file"},
	{"theirs/open/inside", FILE_, 0644, USER, USER, "in an open directory"},
	{"sticky/theirs", FILE_, 0644, 0, 0, "theirs, sticky"},
	{"sticky/their_link", LINK, 0, 0, 0, "theirs"},
	{"sticky/mine", FILE_, 0666, USER, USER, "mine"},
	{"sticky/my_directory", DIRECTORY, 0755, USER, USER, NULL},
};

static const char *const with_attribute[] = {"work/file", "work/full", "theirs/file"};

/* user::rwx, user:2003:rwx, group::r-x, mask::rwx, other::r-- */
static const uint8_t long_acl[] = {
	2, 0, 0, 0,                            /* version */
	0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* owner */
	0x02, 0, 7, 0, 0xd3, 0x07, 0, 0,       /* user 2003 */
	0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, /* group */
	0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* mask */
	0x20, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, /* others */
};

static void put_file(const char *path, const char *content)
{
	int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	if (file < 0)
		return;
	if (write(file, content, strlen(content)) < 0)
		perror(path);
	close(file);
}

/* What only root can make is missing for others, natively and supervised alike. */
static void put(const struct object *object)
{
	const char *path = object->name;

	switch (object->kind) {
	case CONTAINER:
	case DIRECTORY:
		mkdir(path, 0700);
		break;
	case FILE_:
		put_file(path, object->content);
		break;
	case TWIN:
		if (link(object->content, path) != 0)
			perror(path);
		return;
	case LINK:
		put_link(path, object->content);
		break;
	case FIFO:
		mknod(path, S_IFIFO | 0600, 0);
		break;
	case SOCKET:
		put_socket(path);
		break;
	case CHARACTER:
		mknod(path, S_IFCHR | 0600, makedev(1, 3));
		break;
	}
	if (lchown(path, object->owner, object->group) != 0)
		errno = 0;
}

static void drop_attributes(const char *path)
{
	char names[4096];
	ssize_t length = llistxattr(path, names, sizeof names);

	for (ssize_t i = 0; i < length; i += (ssize_t)strlen(names + i) + 1)
		lremovexattr(path, names + i);
}

/* What would be undone, or in the way, if it were done before what is inside is there. */
static void finish(const struct object *object)
{
	static const struct timespec times[2] = {{OLD, 0}, {OLD, 0}};
	const char *path = object->name;

	if (object->kind == CONTAINER)
		drop_attributes(path);
	for (size_t i = 0; i < COUNT(with_attribute); i++)
		if (strcmp(path, with_attribute[i]) == 0)
			setxattr(path, "user.one", "1", 1, 0);
	if (strcmp(path, "work/acl") == 0)
		setxattr(path, "system.posix_acl_default", long_acl, sizeof long_acl, 0);
	if (object->kind != LINK && object->kind != TWIN)
		chmod(path, object->mode);
	utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW);
}

static void build(const bool *wanted)
{
	for (size_t i = 0; i < COUNT(objects); i++)
		if (wanted[i])
			put(&objects[i]);
	for (size_t i = COUNT(objects); i-- > 0;)
		if (wanted[i])
			finish(&objects[i]);
}

static void remove_all(const char *path)
{
	char below[PATH_MAX + 300];
	struct dirent *entry;

	if (unlink(path) == 0 || (errno != EISDIR && errno != EPERM))
		return;
	chmod(path, 0700);
	DIR *directory = opendir(path);
	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
		remove_all(below);
	}
	if (directory != NULL)
		closedir(directory);
	rmdir(path);
}
