#pragma once

#include <lua.h>
#include <stdint.h>

#include "policy/operation.h"

/*
 * Read-only sets with named members: call.flags.O_CREAT, call.access.read. Values, copied out of
 * the request: nothing about them can go stale.
 */
void bits_open(lua_State *L);

void bits_push_flags(lua_State *L, enum operation operation, uint64_t flags);
/* { O_CREAT = 64, … }: the members of that set. */
void bits_push_flag_numbers(lua_State *L, enum operation operation);
void bits_push_access(lua_State *L, unsigned rights);
