#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include "syscalls/call.h"

/*
 * The position of an open file description, held while it is read and set: one step for the kernel,
 * several here. Only who holds that very description is waited for, so a file system that does not
 * answer keeps nobody else from listing.
 */
struct position {
	struct position *next;
	pid_t tid;
	int file;
	dev_t dev;
	ino_t ino;
};

/*
 * `file` is the calling thread's descriptor; it stays open, and `ret` where it is, until the
 * position is released. 0, or as act_perform(): the target was interrupted, or is gone.
 */
int position_hold(struct call *call, int file, const struct stat *st, struct position *ret);
void position_release(struct position *position);
