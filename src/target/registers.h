#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "target/target.h"

/*
 * The registers of a thread that this thread traces, stopped while one of its system calls waits to
 * be begun anew (ERESTARTNOINTR). x86-64 only: elsewhere -EOPNOTSUPP.
 */
struct registers {
#ifdef __x86_64__
	struct user_regs_struct before;
#endif
	size_t argument;        /* which of the call's arguments was exchanged */
	uint64_t address;       /* where on the stack the text stands */
	char covered[PATH_MAX]; /* what was there */
	size_t size;
};

/*
 * Makes `text` the argument (0 or 1) of the call: it is put below the stack pointer, behind the red
 * zone, where nothing that the program still needs can be. 0; -EINVAL: no call is to be begun anew;
 * -EFAULT: no room on the stack; nothing is changed then.
 */
int registers_exchange(pid_t tid, size_t argument, const char *text, struct registers *ret);

/* The call begins anew as it was, with its own argument. */
int registers_undo(pid_t tid, const struct registers *registers);

/* The call was done and has failed: its own argument again. -EINVAL: something else was done. */
int registers_finish(pid_t tid, const struct registers *registers);

/* What the call that it is coming back from has returned; on aarch64, too. */
int registers_result(pid_t tid, int64_t *ret);

/* The call is not begun anew, but fails. */
int registers_fail(pid_t tid, int error);
