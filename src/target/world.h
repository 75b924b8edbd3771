#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

/*
 * What the supervisor knows of itself and of the machine, opened once at the start and shared,
 * read-only but for the one flag, by all its threads.
 */
struct world {
	int proc; /* O_PATH directory /proc */
	int fds;  /* O_PATH directory /proc/self/fd: pin N is the name "N" in it */
	int root; /* O_PATH directory / */
	pid_t supervisor;
	pid_t guard;
	bool privileged;  /* the supervisor has capabilities: targets may change credentials */
	bool roots_vary;  /* targets may chroot */
	bool debug_open;  /* the policy opens @debug */
	bool device_open; /* the policy opens @device */
	/*
	 * Whether no object of that name exists for targets; NULL: none is hidden. A path leads
	 * through a hidden name as little as to one.
	 */
	bool (*hidden)(void *context, const char *path, size_t length);
	/* The same, and nothing below it is excepted: no path leads through it. */
	bool (*closed)(void *context, const char *path, size_t length);
	void *hidden_context;
	int protected_symlinks, protected_fifos, protected_regular; /* proc_sys_fs(5) */
	/*
	 * Set, for ever, before the first call that changes credentials is let through. Until then
	 * every target has the supervisor's own, and nothing needs to be read or borrowed.
	 */
	atomic_bool credentials_vary;
};

/* Closes nothing on failure that it did not open; -errno with a sentence. */
int world_open(struct world *ret, struct error *err);
void world_close(struct world *world);
