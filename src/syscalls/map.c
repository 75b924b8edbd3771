#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "syscalls/judge.h"
#include "syscalls/map.h"
#include "syscalls/perform.h"
#include "target/place.h"
#include "target/process.h"

/*
 * Code that a process loads: where the policy speaks of it. Nobody can map into another process, so
 * the kernel does it, and what then is there is compared with what was approved (gate/map_stop.c).
 *
 * Memory that no file names, and what a program may write and run, is judged as "/": whoever may
 * have that can run any code. It is the only thing that mprotect(2) can be about: a file that was
 * mapped to be read and is made executable may have been changed in between.
 */

/* true: the policy lets it be mapped; else the answer is filled. */
static bool may_map(struct call *call, struct answer *answer, const char *path, size_t length)
{
	struct question question;
	struct verdict verdict;
	enum judgement judged;

	/* No path was given: messages and handlers see this one. */
	memmove(call->given, path, length + 1);
	call->given_len = length;
	question_prepare(&question, call, RIGHT_MAP, path, length, false);
	judged = judge(&question, answer, 0, &verdict);
	if (judged == JUDGED_REDIRECT)
		answer_refusal(call, answer, EPERM, "code can be allowed or refused, not replaced");
	verdict_clear(&verdict);
	return judged == JUDGED_ALLOW;
}

static bool may_map_memory(struct call *call, struct answer *answer)
{
	return may_map(call, answer, "/", 1);
}

bool map_may_be_any(struct call *call)
{
	struct question question;
	struct verdict verdict;
	bool allowed;

	if (call->session->asks[OPERATION_MAP])
		return false;
	question_prepare(&question, call, RIGHT_MAP, "/", 1, false);
	question_ask(&question, &verdict);
	allowed = verdict.kind == VERDICT_ALLOW;
	verdict_clear(&verdict);
	return allowed;
}

/*
 * Memory that is shared is a file without a name, huge pages and devices are some, too. Where a
 * handler allows it to some, and not to everybody, the second look must know which: it is told when
 * it is there.
 */
static void map_memory(struct call *call, struct answer *answer)
{
	const bool is_plain = (call->arguments[3] & MAP_TYPE) == MAP_PRIVATE &&
			      (call->arguments[3] & (MAP_ANONYMOUS | MAP_HUGETLB)) == MAP_ANONYMOUS;

	if (may_map_memory(call, answer))
		answer->kind = is_plain || !call->session->asks[OPERATION_MAP] ? ANSWER_CONTINUE
									       : ANSWER_MAP;
}

static bool may_map_file(struct call *call, struct answer *answer, struct place *place)
{
	if (place_name(&call->session->world, place) < 0 || place->nameless ||
		place->st.st_nlink == 0)
		return may_map_memory(call, answer);
	return may_map(call, answer, place->path, place->path_len);
}

static void map_file(struct call *call, struct answer *answer)
{
	const int descriptor = (int)(uint32_t)call->arguments[4];
	cleanup_place struct place place = PLACE_NOWHERE;

	place.object = process_open_fd(&call->session->world, &call->target, descriptor);
	if (place.object < 0) {
		answer_result(answer, place.object);
		return;
	}
	if (fstat(place.object, &place.st) < 0 || S_ISDIR(place.st.st_mode)) {
		answer_result(answer, -ENODEV);
		return;
	}
	/* What a device maps is memory, too: of /dev/zero no list of mappings would tell the name.
	 */
	if (!S_ISREG(place.st.st_mode)) {
		map_memory(call, answer);
		return;
	}
	if (!may_map_file(call, answer, &place))
		return;
	if ((call->arguments[2] & PROT_WRITE) != 0 && !may_map_memory(call, answer))
		return;
	answer->kind = ANSWER_MAP;
	answer->fd = steal_fd(&place.object);
}

void mmap_perform(struct call *call, struct answer *answer)
{
	if ((call->arguments[3] & MAP_ANONYMOUS) == 0)
		map_file(call, answer);
	else
		map_memory(call, answer);
}

void mprotect_perform(struct call *call, struct answer *answer)
{
	int result = 0;

	if (!may_map_memory(call, answer))
		return;
	if (call->session->asks[OPERATION_MAP])
		result = call->session->code_allowed(call, call->arguments[0], call->arguments[1]);
	if (result < 0)
		answer_result(answer, result);
	else
		answer->kind = ANSWER_CONTINUE;
}

/* With READ_IMPLIES_EXEC everything that is mapped is code. All ones only ask. */
void personality_perform(struct call *call, struct answer *answer)
{
	if ((uint32_t)call->arguments[0] == UINT32_MAX)
		answer->kind = ANSWER_CONTINUE;
	else
		answer_refusal(
			call, answer, EPERM, "with READ_IMPLIES_EXEC no rule for map would hold");
}
