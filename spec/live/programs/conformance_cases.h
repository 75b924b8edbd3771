#pragma once
/* The flags, modes and circumstances, and their products with the paths. */

#include "conformance_paths.h"

static const uint64_t flag_sets[] = {
	0,
	O_CREAT,
	O_CREAT | O_EXCL,
	O_TRUNC,
	O_CREAT | O_TRUNC,
	O_NOFOLLOW,
	O_DIRECTORY,
	O_CREAT | O_DIRECTORY,
	O_CREAT | O_NOFOLLOW,
	O_PATH,
	O_PATH | O_NOFOLLOW,
	O_TMPFILE,
};

/* With O_RDONLY and O_RDWR only. */
static const uint64_t more_flag_sets[] = {
	O_APPEND,
	O_CLOEXEC,
	O_NOATIME,
	O_SYNC,
	O_DSYNC,
	O_DIRECT,
	O_NOCTTY,
	O_ASYNC,
	0100000,
	O_NOFOLLOW | O_DIRECTORY,
	O_NOFOLLOW | O_TRUNC,
	O_CREAT | O_EXCL | O_NOFOLLOW,
	O_CREAT | O_EXCL | O_DIRECTORY,
	O_PATH | O_DIRECTORY,
	O_PATH | O_CREAT | O_TRUNC,
	O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC,
	O_TMPFILE | O_EXCL,
	O_TMPFILE | O_CREAT,
	O_TMPFILE & ~O_DIRECTORY,
	0x80000000,
	0x04000000,
	0x100000000,
	0x8000000000000040,
	O_CREAT | 0xffffffff00000000,
	O_EXCL,
	O_TRUNC | O_APPEND | O_CREAT | O_CLOEXEC,
};

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *expand(const struct path *path)
{
	static char absolute[PATH_MAX + 256];

	if (path->text[0] != '$')
		return path->text;
	snprintf(absolute, sizeof absolute, "%s/tree%s", base, path->text + 1);
	return absolute;
}

static struct attempt about(const struct path *path)
{
	return (struct attempt){
		.path = expand(path), .held = path->held, .directory = AT_FDCWD, .umask = 022};
}

static void opens(void (*visit)(struct attempt *), const struct path *path)
{
	struct attempt attempt = about(path);
	uint64_t quiet = path->blocks ? O_NONBLOCK : 0;

	attempt.call = OPEN;
	attempt.mode = 0666;
	for (uint64_t access = 0; access <= O_ACCMODE; access++)
		for (size_t i = 0; i < COUNT(flag_sets); i++) {
			attempt.flags = flag_sets[i] | access | quiet;
			visit(&attempt);
		}
	for (uint64_t access = 0; access <= O_ACCMODE; access += O_RDWR)
		for (size_t i = 0; i < COUNT(more_flag_sets); i++) {
			attempt.flags = more_flag_sets[i] | access | quiet;
			visit(&attempt);
		}
	attempt.flags = O_RDWR | O_NONBLOCK;
	visit(&attempt);
	if (!path->blocks) {
		attempt.call = CREAT;
		visit(&attempt);
	}
	attempt.mode = 0777;
	attempt.call = MKDIR;
	visit(&attempt);
	attempt.call = MKDIRAT;
	visit(&attempt);
}

static void openat2s(void (*visit)(struct attempt *), const struct path *path)
{
	static const uint64_t resolves[] = {0, RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS,
		RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT,
		RESOLVE_NO_XDEV | RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
		RESOLVE_BENEATH | RESOLVE_IN_ROOT, 0x40, 0x100000000};
	static const uint64_t flags[] = {O_RDONLY, O_RDWR | O_CREAT, O_RDONLY | O_DIRECTORY,
		O_PATH | O_NOFOLLOW, O_RDWR | O_TRUNC | O_NOFOLLOW};
	struct attempt attempt = about(path);

	attempt.call = OPENAT2;
	for (size_t i = 0; i < COUNT(resolves); i++)
		for (size_t j = 0; j < COUNT(flags); j++) {
			attempt.resolve = resolves[i];
			attempt.flags = flags[j];
			if (path->blocks && (flags[j] & O_PATH) == 0)
				attempt.flags |= O_NONBLOCK;
			attempt.mode = (flags[j] & O_CREAT) != 0 ? 0666 : 0;
			visit(&attempt);
		}
}

