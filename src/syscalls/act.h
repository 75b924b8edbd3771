#pragma once

#include <sys/types.h>

#include "syscalls/call.h"
#include "target/identity.h"

/*
 * The few things that are done on the target's behalf, each as the target, each interruptible
 * where it can block. All return >= 0 or a negative errno; -INTERNAL_ERESTARTSYS: the target was
 * interrupted; -ESRCH: it is gone.
 */

/* place_resolve() with the target's identity. */
int act_resolve(const struct call *call, struct route *route, struct place *ret);
/* With its real ids: access(2). */
int act_resolve_as_real(const struct call *call, struct route *route, struct place *ret);

/*
 * Opens `name` below `base`. `resolve` as in openat2(2); `known` = it will block (a FIFO, a
 * device). Never acquires a controlling terminal; the descriptor is close-on-exec.
 */
struct opening {
	int base;
	const char *name;
	uint64_t flags, resolve;
	uint32_t mode;
	bool known_to_block;
};
int act_open(struct call *call, const struct opening *opening);
/* The same as the supervisor: what the kernel opens whatever the target may. */
int act_open_as_self(struct call *call, const struct opening *opening);

/* Opens a pinned object anew, as opening its path would: a new file description. */
int act_reopen(struct call *call, int pin, const struct stat *st, uint64_t flags, uint32_t mode);

/*
 * The same, to read, for a file of the target's own in /proc whose mode lets it open it, but which
 * the kernel shows to the process itself alone once it has changed its credentials. -EACCES: it is
 * not one.
 */
int act_reopen_own(struct call *call, const struct place *place, uint64_t flags);

/* Whether the target may look up names in, and make names in, this directory of its own in /proc.
 */
bool act_may_enter_anyway(const struct call *call, int directory);

/* Reads the target's umask and makes it the calling thread's. */
int act_take_umask(const struct call *call);

/*
 * Runs `action`, one system call (it returns as system calls do in C: < 0 and errno), as the
 * target. Not for a call that nobody waits for any more: nothing of it could be undone. `directory`
 * is where the call looks names up, or -1: its own descriptors' directories a process may enter
 * even where its credentials say no.
 */
typedef long act_function(const void *context);
int act_perform(struct call *call, int directory, act_function *action, const void *context);

/* The same with the real ids in the place of the effective ones, as access(2) has it. */
int act_perform_as_real(struct call *call, act_function *action, const void *context);

/* Whether the target may write the pinned object, by its mode: 0 or a negative errno. */
int act_may_write(const struct call *call, int pin);
