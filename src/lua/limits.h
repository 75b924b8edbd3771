#pragma once

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lua/strings.h"

/*
 * What policy code may use up: time, memory, steps inside string patterns. Running into one of
 * them ends the run; policy code cannot catch it.
 */
enum limit_hit {
	LIMIT_NONE,
	LIMIT_TIME,
	LIMIT_MEMORY,
	LIMIT_STEPS,
};

struct limits {
	size_t memory, used; /* bytes */
	bool exhausted;      /* nothing more for this run */
	int64_t time;        /* nanoseconds that a run may take */
	int64_t deadline;    /* on the clock of the running thread; 0: not looked at yet */
	struct step_budget steps;
	enum limit_hit hit;
	lua_State *runner; /* the thread that may be stopped by a yield */
	char where[256];   /* file:line of the policy that ran out of time, or "" */
};

/* A lua_Alloc; context is a struct limits. */
void *limits_allocate(void *context, void *block, size_t old_size, size_t new_size);

/* For a new state, before any code runs in it: threads inherit the hook when they are made. */
void limits_install(lua_State *L);

/* Starts a run of at most so many milliseconds and pattern steps. */
void limits_begin(lua_State *L, struct limits *limits, unsigned milliseconds, unsigned long steps);

/* Notes what a failed call says about limits. */
void limits_note(struct limits *limits, int status);

/* For people: "it took too long", …; NULL for LIMIT_NONE. */
const char *limits_text(enum limit_hit hit);

/* pcall for policies: an error that a limit caused goes on. */
int limits_pcall(lua_State *L);
