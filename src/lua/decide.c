#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "lua/call.h"
#include "lua/report.h"
#include "lua/state.h"
#include "lua/verdict.h"

/* One run of one handler. */
struct question {
	const struct request *request;
	struct verdict_context context;
	struct verdict *answer;
	bool has_opinion;
};

/* ---- on the runner ------------------------------------------------------------------------- */

/* Arguments: the question, what the handler returned. */
static int take(lua_State *L)
{
	struct question *question = lua_touserdata(L, 1);

	verdict_take(L, 2, &question->context, question->answer);
	question->has_opinion = true;
	return 0;
}

/* ---- one handler --------------------------------------------------------------------------- */

static void fail(
	struct lua_host *host, const struct handler *handler, int status, struct question *question)
{
	char heading[512];

	verdict_clear(question->answer);
	question->answer->source = SOURCE_FAILURE;
	question->answer->error = question->context.refusal;
	question->has_opinion = true;
	(void)snprintf(heading, sizeof heading, "%s:%d: handler on.%s failed, the call is refused",
		handler->file, handler->line, question->context.operation);
	report_failure(host, status, heading, question->answer->why, sizeof question->answer->why);
}

static int take_answer(struct lua_host *host, struct question *question, int results)
{
	lua_State *runner = host->runner;

	if (results == 0)
		lua_pushnil(runner); /* answer */
	else
		lua_settop(runner, -results); /* answer */
	if (verdict_take_plain(runner, 1, question->answer, &question->has_opinion)) {
		lua_settop(runner, 0);
		return LUA_OK;
	}
	lua_pushcfunction(runner, take);         /* answer take */
	lua_insert(runner, 1);                   /* take answer */
	lua_pushlightuserdata(runner, question); /* take answer question */
	lua_insert(runner, 2);                   /* take question answer */
	return lua_resume(runner, host->L, 2, &results);
}

/*
 * The handler is what is resumed, without a function around it: that would double what Lua adds
 * to a call. Nothing in here can raise outside lua_resume: the other calls do not allocate.
 */
static int run_handler(
	struct lua_host *host, const struct handler *handler, struct question *question)
{
	lua_State *runner = host->runner;
	int results, status;

	if (runner == NULL)
		return LUA_ERRMEM;
	host->made = NULL;
	(void)lua_rawgeti(runner, LUA_REGISTRYINDEX, handler->function); /* handler */
	call_object_push(runner, question->request);                     /* handler call */
	status = lua_resume(runner, host->L, 1, &results);               /* results… */
	call_object_forget(host);
	return status == LUA_OK ? take_answer(host, question, results) : status;
}

static void ask_handler(
	struct lua_host *host, const struct handler *handler, struct question *question)
{
	int status;

	if (host->runner == NULL)
		host_renew_runner(host);
	question->has_opinion = false;
	status = run_handler(host, handler, question);
	limits_note(&host->limits, status);
	if (status != LUA_OK || host->limits.hit != LIMIT_NONE) {
		fail(host, handler, status, question);
		host_renew_runner(host);
	}
	question->answer->file = handler->file;
	question->answer->line = handler->line;
}

/* ---- all handlers -------------------------------------------------------------------------- */

/* The order in which answers beat each other, whatever the order of the files. */
static int strength(const struct verdict *verdict)
{
	if (verdict->kind == VERDICT_KILL)
		return 4;
	if (verdict->source == SOURCE_FAILURE)
		return 3;
	return verdict->kind == VERDICT_DENY ? 2 : 1;
}

static bool same(const struct verdict *a, const struct verdict *b)
{
	return a->kind == b->kind && a->value == b->value && a->data_len == b->data_len &&
	       (a->data_len == 0 || memcmp(a->data, b->data, a->data_len) == 0);
}

static void disagree(struct lua_host *host, const struct question *question, struct verdict *best)
{
	const struct verdict *other = question->answer;
	char why[sizeof best->why];

	(void)snprintf(why, sizeof why,
		"%s:%d: handler on.%s and the one at %s:%d want different things, the call is "
		"refused; let one of them return nil",
		other->file, other->line, question->context.operation, best->file, best->line);
	verdict_clear(best);
	best->source = SOURCE_FAILURE;
	best->error = question->context.refusal;
	best->file = other->file;
	best->line = other->line;
	memcpy(best->why, why, sizeof why);
	messages_add(&host->messages, why);
}

