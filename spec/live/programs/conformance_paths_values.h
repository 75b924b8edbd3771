#pragma once
/* Values that arguments take. Those marked as bad are also combined with each other: which errno?
 */

#include "conformance_paths_tree.h"

#include <linux/fs.h>
#include <linux/stat.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <utime.h>

struct value {
	const char *label; /* NULL: end of a list */
	long bits;
	bool bad;
};

static const char string_label[] = "a string";

#define V(bits) \
	{ \
#bits, (long)(bits), false \
	}
#define BAD(bits) \
	{ \
#bits, (long)(bits), true \
	}
#define STRING(text) \
	{ \
		string_label, (long)(text), false \
	}
#define END \
	{ \
		NULL, 0, false \
	}

/* Strings and buffers at the edges of mappings, at addresses that are the same in every run. */
#define EDGE(n) (0x100000000000 + (n)*0x100000 + 2 * 4096)
enum { EDGE_FILE, EDGE_DOTS, EDGE_ACROSS, EDGE_EMPTY, EDGE_WRITABLE, EDGE_READ_ONLY, EDGES };
#define AT_EDGE_FILE (EDGE(EDGE_FILE) - 5)
#define AT_EDGE_ACROSS (EDGE(EDGE_ACROSS) - 4096 - 6)
#define AT_EDGE_EMPTY (EDGE(EDGE_EMPTY) - 1)
#define AT_EDGE_WRITABLE (EDGE(EDGE_WRITABLE) - 4)
#define AT_READ_ONLY (EDGE(EDGE_READ_ONLY) - 4096)
#define KERNEL_ADDRESS 0xffff800000000000

static void map_edges(void)
{
	for (int i = 0; i < EDGES; i++) {
		char *end = (char *)EDGE(i), *start = end - 8192;

		if (mmap(start, 3 * 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) != start) {
			perror("mmap");
			exit(2);
		}
		for (char *at = start; at < end; at += 2)
			memcpy(at, "./", 2);
		mprotect(end, 4096, PROT_NONE);
	}
	strcpy((char *)AT_EDGE_FILE, "file");
	strcpy((char *)AT_EDGE_ACROSS, "full/inside");
	strcpy((char *)AT_EDGE_EMPTY, "");
	mprotect((char *)AT_READ_ONLY, 4096, PROT_READ);
}

static uint8_t out[70000]; /* what calls write to */
static const char big[1 << 17] = "a big value";

static const struct value ignored[] = {V(0), END};

#define OUT \
	{ \
		"out", (long)out, false \
	}
#define BAD_POINTERS \
	{"NULL", 0, true}, \
	{ \
		"1", 1, true \
	}
#define BAD_OUTS BAD_POINTERS, V(AT_READ_ONLY), V(AT_EDGE_WRITABLE), V(KERNEL_ADDRESS)

static const struct value outs[] = {OUT, BAD_OUTS, END};

static const struct value access_modes[] = {V(R_OK), V(W_OK), V(F_OK), V(X_OK),
	V(R_OK | W_OK | X_OK), BAD(8), BAD(-1), V(0x100000004), END};

static const struct value at_flags[] = {V(0), V(AT_SYMLINK_NOFOLLOW), V(AT_EMPTY_PATH),
	V(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW), V(AT_EACCESS), V(AT_SYMLINK_FOLLOW),
	V(AT_NO_AUTOMOUNT), V(AT_STATX_FORCE_SYNC), V(AT_STATX_DONT_SYNC),
	V(AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC), V(AT_EACCESS | AT_SYMLINK_NOFOLLOW),
	V(AT_EACCESS | AT_EMPTY_PATH), BAD(1), BAD(-1), V(AT_RECURSIVE), V(0x10000), V(0x100000100),
	END};

static const struct value follow_flags[] = {V(0), V(AT_SYMLINK_FOLLOW), V(AT_EMPTY_PATH),
	V(AT_SYMLINK_NOFOLLOW), V(AT_EMPTY_PATH | AT_SYMLINK_FOLLOW), V(0x200), V(0x1), BAD(0x8000),
	BAD(-1), V(0x100000400), END};