/* What openat2 refuses, or not, before it looks at the path. */
static void odd_openat2s(void (*visit)(struct attempt *))
{
	static const size_t sizes[] = {SIZE_MAX, 1, 8, 16, 23, 24, 25, 32, 4095, 4096, 4097, 8000};
	static const uint64_t flags[] = {3, 0x80000000, 0x04000000, 0x100000000, O_PATH | O_RDWR,
		O_PATH | O_CREAT, O_PATH | O_TRUNC, O_PATH | O_NONBLOCK, O_PATH | O_CLOEXEC,
		O_TMPFILE, O_TMPFILE | O_RDWR, O_TMPFILE & ~O_DIRECTORY, O_CREAT | O_DIRECTORY,
		O_CREAT | O_EXCL | O_DIRECTORY | O_RDWR, O_RDWR | O_CREAT, O_CREAT | 0100000,
		O_CREAT | O_CLOEXEC | O_NOCTTY | O_SYNC | O_APPEND};
	static const uint64_t modes[] = {0, 0644, 07777, 010000, 010644, 0x100000000, UINT64_MAX};
	static const char *const names[] = {"file", "missing", "directory"};
	struct attempt attempt = {.call = OPENAT2, .directory = AT_FDCWD, .umask = 022};

	for (size_t name = 0; name < COUNT(names); name++) {
		attempt.path = names[name];
		attempt.flags = attempt.mode = 0;
		for (size_t i = 0; i < COUNT(sizes); i++)
			for (unsigned tail = 0; tail < 2; tail++) {
				attempt.size = sizes[i];
				attempt.tail = (uint8_t)tail;
				visit(&attempt);
			}
		attempt.size = attempt.tail = 0;
		for (size_t i = 0; i < COUNT(flags); i++)
			for (size_t j = 0; j < COUNT(modes); j++) {
				attempt.flags = flags[i];
				attempt.mode = modes[j];
				visit(&attempt);
			}
	}
}

static void creations(void (*visit)(struct attempt *))
{
	static const char *const names[] = {"missing", "directory/new", "setgid/new", "acl/new",
		"sticky/new", "dangling", "dangling_inside", "foreign_directory/new",
		"to_directory/new"};
	static const uint64_t modes[] = {0, 0644, 0777, 01777, 02755, 04755, 06777, 07777, 0177777,
		0xffffffff, 0x100000124, 0x8000000000000124};
	static const unsigned masks[] = {0, 022, 077, 0777};
	static const enum call calls[] = {OPEN, CREAT, MKDIR, MKDIRAT, OPENAT2};
	struct attempt attempt = {.directory = AT_FDCWD, .flags = O_RDWR | O_CREAT};

	for (size_t name = 0; name < COUNT(names); name++)
		for (size_t i = 0; i < COUNT(modes) * COUNT(masks) * COUNT(calls); i++) {
			attempt.path = names[name];
			attempt.mode = modes[i % COUNT(modes)];
			attempt.umask = masks[i / COUNT(modes) % COUNT(masks)];
			attempt.call = calls[i / COUNT(modes) / COUNT(masks)];
			visit(&attempt);
		}
	attempt.call = OPEN;
	attempt.flags = O_TMPFILE | O_RDWR;
	for (size_t i = 0; i < COUNT(modes) * COUNT(masks); i++) {
		attempt.path = i % 3 == 0 ? "acl" : i % 3 == 1 ? "setgid" : "directory";
		attempt.mode = modes[i % COUNT(modes)];
		attempt.umask = masks[i / COUNT(modes)];
		visit(&attempt);
	}
}

