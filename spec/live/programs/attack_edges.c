/*
 * attack_edges DIRECTORY: opens and makes with arguments at the edges of what a kernel takes, and
 * prints each result; DIRECTORY holds a file "f", and the current directory one, too.
 */
#include <sys/mman.h>

#include "attack.h"

enum { PAGE = 4096, LONG = 5000 };

static void report(const char *what, long result)
{
	int error = errno;

	(void)printf("%s: %s\n", what, result < 0 ? strerrorname_np(error) : "ok");
	if (result > 2)
		(void)close((int)result);
}

static void open_and_make(const char *what, const void *path)
{
	char label[128];

	(void)snprintf(label, sizeof label, "open %s", what);
	report(label, syscall(SYS_open, path, O_RDONLY, 0));
	(void)snprintf(label, sizeof label, "openat %s", what);
	report(label, syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0));
	(void)snprintf(label, sizeof label, "open with a bad flag %s", what);
	report(label, syscall(SYS_open, path, O_PATH | O_TMPFILE | O_CREAT, 0));
	(void)snprintf(label, sizeof label, "mkdir %s", what);
	report(label, syscall(SYS_mkdir, path, 0755));
}

/* Two pages, of which the second has these rights; -1: none is there. */
static char *pages(int rights)
{
	char *two =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (rights == -1)
		(void)munmap(two + PAGE, PAGE);
	else
		(void)mprotect(two + PAGE, PAGE, rights);
	return two;
}

static void strings(void)
{
	char *ends = pages(-1), *shut = pages(PROT_NONE), *both = pages(PROT_READ | PROT_WRITE);
	char *file = mmap(NULL, 2 * PAGE, PROT_READ, MAP_PRIVATE, open("f", O_RDONLY), 0);

	open_and_make("ending with the mapping", memcpy(ends + PAGE - 2, "f", 2));
	open_and_make("unterminated at the mapping's end", memcpy(ends + PAGE - 2, "ff", 2));
	open_and_make("ending before PROT_NONE", memcpy(shut + PAGE - 2, "f", 2));
	open_and_make("running into PROT_NONE", memcpy(shut + PAGE - 2, "ff", 2));
	open_and_make("in PROT_NONE", shut + PAGE);
	open_and_make("over a page's end", memcpy(both + PAGE - 2, "./f", 4));
	(void)mprotect(both, PAGE, PROT_NONE);
	open_and_make("begun in PROT_NONE", both + PAGE - 2);
	open_and_make("NULL", NULL);
	open_and_make("at 1", (void *)1);
	open_and_make("at -1", (void *)-1L);
	open_and_make("in the kernel", (void *)0xffffffff81000000);
	open_and_make("not canonical", (void *)0x800000000000);
	open_and_make("at the end of user space", (void *)0x7ffffffff000);
	open_and_make("behind the end of a mapped file", file + PAGE);
	open_and_make("empty", "");
}

static void lengths(const char *directory)
{
	static char path[LONG + 1];
	static const int total[] = {254, 255, 256, 4093, 4094, 4095, 4096, 4097, LONG};
	char label[64];

	for (size_t i = 0; i < sizeof total / sizeof *total; i++) {
		(void)memset(path, 'x', sizeof path);
		path[total[i]] = '\0';
		(void)snprintf(label, sizeof label, "one name of %d", total[i]);
		open_and_make(label, path);
		(void)memset(path, '/', sizeof path);
		(void)memcpy(path, ".", 1);
		path[total[i]] = '\0';
		path[total[i] - 1] = 'f';
		(void)snprintf(label, sizeof label, "slashes, %d in all", total[i]);
		open_and_make(label, path);
		/* Cut off after 4,095 bytes this would be a file that exists. */
		(void)memset(path, '/', sizeof path);
		(void)memcpy(path, directory, strlen(directory));
		(void)memcpy(path + 4094, "fx", 2);
		path[total[i]] = '\0';
		(void)snprintf(
			label, sizeof label, "another file when cut off, %d in all", total[i]);
		open_and_make(label, path);
	}
}

