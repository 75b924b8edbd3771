/*
 * attack_pointers: every call with names, values, buffers and sizes at the edges of what a kernel
 * takes, in the current directory, in which it makes what it needs. Prints each result.
 */
#include <sys/mman.h>
#include <utime.h>

#include "attack_calls.h"

enum { PAGE = 4096, LONG = 5000 };

static int here;

static void report(const char *what, const char *how, long result)
{
	(void)printf("%s %s: %s\n", what, how, result < 0 ? strerrorname_np(errno) : "ok");
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

static const char *ending_at(char *edge, const char *text, size_t size)
{
	return memcpy(edge - size, text, size);
}

/* ---- names --------------------------------------------------------------------------------- */

static void name(const struct call *call, const char *how, const char *path)
{
	restore_spare();
	restore(call->object, here, leaf_of(call->object));
	report(call->name, how, attempt(call, AT_FDCWD, path));
}

static const char *slashes(size_t length, const char *leaf)
{
	static char path[LONG + 1];
	size_t leaf_length = strlen(leaf);

	memset(path, '/', sizeof path);
	path[0] = '.';
	memcpy(path + length - leaf_length, leaf, leaf_length + 1);
	return path;
}

static void names_of(const struct call *call)
{
	const char *leaf = leaf_of(call->object);
	size_t length = strlen(leaf);
	static char many[LONG + 1];

	memset(many, 'n', LONG);
	name(call, "NULL", NULL);
	name(call, "empty", "");
	name(call, "of the kernel", (const char *)(1UL << 63));
	name(call, "at the last address", (const char *)~0UL);
	name(call, "where nothing is mapped", (const char *)PAGE);
	name(call, "ending with the mapping", ending_at(pages(-1) + PAGE, leaf, length + 1));
	name(call, "unterminated", ending_at(pages(-1) + PAGE, leaf, length));
	name(call, "running into PROT_NONE", ending_at(pages(PROT_NONE) + PAGE, leaf, length));
	name(call, "in PROT_NONE", pages(PROT_NONE) + PAGE);
	name(call, "over a page's end",
		ending_at(pages(PROT_READ | PROT_WRITE) + PAGE + 2, leaf, length + 1));
	name(call, "of 4,095 bytes", slashes(4095, leaf));
	name(call, "of 4,096 bytes", slashes(4096, leaf));
	name(call, "of 4,097 bytes", slashes(4097, leaf));
	name(call, "of 5,000 bytes", slashes(LONG, leaf));
	name(call, "with a component of 5,000 bytes", many);
	many[256] = '\0';
	name(call, "with a component of 256 bytes", many);
	many[255] = '\0';
	name(call, "with a component of 255 bytes", many);
	(void)unlink(many);
	(void)rmdir(many);
}

/* ---- the second of two names --------------------------------------------------------------- */

static long rename_two(const char *one, const char *other)
{
	return syscall(SYS_rename, one, other);
}

static long rename_at_two(const char *one, const char *other)
{
	return syscall(SYS_renameat2, W(AT_FDCWD), one, W(AT_FDCWD), other, W(0));
}

static long exchange_two(const char *one, const char *other)
{
	return syscall(SYS_renameat2, W(here), one, W(here), other, W(RENAME_EXCHANGE));
}

static long link_two(const char *one, const char *other)
{
	return syscall(SYS_link, one, other);
}

static long link_at_two(const char *one, const char *other)
{
	return syscall(SYS_linkat, W(here), one, W(here), other, W(AT_SYMLINK_FOLLOW));
}

static long symlink_two(const char *one, const char *other)
{
	return syscall(SYS_symlink, one, other);
}

static const struct {
	const char *name;
	long (*attempt)(const char *one, const char *other);
} pairs[] = {{"rename", rename_two}, {"renameat2", rename_at_two}, {"exchange", exchange_two},
	{"link", link_two}, {"linkat", link_at_two}, {"symlink", symlink_two}};

static void both(size_t i, const char *how, const char *one, const char *other)
{
	char what[64];

	restore(REGULAR, here, "data");
	restore(NEW, here, "new");
	restore(NEW, here, slashes(PAGE - 1, "new"));
	(void)snprintf(what, sizeof what, "%s of two names", pairs[i].name);
	report(what, how, pairs[i].attempt(one, other));
}

static void pairs_of_names(size_t i)
{
	static char too_long[LONG];

	memset(too_long, 'n', LONG - 1);
	both(i, "first NULL", NULL, "new");
	both(i, "second NULL", "data", NULL);
	both(i, "both NULL", NULL, NULL);
	both(i, "first empty", "", "new");
	both(i, "second empty", "data", "");
	both(i, "first too long", too_long, "new");
	both(i, "second too long", "data", too_long);
	both(i, "first too long, second bad", too_long, (const char *)1);
	both(i, "first missing, second bad", "missing", (const char *)1);
	both(i, "first bad, second too long", (const char *)1, too_long);
	both(i, "first unterminated", ending_at(pages(-1) + PAGE, "data", 4), "new");
	both(i, "second unterminated", "data", ending_at(pages(-1) + PAGE, "new", 3));
	both(i, "second at the end", "data", ending_at(pages(-1) + PAGE, "new", 4));
	both(i, "the same", "data", "data");
	both(i, "of 4,095 bytes", "data", slashes(PAGE - 1, "new"));
}

/* ---- descriptors and flags ----------------------------------------------------------------- */

static void directory(const struct call *call, const char *how, int d, const char *path)
{
	restore_spare();
	restore(call->object, here, leaf_of(call->object));
	report(call->name, how, attempt(call, d, path));
}

static void directories_of(const struct call *call)
{
	const char *leaf = leaf_of(call->object);
	int file = open("spare", O_RDONLY), pin = open("spare", O_PATH), path = open(".", O_PATH);
	char absolute[PAGE];

	(void)snprintf(absolute, sizeof absolute, "/proc/self/cwd/%s", leaf);
	directory(call, "at a descriptor", here, leaf);
	directory(call, "at an O_PATH descriptor", path, leaf);
	directory(call, "at -1", -1, leaf);
	directory(call, "at -1, absolute", -1, absolute);
	directory(call, "at -99", -99, leaf);
	directory(call, "at the smallest number", -0x7fffffff - 1, leaf);
	directory(call, "at a number that is not open", 1000, leaf);
	directory(call, "at one that is not open, absolute", 1000, absolute);
	directory(call, "at a file", file, leaf);
	directory(call, "at a file, empty", file, "");
	directory(call, "at a file, NULL", file, NULL);
	directory(call, "at an O_PATH file", pin, leaf);
	directory(call, "at an O_PATH file, empty", pin, "");
	(void)close(file);
	(void)close(pin);
	(void)close(path);
}

/* ---- values, buffers, sizes ---------------------------------------------------------------- */

typedef long into(void *buffer, size_t size);

static long stat_into(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_stat, "data", buffer);
}