static void places(void (*visit)(struct attempt *))
{
	static const struct path names[] = {{"file", 0, 0}, {"inside", 0, 0}, {"new", 0, 0},
		{"", 0, 0}, {".", 0, 0}, {"..", 0, 0}, {"to_file", 0, 0}, {"$/file", 0, 0},
		{"$/missing", 0, 0}, {"../file", 0, 0}, {"./inside", 0, 0}, {"/", 0, 0},
		{"sub/", 0, 0}, {"/proc/self/cwd", 0, 0}, {"/proc/self/stat", 0, 0}, {"stat", 0, 0},
		{"cwd/file", 0, 0}, {"fd/50/stat", 0, 0}};
	static const uint64_t flags[] = {O_RDONLY, O_RDWR | O_CREAT, O_RDONLY | O_CREAT | O_EXCL,
		O_RDONLY | O_DIRECTORY, O_PATH, O_PATH | O_NOFOLLOW, O_TMPFILE | O_WRONLY};
	static const long directories[] = {AT_FDCWD, DESCRIPTOR, CLOSED, -1, -101, 0xffffff9c,
		(long)0xf00000000000009c, 0x7fffffff9c, 0x100000000 | DESCRIPTOR, 0};
	static const enum call calls[] = {OPENAT, OPENAT2, MKDIRAT};

	for (size_t name = 0; name < COUNT(names); name++)
		for (size_t i = 0; i < COUNT(directories) * HELD_COUNT * COUNT(calls); i++) {
			struct attempt attempt = about(&names[name]);

			attempt.directory = directories[i % COUNT(directories)];
			attempt.held = (enum held)(i / COUNT(directories) % HELD_COUNT);
			attempt.call = calls[i / COUNT(directories) / HELD_COUNT];
			if ((int)attempt.directory != DESCRIPTOR && attempt.held > HELD_FILE)
				continue;
			for (size_t j = 0; j < (attempt.call == MKDIRAT ? 1 : COUNT(flags)); j++) {
				bool makes =
					(flags[j] & O_CREAT) || (flags[j] & O_TMPFILE) == O_TMPFILE;

				attempt.flags = flags[j];
				attempt.mode = makes || attempt.call == MKDIRAT ? 0666 : 0;
				/* Nothing may be made in the real root. */
				if ((int)attempt.directory == AT_FDCWD)
					attempt.place = (enum place)((i + j) % (IN_ROOT));
				visit(&attempt);
				attempt.place = IN_TREE;
			}
		}
}

/* Two readable pages before one that isn't, full of "./". */
static char *edge_of_mapping(void)
{
	char *pages =
		mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	for (size_t i = 0; i < 8192; i += 2)
		memcpy(pages + i, "./", 2);
	mprotect(pages + 8192, 4096, PROT_NONE);
	return pages + 8192;
}

/* "/////…/file" below the current directory, which is as long as said. */
static const char *of_length(size_t length)
{
	char *path = malloc(length + 1);

	snprintf(path, length + 1, "./%0*d/file", (int)length - 7, 0);
	return memset(path + 2, '/', length - 7), path;
}

static const char *component(size_t length)
{
	char *path = calloc(1, length + 1);

	return memset(path, 'n', length);
}

/* Strings at the edges of mappings, too long, too short, not there. */
static void strings(void (*visit)(struct attempt *))
{
	char *open_end = edge_of_mapping(), *end = edge_of_mapping();
	const struct {
		const char *path, *label;
	} candidates[] = {
		{component(255), NULL},
		{component(256), NULL},
		{of_length(4094), "4094 bytes"},
		{of_length(4095), "4095 bytes"},
		{of_length(4096), "4096 bytes"},
		{NULL, "NULL"},
		{(char *)1, "pointer 1"},
		{(char *)0xffff800000000000, "pointer into the kernel"},
		{open_end, "pointer to nothing"},
		{open_end - 1, "one byte, unterminated"},
		{open_end - 4095, "4095 bytes, unterminated"},
		{open_end - 4096, "4096 bytes, unterminated"},
		{open_end - 8192, "8192 bytes, unterminated"},
		{strcpy(end - 5, "file"), "\"file\" at the end of a mapping"},
		{strcpy(end - 4102, "directory/inside"), "across two pages"},
		{end - 1, "\"\" at the end of a mapping"},
		{"file\001", "control character"},
		{"\xff\xfe", "not UTF-8"},
		{"new\nline", "new line"},
		{"new line", NULL},
	};
	struct attempt attempt = {.directory = AT_FDCWD, .umask = 022};

	for (size_t i = 0; i < COUNT(candidates); i++)
		for (enum call call = OPEN; call <= MKDIRAT; call++) {
			attempt.call = call;
			attempt.path = candidates[i].path;
			attempt.label = candidates[i].label;
			attempt.flags = call == OPENAT2 ? O_RDONLY : O_RDWR | O_CREAT;
			attempt.mode = call == OPENAT2 ? 0 : 0644;
			visit(&attempt);
		}
}

static void every_attempt(void (*visit)(struct attempt *))
{
	strings(visit);
	odd_openat2s(visit);
	creations(visit);
	places(visit);
	for (size_t i = 0; i < COUNT(paths); i++) {
		opens(visit, &paths[i]);
		openat2s(visit, &paths[i]);
	}
}
