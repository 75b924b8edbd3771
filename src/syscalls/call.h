#pragma once

#include <limits.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "policy/policy.h"
#include "syscalls/moves.h"
#include "syscalls/table.h"
#include "target/place.h"
#include "target/target.h"
#include "target/words.h"
#include "target/world.h"

struct call;

/* A decision as it is logged, before the answer. Everything is borrowed. */
struct observation {
	const struct call *call;
	const struct request *request; /* NULL: refused by group, no path was looked at */
	const struct verdict *verdict;
	const char *note; /* a sentence where the verdict alone doesn't explain it, or NULL */
};

/*
 * What the performing functions need from the rooms above them, in one struct of functions, so
 * that they depend on none.
 */
struct session {
	struct world world;
	decide_function *decide;
	void *decide_context;
	void (*observe)(void *context, const struct observation *observation);
	void *observe_context;
	/*
	 * Around a system call that may block: between begin and end the thread may be interrupted
	 * (EINTR) because the target's call is gone, a signal waits for it, or too many others are
	 * blocked. `known` says that it will block, so somebody else should receive meanwhile.
	 */
	void (*blocking_begin)(struct call *call, bool known);
	void (*blocking_end)(struct call *call);
	/*
	 * The policy allows the target to have this memory as code, whatever file is mapped there.
	 * 0 or a negative errno: it cannot be remembered, so it must not be.
	 */
	int (*code_allowed)(struct call *call, uint64_t address, uint64_t length);
	struct moves moves;
	bool asks[OPERATION_COUNT]; /* the policy has a handler for it */
	long processes;             /* how many there may be; LONG_MAX: nobody counts */
	/* Whether programs get a variable of their environment; NULL: they get all. */
	bool (*keeps_variable)(void *context, const char *name, size_t length);
	void *keeps_context;
	bool scoped;      /* a Landlock domain keeps signals and tracing within the tree */
	bool killable;    /* the listener has WAIT_KILLABLE_RECV */
	bool judges_map;  /* what is loaded as code is verified */
	bool judges_exec; /* what runs is verified: a program may be refused, or changed */
	/*
	 * Directories (hashes of their names) seen without a symlink lately: a hint that a path can
	 * be shown to a handler before it is opened. Wrong entries cost a second question, no more.
	 */
	_Atomic uint64_t plain_directories[1024];
};

/* One decoded notification. Everything in it is a private copy. */
struct call {
	struct session *session;
	struct target target;
	const struct syscall_row *row;
	uint64_t arguments[6];

	int dirfd;
	char given[PATH_MAX]; /* the path as the program wrote it */
	size_t given_len;
	int new_dirfd; /* the second of two names */
	char new_given[PATH_MAX];
	size_t new_given_len;
	uint64_t flags;
	uint32_t mode;
	uint64_t resolve; /* openat2 */
	int at_flags;
	pid_t pid; /* whom the call is about */
	pid_t other_pid;
	int which; /* what kind of number that is */
	int signal;

	unsigned turn; /* which call of its worker this is */
	/* Set by the monitor to the turn it means, so that a late mark means no later call. */
	atomic_uint cancelled; /* answer with ANSWER_RESTART */
	atomic_bool changes;   /* it is changing something: not answered before it has */
	atomic_uint crowded;   /* with it: too many calls are blocked, this one is refused */
	void *worker;          /* the gate's */
};

enum answer_kind {
	ANSWER_ERROR,    /* zero on purpose, with error 0 it becomes EACCES */
	ANSWER_VALUE,    /* the call returns `value` */
	ANSWER_FD,       /* the call returns a new descriptor for `fd` */
	ANSWER_CONTINUE, /* the kernel does it: see docs/design.md §2 for when that is legal */
	ANSWER_EXEC,     /* the kernel executes; what then is there must be as planned */
	ANSWER_MAP,      /* the kernel maps; the same */
	ANSWER_RESTART,  /* interrupted: EINTR or a restart, as the target's handler says */
	ANSWER_KILL,     /* the process is killed */
	ANSWER_GONE,     /* nobody waits for an answer any more */
};

