#pragma once

#include <lua.h>

/*
 * Pushes the `table` library of policies: the functions of Lua 5.4 for plain tables of a bounded
 * size. A call into C is not interrupted by the deadline, so none may take long.
 */
int tables_push(lua_State *L);
