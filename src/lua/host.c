#include "lua/host.h"

#include <errno.h>
#include <lualib.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "lua/bits.h"
#include "lua/bridge.h"
#include "lua/call.h"
#include "lua/modules.h"
#include "lua/report.h"
#include "lua/state.h"
#include "lua/verdict.h"

const struct lua_host_limits lua_host_default_limits = {
	.decision_ms = 50,
	.load_ms = 2000,
	.memory = (size_t)32 * 1024 * 1024,
	.steps = 1000000,
};

/* Loading may use up this many times the pattern steps of a decision. */
enum { LOAD_STEPS_FACTOR = 20 };

/* ---- set-up, inside one protected call ----------------------------------------------------- */

static void open_libraries(lua_State *L)
{
	static const luaL_Reg libraries[] = {
		{LUA_GNAME, luaopen_base},
		{LUA_TABLIBNAME, luaopen_table},
		{LUA_MATHLIBNAME, luaopen_math},
		{LUA_UTF8LIBNAME, luaopen_utf8},
		{LUA_DBLIBNAME, luaopen_debug}, /* for the Lua half only, as is the rest of _G */
		{NULL, NULL},
	};

	for (const luaL_Reg *library = libraries; library->name != NULL; library++) {
		luaL_requiref(L, library->name, library->func, 1); /* library */
		lua_pop(L, 1);                                     /* */
	}
	(void)strings_open(L, &host_of(L)->limits.steps); /* string */
	lua_setglobal(L, LUA_STRLIBNAME);                 /* */
}

static void make_runner(lua_State *L, struct lua_host *host)
{
	host->runner = lua_newthread(L);                           /* runner */
	lua_rawseti(L, LUA_REGISTRYINDEX, host->runner_reference); /* */
	host->limits.runner = host->runner;
}

static void prepare_decisions(lua_State *L, struct lua_host *host)
{
	lua_pushboolean(L, 0);                                   /* false */
	host->runner_reference = luaL_ref(L, LUA_REGISTRYINDEX); /* */
	make_runner(L, host);
}

static void run_lua_half(lua_State *L, struct lua_host *host)
{
	modules_push(L, "main");                     /* main */
	(void)bridge_push(L);                        /* main bridge */
	lua_call(L, 1, 1);                           /* load */
	host->load = luaL_ref(L, LUA_REGISTRYINDEX); /* */
}

static int set_up(lua_State *L)
{
	struct lua_host *host = lua_touserdata(L, 1);

	lua_settop(L, 0);
	/* Nothing of this becomes garbage. */
	lua_gc(L, LUA_GCSTOP);
	open_libraries(L);
	call_object_open(L);
	bits_open(L);
	verdict_open(L);
	prepare_decisions(L, host);
	run_lua_half(L, host);
	lua_gc(L, LUA_GCRESTART);
	return 0;
}

int host_protect(struct lua_host *host, lua_CFunction function, void *argument)
{
	int status;

	lua_pushcfunction(host->L, function);     /* function */
	lua_pushlightuserdata(host->L, argument); /* function argument */
	status = lua_pcall(host->L, 1, 0, 0);     /* error? */
	return status;
}

static void describe_set_up_failure(struct lua_host *host, struct error *err)
{
	/* An error value that is a string already is not converted, so nothing is raised. */
	const char *text = lua_type(host->L, -1) == LUA_TSTRING ? lua_tostring(host->L, -1) : "?";

	(void)error_set(err, EINVAL, "the Lua half of Moongate does not start: %s", text);
}

static int make_state(
	struct lua_host *host, const struct lua_host_options *options, struct error *err)
{
	host->policy = policy_new();
	host->L = lua_newstate(limits_allocate, &host->limits);
	if (host->policy == NULL || host->L == NULL)
		return error_errno(err, ENOMEM, "cannot make a Lua state");
	*(struct lua_host **)lua_getextraspace(host->L) = host;
	host->loading = true;
	host->options = options;
	limits_install(host->L);
	limits_begin(
		host->L, &host->limits, host->caps.load_ms, host->caps.steps * LOAD_STEPS_FACTOR);
	if (host_protect(host, set_up, host) != LUA_OK) {
		describe_set_up_failure(host, err);
		return -EINVAL;
	}
	return 0;
}

/* NULL: *ret_code says why not. */
static struct lua_host *host_new(
	const struct lua_host_options *options, int *ret_code, struct error *err)
{
	struct lua_host *host = calloc(1, sizeof *host);
	int r;

	if (host == NULL) {
		*ret_code = error_errno(err, ENOMEM, "cannot make a Lua state");
		return NULL;
	}
	(void)pthread_mutex_init(&host->lock, NULL);
	host->caps = options->limits != NULL ? *options->limits : lua_host_default_limits;
	host->limits.memory = host->caps.memory;
	host->limits.deadline = INT64_MAX;
	host->log = options->log;
	host->log_context = options->log_context;
	r = make_state(host, options, err);
	if (r < 0) {
		lua_host_free(host);
		*ret_code = r;
		return NULL;
	}
	return host;
}

void lua_host_free(struct lua_host *host)
{
	if (host == NULL)
		return;
	if (host->L != NULL)
		lua_close(host->L);
	policy_free(host->policy);
	free(host->handlers);
	messages_flush(&host->messages, NULL, NULL);
	(void)pthread_mutex_destroy(&host->lock);
	free(host);
}