/* Takes over what the question's answer owns. */
static void combine(struct lua_host *host, struct question *question, struct verdict *best)
{
	struct verdict *answer = question->answer;

	if (strength(answer) > strength(best)) {
		verdict_clear(best);
		*best = *answer;
		return;
	}
	if (strength(best) == 1 && !same(best, answer))
		disagree(host, question, best);
	verdict_clear(answer);
}

static struct verdict_context context_of(const struct request *request, struct lua_host *host)
{
	return (struct verdict_context){
		.operation = operation_name(request->operation),
		.refusal = policy_refusal(host->policy, request->operation),
		.content_is_possible = request->operation == OPERATION_OPEN,
	};
}

/* `best` is zero at first, and again if nobody has an opinion. */
static bool ask_handlers(struct lua_host *host, const struct request *request, struct verdict *best)
{
	struct question question = {.request = request, .context = context_of(request, host)};
	bool have_best = false;
	struct verdict other;

	limits_begin(host->L, &host->limits, host->caps.decision_ms, host->caps.steps);
	for (size_t i = 0; i < host->handler_count; i++) {
		if (host->handlers[i].operation != request->operation)
			continue;
		if (have_best)
			other = (struct verdict){0};
		question.answer = have_best ? &other : best;
		ask_handler(host, &host->handlers[i], &question);
		if (question.has_opinion && have_best)
			combine(host, &question, best);
		have_best = have_best || question.has_opinion;
	}
	return have_best;
}

/* Messages are logged when the lock has been given back: logging may block. */
static bool decide_by_handlers(
	struct lua_host *host, const struct request *request, struct verdict *ret)
{
	struct messages messages;
	bool decided;

	(void)pthread_mutex_lock(&host->lock);
	atomic_store_explicit(&host->busy_with, ++host->entered, memory_order_relaxed);
	decided = ask_handlers(host, request, ret);
	messages = host->messages;
	host->messages = (struct messages){0};
	atomic_store_explicit(&host->busy_with, 0, memory_order_relaxed);
	(void)pthread_mutex_unlock(&host->lock);
	if (messages.used > 0 || messages.dropped > 0)
		messages_flush(&messages, host->log, host->log_context);
	return decided;
}

/* The same question about the second of two names. */
static struct request about_new_name(const struct request *request)
{
	struct request other = *request;

	other.path = request->newpath;
	other.path_len = request->newpath_len;
	other.rights = request->new_rights;
	return other;
}

static bool denied(struct policy *policy, const struct request *request, struct verdict *ret)
{
	if (policy_denied(policy, request, ret))
		return true;
	if (request->newpath != NULL) {
		const struct request other = about_new_name(request);

		if (policy_denied(policy, &other, ret))
			return true;
	}
	return policy_move_denied(policy, request, ret);
}

static void decide_by_rules(
	struct policy *policy, const struct request *request, struct verdict *ret)
{
	policy_allowed(policy, request, ret);
	if (request->newpath != NULL && ret->kind == VERDICT_ALLOW) {
		const struct request other = about_new_name(request);

		policy_allowed(policy, &other, ret);
	}
}

bool lua_host_is_stuck(struct lua_host *host)
{
	uint64_t busy = atomic_load(&host->busy_with);
	bool stuck = busy != 0 && busy == host->seen_busy;

	host->seen_busy = busy;
	return stuck;
}

void lua_host_decide(void *context, const struct request *request, struct verdict *ret)
{
	struct lua_host *host = context;

	*ret = (struct verdict){0};
	if (denied(host->policy, request, ret))
		return;
	if (!policy_has_handler(host->policy, request->operation) ||
		!decide_by_handlers(host, request, ret))
		decide_by_rules(host->policy, request, ret);
	if (ret->kind == VERDICT_ALLOW)
		(void)policy_move_gains(host->policy, request, ret);
}
