#include "cli/real_name.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"

enum { LINK_LIMIT = 40 };

static bool is_systems(const char *directory, const struct stat *link)
{
	struct stat st;

	return link->st_uid == 0 && stat(directory, &st) == 0 && st.st_uid == 0 &&
	       (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

/* path = its first `length` bytes' directory, the link's text, and the rest. */
static int replace_link(char path[PATH_MAX], const char *prefix, size_t length)
{
	char target[PATH_MAX], joined[PATH_MAX];
	ssize_t size = readlink(prefix, target, sizeof target - 1);
	size_t directory = (size_t)(strrchr(prefix, '/') - prefix);
	int written;

	if (size <= 0)
		return -ENOENT;
	target[size] = '\0';
	written = target[0] == '/' ? snprintf(joined, sizeof joined, "%s%s", target, path + length)
				   : snprintf(joined, sizeof joined, "%.*s/%s%s", (int)directory,
					     prefix, target, path + length);
	if (written < 0 || (size_t)written >= sizeof joined)
		return -ENAMETOOLONG;
	memcpy(path, joined, (size_t)written + 1);
	return 0;
}

/* One link of the path, if there is one: 1 replaced, 0 there is none, -EPERM somebody's own. */
static int replace_first_link(char path[PATH_MAX])
{
	char prefix[PATH_MAX], directory[PATH_MAX];
	struct stat st;

	for (size_t end = 1;; end++) {
		if (path[end] != '/' && path[end] != '\0')
			continue;
		memcpy(prefix, path, end);
		prefix[end] = '\0';
		if (lstat(prefix, &st) < 0)
			return -errno;
		if (S_ISLNK(st.st_mode)) {
			(void)snprintf(directory, sizeof directory, "%.*s/",
				(int)(strrchr(prefix, '/') - prefix), prefix);
			return is_systems(directory, &st) ? replace_link(path, prefix, end) ?: 1
							  : -EPERM;
		}
		if (path[end] == '\0')
			return 0;
	}
}

static int system_name(const char *path, char *ret)
{
	char name[PATH_MAX];
	int result = 1;

	if (snprintf(name, sizeof name, "%s", path) >= PATH_MAX)
		return -ENAMETOOLONG;
	for (int i = 0; i < LINK_LIMIT && result == 1; i++)
		result = replace_first_link(name);
	if (result == -EACCES)
		complain("note: %s lies in a directory that cannot be searched, so the rule is "
			 "about "
			 "the name, not about what links in it may lead to",
			path);
	if (result == -EPERM)
		complain(
			"note: %s leads through a symbolic link that anybody may have made, so the "
			"rule is about the link, not about what it leads to\n"
			"if you mean that, write the path it leads to",
			path);
	if (result != 0)
		return result < 0 ? result : -ELOOP;
	return realpath(name, ret) == NULL ? -errno : 0;
}

int real_name(const char *path, bool grants, char *ret)
{
	if (grants)
		return system_name(path, ret);
	return realpath(path, ret) == NULL ? -errno : 0;
}
