#pragma once

#include <lua.h>
#include <stdbool.h>

#include "policy/verdict.h"

/*
 * What handlers answer with. The constructors are C functions; the answer of a handler is not
 * believed until verdict_take has looked at it.
 */

/* Makes the metatable; once per state. */
void verdict_open(lua_State *L);

/*
 * Pushes a table of the constructors: allow and deny (which take themselves as argument 1, as
 * __call has it), kill, value, redirect, content.
 */
int verdict_push_constructors(lua_State *L);

/* Pushes a table of errno names → numbers. */
int verdict_push_errnos(lua_State *L);

/*
 * What most handlers return, nil (no opinion) and allow(): true, and *ret is filled if there is an
 * opinion. False: it is something else. Nothing in here raises.
 */
bool verdict_take_plain(lua_State *L, int index, struct verdict *ret, bool *ret_has_opinion);

/*
 * Fills *ret from anything else at `index`, which a handler of `operation` returned. Raises if it
 * is not a verdict, or not one for this operation. `refusal` is the errno of a plain deny().
 */
struct verdict_context {
	const char *operation;
	int refusal;
	bool content_is_possible;
};
void verdict_take(
	lua_State *L, int index, const struct verdict_context *context, struct verdict *ret);
