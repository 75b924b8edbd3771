#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/act.h"
#include "syscalls/perform.h"
#include "syscalls/script.h"
#include "target/process.h"

/*
 * exec can't be performed on another's behalf. What the path leads to is judged, and for a script
 * every interpreter of its chain; then the kernel executes, and before the new program's first
 * instruction it is compared with what was approved: gate/exec_stop.c.
 */

enum {
	INTERPRETER_LIMIT = 5, /* exec_binprm() in fs/exec.c */
	CHECK_ONLY = 0x10000,  /* AT_EXECVE_CHECK */
};

struct job {
	struct call *call;
	struct answer *answer;
	struct place chain[INTERPRETER_LIMIT + 1]; /* the program, and each one's interpreter */
	struct script
		scripts[INTERPRETER_LIMIT + 1]; /* [i]: what chain[i] says, if count > i + 1 */
	int count;
	int broken;    /* why the chain ends where it does, negative */
	char *program; /* redirect: what runs instead; owned */
	struct shown_words shown;
};

static struct route route_of(const struct call *call, int base)
{
	return (struct route){
		.world = &call->session->world,
		.target = &call->target,
		.path = call->given,
		.length = call->given_len,
		.base = base,
		.flags = (call->at_flags & AT_SYMLINK_NOFOLLOW) != 0 ? PLACE_NOFOLLOW : 0,
	};
}

static int pin_descriptor(const struct call *call, struct place *place)
{
	const struct world *world = &call->session->world;

	*place = PLACE_NOWHERE;
	if (call->dirfd == AT_FDCWD)
		place->object = process_open_cwd(world, &call->target);
	else
		place->object = process_open_fd(world, &call->target, call->dirfd);
	if (place->object < 0)
		return place->object;
	if (fstat(place->object, &place->st) < 0)
		return -EACCES;
	return place_name(world, place);
}

static int pin_program(const struct call *call, struct place *place)
{
	cleanup_fd int base = -1;
	struct route route;
	int result;

	*place = PLACE_NOWHERE;
	if (call->given_len == 0)
		return (call->at_flags & AT_EMPTY_PATH) != 0 ? pin_descriptor(call, place)
							     : -ENOENT;
	result = call_base(call, &base);
	if (result < 0)
		return result;
	route = route_of(call, base);
	return act_resolve(call, &route, place);
}

/*
 * Running a file that it may not read makes a process undumpable, and then the supervisor, if it
 * has no privileges, could not look after it any more.
 */
static bool would_blind_us(const struct call *call, const struct place *place)
{
	const struct world *world = &call->session->world;
	char name[16];

	if (world->privileged)
		return false;
	(void)snprintf(name, sizeof name, "%d", place->object);
	return faccessat(world->fds, name, R_OK, AT_EACCESS) < 0;
}

static bool is_possible(enum verdict_kind kind)
{
	return kind == VERDICT_ALLOW || kind == VERDICT_DENY || kind == VERDICT_KILL;
}

/* Takes the path over. */
static bool settle_redirect(
	struct job *job, const struct question *question, struct verdict *verdict)
{
	if (question->request.script != NULL) {
		answer_refusal(job->call, job->answer, EACCES,
			"redirect() is about the program: an interpreter cannot be exchanged, "
			"look at call.script");
		return false;
	}
	question_observe(question, verdict);
	job->program = verdict->data;
	verdict->data = NULL;
	return true;
}

/* true: it may run, or job->program instead; else the answer is filled. */
static bool settle(struct job *job, const struct question *question, struct verdict *verdict,
	const struct place *place)
{
	if (verdict->kind == VERDICT_REDIRECT)
		return settle_redirect(job, question, verdict);
	if (!is_possible(verdict->kind)) {
		answer_refusal(job->call, job->answer, EACCES,
			"a program can be allowed, refused, killed or redirected, not pretended");
		return false;
	}
	if (verdict->kind == VERDICT_ALLOW && would_blind_us(job->call, place)) {
		answer_refusal(job->call, job->answer, EACCES,
			"a program that cannot be read cannot be supervised without privileges");
		return false;
	}
	question_observe(question, verdict);
	return !answer_verdict(job->answer, verdict);
}

/*
 * A memory file, an O_TMPFILE, a file whose name was removed: whatever text stands for it, no rule
 * names it. It is judged as "/", which only rules about everything match.
 */
static bool is_nameless(const struct place *place)
{
	return place->object >= 0 && (place->nameless || place->st.st_nlink == 0);
}

/* What is no regular file cannot be executed: do_open_execat() in fs/exec.c. */
static int check_type(const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return -ELOOP; /* AT_SYMLINK_NOFOLLOW */
	return S_ISREG(st->st_mode) ? 0 : -EACCES;
}

/* What is wrong with the words or an interpreter, unless the program itself is none. */
static int explain(const struct job *job, int error)
{
	const struct world *world = &job->call->session->world;
	struct identity identity;
	char name[16];
	int result = check_type(&job->chain[0].st);

	if (result == 0)
		result = identity_enter(&identity, world, &job->call->target);
	if (result < 0)
		return result;
	(void)snprintf(name, sizeof name, "%d", job->chain[0].object);
	result = faccessat(world->fds, name, X_OK, AT_EACCESS);
	identity_leave(&identity);
	return result < 0 ? -EACCES : error;
}

