#pragma once

#include <lauxlib.h>
#include <lua.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lua/host.h"
#include "lua/limits.h"
#include "lua/messages.h"

#if LUA_VERSION_NUM != 504
#error "Moongate needs Lua 5.4: the limits rely on how its hooks, coroutines and errors work"
#endif

/*
 * What the files of this room share. Comments behind a push or pop show the stack, its top on the
 * right.
 *
 * Two rules keep a Lua error, which is a longjmp, from doing harm. (1) After lua_host_new every
 * call that can raise happens inside a protected one: host_protect on the main thread, or
 * lua_resume on the runner. (2) A C function that Lua calls checks its arguments first, then works
 * without Lua, then pushes results; what must survive an error belongs to a userdata or to the
 * struct lua_host, never to a variable with a cleanup.
 */
struct handler {
	enum operation operation;
	int function; /* a reference into the registry */
	const char *file;
	int line;
};

struct lua_host {
	lua_State *L;      /* the main thread: set-up, reports */
	lua_State *runner; /* the coroutine that all policy code runs on; NULL: no memory for one */
	int runner_reference;
	struct limits limits;
	struct lua_host_limits caps;
	pthread_mutex_t lock;

	/* Which decision handlers are making, 0: none; and what the watchdog saw last. */
	_Atomic uint64_t busy_with;
	uint64_t entered, seen_busy;
	const struct request *deciding; /* what the running handler was asked; else NULL */
	uintptr_t decisions;            /* the number of that question: its call object */
	const void *plain_allow;        /* what allow() returns, always the same */
	const char *made; /* the last verdict that the running handler made; else NULL */

	struct policy *policy;
	struct handler *handlers;
	size_t handler_count;

	bool loading;
	const struct lua_host_options *options; /* while loading */
	int load;    /* reference: the Lua half's function(names, text, chunk) */
	int suggest; /* reference: its function(word, words) → " (did you mean 'x'?)" */

	struct messages messages; /* what is to be logged when the lock has been given back */
	void (*log)(void *context, const char *message);
	void *log_context;
};

static inline struct lua_host *host_of(lua_State *L)
{
	return *(struct lua_host **)lua_getextraspace(L);
}

/* Runs function(L) with `argument` as its light userdata 1, on the empty main thread. */
int host_protect(struct lua_host *host, lua_CFunction function, void *argument);

/*
 * Exchanges the runner for a new one, after a failure: an error that a hook raises leaves the
 * hooks of its coroutine switched off, for ever, if nobody catches it before lua_resume does.
 */
void host_renew_runner(struct lua_host *host);

/* Takes over the reference `function`, also on failure. */
int host_add_handler(struct lua_host *host, enum operation operation, int function,
	const char *file, int line, struct error *err);

/* luaL_error, for compilers and readers that want to know that it does not return. */
_Noreturn void raise_error(lua_State *L, const char *format, ...);

/* Raises "MESSAGE (did you mean 'x'?)"; `words` is the index of a table that has the right ones. */
_Noreturn void raise_with_suggestion(
	lua_State *L, int words, const char *word, const char *message);
