#include "lua/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "lua/state.h"

/* Instructions between two looks at the clock: some 10 µs. */
enum { HOOK_INTERVAL = 1000 };

/*
 * Processor time, not wall time: policy code cannot wait for anything, and on a busy machine it is
 * not its fault that the time passes. The clock costs more than a short handler, so it is first
 * looked at when a thousand instructions have gone by, and the time counts from there.
 */
static bool is_late(struct limits *limits)
{
	struct timespec time;
	int64_t now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	now = (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
	if (limits->deadline == 0)
		limits->deadline = now + limits->time;
	return now >= limits->deadline;
}

/* ---- memory -------------------------------------------------------------------------------- */

/*
 * Lua answers a refusal with a whole garbage collection and a second try. A state that is nearly
 * full could go on like that, a collection for every few bytes, long after its deadline.
 */
static bool refuses(struct limits *limits, size_t more)
{
	if (limits->used <= limits->memory && more <= limits->memory - limits->used)
		return limits->exhausted;
	if (is_late(limits))
		limits->exhausted = true;
	return true;
}

void *limits_allocate(void *context, void *block, size_t old_size, size_t new_size)
{
	struct limits *limits = context;
	size_t held = block != NULL ? old_size : 0; /* else old_size is a type */
	void *moved;

	if (new_size == 0) {
		free(block);
		limits->used -= held;
		return NULL;
	}
	if (new_size > held && refuses(limits, new_size - held))
		return NULL;
	moved = realloc(block, new_size);
	if (moved == NULL)
		return new_size <= held ? block : NULL; /* Lua relies on shrinking */
	limits->used = limits->used - held + new_size;
	return moved;
}

/* ---- time ---------------------------------------------------------------------------------- */

/* The innermost line of a policy; the Lua half's own chunks have names that start with '='. */
static void note_where(lua_State *L, struct limits *limits)
{
	lua_Debug activation;

	for (int level = 0; level < 64 && lua_getstack(L, level, &activation); level++) {
		(void)lua_getinfo(L, "Sl", &activation);
		if (activation.source[0] != '@' || activation.currentline <= 0)
			continue;
		(void)snprintf(limits->where, sizeof limits->where, "%s:%d", activation.source + 1,
			activation.currentline);
		return;
	}
}

/*
 * A yield cannot be caught by pcall. Where yielding is impossible (inside table.sort, say), an
 * error is raised, and again at every following instruction, until the run is over.
 */
static void look_at_the_clock(lua_State *L, lua_Debug *activation)
{
	struct limits *limits = &host_of(L)->limits;

	(void)activation;
	if (limits->hit == LIMIT_NONE) {
		if (!is_late(limits))
			return;
		limits->hit = LIMIT_TIME;
		note_where(L, limits);
	}
	if (L == limits->runner && lua_isyieldable(L)) {
		(void)lua_yield(L, 0);
		return;
	}
	lua_sethook(L, look_at_the_clock, LUA_MASKCOUNT, 1);
	luaL_error(L, "%s", limits_text(limits->hit));
}

void limits_install(lua_State *L)
{
	lua_sethook(L, look_at_the_clock, LUA_MASKCOUNT, HOOK_INTERVAL);
}

void limits_begin(lua_State *L, struct limits *limits, unsigned milliseconds, unsigned long steps)
{
	if (limits->hit != LIMIT_NONE) {
		limits->hit = LIMIT_NONE;
		limits_install(L);
		if (limits->runner != NULL)
			limits_install(limits->runner);
	}
	limits->time = (int64_t)milliseconds * 1000000;
	limits->deadline = 0;
	limits->steps.left = steps;
	limits->where[0] = '\0';
	limits->exhausted = false;
}

/* ---- all of them --------------------------------------------------------------------------- */

void limits_note(struct limits *limits, int status)
{
	if (limits->hit != LIMIT_NONE)
		return;
	if (status == LUA_ERRMEM)
		limits->hit = LIMIT_MEMORY;
	else if (limits->steps.left == 0)
		limits->hit = LIMIT_STEPS;
}

const char *limits_text(enum limit_hit hit)
{
	static const char *const texts[] = {
		[LIMIT_TIME] = "it took too long (an endless loop?)",
		[LIMIT_MEMORY] = "it needs too much memory",
		[LIMIT_STEPS] = "pattern too expensive",
	};

	return texts[hit];
}

static int end_of_pcall(lua_State *L, int status, lua_KContext context)
{
	struct limits *limits = &host_of(L)->limits;

	(void)context;
	if (status == LUA_OK || status == LUA_YIELD)
		return lua_gettop(L); /* true results… */
	limits_note(limits, status);
	if (limits->hit != LIMIT_NONE)
		return lua_error(L);
	lua_pushboolean(L, 0); /* … error false */
	lua_insert(L, -2);     /* … false error */
	return 2;
}

int limits_pcall(lua_State *L)
{
	int status;

	luaL_checkany(L, 1);
	lua_pushboolean(L, 1); /* function arguments… true */
	lua_insert(L, 1);      /* true function arguments… */
	status = lua_pcallk(L, lua_gettop(L) - 2, LUA_MULTRET, 0, 0, end_of_pcall);
	return end_of_pcall(L, status, 0);
}
