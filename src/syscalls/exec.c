#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

enum { INTERPRETER_LIMIT = 5 }; /* exec_binprm() in fs/exec.c */

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

/* true: it may run; else the answer is filled. */
static bool settle(struct call *call, struct answer *answer, const struct question *question,
	const struct verdict *verdict, const struct place *place)
{
	if (!is_possible(verdict->kind)) {
		answer_refusal(call, answer, EACCES,
			"a program can be allowed, refused or killed, not replaced");
		return false;
	}
	if (verdict->kind == VERDICT_ALLOW && would_blind_us(call, place)) {
		answer_refusal(call, answer, EACCES,
			"a program that cannot be read cannot be supervised without privileges");
		return false;
	}
	question_observe(question, verdict);
	return !answer_verdict(answer, verdict);
}

/* true: this file may run. A missing one the kernel itself reports. */
static bool may_run(struct call *call, struct answer *answer, const struct place *place)
{
	struct question question;
	struct verdict verdict;
	bool missing = place->object < 0, may;

	question_prepare(&question, call, RIGHT_EXEC, place->path, place->path_len, missing);
	question_ask(&question, &verdict);
	if (missing && (verdict.kind == VERDICT_ALLOW || verdict.source == SOURCE_DEFAULT)) {
		answer_result(answer, -ENOENT);
		may = false;
	} else {
		may = settle(call, answer, &question, &verdict, place);
	}
	verdict_clear(&verdict);
	return may;
}

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
 * Follows the chain from `program`, which may run, to what is executed in the end. true: all of it
 * may. An interpreter that is not there approves nothing: the kernel will say so, and if it is
 * there by then, it is killed.
 */
static bool approve_chain(struct call *call, struct answer *answer, const struct place *program)
{
	char path[SCRIPT_LINE_SIZE];
	struct approved approved = {program->st.st_dev, program->st.st_ino};
	int pin = program->object;
	cleanup_place struct place place = PLACE_NOWHERE;

	for (int i = 0; i < INTERPRETER_LIMIT && script_interpreter(call, pin, path) > 0; i++) {
		struct place next;

		if (pin_interpreter(call, path, &next) < 0 || next.object < 0) {
			place_clear(&next);
			approved = (struct approved){0, 0};
			break;
		}
		place_clear(&place);
		place = next;
		if (!may_run(call, answer, &place))
			return false;
		pin = place.object;
		approved = (struct approved){place.st.st_dev, place.st.st_ino};
	}
	answer->kind = ANSWER_EXEC;
	answer->approved = approved;
	return true;
}

static void judge(struct call *call, struct answer *answer, const struct place *place)
{
	if (!may_run(call, answer, place))
		return;
	if (call->session->judges_exec && S_ISREG(place->st.st_mode))
		(void)approve_chain(call, answer, place);
	else
		answer->kind = ANSWER_CONTINUE;
}

void exec_perform(struct call *call, struct answer *answer)
{
	struct place place = PLACE_NOWHERE;
	int result = pin_program(call, &place);

	if (result == 0 || (result == -ENOENT && place.path_len > 0))
		judge(call, answer, &place);
	else
		answer_result(answer, result);
	place_clear(&place);
}
