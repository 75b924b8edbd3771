/* precompile OUTPUT CHUNKNAME SOURCE: a Lua file as lua_dump() writes it, for src/lua/modules.c. */
#include <lauxlib.h>
#include <lua.h>
#include <stdio.h>

static int write_part(lua_State *L, const void *bytes, size_t size, void *file)
{
	(void)L;
	return size > 0 && fwrite(bytes, size, 1, file) != 1;
}

/* As luaL_loadfilex(), but for the name. */
static int load(lua_State *L, const char *path, const char *name)
{
	luaL_Buffer text;
	char part[4096];
	size_t size;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return LUA_ERRFILE;
	luaL_buffinit(L, &text);
	while ((size = fread(part, 1, sizeof part, file)) > 0)
		luaL_addlstring(&text, part, size);
	(void)fclose(file);
	luaL_pushresult(&text);
	return luaL_loadbufferx(L, lua_tostring(L, -1), lua_rawlen(L, -1), name, "t");
}

int main(int argc, char **argv)
{
	lua_State *L = luaL_newstate();
	FILE *output = argc == 4 ? fopen(argv[1], "wb") : NULL;

	if (L == NULL || output == NULL || load(L, argv[3], argv[2]) != LUA_OK) {
		(void)fprintf(stderr, "precompile: %s\n", argc == 4 ? argv[3] : "three arguments");
		return 1;
	}
	/* With the lines: they stand in messages. */
	if (lua_dump(L, write_part, output, 0) != 0 || fclose(output) != 0)
		return 1;
	lua_close(L);
	return 0;
}
