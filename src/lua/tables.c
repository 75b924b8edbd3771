#include "lua/tables.h"

#include <lualib.h>

#include "lua/state.h"

/* Elements that one call may touch: some milliseconds of work. */
enum { ELEMENTS_MAX = 100000, UNPACK_MAX = 1000 };

/* A metatable could answer for the length or the elements; policies have no use for that here. */
static void check_plain(lua_State *L, int index)
{
	luaL_checktype(L, index, LUA_TTABLE);
	if (lua_getmetatable(L, index))
		luaL_argerror(L, index, "a plain table is wanted");
}

static void check_count(lua_State *L, lua_Integer first, lua_Integer last, lua_Integer most)
{
	if (first <= last && (lua_Unsigned)last - (lua_Unsigned)first >= (lua_Unsigned)most)
		raise_error(L, "too many elements; at most %d in one call", (int)most);
}

static lua_Integer checked_length(lua_State *L)
{
	lua_Integer length;

	check_plain(L, 1);
	length = (lua_Integer)lua_rawlen(L, 1);
	check_count(L, 1, length, ELEMENTS_MAX);
	return length;
}

/* Calls the function of Lua's own library that is upvalue 1, with the same arguments. */
static int call_original(lua_State *L)
{
	lua_pushvalue(L, lua_upvalueindex(1)); /* arguments… function */
	lua_insert(L, 1);                      /* function arguments… */
	lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
	return lua_gettop(L); /* results… */
}

static int on_one_table(lua_State *L)
{
	(void)checked_length(L);
	return call_original(L);
}

static int table_concat(lua_State *L)
{
	lua_Integer length = checked_length(L);

	check_count(L, luaL_optinteger(L, 3, 1), luaL_optinteger(L, 4, length), ELEMENTS_MAX);
	return call_original(L);
}

static int table_unpack(lua_State *L)
{
	lua_Integer length = checked_length(L);

	check_count(L, luaL_optinteger(L, 2, 1), luaL_optinteger(L, 3, length), UNPACK_MAX);
	return call_original(L);
}

static int table_move(lua_State *L)
{
	check_plain(L, 1);
	if (!lua_isnoneornil(L, 5))
		check_plain(L, 5);
	check_count(L, luaL_checkinteger(L, 2), luaL_checkinteger(L, 3), ELEMENTS_MAX);
	return call_original(L);
}

static int table_pack(lua_State *L)
{
	return call_original(L);
}

int tables_push(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"concat", table_concat},
		{"insert", on_one_table},
		{"move", table_move},
		{"pack", table_pack},
		{"remove", on_one_table},
		{"sort", on_one_table},
		{"unpack", table_unpack},
		{NULL, NULL},
	};

	luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 0); /* original */
	lua_newtable(L);                                    /* original bounded */
	for (const luaL_Reg *function = functions; function->name != NULL; function++) {
		lua_getfield(L, -2, function->name);    /* original bounded function */
		lua_pushcclosure(L, function->func, 1); /* original bounded closure */
		lua_setfield(L, -2, function->name);    /* original bounded */
	}
	return 1;
}
