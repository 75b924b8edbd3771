#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "target/place.h"

/*
 * Entries of /proc mean something else for us than for the target, and we may look where it may
 * not. These functions recognise procfs by its file system type, never by the name "/proc".
 */
bool procfs_holds(int pin);

/*
 * True if `pin` is the root directory of the supervisor's own procfs, whose `self` can be replaced
 * by the target's numbers; of any procfs.
 */
bool procfs_is_our_root(const struct world *world, int pin);
bool procfs_is_any_root(int pin);

/*
 * The pid directory that a directory of procfs lies in; 0: none (a file of the machine, as
 * /proc/meminfo); negative errno: can't be told, refuse.
 */
pid_t procfs_owner(const struct world *world, int directory);

/* The directory /proc/PID of a process outside the tree: open, it is as good as a pidfd. */
bool procfs_is_outsider(
	const struct world *world, const struct target *target, const struct place *place);

/* An entry of a process outside the tree that everybody may read: stat, oom_score_adj, … */
bool procfs_is_outsiders(
	const struct world *world, const struct target *target, const struct place *place);

/*
 * Whether the target may reach this object of procfs by name: 0 or -EACCES. Refused are the
 * supervisor's and the guard's entries, and of processes outside the tree everything but what
 * anybody may see.
 */
int procfs_permits(const struct route *route, const struct place *place);

/*
 * Whether it may follow a magic link (fd/N, exe, cwd, root, ns/…) of that process: 0 or -EACCES.
 * `ret_own`: it is its own process.
 */
int procfs_permits_jump(const struct route *route, pid_t owner, bool *ret_own);

/*
 * True for /proc/PID/fd and fdinfo of the target's own process, which it may always enter and list,
 * also where it has lost the rights to the rest of /proc/PID (proc_fd_permission() in
 * fs/proc/fd.c).
 */
bool procfs_is_own_fd_directory(
	const struct world *world, const struct target *target, int directory);

/* Whether an object of procfs belongs to the target's own process. */
bool procfs_is_own(
	const struct world *world, const struct target *target, const struct place *place);

/* True for /proc/PID/mem and its like: a write there rewrites a process. */
bool procfs_is_memory(const struct place *place);
