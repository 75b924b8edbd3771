#pragma once

#include "syscalls/act.h"
#include "syscalls/judge.h"

/*
 * An object that a path or a descriptor leads to, for the calls that look at or change what is
 * there. It is pinned, its resolved name is judged, and the act is done on the pin.
 */

/*
 * Resolves the call's path, PLACE_NOFOLLOW or 0. `may_be_empty` (AT_EMPTY_PATH): an empty path is
 * the descriptor's object. As place_resolve(): 0, also where only the last component is missing.
 */
int object_find(struct call *call, unsigned flags, bool may_be_empty, struct place *ret);

/* The object of the target's descriptor `fd`, and in *ret_file (owned) the very same description.
 */
int object_of_descriptor(struct call *call, int fd, struct place *ret, int *ret_file);

/*
 * Finds, judges with the rights that the operation needs (a handler sees what `describe` adds to
 * the request; may be NULL), and acts. An object without a name (a pipe, a memory file) is nobody's
 * business: it was reached through a descriptor that the target has.
 */
struct object_job {
	struct call *call;
	struct answer *answer;
	unsigned flags; /* PLACE_* */
	bool may_be_empty;
	bool as_real;            /* the real ids count: access(2) */
	bool descriptor_is_free; /* about what the target has open it is not asked */
	void (*describe)(const struct object_job *job, struct request *request);
	/* On the pin `place->object`, or, for a call about a descriptor, on `file`. */
	int (*act)(struct object_job *job, const struct place *place);
	int file; /* -1: the call is about a path */
	const void *context;
};
void object_perform(struct object_job *job);
void object_perform_on_descriptor(struct object_job *job, int fd);

/* What `act` returns where the kernel is to do it (docs/design.md §2: it confers nothing). */
enum { OBJECT_CONTINUE = -4096 };

/* "/proc/self/fd/N": a path that leads to the pinned object itself, be it a symlink. */
enum { OBJECT_NAME_SIZE = 32 };
const char *object_name(int pin, char buffer[OBJECT_NAME_SIZE]);