/* An interpreter is not there: but first the words are read. */
static int explain_broken(const struct job *job, int error)
{
	int result = explain(job, error);

	if (result == error)
		result = call_check_words(job->call);
	return result < 0 ? result : error;
}

/* true: link `i` of the chain may run. A missing file the kernel itself reports. */
static bool may_run(struct job *job, int i)
{
	const struct place *place = &job->chain[i];
	struct question question;
	struct verdict verdict;
	bool missing = place->object < 0, may;

	if (is_nameless(place))
		question_prepare(&question, job->call, RIGHT_EXEC, "/", 1, false);
	else
		question_prepare(
			&question, job->call, RIGHT_EXEC, place->path, place->path_len, missing);
	question_show_words(&question, &job->shown);
	question.request.script = i > 0 ? job->chain[i - 1].path : NULL;
	question.request.interpreter = i + 1 < job->count ? job->chain[i + 1].path : NULL;
	question_ask(&question, &verdict);
	if (job->shown.error < 0) {
		answer_result(job->answer,
			job->chain[0].object < 0 ? -ENOENT : explain(job, job->shown.error));
		may = false;
	} else if (missing && (verdict.kind == VERDICT_ALLOW || verdict.source == SOURCE_DEFAULT)) {
		answer_result(job->answer, i > 0 && job->broken < 0 ? job->broken : -ENOENT);
		may = false;
	} else {
		may = settle(job, &question, &verdict, place);
	}
	verdict_clear(&verdict);
	return may;
}

/* ---- the chain of interpreters ------------------------------------------------------------- */

static int pin_interpreter(const struct call *call, const char *path, struct place *ret)
{
	const struct world *world = &call->session->world;
	struct route route = {.world = world,
		.target = &call->target,
		.path = path,
		.length = strlen(path),
		.base = -1};
	cleanup_fd int cwd = -1;

	if (path[0] != '/') {
		cwd = process_open_cwd(world, &call->target);
		if (cwd < 0)
			return cwd;
		route.base = cwd;
	}
	return act_resolve(call, &route, ret);
}

/*
 * Pins what the "#!" lines name, one after the other. 0, or a negative errno: an interpreter is not
 * there, as the kernel would say; or the wait for a file was interrupted.
 */
static int follow_chain(struct job *job)
{
	while (job->count <= INTERPRETER_LIMIT) {
		struct script *script = &job->scripts[job->count - 1];
		struct place *next = &job->chain[job->count];
		int result = script_read(job->call, job->chain[job->count - 1].object, script);

		if (result <= 0)
			return result;
		result = pin_interpreter(job->call, script->interpreter, next);
		job->count++;
		if (result < 0)
			return result;
		if (next->object < 0)
			return -ENOENT;
	}
	return 0;
}

/* What a script is called in its interpreter's argv: bprm->filename, alloc_bprm() in fs/exec.c. */
static int name_program(const struct call *call, char *ret, size_t size)
{
	if (call->dirfd == AT_FDCWD || call->given[0] == '/')
		return snprintf(ret, size, "%s", call->given);
	if (call->given_len == 0)
		return snprintf(ret, size, "/dev/fd/%d", call->dirfd);
	return snprintf(ret, size, "/dev/fd/%d/%s", call->dirfd, call->given);
}

/* `argv` in the hands of the interpreter of this script: load_script() in fs/binfmt_script.c. */
static int hand_over(const struct script *script, const char *name, struct words *argv)
{
	struct words changed = {0};
	int result = words_append(&changed, script->interpreter);

	if (result == 0 && script->argument[0] != '\0')
		result = words_append(&changed, script->argument);
	if (result == 0)
		result = words_append(&changed, name);
	if (result == 0)
		result = words_append_all(&changed, argv, 1);
	words_clear(argv);
	*argv = changed;
	return result;
}

/* What the program that runs in the end must find; takes the words. */
static int plan_argv(struct job *job, struct words *argv)
{
	char name[PATH_MAX + 32];
	int result = 0;

	if (job->program != NULL)
		(void)snprintf(name, sizeof name, "%s", job->program);
	else
		(void)name_program(job->call, name, sizeof name);
	if (argv->count == 0)
		result = words_append(argv, ""); /* the kernel adds one */
	for (int i = 0; i + 1 < job->count && result == 0; i++) {
		result = hand_over(&job->scripts[i], name, argv);
		(void)snprintf(name, sizeof name, "%s", job->scripts[i].interpreter);
	}
	return result;
}

void exec_plan_free(struct exec_plan *plan)
{
	if (plan == NULL)
		return;
	words_clear(&plan->script);
	words_clear(&plan->argv);
	words_clear(&plan->env);
	free(plan->program);
	free(plan);
}

/* NULL: no memory. */
static struct exec_plan *make_plan(struct job *job)
{
	const struct stat *last = &job->chain[job->count - 1].st;
	struct exec_plan *plan = calloc(1, sizeof *plan);
	struct shown_words *shown = &job->shown;