static const struct value unlink_flags[] = {V(0), V(AT_REMOVEDIR), BAD(AT_SYMLINK_NOFOLLOW),
	BAD(AT_REMOVEDIR | 1), V(AT_EMPTY_PATH), BAD(-1), V(0x100000200), END};

static const struct value rename_flags[] = {V(0), V(RENAME_NOREPLACE), V(RENAME_EXCHANGE),
	V(RENAME_WHITEOUT), V(RENAME_NOREPLACE | RENAME_WHITEOUT),
	V(RENAME_NOREPLACE | RENAME_EXCHANGE), V(RENAME_EXCHANGE | RENAME_WHITEOUT), BAD(8),
	BAD(-1), V(0x100000001), END};

static const struct value masks[] = {V(STATX_BASIC_STATS), V(STATX_ALL), V(0),
	V(STATX_TYPE | STATX_MODE), V(STATX_SIZE), V(STATX_BTIME), V(STATX_MNT_ID),
	V(STATX_MNT_ID | 0x4000), V(STATX_DIOALIGN), V(0x10000000), V(0x7fffffff), BAD(0x80000000),
	BAD(-1), V(0x1000007ff), END};

static const struct value link_sizes[] = {
	V(4096), V(1), V(4), V(5), BAD(0), BAD(-1), V(INT_MAX), V(0x100000004), V(0x80000000), END};

static const struct value makes[] = {V(S_IFIFO | 0666), V(S_IFREG | 06777), V(S_IFCHR | 0666), V(0),
	V(S_IFSOCK | 0755), V(S_IFCHR), V(S_IFBLK | 0600), BAD(S_IFDIR | 0755), BAD(S_IFLNK | 0777),
	BAD(0170000), V(030000), V(0xffff0000 | S_IFIFO), V(S_IFREG | 01777), V(-1),
	V(0x100000000 | S_IFIFO), END};

/* 1:3, 0:0 (a whiteout, which anybody may make), 240:250 (nobody's). */
static const struct value devices[] = {
	V(0x103), V(0), V(0xf0fa), BAD(-1), V(0x100000103), V(0xffffffff), END};

static const struct value modes[] = {V(0640), V(04755), V(0), V(02755), V(07777), V(0777), V(01777),
	V(0100600), BAD(-1), V(0x100000000 | 0600), V(06644), END};

static const struct value owners[] = {
	V(-1), V(OTHER), V(0), V(USER), V(GROUP), V(-2), V(0xffffffff), V(0x1000007d3), END};

static const struct value lengths[] = {V(3), V(0), V(100), V(101), V(5000), V(5), BAD(-1),
	BAD(LLONG_MIN), V(1L << 40), V(1L << 45), V(LLONG_MAX), END};

static const struct utimbuf utime_times = {11, 22};
static const struct timeval timeval_times[][2] = {{{11, 5}, {22, 999999}}, {{1, 1000000}, {2, 0}},
	{{1, 0}, {2, -1}}, {{-5, 1}, {-1, 0}}, {{1L << 33, 0}, {1L << 40, 0}}};
static const struct timespec timespec_times[][2] = {
	{{11, 5}, {22, 999999999}},
	{{1, UTIME_NOW}, {2, UTIME_NOW}},
	{{1, UTIME_OMIT}, {2, UTIME_OMIT}},
	{{1, UTIME_NOW}, {2, UTIME_OMIT}},
	{{1, UTIME_OMIT}, {2, UTIME_NOW}},
	{{33, 0}, {2, UTIME_OMIT}},
	{{1, UTIME_NOW}, {44, 0}},
	{{1, 1000000000}, {2, 0}},
	{{1, 0}, {2, -1}},
	{{1, UTIME_OMIT}, {2, 1000000000}},
	{{-5, 1}, {-1, 999999999}},
	{{1L << 33, 0}, {1L << 40, 0}},
	{{LLONG_MIN, 0}, {LLONG_MAX, 0}},
};

#define TIMES(label, times) \
	{ \
		label, (long)&(times), false \
	}
#define BAD_TIMES(label, times) \
	{ \
		label, (long)&(times), true \
	}

