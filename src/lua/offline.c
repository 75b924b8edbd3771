#include "lua/offline.h"

#include <errno.h>
#include <lauxlib.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/signame.h"

/* A table of a spec, as the request that a call of the target would have become. */

lua_Integer offline_number(lua_State *L, int index, const char *name, lua_Integer otherwise)
{
	lua_Integer number = otherwise;

	if (lua_getfield(L, index, name) != LUA_TNIL) /* … number */
		number = luaL_checkinteger(L, -1);
	lua_pop(L, 1); /* … */
	return number;
}

static int give_number(lua_Integer number, struct fact_value *ret)
{
	ret->number = number;
	return number >= 0 ? 0 : -ENODATA;
}

static int give_text(const char *text, struct fact_value *ret)
{
	if (text == NULL || strlen(text) >= sizeof ret->text)
		return -ENODATA;
	strcpy(ret->text, text);
	return 0;
}

static int fetch_fact(const struct request *request, enum fact fact, struct fact_value *ret)
{
	const struct offline_request *asked = (const struct offline_request *)request;

	switch (fact) {
	case FACT_PID:
		return give_number(request->tid, ret);
	case FACT_UID:
		return give_number(asked->uid, ret);
	case FACT_GID:
		return give_number(asked->gid, ret);
	case FACT_EXE:
		return give_text(asked->exe, ret);
	case FACT_CWD:
		return give_text(asked->cwd, ret);
	case FACT_INSIDE:
		return give_number(asked->inside, ret);
	}
	return -ENODATA;
}

/* A string of the question at index 2, which keeps it alive. */
static const char *question_text(lua_State *L, const char *name, size_t *ret_len)
{
	const char *text = NULL;

	if (lua_getfield(L, 2, name) == LUA_TSTRING) /* … text */
		text = lua_tolstring(L, -1, ret_len);
	lua_pop(L, 1); /* … */
	return text;
}

static bool question_flag(lua_State *L, const char *name)
{
	bool flag;

	lua_getfield(L, 2, name); /* … flag */
	flag = lua_toboolean(L, -1);
	lua_pop(L, 1); /* … */
	return flag;
}

/* Seconds, "now", or nil where it stays as it is. */
static struct timespec question_time(lua_State *L, const char *name)
{
	struct timespec time = {.tv_nsec = UTIME_OMIT};
	lua_Number seconds;

	lua_getfield(L, -1, name); /* … times time */
	if (lua_type(L, -1) == LUA_TNUMBER) {
		seconds = lua_tonumber(L, -1);
		time.tv_sec = (time_t)seconds - (seconds < 0);
		time.tv_nsec = (long)((seconds - (lua_Number)time.tv_sec) * 1e9) % 1000000000;
	} else if (!lua_isnil(L, -1)) {
		time.tv_nsec = UTIME_NOW;
	}
	lua_pop(L, 1); /* … times */
	return time;
}

/* Without a table both are set to now. */
static void take_times(lua_State *L, struct offline_request *asked)
{
	if (lua_getfield(L, 2, "times") == LUA_TTABLE) { /* … times */
		asked->times[0] = question_time(L, "atime");
		asked->times[1] = question_time(L, "mtime");
		asked->request.times = asked->times;
	}
	lua_pop(L, 1); /* … */
}

static int fetch_words(const struct request *request, enum fact_words which, const char **ret_bytes,
	size_t *ret_size)
{
	const struct offline_request *asked = (const struct offline_request *)request;

	*ret_bytes = which == WORDS_ARGV ? asked->argv : asked->env;
	*ret_size = which == WORDS_ARGV ? asked->argv_size : asked->env_size;
	return *ret_bytes == NULL ? -ENODATA : 0;
}

