/*
 * Makes calls one after the other and prints what came of each, a line each.
 *
 *   attack_try CALL NAME [NAME] [, CALL NAME [NAME]]...
 *
 * With two names: rename, exchange, noreplace, whiteout, link, linkat_follow, symlink TEXT NAME,
 * tmpfile DIRECTORY NEW (a nameless file that gets a name), link_open (what is open for reading
 * gets a name), move_handle (both relative to descriptors of their directories). With one: read
 * (prints "=" and the first line), write, cat_all (the names in a directory), and all of
 * attack_calls.def.
 */
#include <dirent.h>

#include "attack_calls.h"

static long rename_with(const char *one, const char *other, unsigned flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, flags);
}

/* By its magic link, and if that fails by AT_EMPTY_PATH. */
static long name_open(int fd, const char *name)
{
	char link[64];

	if (fd < 0)
		return -1;
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	if (linkat(AT_FDCWD, link, AT_FDCWD, name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	return linkat(fd, "", AT_FDCWD, name, AT_EMPTY_PATH) == 0 ? 0 : -1;
}

static long name_nameless(const char *directory, const char *name)
{
	int fd = open(directory, O_TMPFILE | O_RDWR, 0600);

	if (fd < 0)
		return -1;
	(void)!write(fd, "nameless\n", 9);
	return name_open(fd, name);
}

static int directory_of(const char *path, const char **ret_leaf)
{
	char directory[4096];
	const char *slash = strrchr(path, '/');

	*ret_leaf = slash == NULL ? path : slash + 1;
	(void)snprintf(directory, sizeof directory, "%.*s", slash == NULL ? 1 : (int)(slash - path),
		slash == NULL ? "." : path);
	return open(directory, O_PATH | O_DIRECTORY);
}

static long move_by_descriptors(const char *one, const char *other)
{
	const char *leaf, *other_leaf;
	int d = directory_of(one, &leaf), other_d = directory_of(other, &other_leaf);

	return renameat(d, leaf, other_d, other_leaf);
}

/* -2: it is no call with two names. */
static long try_two(const char *call, const char *one, const char *other)
{
	if (strcmp(call, "rename") == 0)
		return rename(one, other);
	if (strcmp(call, "exchange") == 0)
		return rename_with(one, other, RENAME_EXCHANGE);
	if (strcmp(call, "noreplace") == 0)
		return rename_with(one, other, RENAME_NOREPLACE);
	if (strcmp(call, "whiteout") == 0)
		return rename_with(one, other, RENAME_WHITEOUT);
	if (strcmp(call, "link") == 0)
		return link(one, other);
	if (strcmp(call, "linkat_follow") == 0)
		return linkat(AT_FDCWD, one, AT_FDCWD, other, AT_SYMLINK_FOLLOW);
	if (strcmp(call, "symlink") == 0)
		return symlink(one, other);
	if (strcmp(call, "tmpfile") == 0)
		return name_nameless(one, other);
	if (strcmp(call, "link_open") == 0)
		return name_open(open(one, O_RDONLY), other);
	if (strcmp(call, "move_handle") == 0)
		return move_by_descriptors(one, other);
	return -2;
}

static long print_content(const char *path)
{
	char text[256] = "";
	int fd = open(path, O_RDONLY);
	ssize_t length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	if (length < 0)
		return -1;
	text[strcspn(text, "\n")] = '\0';
	(void)printf("=%s\n", text);
	(void)close(fd);
	return 1;
}

static long write_into(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	if (fd < 0)
		return -1;
	(void)!write(fd, "written\n", 8);
	(void)close(fd);
	return 0;
}

static long print_names(const char *path)
{
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);

	if (count < 0)
		return -1;
	(void)printf("names");
	for (int i = 2; i < count; i++)
		(void)printf(" %s", names[i]->d_name);
	(void)puts("");
	return 1;
}

static long try_one(const char *call, const char *path)
{
	if (strcmp(call, "read") == 0)
		return print_content(path);
	if (strcmp(call, "write") == 0)
		return write_into(path);
	if (strcmp(call, "cat_all") == 0)
		return print_names(path);
	return attempt(call_named(call), AT_FDCWD, path);
}

/* 1: it has printed something itself. */
static long try(int count, char **words)
{
	if (count == 2)
		return try_one(words[0], words[1]);
	if (count == 3)
		return try_two(words[0], words[1], words[2]);
	return -2;
}

int main(int argc, char **argv)
{
	int first = 1;

	begin(getenv("SPARE") != NULL ? getenv("SPARE") : ".");
	for (int i = 1; i <= argc; i++) {
		long result;

		if (i < argc && strcmp(argv[i], ",") != 0)
			continue;
		result = try(i - first, argv + first);
		first = i + 1;
		if (result == -2)
			return 2;
		if (result != 1)
			(void)puts(result < 0 ? strerrorname_np(errno) : "ok");
	}
	return 0;
}
