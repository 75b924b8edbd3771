#pragma once

#include <lua.h>

/* Pushes the table of C functions that the Lua half of the policy language is built on. */
int bridge_push(lua_State *L);