struct answer {
	enum answer_kind kind;
	int error; /* positive */
	int64_t value;
	/* Owned by the answer; ANSWER_EXEC, ANSWER_MAP: a pin of the file, -1: memory. */
	int fd;
	bool cloexec;
	struct exec_plan *plan; /* ANSWER_EXEC; owned by the answer */
};

/* What was approved, for the moment when it is about to run. */
struct exec_plan {
	char *program; /* what runs in the place of what was asked for; owned; NULL: that itself */
	/* The file that may run, or, for a script, its interpreter; 0, 0: none may. */
	dev_t device;
	ino_t inode;
	/*
	 * Script: how its interpreter's argv must begin, which is what that opens. Other scripts
	 * have the same interpreter.
	 */
	struct words script;
	/* What a handler has seen of them; then it is what must be there. */
	bool checks_argv, checks_env;
	struct words argv, env;
};

void exec_plan_free(struct exec_plan *plan);

#define ANSWER_NONE ((struct answer){.kind = ANSWER_ERROR, .fd = -1})

/* Fills the answer from a result in kernel fashion: >= 0 a value, < 0 a negative errno. */
void answer_result(struct answer *answer, int64_t result);

/* The kernel's own "interrupted by a signal": never leaves the kernel natively. */
enum { INTERNAL_ERESTARTSYS = 512, INTERNAL_ERESTARTNOINTR = 513 };

/*
 * Copies what the row says from the notification's arguments and from the target's memory.
 * 0 or a negative errno, which is the answer (-ESRCH: gone).
 */
int call_decode(struct call *call);

/* Copy the names that call_decode() left: 0 or a negative errno, as call_decode(). */
int call_read_name(struct call *call);
int call_read_new_name(struct call *call);

/* Where in the arguments its name is; 6: it is about a descriptor only. */
size_t call_name_index(const struct call *call);

/*
 * Where the call's path starts: an O_PATH pin in *ret_base, or -1 for an absolute path. -ENOENT:
 * the path is empty. call_new_base: of the second name.
 */
int call_base(const struct call *call, int *ret_base);
int call_new_base(const struct call *call, int *ret_base);

/* The pin of a descriptor argument, AT_FDCWD included; the caller closes. */
int call_open_dirfd(const struct call *call, int dirfd);

/* ---- asking the policy --------------------------------------------------------------------- */

/* A request together with the call it came from, for facts that are fetched on demand. */
struct question {
	struct request request;
	const struct call *call;
	struct shown_words *shown; /* exec: what handlers have asked for so far; else NULL */
};

/* Copies, read once: what two handlers see is the same. */
struct shown_words {
	bool argv_shown, env_shown;
	int error; /* -EFAULT, -E2BIG: no such program can start; handlers see nothing of them */
	struct words argv, env;
};

/* -EFAULT, -E2BIG: no program can start with them; or another negative errno. */
int call_check_words(const struct call *call);

void question_prepare(struct question *question, const struct call *call, unsigned rights,
	const char *path, size_t path_len, bool missing);

/* Lets handlers see argv and envp; `shown` is filled as they ask, and the caller's to clear. */
void question_show_words(struct question *question, struct shown_words *shown);

/* Asks; the verdict is the caller's to clear. Nothing is logged yet. */
void question_ask(const struct question *question, struct verdict *ret);

/* Logs the decision. */
void question_observe(const struct question *question, const struct verdict *verdict);

/* A refusal of what the question is about, for a reason that no policy gave; logged. */
void question_refuse(
	const struct question *question, struct answer *answer, int error, const char *note);

/* The answers that are the same for every operation: DENY, KILL, VALUE. false: it is another one.
 */
bool answer_verdict(struct answer *answer, const struct verdict *verdict);

/* Logs that something happened which must not, and was undone. */
void call_report(const struct call *call, int error, const char *note);

/* A refusal that no policy decided (a group, a rule of the supervisor's own), logged. */
void answer_refusal(const struct call *call, struct answer *answer, int error, const char *note);
