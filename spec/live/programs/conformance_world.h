#pragma once
/* The tree that every attempt meets, and the picture of it that tells what an attempt changed. */

#include "conformance_common.h"

enum kind { FILE_, DIRECTORY, LINK, FIFO, SOCKET, CHARACTER };

struct object {
	const char *name;
	enum kind kind;
	unsigned mode;
	uid_t owner;
	gid_t group;
	const char *content; /* of a link: its target, where $ stands for the absolute tree */
	unsigned minor;      /* of a character device of major 1 */
};

static const struct object objects[] = {
	{"file", FILE_, 0644, USER, USER, "hello\n", 0},
	{"empty", FILE_, 0644, USER, USER, "", 0},
	{"executable", FILE_, 0755, USER, USER, "#!/bin/sh\n", 0},
	{"nothing_allowed", FILE_, 0, USER, USER, "secret\n", 0},
	{"readable", FILE_, 0444, USER, USER, "read me\n", 0},
	{"writable", FILE_, 0222, USER, USER, "write me\n", 0},
	{"setuid", FILE_, 06777, 0, 0, "privileged\n", 0},
	{"foreign", FILE_, 0600, 0, 0, "roots\n", 0},
	{"foreign_readable", FILE_, 0644, 0, 0, "for all\n", 0},
	{"group_readable", FILE_, 0640, 0, GROUP, "for a group\n", 0},
	{"directory", DIRECTORY, 0755, USER, USER, NULL, 0},
	{"directory/inside", FILE_, 0644, USER, USER, "inside\n", 0},
	{"directory/sub", DIRECTORY, 0755, USER, USER, NULL, 0},
	{"unreadable", DIRECTORY, 0311, USER, USER, NULL, 0},
	{"unreadable/inside", FILE_, 0644, USER, USER, "inside\n", 0},
	{"unsearchable", DIRECTORY, 0644, USER, USER, NULL, 0},
	{"locked", DIRECTORY, 0, 0, 0, NULL, 0},
	{"locked/inside", FILE_, 0666, USER, USER, "inside\n", 0},
	{"unwritable", DIRECTORY, 0555, USER, USER, NULL, 0},
	{"foreign_directory", DIRECTORY, 0755, 0, 0, NULL, 0},
	{"foreign_directory/inside", FILE_, 0644, USER, USER, "inside\n", 0},
	{"sticky", DIRECTORY, 01777, 0, 0, NULL, 0},
	{"sticky/mine", FILE_, 0666, USER, USER, "mine\n", 0},
	{"sticky/theirs", FILE_, 0666, 0, 0, "theirs\n", 0},
	{"sticky/their_link", LINK, 0, 0, 0, "theirs", 0},
	{"sticky/my_link", LINK, 0, USER, USER, "theirs", 0},
	{"sticky/their_fifo", FIFO, 0666, 0, 0, NULL, 0},
	{"sticky/device", CHARACTER, 0666, USER, USER, NULL, 3},
	{"sticky/socket", SOCKET, 0666, USER, USER, NULL, 0},
	{"setgid", DIRECTORY, 02777, 0, GROUP, NULL, 0},
	{"acl", DIRECTORY, 0777, USER, USER, NULL, 0},
	{"fifo", FIFO, 0644, USER, USER, NULL, 0},
	{"socket", SOCKET, 0755, USER, USER, NULL, 0},
	{"null", CHARACTER, 0666, USER, USER, NULL, 3},
	{"zero", CHARACTER, 0666, USER, USER, NULL, 5},
	{"full", CHARACTER, 0666, USER, USER, NULL, 7},
	{"no_device", CHARACTER, 0666, USER, USER, NULL, 250},
	{"to_file", LINK, 0, USER, USER, "file", 0},
	{"to_nothing_allowed", LINK, 0, USER, USER, "nothing_allowed", 0},
	{"to_directory", LINK, 0, USER, USER, "directory", 0},
	{"to_unreadable", LINK, 0, USER, USER, "unreadable", 0},
	{"to_fifo", LINK, 0, USER, USER, "fifo", 0},
	{"to_socket", LINK, 0, USER, USER, "socket", 0},
	{"to_null", LINK, 0, USER, USER, "null", 0},
	{"to_zero", LINK, 0, USER, USER, "zero", 0},
	{"to_full", LINK, 0, USER, USER, "full", 0},
	{"to_link", LINK, 0, USER, USER, "to_file", 0},
	{"dangling", LINK, 0, USER, USER, "missing", 0},
	{"dangling_deep", LINK, 0, USER, USER, "missing/deeper", 0},
	{"dangling_inside", LINK, 0, USER, USER, "directory/made", 0},
	{"dangling_slash", LINK, 0, USER, USER, "missing/", 0},
	{"dangling_twice", LINK, 0, USER, USER, "dangling", 0},
	{"loop", LINK, 0, USER, USER, "loop", 0},
	{"loop_a", LINK, 0, USER, USER, "loop_b", 0},
	{"loop_b", LINK, 0, USER, USER, "loop_a", 0},
	{"to_directory_slash", LINK, 0, USER, USER, "directory/", 0},
	{"to_file_slash", LINK, 0, USER, USER, "file/", 0},
	{"to_parent", LINK, 0, USER, USER, "..", 0},
	{"to_dot", LINK, 0, USER, USER, ".", 0},
	{"to_root", LINK, 0, USER, USER, "/", 0},
	{"to_itself_from_above", LINK, 0, USER, USER, "../tree/file", 0},
	{"absolute", LINK, 0, USER, USER, "$/file", 0},
	{"absolute_directory", LINK, 0, USER, USER, "$/directory", 0},
	{"absolute_dangling", LINK, 0, USER, USER, "$/missing_too", 0},
	{"to_locked", LINK, 0, USER, USER, "locked/inside", 0},
	{"to_status", LINK, 0, USER, USER, "/proc/self/status", 0},
	{"to_descriptor", LINK, 0, USER, USER, "/proc/self/fd/50", 0},
	{"to_dev_null", LINK, 0, USER, USER, "/dev/null", 0},
};