static long lstat_into(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_newfstatat, W(here), "data", buffer, W(AT_SYMLINK_NOFOLLOW));
}

static long fstat_into(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_newfstatat, W(here), "", buffer, W(AT_EMPTY_PATH));
}

static long statx_into(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_statx, W(here), "data", W(0), W(STATX_ALL), buffer);
}

static long statfs_into(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_statfs, "data", buffer);
}

static long readlink_into(void *buffer, size_t size)
{
	return syscall(SYS_readlink, "link", buffer, size);
}

static long getxattr_into(void *buffer, size_t size)
{
	return syscall(SYS_getxattr, "data", "user.x", buffer, size);
}

static long listxattr_into(void *buffer, size_t size)
{
	return syscall(SYS_listxattr, "data", buffer, size);
}

static long setxattr_from(void *buffer, size_t size)
{
	return syscall(SYS_setxattr, "data", "user.y", buffer, size, W(0));
}

static long getxattr_named(void *buffer, size_t size)
{
	return syscall(SYS_getxattr, "data", buffer, NULL, size & 0);
}

static long setxattr_named(void *buffer, size_t size)
{
	return syscall(SYS_setxattr, "data", buffer, "v", size & 1, W(0));
}

static long removexattr_named(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_removexattr, "data", buffer);
}

static long getxattrat_by(void *buffer, size_t size)
{
	return syscall(GETXATTRAT, W(here), "data", W(0), "user.x", buffer, size);
}

static long setxattrat_by(void *buffer, size_t size)
{
	return syscall(SETXATTRAT, W(here), "data", W(0), "user.z", buffer, size);
}

static long utimensat_by(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_utimensat, W(here), "data", buffer, W(0));
}

static long utimes_by(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_utimes, "data", buffer);
}

static long utime_by(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_utime, "data", buffer);
}

static long handle_into(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_name_to_handle_at, W(here), "data", buffer, &mount_id, W(0));
}