static void numbers(const char *directory)
{
	const long high = 0x5a5a5a5a00000000;
	int fd = open(directory, O_RDONLY | O_DIRECTORY);

	report("cwd, 32 bits", syscall(SYS_openat, 0xffffff9cUL, "f", O_RDONLY, 0));
	report("cwd, high bits", syscall(SYS_openat, high | 0xffffff9cL, "f", O_RDONLY, 0));
	report("cwd, positive", syscall(SYS_openat, 0x7fffff9cL, "f", O_RDONLY, 0));
	report("cwd plus one", syscall(SYS_openat, -99L, "f", O_RDONLY, 0));
	report("-1", syscall(SYS_openat, -1L, "f", O_RDONLY, 0));
	report("-1, absolute", syscall(SYS_openat, -1L, "/", O_RDONLY, 0));
	report("smallest", syscall(SYS_openat, 0x80000000L, "f", O_RDONLY, 0));
	report("a descriptor, high bits", syscall(SYS_openat, high | fd, "f", O_RDONLY, 0));
	report("a descriptor that is none", syscall(SYS_openat, 1000L, "f", O_RDONLY, 0));
	report("a descriptor of a file", syscall(SYS_openat, (long)open("f", O_RDONLY), "f", 0, 0));
	report("a descriptor of a file, empty", syscall(SYS_openat, 0L, "", 0, 0));
	report("flags, high bits", syscall(SYS_openat, -100L, "f", high, 0));
	report("flags, unknown bits", syscall(SYS_openat, -100L, "f", 0x3e000000L, 0));
	report("flags, all", syscall(SYS_openat, -100L, "f", -1L, 0));
	report("both accesses", syscall(SYS_openat, -100L, "f", 3L, 0));
	report("mode, high bits",
		syscall(SYS_openat, -100L, "made", O_CREAT | O_WRONLY, high | 0640));
	report("mode, all", syscall(SYS_openat, -100L, "all", O_CREAT | O_WRONLY, -1L));
	report("mkdir, high bits", syscall(SYS_mkdirat, high | 0xffffff9cL, "d", high | 0750));
	report("mkdir, all bits", syscall(SYS_mkdir, "e", -1L));
	report("mkdir at a file", syscall(SYS_mkdirat, (long)open("f", O_RDONLY), "x", 0755));
	report("creat, high bits", syscall(SYS_creat, "c", high | 0604));
	report("O_TMPFILE", syscall(SYS_open, ".", O_TMPFILE | O_RDWR, 0600));
	report("O_TMPFILE to read", syscall(SYS_open, ".", O_TMPFILE | O_RDONLY, 0600));
	report("O_TMPFILE without a directory", syscall(SYS_open, ".", 0x400002L, 0600));
	report("O_CREAT of a directory", syscall(SYS_open, "y", O_CREAT | O_DIRECTORY, 0600));
}

static void sizes(void)
{
	static const size_t all[] = {
		0, 1, 16, 23, 24, 25, 32, 64, PAGE, PAGE + 1, 1UL << 32, (1UL << 32) + 24, ~0UL};
	static unsigned char buffer[2 * PAGE];
	struct open_how how = {.flags = O_RDONLY};
	char label[64];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		for (int garbage = 0; garbage < 2; garbage++) {
			(void)memset(buffer, garbage ? 0xff : 0, sizeof buffer);
			(void)memcpy(buffer, &how, sizeof how);
			(void)snprintf(
				label, sizeof label, "how of %zu, garbage %d", all[i], garbage);
			report(label, syscall(SYS_openat2, AT_FDCWD, "f", buffer, all[i]));
		}
	report("how at NULL", syscall(SYS_openat2, AT_FDCWD, "f", NULL, sizeof how));
	report("how over the end", syscall(SYS_openat2, AT_FDCWD, "f", pages(-1) + PAGE - 16, 24));
	report("how and path bad", syscall(SYS_openat2, AT_FDCWD, NULL, NULL, 24));
	report("size before path", syscall(SYS_openat2, AT_FDCWD, NULL, &how, 8));
}

static void hows(void)
{
	static const struct open_how all[] = {{.flags = 1UL << 32}, {.flags = 1UL << 63},
		{.flags = O_CREAT | O_WRONLY, .mode = 01000640}, {.mode = 0644},
		{.flags = O_CREAT | O_WRONLY, .mode = 1UL << 32 | 0644}, {.resolve = 64},
		{.resolve = 1UL << 32}, {.resolve = RESOLVE_BENEATH | RESOLVE_IN_ROOT},
		{.flags = O_PATH | O_WRONLY}, {.flags = O_PATH | O_TRUNC}, {.flags = O_TMPFILE},
		{.flags = O_CREAT | O_DIRECTORY}, {.flags = 0x400000},
		{.flags = O_RDONLY, .resolve = 31},
		{.flags = O_CREAT | O_RDONLY, .mode = 0600, .resolve = 32}};
	char label[64];

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		(void)snprintf(label, sizeof label, "how number %zu", i);
		report(label, syscall(SYS_openat2, AT_FDCWD, "f", &all[i], sizeof *all));
	}
}

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	strings();
	lengths(argv[1]);
	numbers(argv[1]);
	sizes();
	hows();
	return 0;
}
