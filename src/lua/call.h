#pragma once

#include <lua.h>

#include "policy/request.h"

struct lua_host;

/*
 * The argument of a handler. A light userdata that holds the number of the question, so that one
 * kept from an earlier decision can never come to mean a later one, and that a call costs no
 * allocation: what is allocated is paid again when it is collected.
 */

/* Makes the metatable; once per state. No other light userdata is shown to policy code. */
void call_object_open(lua_State *L);

/* Pushes the call object of a new question. */
void call_object_push(lua_State *L, const struct request *request);

/* The question is answered: its call object is stale. Never raises. */
void call_object_forget(struct lua_host *host);
