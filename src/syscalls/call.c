#include "syscalls/call.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "syscalls/decode.h"
#include "target/memory.h"
#include "target/process.h"
#include "target/tree.h"

/* ---- decoding ------------------------------------------------------------------------------ */

static int decode_argument(struct call *call, size_t index)
{
	uint64_t value = call->arguments[index];
	ssize_t length;

	/* Each is cut to the width that the kernel's own prototype gives it. */
	switch ((enum argument_kind)call->row->arguments[index]) {
	case ARG_IGNORED:
	case ARG_HOW_SIZE: /* read together with ARG_HOW */
		return 0;
	case ARG_DIRFD:
		call->dirfd = (int)(uint32_t)value;
		return 0;
	case ARG_FLAGS:
		call->flags = (uint32_t)value;
		return 0;
	case ARG_MODE:
		call->mode = (uint16_t)value;
		return 0;
	case ARG_LOOKUP_FLAGS:
		call->at_flags = (int)(uint32_t)value;
		return 0;
	case ARG_PID:
		call->pid = (pid_t)(uint32_t)value;
		return 0;
	case ARG_OTHER_PID:
		call->other_pid = (pid_t)(uint32_t)value;
		return 0;
	case ARG_WHICH:
		call->which = (int)(uint32_t)value;
		return 0;
	case ARG_SIGNAL:
		call->signal = (int)(uint32_t)value;
		return 0;
	case ARG_HOW:
		return decode_open_how(call, value, call->arguments[index + 1]);
	case ARG_NEW_DIRFD:
		call->new_dirfd = (int)(uint32_t)value;
		return 0;
	case ARG_NAME:
	case ARG_NAME_OR_NONE:
	case ARG_NEW_NAME:
		return 0;
	case ARG_PATH:
		length = memory_read_path(&call->target, value, call->given);
		call->given_len = length < 0 ? 0 : (size_t)length;
		return length < 0 ? (int)length : 0;
	}
	return -EACCES;
}

int call_decode(struct call *call)
{
	/* Scalars first: where the kernel finds a bad flag, it has not touched the path yet. */
	call->dirfd = call->new_dirfd = AT_FDCWD;
	call->given_len = call->new_given_len = 0;
	call->new_given[0] = '\0';
	call->given[0] = '\0';
	call->flags = call->mode = call->resolve = 0;
	call->at_flags = call->which = 0;
	call->pid = call->signal = 0;
	for (size_t i = 0; i < 6; i++) {
		int result = 0;

		if (call->row->arguments[i] != ARG_PATH)
			result = decode_argument(call, i);
		if (result < 0)
			return result;
	}
	if (call->row->operation == OPERATION_OPEN) {
		int result = decode_open_flags(call);

		if (result < 0)
			return result;
	}
	for (size_t i = 0; i < 6; i++)
		if (call->row->arguments[i] == ARG_PATH)
			return decode_argument(call, i);
	return 0;
}

/* The argument of that kind; 6: the row has none. */
static size_t find_argument(const struct call *call, enum argument_kind kind)
{
	size_t i = 0;

	while (i < 6 && call->row->arguments[i] != kind)
		i++;
	return i;
}

size_t call_name_index(const struct call *call)
{
	size_t index = find_argument(call, ARG_NAME);

	return index < 6 ? index : find_argument(call, ARG_NAME_OR_NONE);
}

static int read_text(const struct call *call, size_t index, char *buffer, size_t *ret_len)
{
	ssize_t length = memory_read_path(&call->target, call->arguments[index], buffer);

	*ret_len = length < 0 ? 0 : (size_t)length;
	return length < 0 ? (int)length : 0;
}

/* getname_maybe_null() in fs/namei.c. */
static bool has_none(const struct call *call, size_t index)
{
	return call->row->arguments[index] == ARG_NAME_OR_NONE && call->arguments[index] == 0 &&
	       (call->at_flags & AT_EMPTY_PATH) != 0;
}

