#pragma once

#include <lua.h>

/* require "moongate.core": what lua/moongate/testing.lua is made of. */
__attribute__((visibility("default"))) int luaopen_moongate_core(lua_State *L);