/* A list of strings, each with its NUL; it stays on the stack, and so alive. NULL: none. */
static const char *take_words(lua_State *L, const char *name, size_t *ret_size)
{
	luaL_Buffer text;
	size_t count;
	int list;

	if (lua_getfield(L, 2, name) != LUA_TTABLE) { /* … list */
		lua_pop(L, 1);                        /* … */
		return NULL;
	}
	list = lua_gettop(L);
	count = lua_rawlen(L, list);
	luaL_buffinit(L, &text);
	for (size_t i = 1; i <= count; i++) {
		lua_rawgeti(L, list, (lua_Integer)i); /* … list buffer? word */
		luaL_tolstring(L, -1, NULL);          /* … list buffer? word text */
		lua_remove(L, -2);                    /* … list buffer? text */
		luaL_addvalue(&text);                 /* … list buffer? */
		luaL_addchar(&text, '\0');
	}
	luaL_pushresult(&text); /* … list text */
	lua_remove(L, list);    /* … text */
	return lua_tolstring(L, -1, ret_size);
}

static void take_exec(lua_State *L, struct offline_request *asked)
{
	asked->request.interpreter = question_text(L, "interpreter", NULL);
	asked->request.script = question_text(L, "script", NULL);
	asked->request.fetch_words = fetch_words;
	asked->argv = take_words(L, "argv", &asked->argv_size);
	asked->env = take_words(L, "env", &asked->env_size);
}

/* inside: 1, 0, or -1 where the spec does not say. */
static void take_kill(lua_State *L, struct offline_request *asked)
{
	const char *name = question_text(L, "signal", NULL);

	asked->request.to = (pid_t)offline_number(L, 2, "to", 0);
	asked->request.signal = name != NULL ? signame_number(name) : SIGTERM;
	if (asked->request.signal < 0)
		luaL_error(L, "unknown signal '%s'; write it like \"SIGTERM\"", name);
	asked->inside = lua_getfield(L, 2, "inside") == LUA_TBOOLEAN ? lua_toboolean(L, -1) : -1;
	lua_pop(L, 1);
}

/* What only some operations have. */
static void take_details(lua_State *L, struct offline_request *asked)
{
	struct request *request = &asked->request;

	request->newpath = question_text(L, "newpath", &request->newpath_len);
	request->new_rights = (unsigned)offline_number(L, 2, "new_rights", 0);
	request->exchanges = question_flag(L, "exchanges");
	request->link_target = question_text(L, "target", NULL);
	request->attribute = question_text(L, "name", NULL);
	request->length = offline_number(L, 2, "length", 0);
	request->owner = (uint32_t)offline_number(L, 2, "owner", UINT32_MAX);
	request->group = (uint32_t)offline_number(L, 2, "group", UINT32_MAX);
	take_times(L, asked);
	take_exec(L, asked);
	take_kill(L, asked);
}

static void take_names(lua_State *L, struct request *request)
{
	request->syscall = question_text(L, "syscall", NULL);
	request->path = question_text(L, "path", &request->path_len);
	request->given = question_text(L, "given", &request->given_len);
	luaL_argcheck(L, (unsigned)request->operation < OPERATION_COUNT, 2, "operation");
	luaL_argcheck(L, request->syscall != NULL, 2, "syscall");
	luaL_argcheck(L, request->path != NULL && request->given != NULL, 2, "path");
}

void offline_question(lua_State *L, struct offline_request *ret)
{
	*ret = (struct offline_request){
		.request =
			{
				.operation = (enum operation)offline_number(L, 2, "operation", -1),
				.rights = (unsigned)offline_number(L, 2, "rights", 0),
				.flags = (uint64_t)offline_number(L, 2, "flags", 0),
				.mode = (uint32_t)offline_number(L, 2, "mode", 0),
				.pid = (pid_t)offline_number(L, 2, "pid", 1000),
				.tid = (pid_t)offline_number(L, 2, "tid", 1000),
				.missing = question_flag(L, "missing"),
				.fetch = fetch_fact,
			},
		.uid = offline_number(L, 2, "uid", -1),
		.gid = offline_number(L, 2, "gid", -1),
		.exe = question_text(L, "exe", NULL),
		.cwd = question_text(L, "cwd", NULL),
	};
	take_names(L, &ret->request);
	take_details(L, ret);
}
