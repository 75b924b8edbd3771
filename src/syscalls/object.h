#pragma once

#include "syscalls/act.h"
#include "syscalls/judge.h"

/*
 * An object that a path or a descriptor leads to, for the calls that look at or change what is
 * there. It is pinned, its resolved name is judged, and the act is done on the pin. The row says
 * whether the call is about a path, a descriptor, or with AT_EMPTY_PATH either.
 */
struct object_job;

/*
 * One system call, made as the target; returns as system calls do in C. On `pin`, or, where the
 * call is about a descriptor, on job->file, the target's very own description.
 */
typedef long object_action(const struct object_job *job, int pin);

struct object_job {
	struct call *call;
	struct answer *answer;
	unsigned flags;          /* PLACE_* */
	bool may_be_empty;       /* AT_EMPTY_PATH: an empty path is the descriptor's object */
	bool takes_cwd;          /* ... and AT_FDCWD for a descriptor is the working directory */
	bool as_real;            /* the real ids count: access(2) */
	bool descriptor_is_free; /* about what the target has open it is not asked */
	/* Adds to what a handler sees; may be NULL. */
	void (*describe)(const struct object_job *job, struct request *request);
	object_action *action;
	/* NULL: the action is all. Else it does what is to be done, most often by object_act(). */
	int (*act)(struct object_job *job, const struct place *place);
	int file; /* -1: the call is about a path */
	void *context;
};

/*
 * Reads the name, finds, judges and acts; an object without a name (a pipe, a memory file) is
 * nobody's business: it was reached through a descriptor that the target has. `checked` < 0: what
 * the other arguments are refused with, before the name is read.
 */
void object_perform(struct object_job *job, int checked);

/* The same for a call about job->call->dirfd, whatever its row says. */
void object_perform_on_descriptor(struct object_job *job);

/* Runs `action` on the place: >= 0 or a negative errno. */
int object_act(struct object_job *job, const struct place *place, object_action *action);

/* What `act` returns where the kernel is to do it (docs/design.md §2: it confers nothing). */
enum { OBJECT_CONTINUE = -4096 };

/*
 * Resolves the call's path, PLACE_NOFOLLOW or 0. `may_be_empty`: as above. As place_resolve(): 0,
 * also where only the last component is missing.
 */
int object_find(struct call *call, unsigned flags, bool may_be_empty, struct place *ret);

/* The object of the target's descriptor `fd`, and in *ret_file (owned) the very same description.
 */
int object_of_descriptor(struct call *call, int fd, struct place *ret, int *ret_file);

/* "/proc/self/fd/N": a path that leads to the pinned object itself, be it a symlink. */
enum { OBJECT_NAME_SIZE = 32 };
const char *object_name(int pin, char buffer[OBJECT_NAME_SIZE]);

/* AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH and no other flag: 0 or -EINVAL. */
int object_check_flags(const struct call *call);

/* A job for the call as its AT_* flags say. */
struct object_job object_job_of(struct call *call, struct answer *answer);
