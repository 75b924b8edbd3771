#pragma once

#include <lua.h>

/*
 * read(path) → text, identity | nil, sentence, missing. A policy file is read once, through one
 * descriptor, after it was seen that nobody else can write it. `identity` names the file whatever
 * its path.
 */
int files_read(lua_State *L);
