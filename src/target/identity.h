#pragma once

#include <sys/types.h>

#include "target/process.h"

/*
 * Acting as the target: the calling thread takes on the target's file system identity (fsuid,
 * fsgid, effective ids, groups, effective capabilities), so that the kernel itself decides what the
 * target may do and whom a new file belongs to. Thread-local: raw system calls, glibc's set*id()
 * would change every thread. While it is on, nothing but the performing of one call may run: no
 * Lua, no allocation of names, no look into /proc with the supervisor's rights.
 */
struct identity {
	bool borrowed;
	bool suspended;
};

/*
 * -ESRCH, -EACCES (can't be taken on: refuse the call). A no-op while no target can have other
 * credentials than the supervisor.
 */
int identity_enter(
	struct identity *identity, const struct world *world, const struct target *target);

/* With the real ids for the effective ones, and the capabilities that access(2) looks at. */
int identity_enter_real(
	struct identity *identity, const struct world *world, const struct target *target);

/* Back to the supervisor's own; ends the process if that fails: nothing may run on half-way. */
void identity_leave(struct identity *identity);

/*
 * For what a process may always do with its own /proc entries but nobody else may in its name: in
 * between the thread is the supervisor again. identity_resume() fails as identity_enter() does.
 */
void identity_suspend(struct identity *identity);
int identity_resume(
	struct identity *identity, const struct world *world, const struct target *target);

/* Remembers the calling process's own identity; once, before the threads start. */
int identity_remember_own(void);