static const struct value utimes_of[] = {TIMES("{11, 22}", utime_times), {"NULL", 0, false},
	{"1", 1, true}, V(AT_EDGE_WRITABLE), END};

static const struct value timevals[] = {TIMES("{11.5, 22.999999}", timeval_times[0]),
	{"NULL", 0, false}, {"1", 1, true}, BAD_TIMES("{1.1000000, 2}", timeval_times[1]),
	TIMES("{1, 2.-1}", timeval_times[2]), TIMES("{-5.1, -1}", timeval_times[3]),
	TIMES("{1<<33, 1<<40}", timeval_times[4]), V(AT_EDGE_WRITABLE), END};

static const struct value timespecs[] = {TIMES("{11.5, 22.999999999}", timespec_times[0]),
	{"NULL", 0, false}, TIMES("{NOW, NOW}", timespec_times[1]),
	TIMES("{OMIT, OMIT}", timespec_times[2]), TIMES("{NOW, OMIT}", timespec_times[3]),
	TIMES("{OMIT, NOW}", timespec_times[4]), TIMES("{33, OMIT}", timespec_times[5]),
	TIMES("{NOW, 44}", timespec_times[6]), BAD_TIMES("{1.1000000000, 2}", timespec_times[7]),
	TIMES("{1, 2.-1}", timespec_times[8]), TIMES("{OMIT, bad}", timespec_times[9]),
	TIMES("{-5.1, -1.999999999}", timespec_times[10]),
	TIMES("{1<<33, 1<<40}", timespec_times[11]), TIMES("{least, most}", timespec_times[12]),
	{"1", 1, true}, V(AT_EDGE_WRITABLE), END};

/* user. and 250 bytes; one more is too long. */
#define TEN "nnnnnnnnnn"
#define FIFTY TEN TEN TEN TEN TEN
#define NAME_255 "user." FIFTY FIFTY FIFTY FIFTY FIFTY
#define NAME_POINTERS {"NULL", 0, true}, {"1", 1, true}, V(AT_EDGE_FILE), V(EDGE(EDGE_DOTS) - 1)
#define NAMES \
	STRING("trusted.one"), STRING("security.one"), STRING("system.one"), STRING("nonsense"), \
		STRING("user."), {string_label, (long)"", true}, STRING(NAME_255), \
		{string_label, (long)NAME_255 "n", true}, STRING("user.new\nline"), \
		STRING("system.posix_acl_access"), STRING("system.posix_acl_default"), \
		STRING("security.capability"), STRING("USER.one"), NAME_POINTERS, END

static const struct value names_to_set[] = {STRING("user.new"), STRING("user.one"), NAMES};
static const struct value names_to_get[] = {STRING("user.one"), STRING("user.new"), NAMES};

#define BIG \
	{ \
		"big", (long)big, false \
	}

static const struct value attributes[] = {BIG, BAD_POINTERS, {"acl", (long)long_acl, false},
	V(EDGE(EDGE_DOTS) - 5), V(EDGE(EDGE_DOTS) - 4), V(KERNEL_ADDRESS), END};
static const struct value attribute_sizes[] = {
	V(5), V(0), V(1), V(44), V(3000), V(65536), BAD(65537), BAD(-1), V(0x100000005), END};
static const struct value attribute_flags[] = {V(0), V(XATTR_CREATE), V(XATTR_REPLACE),
	BAD(XATTR_CREATE | XATTR_REPLACE), BAD(4), V(-1), V(0x100000001), END};
static const struct value out_sizes[] = {V(100), V(0), V(1), V(8), V(9), V(44), V(65536), V(65537),
	V(70000), V(INT_MAX), V(-1), V(0x100000000), END};

/* struct xattr_args of setxattrat and getxattrat: value, size, flags, and what is behind it. */
struct attribute_call {
	uint64_t value;
	uint32_t size, flags;
	uint64_t more[512];
};

