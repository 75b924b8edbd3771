#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/act.h"
#include "syscalls/perform.h"
#include "target/process.h"

/*
 * exec can't be performed on another's behalf: the resolved file is judged, then the kernel goes
 * on. A thread that rewrites the path in between is not caught yet: docs/design.md §10.
 */

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

static void settle(struct call *call, struct answer *answer, const struct question *question,
	const struct verdict *verdict, const struct place *place)
{
	if (!is_possible(verdict->kind)) {
		answer_refusal(call, answer, EACCES,
			"a program can be allowed, refused or killed, not replaced");
	} else if (verdict->kind == VERDICT_ALLOW && would_blind_us(call, place)) {
		answer_refusal(call, answer, EACCES,
			"a program that cannot be read cannot be supervised without privileges");
	} else {
		question_observe(question, verdict);
		if (!answer_verdict(answer, verdict))
			answer->kind = ANSWER_CONTINUE;
	}
}

static void judge(struct call *call, struct answer *answer, const struct place *place)
{
	struct question question;
	struct verdict verdict;
	bool missing = place->object < 0;

	question_prepare(&question, call, RIGHT_EXEC, place->path, place->path_len, missing);
	question_ask(&question, &verdict);
	if (missing && (verdict.kind == VERDICT_ALLOW || verdict.source == SOURCE_DEFAULT))
		answer_result(answer, -ENOENT);
	else
		settle(call, answer, &question, &verdict, place);
	verdict_clear(&verdict);
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
