#pragma once

#include <lua.h>

/* Pushes what the runner starts with in a decision. */
void decide_push_enter(lua_State *L);
