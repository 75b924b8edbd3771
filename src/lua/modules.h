#pragma once

#include <lua.h>

/* Pushes the main function of lua/moongate/NAME.lua, which is embedded; raises where there is none.
 */
void modules_push(lua_State *L, const char *name);
