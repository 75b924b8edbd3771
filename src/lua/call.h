#pragma once

#include <lua.h>

#include "policy/request.h"

/*
 * The argument of a handler. A fresh userdata for every call, so that one kept from an earlier
 * decision can never come to mean a later one: call_object_forget makes it stale.
 */
struct call_object {
	const struct request *request; /* NULL: stale */
};

/* Makes the metatable; once per state. */
void call_object_open(lua_State *L);

/* Pushes a new call object. */
struct call_object *call_object_push(lua_State *L, const struct request *request);

static inline void call_object_forget(struct call_object *call)
{
	if (call != NULL)
		call->request = NULL;
}