static void put_bytes(const char *path, unsigned mode, const char *content)
{
	int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	if (file < 0)
		return;
	if (write(file, content, strlen(content)) < 0)
		perror(path);
	fchmod(file, mode);
	close(file);
}

/* What only root can make is missing for others, natively and supervised alike. */
static void put(const struct object *object)
{
	const char *path = object->name;

	switch (object->kind) {
	case FILE_:
		put_bytes(path, 0600, object->content);
		break;
	case DIRECTORY:
		mkdir(path, 0777);
		break;
	case LINK:
		put_link(path, object->content);
		if (lchown(path, object->owner, object->group) != 0)
			errno = 0;
		return;
	case FIFO:
		mknod(path, S_IFIFO | 0600, 0);
		break;
	case SOCKET:
		put_socket(path);
		break;
	case CHARACTER:
		mknod(path, S_IFCHR | 0600, makedev(object->minor < 250 ? 1 : 240, object->minor));
		break;
	}
	if (chown(path, object->owner, object->group) != 0)
		errno = 0;
	if (object->kind != DIRECTORY)
		chmod(path, object->mode);
}

/* user::rwx, user:2003:rwx, group::r-x, mask::rwx, other::r-- */
static const uint8_t default_acl[] = {
	2, 0, 0, 0,                            /* version */
	0x01, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* owner */
	0x02, 0, 7, 0, 0xd3, 0x07, 0, 0,       /* user 2003 */
	0x04, 0, 5, 0, 0xff, 0xff, 0xff, 0xff, /* group */
	0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, /* mask */
	0x20, 0, 4, 0, 0xff, 0xff, 0xff, 0xff, /* others */
};

static void build_tree(void)
{
	size_t count = sizeof objects / sizeof objects[0];

	umask(0);
	if (chdir(base) != 0 || mkdir("tree", 0777) != 0 || chdir("tree") != 0) {
		perror("tree");
		exit(1);
	}
	for (size_t i = 0; i < count; i++)
		put(&objects[i]);
	char longest[256];
	memset(longest, 'n', 255);
	longest[255] = '\0';
	put_bytes(longest, 0644, "long\n");
	if (setxattr("acl", "system.posix_acl_default", default_acl, sizeof default_acl, 0) != 0)
		perror("acl");
	for (size_t i = 0; i < count; i++)
		if (objects[i].kind == DIRECTORY)
			chmod(objects[i].name, objects[i].mode);
	if (chdir(base) != 0)
		perror(base);
}

static void remove_below(const char *path)
{
	char below[PATH_MAX + 300];
	struct dirent *entry;

	chmod(path, 0700);
	DIR *directory = opendir(path);
	if (directory == NULL)
		return;
	while ((entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR)
			remove_below(below);
		else
			unlink(below);
	}
	closedir(directory);
	rmdir(path);
}

/* Sizes of directories are the file system's own business. */
static void say_status(struct text *text, const struct stat *status)
{
	say(text, "%s %04o %u:%u links %lu size %ld", type_name(status->st_mode),
		status->st_mode & 07777, status->st_uid, status->st_gid,
		(unsigned long)status->st_nlink,
		S_ISDIR(status->st_mode) ? 0L : (long)status->st_size);
}

static void say_acl(struct text *text, const char *path, const char *name)
{
	uint8_t acl[128];
	ssize_t length = lgetxattr(path, name, acl, sizeof acl);

	if (length <= 0)
		return;
	say(text, " %s=", name + strlen("system.posix_"));
	for (ssize_t i = 4; i + 4 <= length; i += 8)
		say(text, "%x:%x,", acl[i], acl[i + 2]);
}

static int real_names(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* One line per object, in order, so that two pictures can be merged. */
static void say_tree(struct text *text, const char *path)
{
	struct dirent **entries;
	char below[PATH_MAX + 300];
	struct stat status;
	int count = scandir(path, &entries, real_names, alphasort);

	for (int i = 0; i < count; i++) {
		snprintf(below, sizeof below, "%s/%s", path, entries[i]->d_name);
		free(entries[i]);
		if (lstat(below, &status) != 0)
			continue;
		say(text, "%s ", below + strlen("tree/"));
		say_status(text, &status);
		if (!S_ISLNK(status.st_mode))
			say_acl(text, below, "system.posix_acl_access");
		if (S_ISDIR(status.st_mode))
			say_acl(text, below, "system.posix_acl_default");
		say(text, "\n");
		if (S_ISDIR(status.st_mode))
			say_tree(text, below);
	}
	if (count >= 0)
		free(entries);
}

static bool line_in(const char *line, size_t length, const struct text *text)
{
	for (const char *found = text->bytes;
		(found = memmem(found, text->bytes + text->length - found, line, length)) != NULL;
		found++)
		if (found == text->bytes || found[-1] == '\n')
			return true;
	return false;
}

static void say_missing(
	struct text *out, const char *sign, const struct text *from, const struct text *in)
{
	const char *end = from->bytes + from->length;

	for (const char *line = from->bytes; line < end;) {
		size_t length = (size_t)((const char *)memchr(line, '\n', end - line) + 1 - line);

		if (!line_in(line, length, in))
			say(out, " %s[%.*s]", sign, (int)length - 1, line);
		line += length;
	}
}
