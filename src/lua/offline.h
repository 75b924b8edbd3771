#pragma once

#include <lua.h>
#include <time.h>

#include "policy/request.h"

/* A request with the facts that a spec gave; fetch finds them behind the request. */
struct offline_request {
	struct request request;
	lua_Integer uid, gid, inside; /* -1: not given */
	const char *exe, *cwd;
	struct timespec times[2];
	const char *argv, *env; /* each string with its NUL; NULL: not given */
	size_t argv_size, env_size;
};

/*
 * Fills *ret from the question, a table at index 2; what it refers to lives as long as that. Raises
 * an error where a field is of a wrong type, or missing.
 */
void offline_question(lua_State *L, struct offline_request *ret);

/* Field `name` of the table at `index`, or `otherwise` where it is nil; raises what is no integer.
 */
lua_Integer offline_number(lua_State *L, int index, const char *name, lua_Integer otherwise);
