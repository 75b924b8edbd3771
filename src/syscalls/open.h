#pragma once

#include "syscalls/act.h"
#include "syscalls/call.h"

/* What open.c and its two halves share: one open being performed. */
struct open_job {
	struct call *call;
	struct answer *answer;
	int base; /* where a relative path starts, or -1 */
};

/* RIGHT_* that opening an existing object with these flags needs. */
unsigned open_rights(uint64_t flags);

static inline bool open_wants(const struct open_job *job, uint64_t flags)
{
	return (job->call->flags & flags) == flags;
}

/*
 * The short way: decide on the text, then open it with RESOLVE_NO_SYMLINKS. false: the text is not
 * the object's name, or the object needs a closer look; nothing was answered or logged.
 */
bool open_directly(struct open_job *job);

/*
 * Objects that mean something else for us than for the target (procfs, /dev/tty) are only opened
 * the long way. false for a negative number.
 */
bool open_is_special(int fd);

/* The long way: resolve to a pin, decide on its name, act on the pin. */
void open_resolved(struct open_job *job);

/* REDIRECT and CONTENT. */
void open_redirected(struct open_job *job, const struct verdict *verdict);
void open_content(struct open_job *job, const struct verdict *verdict);

/* A verdict that is not ALLOW becomes the answer, and is logged. */
void open_settle(
	struct open_job *job, const struct question *question, const struct verdict *verdict);

/* An act's result becomes the answer. */
void open_answer(struct open_job *job, int result);
