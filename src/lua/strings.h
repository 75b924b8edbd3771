#pragma once

#include <stdint.h>

#include <lua.h>

/*
 * The `string` library of policies: as Lua 5.4's, without dump, pack, unpack and packsize, with
 * pattern matching that ends and rep() that stays small. Paths come from the target, so a pattern
 * that is slow on some subject is the target's weapon.
 */

/* Steps that pattern matching may still take in this decision; shared by all string functions;
 * the host refills it. At 0 every further pattern is an error, inside pcall() too. */
struct step_budget {
	uint64_t left;
};

/*
 * Pushes the table `string` and returns 1. The metatable of strings becomes one whose __index is
 * that table and which getmetatable() does not show. Raises when memory is short, so call it
 * protected. Budget must outlive the state.
 */
int strings_open(lua_State *L, struct step_budget *budget);
