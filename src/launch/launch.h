#pragma once

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "launch/filter.h"
#include <linux/filter.h>

/*
 * Starting a target behind its filter.
 *
 *   supervisor S ── guard G ── target T ── …
 *
 * 1  S forks G, G forks T. Both share some pages with S. This comes before the policy is loaded:
 *    there is little to copy yet, and T gets on with it on another processor.
 * 2  T: no_new_privs, Landlock domain. It waits until S knows the filter, and puts that on. From
 *    here on any of its calls may be notified, and nobody receives yet: so it makes none but
 *    futex(2), and waits.
 * 3  S takes the listener out of T with pidfd_getfd(2), starts to receive, and says go.
 * 4  T execs: the first notification is its own execve.
 *
 * S may die at any point: G sees it and kills the tree. G may die: S does the same.
 */
struct launch {
	const char *program; /* path to execute */
	char *const *arguments;
	/* For a text file without "#!": what execvp(3) does, "/bin/sh" PROGRAM ARGUMENTS. */
	char *const *shell_arguments;
	bool unscoped; /* without a Landlock domain */
};

/* What the policy says about the first target. */
struct launch_terms {
	const struct filter *filter;
	const struct run_limits *limits;
	/*
	 * What is mapped as code is judged: READ_IMPLIES_EXEC, if it is inherited, is taken away,
	 * and the kernel must have WAIT_KILLABLE_RECV.
	 */
	bool judges_map;
	bool no_core; /* the kernel writes core files where the policy may let nothing be written */
};

struct launched {
	int listener;
	int guard_fd;  /* pidfd: readable when the last process of the tree is gone */
	int target_fd; /* pidfd of the first target */
	int events;    /* pipe from the guard: struct launch_event */
	bool killable; /* the listener will have WAIT_KILLABLE_RECV */
	pid_t guard, target;
	struct launch_page *page;
};

/* What happened to the first target: a status of waitpid(2). That it has ended, the page says, too.
 */
struct launch_event {
	int status;
};

/*
 * Step 1. The calling process must be single-threaded and have all signals blocked; `mask` is the
 * signal mask that the target gets. On failure nothing runs.
 */
int launch_prepare(
	const struct launch *launch, const sigset_t *mask, struct launched *ret, struct error *err);

/*
 * Step 2 begins, and step 3 as far as the listener: in between there is time for something else.
 * Where one of them fails, or what comes in between, the caller ends the tree with
 * launch_kill_tree().
 */
int launch_start(struct launched *launched, const struct launch_terms *terms, struct error *err);
int launch_take(struct launched *launched, const struct launch_terms *terms, struct error *err);

/* Step 4. */
void launch_go(struct launched *launched);

/* Whether the first target has ended, and its status (waitpid(2)). */
bool launch_has_exited(const struct launched *launched, int *ret_status);

/* The errno of a failed execve of the target, positive; 0 if it was executed. */
int launch_exec_error(const struct launched *launched);

/* Tells the guard to kill the whole tree. */
void launch_end(const struct launched *launched);

/*
 * When the guard does so unasked: at this time of CLOCK_MONOTONIC, in ms. For a supervisor that is
 * stopped then, with the job that it is part of; it is continued.
 */
void launch_set_deadline(const struct launched *launched, int64_t deadline);

/* Kills every descendant of the calling process, however many there are, and reaps them. */
void launch_kill_descendants(void);

/*
 * The supervisor's: has the guard kill the whole tree. If that has died, kills every descendant of
 * its own but the children noted by launch_spare_children(), once, before the launch.
 */
void launch_kill_tree(const struct launched *launched);
int launch_spare_children(struct error *err);

/* After guard_fd became readable: whether the guard ended by itself, after its last child. */
bool launch_ended_well(const struct launched *launched);
/* Waits for that, not for ever. false: it has not ended. */
bool launch_await_guard(const struct launched *launched);

/*
 * Which file execvp(3) would run: a path, or a search through `path` (PATH). Returns 0 and the name
 * in ret (PATH_MAX), -ENOENT, or -EACCES where a file was there but cannot be executed.
 */
int launch_find_program(const char *name, const char *path, char *ret);

/* ---- between launch.c and the processes it starts ------------------------------------------ */

enum launch_stage {
	STAGE_NONE,
	STAGE_GUARD,
	STAGE_FORK,
	STAGE_PRIVILEGES,
	STAGE_LANDLOCK,
	STAGE_LIMITS,
	STAGE_FILTER,
};

/* Shared by S, G and T until T executes; by S and G to the end. */
struct launch_page {
	atomic_int listener; /* its number in T; -1: not yet */
	atomic_int target;   /* pid of T; 0: not yet */
	atomic_int go;
	atomic_int stage; /* what failed, with `error` */
	atomic_int error;
	atomic_int exec_error;
	atomic_int ending;        /* S wants the tree to end */
	_Atomic int64_t deadline; /* launch_set_deadline(); 0: none */
	atomic_int status;        /* of T, from waitpid(2), when it has `exited` */
	atomic_int exited;
	atomic_int ready; /* what follows is there */
	bool drops_resource, judges_map;
	unsigned short length;
	struct sock_filter code[BPF_MAXINSNS];
};

/* rlimits of T, set by S before it says go: T itself still needs files to get that far. */
int launch_limit(pid_t pid, const struct run_limits *limits);
int launch_refuse_core(pid_t pid);

/* With CAP_SYS_RESOURCE they could be raised again. T gives it up for good: no_new_privs is set. */
bool launch_drops_resource(const struct launch_terms *terms);
int launch_drop_resource_capability(void);

/* Runs as T; never returns. */
void child_run(const struct launch *launch, struct launch_page *page, const sigset_t *mask,
	unsigned long filter_flags, pid_t guard) __attribute__((noreturn));

/* Has G look at the page. */
int launch_wake_signal(void);

/* Runs as G; never returns. `supervisor` is a pidfd, `events` the pipe's writing end. */
void guard_run(struct launch_page *page, int supervisor, int events, pid_t target)
	__attribute__((noreturn));
