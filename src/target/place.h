#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "target/target.h"
#include "target/world.h"

/*
 * Where a path leads: the pinned object, or the pinned directory in which it is missing.
 *
 * Decisions are made on `path`, actions are done on the pins; what happens to names in between
 * changes neither.
 */
struct place {
	int object;              /* O_PATH pin, or -1: nothing is there */
	int parent;              /* O_PATH pin of its directory, or -1 where there is none */
	char leaf[NAME_MAX + 1]; /* name in parent */
	bool nameless;           /* a pipe, socket, memory file …: an object without a path */
	struct stat st;          /* of object */
	char path[PATH_MAX];     /* resolved name; with no object: the name it would have */
	size_t path_len;
};

#define PLACE_NOWHERE ((struct place){.object = -1, .parent = -1})

void place_clear(struct place *place);
#define cleanup_place __attribute__((cleanup(place_clear)))

enum {
	PLACE_NOFOLLOW = 1 << 0, /* a symlink as last component is the object itself */
	PLACE_PARENT = 1 << 1,   /* only the directory of the last component is wanted */
	PLACE_CREATE = 1 << 2,   /* O_CREAT: "name/" is -EISDIR, whatever is there */
};

struct identity;

/* Where a path starts, and how it is to be walked. */
struct route {
	const struct world *world;
	const struct target *target;
	const char *path;
	size_t length;
	int base;         /* O_PATH pin that a relative path starts from; -1: path is absolute */
	unsigned flags;   /* PLACE_* */
	uint64_t resolve; /* RESOLVE_* of openat2(2) */
	struct identity *identity; /* the one taken on for the walk, or NULL */
};

/*
 * Resolves as the kernel would for the target. The caller has taken on the target's identity.
 * 0 with `ret` filled (free with place_clear), also when only the last component is missing:
 * object is -1 then. On a negative errno `ret` holds no pins, but for -ENOENT its `path` is the
 * name that could not be found.
 */
int place_resolve(const struct route *route, struct place *ret);

/* Where the last component of a path begins and ends; slashes behind it are not part of it. */
void path_last(const char *path, size_t length, size_t *ret_start, size_t *ret_end);

/* "." and "..", which are no names. */
bool path_is_dots(const char *component);

/* Fills path from a pin: its name as the supervisor sees it. -errno; -EACCES: it has no name. */
int place_name(const struct world *world, struct place *place);

/* Resolved name of a pinned directory; its length or a negative errno. */
ssize_t pin_name(const struct world *world, int pin, char buffer[PATH_MAX]);

/* The walk by hand: what the kernel's own resolution cannot do on another's behalf. */
int place_walk(const struct route *route, struct place *ret);
