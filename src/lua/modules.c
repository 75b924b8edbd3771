#include "lua/modules.h"

#include <string.h>

#include "base/embedded.h"
#include "lua/state.h"

/*
 * The Lua half comes as text and, for a faster start, as what the Lua of the build made of it. That
 * is only good for the very same release, which the library says in lua_ident.
 */
static bool is_release_of_build(void)
{
	return strstr(lua_ident, " " LUA_RELEASE " ") != NULL;
}

static bool load(lua_State *L, const char *module, const char *suffix, const char *mode)
{
	const char *name = lua_pushfstring(L, "lua/moongate/%s.%s", module, suffix); /* name */
	const struct embedded_file *file = embedded_find(name);
	const char *chunk = lua_pushfstring(L, "=moongate/%s", module); /* name chunk */

	if (file == NULL ||
		luaL_loadbufferx(L, (const char *)file->bytes, file->size, chunk, mode) != LUA_OK)
		return false;
	lua_replace(L, -3); /* function chunk */
	lua_pop(L, 1);      /* function */
	return true;
}

void modules_push(lua_State *L, const char *name)
{
	const int top = lua_gettop(L);

	if (is_release_of_build() && load(L, name, "luac", "b"))
		return;
	lua_settop(L, top);
	if (!load(L, name, "lua", "t"))
		raise_error(L, "lua/moongate/%s.lua is missing in this binary, or is no Lua", name);
}