static long mount_into(void *buffer, size_t size)
{
	(void)size;
	return syscall(SYS_name_to_handle_at, W(here), "data", handle(), buffer, W(0));
}

static long attributes_into(void *buffer, size_t size)
{
	return syscall(FILE_GETATTR, W(here), "data", buffer, size, W(0));
}

static long attributes_from(void *buffer, size_t size)
{
	return syscall(FILE_SETATTR, W(here), "data", buffer, size, W(0));
}

static long getdents_into(void *buffer, size_t size)
{
	(void)lseek(here, 0, SEEK_SET);
	return syscall(SYS_getdents64, W(here), buffer, W(size));
}

static long old_getdents_into(void *buffer, size_t size)
{
	(void)lseek(here, 0, SEEK_SET);
	return syscall(SYS_getdents, W(here), buffer, W(size));
}

static const struct {
	const char *name;
	into *attempt;
} buffers[] = {{"stat", stat_into}, {"lstat", lstat_into}, {"fstat", fstat_into},
	{"statx", statx_into}, {"statfs", statfs_into}, {"readlink", readlink_into},
	{"getxattr", getxattr_into}, {"listxattr", listxattr_into}, {"setxattr", setxattr_from},
	{"getxattr's name", getxattr_named}, {"setxattr's name", setxattr_named},
	{"removexattr's name", removexattr_named}, {"getxattrat", getxattrat_by},
	{"setxattrat", setxattrat_by}, {"utimensat", utimensat_by}, {"utimes", utimes_by},
	{"utime", utime_by}, {"name_to_handle_at", handle_into},
	{"name_to_handle_at's mount", mount_into}, {"file_getattr", attributes_into},
	{"file_setattr", attributes_from}, {"getdents64", getdents_into},
	{"getdents", old_getdents_into}};

static void buffer(size_t i, const char *how, void *at, size_t size)
{
	char what[64];
	long result = buffers[i].attempt(at, size);

	(void)snprintf(what, sizeof what, "%s into %s, %#zx", buffers[i].name, how, size);
	if (result > 0)
		(void)printf("%s: %ld\n", what, result);
	else
		report(what, "", result);
}

static void buffers_of(size_t i)
{
	static const size_t sizes[] = {0, 1, 2, 7, 8, 15, 16, 17, 23, 24, 25, 31, 32, 64, 255, 256,
		PAGE, 65536, 65537, 0x7fffffff, 0x80000000, 0xffffffff, 1UL << 32, (1UL << 32) + 64,
		~0UL};
	static char plain[1 << 17];

	for (size_t j = 0; j < sizeof sizes / sizeof *sizes; j++) {
		memset(plain, 0, 512);
		buffer(i, "memory", plain, sizes[j]);
	}
	for (int filled = 0; filled < 2; filled++) {
		memset(plain, filled ? 0xff : 'n', 512);
		buffer(i, filled ? "memory full of ones" : "memory full of n", plain, 64);
	}
	buffer(i, "NULL", NULL, 64);
	buffer(i, "NULL", NULL, 0);
	buffer(i, "the last address", (void *)~0UL, 64);
	buffer(i, "the kernel", (void *)(1UL << 63), 64);
	buffer(i, "PROT_NONE", pages(PROT_NONE) + PAGE, 64);
	buffer(i, "read-only memory", pages(PROT_READ) + PAGE, 64);
	buffer(i, "the end of a mapping", pages(-1) + PAGE - 4, 64);
	buffer(i, "the end of a mapping, longer", pages(-1) + PAGE - 4, PAGE);
	buffer(i, "over a page's end", pages(PROT_READ | PROT_WRITE) + PAGE - 4, 64);
	buffer(i, "over the end of what is writable", pages(PROT_READ) + PAGE - 4, 64);
}

static void prepare(void)
{
	(void)umask(0);
	begin(".");
	here = open(".", O_RDONLY | O_DIRECTORY);
	restore_spare();
	restore(REGULAR, here, "data");
	restore(LINK, here, "link");
	restore(EMPTY, here, "empty");
	restore(DIRECTORY, here, "inner");
}

int main(void)
{
	prepare();
	for (size_t i = 0; i < CALL_COUNT; i++)
		names_of(&calls[i]);
	for (size_t i = 0; i < CALL_COUNT; i++)
		if (!calls[i].plain)
			directories_of(&calls[i]);
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		pairs_of_names(i);
	prepare();
	for (size_t i = 0; i < sizeof buffers / sizeof *buffers; i++)
		buffers_of(i);
	return 0;
}
