/*
 * Opens each path and prints what came of it, one line each: the name of an errno, or "=" and the
 * first line of the content ("=/" for a directory).
 *
 *   attack_open [-d DIRECTORY | -D DESCRIPTOR] [-2 RESOLVE] [-m] [-w] FLAGS PATH...
 *
 * FLAGS and RESOLVE are numbers, as C writes them. -d: relative to this directory, -D: to this
 * descriptor; -2: openat2; -m: mkdir (FLAGS is the mode); -w: write "written" into what was opened.
 */
#include "attack.h"

#include <string.h>

static int base = AT_FDCWD;
static struct open_how how;
static bool second, make, writes;

static void print_content(int fd)
{
	char text[256];
	ssize_t length;
	struct stat st;

	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		(void)puts("=/");
		return;
	}
	if (writes)
		(void)!write(fd, "written", 7);
	length = pread(fd, text, sizeof text - 1, 0);
	text[length < 0 ? 0 : length] = '\0';
	text[strcspn(text, "\n")] = '\0';
	(void)printf("=%s\n", text);
}

static void attempt(const char *path, unsigned long flags)
{
	int fd;

	if (make)
		fd = mkdirat(base, path, (mode_t)flags);
	else if (second)
		fd = (int)syscall(SYS_openat2, base, path, &how, sizeof how);
	else
		fd = (int)syscall(SYS_openat, base, path, (int)flags, 0644);
	if (fd < 0)
		(void)puts(strerrorname_np(errno));
	else if (make)
		(void)puts("=made");
	else
		print_content(fd);
	if (fd > 2)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	unsigned long flags;
	int option;

	while ((option = getopt(argc, argv, "+d:D:2:mw")) != -1) {
		if (option == 'd')
			base = open(optarg, O_PATH | O_DIRECTORY);
		else if (option == 'D')
			base = atoi(optarg);
		else if (option == '2')
			how.resolve = strtoul(optarg, NULL, 0);
		second = second || option == '2';
		make = make || option == 'm';
		writes = writes || option == 'w';
		if (option == '?')
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	flags = strtoul(argv[optind], NULL, 0);
	how.flags = flags;
	how.mode = (flags & O_CREAT) != 0 ? 0644 : 0;
	for (int i = optind + 1; i < argc; i++)
		attempt(argv[i], flags);
	return 0;
}