static int replace_runner(lua_State *L)
{
	struct lua_host *host = lua_touserdata(L, 1);

	lua_pushboolean(L, 0);                                     /* host false */
	lua_rawseti(L, LUA_REGISTRYINDEX, host->runner_reference); /* host */
	if (host->limits.hit == LIMIT_MEMORY)
		lua_gc(L, LUA_GCCOLLECT);
	make_runner(L, host);
	return 0;
}

void host_renew_runner(struct lua_host *host)
{
	host->runner = NULL;
	host->limits.runner = NULL;
	if (host_protect(host, replace_runner, host) != LUA_OK)
		lua_settop(host->L, 0);
}

/* ---- loading, on the runner ---------------------------------------------------------------- */

struct load {
	const char *const *names;
	size_t count;
	const char *text, *chunk; /* or NULL */
	size_t size;
};

static int end_of_load(lua_State *L, int status, lua_KContext context)
{
	(void)L;
	(void)status;
	(void)context;
	return 0;
}

/* Arguments: the Lua half's function, a struct load. */
static int run_load(lua_State *L)
{
	const struct load *load = lua_touserdata(L, 2);

	lua_settop(L, 1); /* function */
	lua_newtable(L);  /* function names */
	for (size_t i = 0; i < load->count; i++) {
		lua_pushstring(L, load->names[i]);      /* function names name */
		lua_rawseti(L, -2, (lua_Integer)i + 1); /* function names */
	}
	if (load->text != NULL) {
		lua_pushlstring(L, load->text, load->size); /* function names text */
		lua_pushstring(L, load->chunk);             /* function names text chunk */
	}
	lua_callk(L, lua_gettop(L) - 1, 0, 0, end_of_load); /* */
	return 0;
}

static int fail_to_load(struct lua_host *host, int status, struct error *err)
{
	struct error scrap;
	struct error *target = err != NULL ? err : &scrap;

	report_load_failure(host, status, target->text, sizeof target->text);
	target->code = -EINVAL;
	return -EINVAL;
}

static int run(struct lua_host *host, struct load *load, struct error *err)
{
	int results, status;

	lua_pushcfunction(host->runner, run_load);                      /* run */
	(void)lua_rawgeti(host->runner, LUA_REGISTRYINDEX, host->load); /* run function */
	lua_pushlightuserdata(host->runner, load);                      /* run function load */
	status = lua_resume(host->runner, host->L, 2, &results);
	messages_flush(&host->messages, host->log, host->log_context);
	host->loading = false;
	host->options = NULL;
	limits_note(&host->limits, status);
	if (status != LUA_OK || host->limits.hit != LIMIT_NONE)
		return fail_to_load(host, status, err);
	return 0;
}

static int load_into_new_host(struct load *load, const struct lua_host_options *options,
	struct lua_host **ret, struct error *err)
{
	int r = -EINVAL;
	struct lua_host *host = host_new(options, &r, err);

	if (host == NULL)
		return r;
	r = run(host, load, err);
	if (r < 0) {
		lua_host_free(host);
		return r;
	}
	*ret = host;
	return 0;
}

int lua_host_load(const char *const *names, size_t count, const struct lua_host_options *options,
	struct lua_host **ret, struct error *err)
{
	struct load load = {.names = names, .count = count};

	return load_into_new_host(&load, options, ret, err);
}

int lua_host_load_text(const char *text, size_t size, const char *chunk,
	const struct lua_host_options *options, struct lua_host **ret, struct error *err)
{
	struct load load = {.text = text, .size = size, .chunk = chunk};

	return load_into_new_host(&load, options, ret, err);
}

/* ---- the rest ------------------------------------------------------------------------------ */

struct policy *lua_host_policy(struct lua_host *host)
{
	return host->policy;
}

bool lua_host_handler(const struct lua_host *host, size_t index, struct lua_host_handler *ret)
{
	const struct handler *handler = host->handlers + index;

	if (index >= host->handler_count)
		return false;
	*ret = (struct lua_host_handler){handler->operation, handler->file, handler->line};
	return true;
}

int host_add_handler(struct lua_host *host, enum operation operation, int function,
	const char *file, int line, struct error *err)
{
	struct handler *handlers =
		reallocarray(host->handlers, host->handler_count + 1, sizeof *handlers);
	const char *kept = policy_keep(host->policy, file);

	if (handlers != NULL)
		host->handlers = handlers;
	if (handlers == NULL || kept == NULL)
		return error_errno(err, ENOMEM, "cannot keep a handler");
	handlers[host->handler_count++] = (struct handler){operation, function, kept, line};
	policy_note_handler(host->policy, operation);
	return 0;
}

void raise_error(lua_State *L, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	luaL_where(L, 1);                             /* … place */
	(void)lua_pushvfstring(L, format, arguments); /* … place text */
	va_end(arguments);
	lua_concat(L, 2); /* … message */
	lua_error(L);
	abort(); /* not reached */
}

void raise_with_suggestion(lua_State *L, int words, const char *word, const char *message)
{
	lua_pushvalue(L, words);                                      /* … words */
	(void)lua_rawgeti(L, LUA_REGISTRYINDEX, host_of(L)->suggest); /* … words suggest */
	lua_insert(L, -2);                                            /* … suggest words */
	lua_pushstring(L, word);                                      /* … suggest words word */
	lua_insert(L, -2);                                            /* … suggest word words */
	lua_call(L, 2, 1);                                            /* … hint */
	raise_error(L, "%s%s", message, lua_tostring(L, -1));
}