static const struct attribute_call attribute_calls[] = {
	{(uint64_t)big, 5, 0, {0}},
	{(uint64_t)big, 5, XATTR_CREATE, {0}},
	{(uint64_t)big, 5, XATTR_REPLACE, {0}},
	{(uint64_t)big, 5, 3, {0}},
	{(uint64_t)big, 5, 4, {0}},
	{(uint64_t)big, 65537, 0, {0}},
	{(uint64_t)big, 5, 0, {1}},
	{0, 0, 0, {0}},
	{0, 5, 0, {0}},
	{1, 5, 0, {0}},
	{(uint64_t)long_acl, 44, 0, {0}},
	{(uint64_t)out, 100, 0, {0}},
	{(uint64_t)out, 0, 0, {0}},
	{(uint64_t)out, 1, 0, {0}},
	{(uint64_t)out, 100, XATTR_CREATE, {0}},
	{(uint64_t)out, 70000, 0, {0}},
	{(uint64_t)out, 100, 0, {1}},
	{1, 100, 0, {0}},
	{AT_READ_ONLY, 100, 0, {0}},
};

#define CALL(label, n) \
	{ \
		label, (long)&attribute_calls[n], false \
	}
#define BAD_CALL(label, n) \
	{ \
		label, (long)&attribute_calls[n], true \
	}

static const struct value calls_to_set[] = {CALL("{big, 5}", 0), CALL("{big, 5, CREATE}", 1),
	CALL("{big, 5, REPLACE}", 2), BAD_CALL("{big, 5, CREATE|REPLACE}", 3),
	CALL("{big, 5, 4}", 4), BAD_CALL("{big, 65537}", 5), CALL("{big, 5}, 1", 6),
	CALL("{NULL, 0}", 7), CALL("{NULL, 5}", 8), CALL("{1, 5}", 9), CALL("{acl, 44}", 10),
	BAD_POINTERS, V(AT_EDGE_WRITABLE), END};
static const struct value calls_to_get[] = {CALL("{out, 100}", 11), CALL("{out, 0}", 12),
	CALL("{out, 1}", 13), BAD_CALL("{out, 100, CREATE}", 14), CALL("{out, 70000}", 15),
	CALL("{out, 100}, 1", 16), CALL("{1, 100}", 17), CALL("{NULL, 0}", 7),
	CALL("{read-only, 100}", 18), BAD_POINTERS, V(AT_EDGE_WRITABLE), END};
static const struct value call_sizes[] = {
	V(16), BAD(0), BAD(15), V(17), V(24), V(4096), BAD(4097), BAD(-1), END};

static const struct value file_sizes[] = {
	V(24), BAD(0), BAD(23), V(25), V(32), V(4096), BAD(4097), BAD(-1), END};

static const struct value watch_masks[] = {V(IN_ALL_EVENTS), V(IN_ALL_EVENTS | IN_DONT_FOLLOW),
	V(IN_ALL_EVENTS | IN_ONLYDIR), V(IN_OPEN), V(IN_CLOSE | IN_ONESHOT),
	V(IN_ALL_EVENTS | IN_EXCL_UNLINK), V(IN_ALL_EVENTS | IN_MASK_CREATE),
	V(IN_ALL_EVENTS | IN_MASK_ADD), BAD(IN_OPEN | IN_MASK_ADD | IN_MASK_CREATE), BAD(0),
	BAD(IN_ONLYDIR), BAD(0x1000), V(-1), V(0x100000020), END};

/* struct file_handle is its size, its type and its bytes. */
static uint32_t handles[][64] = {{128}, {0}, {1}, {129}};

static const struct value handles_of[] = {TIMES("128 bytes", handles[0]),
	TIMES("0 bytes", handles[1]), TIMES("1 byte", handles[2]),
	BAD_TIMES("129 bytes", handles[3]), BAD_POINTERS, V(AT_EDGE_WRITABLE), END};
static const struct value handle_flags[] = {V(0), V(AT_SYMLINK_FOLLOW), V(AT_EMPTY_PATH),
	V(AT_SYMLINK_NOFOLLOW), V(0x200), V(0x1), BAD(0x8000), BAD(-1), END};

static const struct value targets[] = {STRING("file"), STRING("/nowhere/at/all"),
	{string_label, (long)"", true}, STRING("full/"), BAD_POINTERS, V(AT_EDGE_FILE),
	V(EDGE(EDGE_DOTS) - 4096), V(EDGE(EDGE_DOTS) - 4), END};
