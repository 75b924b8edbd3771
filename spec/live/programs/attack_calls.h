#pragma once

#include <linux/fs.h>
#include <sys/inotify.h>
#include <sys/statfs.h>
#include <sys/xattr.h>

#include "attack.h"

/* Every form of every call that takes a path: attack_calls.def. */

enum {
	FCHMODAT2 = 452,
	SETXATTRAT = 463,
	GETXATTRAT,
	LISTXATTRAT,
	REMOVEXATTRAT,
	FILE_GETATTR = 468,
	FILE_SETATTR
};

/* What must be there for a call to work. ITSELF: it does not follow a link. */
enum object {
	REGULAR_ITSELF,
	REGULAR,
	ATTRIBUTE_ITSELF, /* a file with an attribute */
	ATTRIBUTE,
	LINK,
	DIRECTORY,
	EMPTY, /* a directory */
	NEW,   /* nothing */
	THERE, /* a file, which is in the way */
};

/* struct xattr_args */
struct attribute_value {
	uint64_t address;
	uint32_t size, flags;
};

/* Set by the program: a file and a missing name where everything is allowed, and its own uid. */
static char spare[4096], fresh[4096];
static uid_t owner;

/* What the kernel ignores of a number. */
static uint64_t high;

#define W(number) ((long)((uint32_t)(number) | high))
#define D W(d)

static union {
	struct stat stat;
	struct statx statx;
	struct statfs statfs;
	char text[64];
	char handle[sizeof(struct file_handle) + MAX_HANDLE_SZ];
} found;

static int mount_id, watching = -1;
static const struct open_how reading = {.flags = O_RDONLY};
static const struct timespec moments[2] = {{1, 0}, {2, 0}};
static const char no_attributes[24];
static struct attribute_value room, one_letter;

static inline struct file_handle *handle(void)
{
	struct file_handle *header = (struct file_handle *)(void *)found.handle;

	header->handle_bytes = MAX_HANDLE_SZ;
	return header;
}

static inline long there_and_back(const char *path)
{
	int back = open(".", O_PATH);
	long result = syscall(SYS_chdir, path);
	int error = errno;

	/* A directory that was inherited, or reached by a race, may not be asked for by name. */
	if (result == 0)
		(void)!fchdir(back);
	(void)close(back);
	errno = error;
	return result;
}

static inline long watch(const char *path, uint32_t mask)
{
	if (watching < 0)
		watching = inotify_init1(IN_NONBLOCK);
	return syscall(SYS_inotify_add_watch, W(watching), path, W(mask)) < 0 ? -1 : 0;
}

#define CALL(name, object, ...) \
	static inline long attempt_##name(int d, const char *p) \
	{ \
		(void)d; \
		return __VA_ARGS__; \
	}
#define PLAIN CALL
#include "attack_calls.def"
#undef CALL
#undef PLAIN

static const struct call {
	const char *name;
	enum object object;
	bool plain; /* takes no directory */
	long (*attempt)(int d, const char *p);
} calls[] = {
#define CALL(name, object, ...) {#name, object, false, attempt_##name},
#define PLAIN(name, object, ...) {#name, object, true, attempt_##name},
#include "attack_calls.def"
#undef CALL
#undef PLAIN
};

enum { CALL_COUNT = sizeof calls / sizeof *calls };

static inline const struct call *call_named(const char *name)
{
	for (size_t i = 0; i < CALL_COUNT; i++)
		if (strcmp(calls[i].name, name) == 0)
			return &calls[i];
	(void)fprintf(stderr, "no such call: %s\n", name);
	exit(2);
}

/* The calls that only look come first. */
static inline bool looks(const struct call *call)
{
	return call < call_named("open");
}

static inline bool opens(const struct call *call)
{
	return strncmp(call->name, "open", 4) == 0 || strncmp(call->name, "creat", 5) == 0;
}

/* The call's result; what it opened is closed. */
static inline long attempt(const struct call *call, int d, const char *path)
{
	long result;

	memset(&found, 0, sizeof found);
	result = call->attempt(d, path);
	if (result >= 0 && opens(call)) {
		(void)close((int)result);
		return 0;
	}
	return result;
}

/* ---- the ground of a call ------------------------------------------------------------------ */

static inline bool is_followed(enum object object)
{
	return object == REGULAR || object == ATTRIBUTE;
}

static inline const char *leaf_of(enum object object)
{
	static const char *const leaves[] = {[REGULAR_ITSELF] = "data",
		[REGULAR] = "data",
		[ATTRIBUTE_ITSELF] = "data",
		[ATTRIBUTE] = "data",
		[LINK] = "link",
		[DIRECTORY] = "inner",
		[EMPTY] = "empty",
		[NEW] = "new",
		[THERE] = "data"};

	return leaves[object];
}

static inline void make_file(int d, const char *name)
{
	int fd = openat(d, name, O_CREAT | O_WRONLY | O_NOFOLLOW, 0777);

	if (fd < 0)
		return;
	(void)fchmod(fd, 0777);
	(void)!write(fd, "innocent\n", 9);
	(void)fsetxattr(fd, "user.x", "innocent", 8, 0);
	(void)close(fd);
}

static inline void make_nothing(int d, const char *name)
{
	if (unlinkat(d, name, 0) < 0)
		(void)unlinkat(d, name, AT_REMOVEDIR);
}

/* Makes the object again in the directory `d`, where that is allowed. */
static inline void restore(enum object object, int d, const char *name)
{
	switch (object) {
	case NEW:
		make_nothing(d, name);
		break;
	case LINK:
		(void)!symlinkat("innocent", d, name);
		break;
	case DIRECTORY:
	case EMPTY:
		(void)mkdirat(d, name, 0777);
		break;
	default:
		make_file(d, name);
	}
}

static inline void restore_spare(void)
{
	make_nothing(AT_FDCWD, fresh);
	make_nothing(AT_FDCWD, spare);
	make_file(AT_FDCWD, spare);
}

static inline void begin(const char *directory)
{
	(void)snprintf(spare, sizeof spare, "%s/spare", directory);
	(void)snprintf(fresh, sizeof fresh, "%s/fresh", directory);
	owner = geteuid();
	room = (struct attribute_value){(uintptr_t)found.text, sizeof found.text, 0};
	one_letter = (struct attribute_value){(uintptr_t) "v", 1, 0};
}