int call_read_name(struct call *call)
{
	size_t index = call_name_index(call);

	if (index == 6 || has_none(call, index))
		return 0;
	return read_text(call, index, call->given, &call->given_len);
}

int call_read_new_name(struct call *call)
{
	return read_text(
		call, find_argument(call, ARG_NEW_NAME), call->new_given, &call->new_given_len);
}

int call_open_dirfd(const struct call *call, int dirfd)
{
	const struct world *world = &call->session->world;

	return dirfd == AT_FDCWD ? process_open_cwd(world, &call->target)
				 : process_open_fd(world, &call->target, dirfd);
}

static int open_base(const struct call *call, int dirfd, const char *name, int *ret_base)
{
	int base;

	*ret_base = -1;
	if (name[0] == '\0')
		return -ENOENT;
	if (name[0] == '/' && (call->resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT)) == 0)
		return 0;
	base = call_open_dirfd(call, dirfd);
	if (base < 0)
		return base;
	*ret_base = base;
	return 0;
}

int call_base(const struct call *call, int *ret_base)
{
	return open_base(call, call->dirfd, call->given, ret_base);
}

int call_new_base(const struct call *call, int *ret_base)
{
	return open_base(call, call->new_dirfd, call->new_given, ret_base);
}

/* ---- answers ------------------------------------------------------------------------------- */

void answer_result(struct answer *answer, int64_t result)
{
	*answer = ANSWER_NONE;
	if (result == -ESRCH) {
		answer->kind = ANSWER_GONE;
	} else if (result == -INTERNAL_ERESTARTSYS) {
		answer->kind = ANSWER_RESTART;
	} else if (result < 0) {
		answer->error = (int)-result;
	} else {
		answer->kind = ANSWER_VALUE;
		answer->value = result;
	}
}

bool answer_verdict(struct answer *answer, const struct verdict *verdict)
{
	switch (verdict->kind) {
	case VERDICT_DENY:
		*answer = ANSWER_NONE;
		answer->error = verdict->error > 0 ? verdict->error : EACCES;
		return true;
	case VERDICT_KILL:
		*answer = ANSWER_NONE;
		answer->kind = ANSWER_KILL;
		return true;
	case VERDICT_VALUE:
		answer_result(answer, verdict->value < 0 ? -EACCES : verdict->value);
		return true;
	case VERDICT_ALLOW:
	case VERDICT_REDIRECT:
	case VERDICT_CONTENT:
		break;
	}
	return false;
}

/* ---- asking -------------------------------------------------------------------------------- */

static int fetch_link(const struct call *call, const char *name, struct fact_value *ret)
{
	ssize_t length = process_link(
		&call->session->world, &call->target, name, ret->text, sizeof ret->text);

	return length < 0 ? (int)length : 0;
}

static int fetch_status(const struct call *call, enum fact fact, struct fact_value *ret)
{
	struct process_status status;
	int result = process_status(&call->session->world, &call->target, &status);

	if (result < 0)
		return result;
	if (fact == FACT_PID)
		ret->number = status.tgid;
	else
		ret->number = fact == FACT_UID ? status.fsuid : status.fsgid;
	return 0;
}

/* Of a group: whether a member of it does. */
static int fetch_inside(const struct question *question, struct fact_value *ret)
{
	const struct world *world = &question->call->session->world;
	pid_t to = question->request.to;

	ret->number = to > 0 ? process_in_tree(world, to) : to == -1 || tree_has_group(world, -to);
	return target_check(&question->call->target);
}

static int fetch_fact(const struct request *request, enum fact fact, struct fact_value *ret)
{
	const struct question *question =
		(const struct question *)((const char *)request -
					  offsetof(struct question, request));

	switch (fact) {
	case FACT_UID:
	case FACT_GID:
	case FACT_PID:
		return fetch_status(question->call, fact, ret);
	case FACT_EXE:
		return fetch_link(question->call, "exe", ret);
	case FACT_CWD:
		return fetch_link(question->call, "cwd", ret);
	case FACT_INSIDE:
		return fetch_inside(question, ret);
	}
	return -EINVAL;
}

