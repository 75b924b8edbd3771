#include "lua/busted.h"

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdbool.h>
#include <string.h>

#include "base/embedded.h"
#include "lua/module.h"

/* What specs can require without a path: the embedded halves of the language. */
static const struct {
	const char *module, *file;
} preloaded[] = {
	{"moongate.testing", "lua/moongate/testing.lua"},
	{"moongate.suggest", "lua/moongate/suggest.lua"},
};

/* busted ends by os.exit; here that is an error that carries the status, so that we end in order.
 */
static const char exit_key;

static int take_exit(lua_State *L)
{
	bool failed = lua_isboolean(L, 1) ? !lua_toboolean(L, 1) : lua_tointeger(L, 1) != 0;

	lua_pushboolean(L, failed);                           /* failed */
	lua_rawsetp(L, LUA_REGISTRYINDEX, (void *)&exit_key); /* */
	lua_pushlightuserdata(L, (void *)&exit_key);          /* key */
	return lua_error(L);
}

static int load_embedded(lua_State *L)
{
	const struct embedded_file *file = embedded_find(lua_tostring(L, lua_upvalueindex(1)));
	const char *chunk;

	if (file == NULL)
		return luaL_error(L, "a part of moongate is missing in the binary");
	chunk = lua_pushfstring(L, "@%s", file->name); /* chunk */
	if (luaL_loadbufferx(L, (const char *)file->bytes, file->size, chunk, "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 1); /* module */
	return 1;
}

static void preload(lua_State *L)
{
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE); /* preload */
	lua_pushcfunction(L, luaopen_moongate_core);               /* preload open */
	lua_setfield(L, -2, "moongate.core");                      /* preload */
	for (size_t i = 0; i < sizeof preloaded / sizeof *preloaded; i++) {
		lua_pushstring(L, preloaded[i].file);     /* preload file */
		lua_pushcclosure(L, load_embedded, 1);    /* preload load */
		lua_setfield(L, -2, preloaded[i].module); /* preload */
	}
	lua_pop(L, 1); /* */
}

static void set_arguments(lua_State *L, const char *const *words)
{
	lua_newtable(L);                     /* arg */
	lua_pushliteral(L, "moongate test"); /* arg name */
	lua_rawseti(L, -2, 0);               /* arg */
	/* A .busted file may name an interpreter: it is this one, whatever it says. */
	lua_pushliteral(L, "--ignore-lua"); /* arg option */
	lua_rawseti(L, -2, 1);              /* arg */
	for (int i = 0; words[i] != NULL; i++) {
		lua_pushstring(L, words[i]); /* arg word */
		lua_rawseti(L, -2, i + 2);   /* arg */
	}
	lua_setglobal(L, "arg"); /* */
}

static int run_protected(lua_State *L)
{
	/* A chunk, since busted looks for a place in Lua where a spec has none: return pending().
	 */
	static const char start[] = "require 'busted.runner' { standalone = false }";
	const char *const *words = lua_touserdata(L, 1);

	luaL_openlibs(L);
	preload(L);
	set_arguments(L, words);
	lua_getglobal(L, "os");          /* words os */
	lua_pushcfunction(L, take_exit); /* words os exit */
	lua_setfield(L, -2, "exit");     /* words os */
	if (luaL_loadbufferx(L, start, strlen(start), "=moongate test", "t") != LUA_OK)
		return lua_error(L);
	lua_call(L, 0, 0); /* words os */
	return 0;
}

static int exit_status(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, (void *)&exit_key); /* … failed */
	return lua_toboolean(L, -1) ? 1 : 0;
}

int lua_busted_run(const char *const *words, struct error *err)
{
	lua_State *L = luaL_newstate();
	int result = 0;

	if (L == NULL)
		return error_set(err, ENOMEM, "out of memory");
	lua_pushcfunction(L, run_protected);     /* run: neither push allocates */
	lua_pushlightuserdata(L, (void *)words); /* run words */
	if (lua_pcall(L, 1, 0, 0) == LUA_OK)
		result = 0;
	else if (lua_touserdata(L, -1) == &exit_key)
		result = exit_status(L);
	else
		result = error_set(err, ENOENT,
			"cannot run busted: %s\ninstall it: apt-get install lua-busted",
			lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "(no message)");
	lua_close(L);
	return result;
}
