#include "lua/class.h"

#include <lauxlib.h>

void class_open(lua_State *L, const struct class *class)
{
	lua_newtable(L);                          /* metatable */
	lua_pushstring(L, class->name);           /* metatable name */
	lua_setfield(L, -2, "__name");            /* metatable */
	lua_pushboolean(L, 0);                    /* metatable false */
	lua_setfield(L, -2, "__metatable");       /* metatable */
	lua_pushvalue(L, -1);                     /* metatable metatable */
	lua_rawsetp(L, LUA_REGISTRYINDEX, class); /* metatable */
}

void class_set(lua_State *L, const struct class *class)
{
	(void)lua_rawgetp(L, LUA_REGISTRYINDEX, class); /* object metatable */
	lua_setmetatable(L, -2);                        /* object */
}

void *class_test(lua_State *L, int index, const struct class *class)
{
	void *object = lua_touserdata(L, index);

	if (object == NULL || !lua_getmetatable(L, index)) /* … metatable */
		return NULL;
	(void)lua_rawgetp(L, LUA_REGISTRYINDEX, class); /* … metatable metatable */
	if (!lua_rawequal(L, -1, -2))
		object = NULL;
	lua_pop(L, 2); /* … */
	return object;
}

void *class_check(lua_State *L, int index, const struct class *class)
{
	void *object = class_test(L, index, class);

	if (object == NULL)
		luaL_typeerror(L, index, class->name);
	return object;
}