/* Behind the path, in execve and in execveat. */
static int show_words(const struct call *call, size_t behind, struct shown_words *shown,
	bool *ret_shown, struct words *words)
{
	size_t limit = 0, taken = words_weight(&shown->argv) + words_weight(&shown->env);
	int result;

	if (*ret_shown)
		return 0;
	result = words_limit(&call->session->world, &call->target, &limit);
	if (result == 0)
		result = words_read(&call->target,
			call->arguments[find_argument(call, ARG_PATH) + behind],
			limit > taken ? limit - taken : 0, words);
	if (result == -EFAULT || result == -E2BIG) {
		shown->error = result;
		result = 0;
	}
	*ret_shown = result == 0;
	return result;
}

int call_check_words(const struct call *call)
{
	struct shown_words shown = {0};
	int result = show_words(call, 1, &shown, &shown.argv_shown, &shown.argv);

	if (result == 0 && shown.error == 0)
		result = show_words(call, 2, &shown, &shown.env_shown, &shown.env);
	words_clear(&shown.argv);
	words_clear(&shown.env);
	return result < 0 ? result : shown.error;
}

static int fetch_words(const struct request *request, enum fact_words which, const char **ret_bytes,
	size_t *ret_size)
{
	const struct question *question =
		(const struct question *)((const char *)request -
					  offsetof(struct question, request));
	struct shown_words *shown = question->shown;
	struct words *words = which == WORDS_ARGV ? &shown->argv : &shown->env;
	int result = which == WORDS_ARGV
			     ? show_words(question->call, 1, shown, &shown->argv_shown, words)
			     : show_words(question->call, 2, shown, &shown->env_shown, words);

	if (result < 0)
		return result;
	*ret_bytes = words->bytes;
	*ret_size = words->size;
	return 0;
}

void question_show_words(struct question *question, struct shown_words *shown)
{
	question->shown = shown;
	question->request.fetch_words = fetch_words;
}

void question_prepare(struct question *question, const struct call *call, unsigned rights,
	const char *path, size_t path_len, bool missing)
{
	question->call = call;
	question->shown = NULL;
	question->request = (struct request){
		.operation = call->row->operation,
		.syscall = call->row->name,
		.rights = rights,
		.path = path,
		.path_len = path_len,
		.given = call->given,
		.given_len = call->given_len,
		.flags = call->flags,
		.mode = call->mode,
		.signal = call->signal,
		.to = call->pid,
		.tid = call->target.tid,
		.missing = missing,
		.fetch = fetch_fact,
	};
}

void question_ask(const struct question *question, struct verdict *ret)
{
	const struct session *session = question->call->session;

	*ret = (struct verdict){.kind = VERDICT_DENY};
	session->decide(session->decide_context, &question->request, ret);
}

static void observe(
	const struct question *question, const struct verdict *verdict, const char *note)
{
	const struct session *session = question->call->session;
	struct observation observation = {.call = question->call,
		.request = &question->request,
		.verdict = verdict,
		.note = note};

	session->observe(session->observe_context, &observation);
}

void question_observe(const struct question *question, const struct verdict *verdict)
{
	observe(question, verdict, NULL);
}

/* ---- refusals that no policy decided -------------------------------------------------------- */

static void observe_refusal(const struct question *question, int error, const char *note)
{
	const struct verdict verdict = {
		.kind = VERDICT_DENY, .source = SOURCE_DEFAULT, .error = error};

	observe(question, &verdict, note);
}

void question_refuse(
	const struct question *question, struct answer *answer, int error, const char *note)
{
	observe_refusal(question, error, note);
	answer_result(answer, -error);
}

void call_report(const struct call *call, int error, const char *note)
{
	struct question question;

	question_prepare(&question, call, 0, call->given, call->given_len, false);
	observe_refusal(&question, error, note);
}

void answer_refusal(const struct call *call, struct answer *answer, int error, const char *note)
{
	call_report(call, error, note);
	answer_result(answer, -error);
}
