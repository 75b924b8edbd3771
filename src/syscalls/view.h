#pragma once

#include <sys/stat.h>
#include <sys/statfs.h>

#include "syscalls/object.h"

/*
 * Calls that look: stat, access, readlink and their like. They are notified only where a policy has
 * something to say about it. What is told is of the pin, so it is of what was judged. This is what
 * look.c and ask.c share.
 */

/* What was found out, and where the target wants it. Its job's context is the view itself. */
struct view {
	struct object_job job;
	uint64_t address;
	uint64_t size;
	unsigned mask;
	union {
		struct statx statx;
		struct statfs statfs;
		unsigned char *bytes; /* the performing function's */
	} found;
};

/* `address` is where the target wants to be told. */
void view_start(struct view *ret, struct call *call, struct answer *answer, uint64_t address);

/* Writes into the target's memory: 0 or a negative errno. */
int view_tell(const struct view *view, const void *bytes, size_t size);