	if (plan == NULL || (job->count > 1 && plan_argv(job, &plan->script) < 0) ||
		(shown->argv_shown && plan_argv(job, &shown->argv) < 0)) {
		exec_plan_free(plan);
		return NULL;
	}
	plan->program = job->program;
	job->program = NULL;
	plan->device = last->st_dev;
	plan->inode = last->st_ino;
	plan->checks_argv = shown->argv_shown;
	plan->argv = shown->argv;
	plan->checks_env = shown->env_shown;
	plan->env = shown->env;
	*shown = (struct shown_words){0};
	return plan;
}

/* ---- the call ------------------------------------------------------------------------------ */

static void plan_exec(struct job *job)
{
	job->answer->plan = make_plan(job);
	if (job->answer->plan == NULL) {
		answer_result(job->answer, -ENOMEM);
		return;
	}
	job->answer->kind = ANSWER_EXEC;
	/* Pinned until it has been compared: its number must not become another file's. */
	job->answer->fd = steal_fd(&job->chain[job->count - 1].object);
}

/* Whether all that there is of the chain may run; else the answer is filled. */
static bool may_all_run(struct job *job)
{
	for (int i = 0; i < job->count; i++)
		if ((i == 0 || job->chain[i].path_len > 0) && !may_run(job, i))
			return false;
		else if (job->program != NULL)
			break; /* what would have run is of no matter any more */
	return true;
}

/* ---- another program ----------------------------------------------------------------------- */

static void clear_chain(struct job *job)
{
	for (int i = 0; i < job->count; i++)
		place_clear(&job->chain[i]);
	job->count = 1;
	job->chain[0] = PLACE_NOWHERE;
}

/* The target may be able to put a symlink there: it must not lead further. */
static bool is_resolved(const struct place *place, const char *path)
{
	return place->path_len == strlen(path) && memcmp(place->path, path, place->path_len) == 0;
}

/* Pins what runs instead, and its interpreters; neither is judged. */
static int pin_other(struct job *job)
{
	struct route route = {.world = &job->call->session->world,
		.target = &job->call->target,
		.path = job->program,
		.length = strlen(job->program),
		.base = -1};
	int result;

	clear_chain(job);
	result = act_resolve(job->call, &route, &job->chain[0]);
	if (result == 0 && job->chain[0].object < 0)
		return -ENOENT;
	return result == 0 && S_ISREG(job->chain[0].st.st_mode) ? follow_chain(job) : result;
}

static void run_other(struct job *job)
{
	int result = pin_other(job);

	if (result == 0)
		result = check_type(&job->chain[0].st);
	if (result == 0 && !is_resolved(&job->chain[0], job->program))
		answer_refusal(job->call, job->answer, EACCES,
			"the path given to redirect() has a symlink in it: write the resolved "
			"path");
	else if (result == 0 && would_blind_us(job->call, &job->chain[0]))
		answer_refusal(job->call, job->answer, EACCES,
			"a program that cannot be read cannot be supervised without privileges");
	else if (result < 0)
		answer_result(job->answer, result);
	else
		plan_exec(job);
}

/* AT_EXECVE_CHECK (Linux 6.14): only the file itself is looked at, and nothing will run. */
static bool is_check(const struct call *call)
{
	return (call->at_flags & CHECK_ONLY) != 0;
}

static bool is_interruption(int result)
{
	return result == -INTERNAL_ERESTARTSYS || result == -EINTR || result == -ESRCH;
}

static void judge_chain(struct job *job)
{
	const struct stat *program = &job->chain[0].st;
	bool verified = job->call->session->judges_exec && !is_check(job->call);
	int result = 0;

	if (verified && S_ISREG(program->st_mode))
		result = follow_chain(job);
	if (is_interruption(result)) {
		answer_result(job->answer, result);
		return;
	}
	if (result < 0)
		result = job->broken = explain_broken(job, result);
	if (!may_all_run(job))
		return;
	if (job->program != NULL && !is_check(job->call)) {
		run_other(job);
		return;
	}
	if (result == 0 && verified)
		result = check_type(program);
	if (result < 0)
		answer_result(job->answer, result);
	else if (!verified)
		job->answer->kind = ANSWER_CONTINUE;
	else
		plan_exec(job);
}

static bool has_known_flags(const struct call *call)
{
	return (call->at_flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | CHECK_ONLY)) == 0;
}

void exec_perform(struct call *call, struct answer *answer)
{
	struct job job = {.call = call, .answer = answer, .count = 1};
	int result = -EINVAL;

	/* getname() comes before the flags, whatever else is wrong with the path behind them. */
	if (has_known_flags(call) || (call->given_len == 0 && !(call->at_flags & AT_EMPTY_PATH)))
		result = pin_program(call, &job.chain[0]);
	if (result == 0 || (result == -ENOENT && job.chain[0].path_len > 0))
		judge_chain(&job);
	else
		answer_result(answer, result);
	for (int i = 0; i < job.count; i++)
		place_clear(&job.chain[i]);
	free(job.program);
	words_clear(&job.shown.argv);
	words_clear(&job.shown.env);
}
