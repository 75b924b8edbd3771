#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/strings.h"

/*
 * Differential: what ends within the budget must come out as from the stock library. Input is
 * options, then pattern, subject and replacement with a 0xff between them.
 */

enum { memory_limit = 8 << 20, step_limit = 20000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const char *text[3]; /* pattern, subject, replacement */
	size_t size[3];
	lua_Integer init;
	unsigned function;
};

struct outcome {
	int status;
	const char *text;
	size_t size;
};

static size_t memory_used;

static void *allocate(void *context, void *old, size_t old_size, size_t size)
{
	void *new;

	(void)context;
	old_size = old == NULL ? 0 : old_size;
	if (size == 0) {
		memory_used -= old_size;
		free(old);
		return NULL;
	}
	if (size > old_size && memory_used + (size - old_size) > memory_limit)
		return NULL;
	new = realloc(old, size);
	if (new != NULL)
		memory_used = memory_used - old_size + size;
	return new;
}

static struct input split(const uint8_t *data, size_t size)
{
	struct input input = {.text = {"", "", ""}};
	const char *p = (const char *)data + 2, *end = (const char *)data + size;

	input.function = data[0];
	input.init = (int8_t)data[1];
	for (int i = 0; i < 3 && p <= end; i++) {
		const char *separator = memchr(p, 0xff, (size_t)(end - p));

		input.text[i] = p;
		input.size[i] = (size_t)((separator != NULL ? separator : end) - p);
		p += input.size[i] + 1;
	}
	return input;
}

/* One line for each result, with its type; strings as they are. */
static void describe(lua_State *L, int from)
{
	int top = lua_gettop(L);
	luaL_Buffer line;

	luaL_buffinit(L, &line);
	for (int i = from; i <= top; i++) {
		luaL_addstring(&line, luaL_typename(L, i));
		luaL_addchar(&line, ' ');
		(void)luaL_tolstring(L, i, NULL); // text
		luaL_addvalue(&line);
		luaL_addchar(&line, '\n');
	}
	luaL_pushresult(&line); // description
}

/* Runs the iterator on top of the stack to its end, at most `most` times, and describes that. */
static void describe_iteration(lua_State *L, int most)
{
	int iterator = lua_gettop(L), results;

	lua_pushliteral(L, ""); // iterator all
	do {
		lua_pushvalue(L, iterator);  // iterator all iterator
		lua_call(L, 0, LUA_MULTRET); // iterator all result…
		results = lua_gettop(L) - iterator - 1;
		describe(L, iterator + 2);   // iterator all result… text
		lua_insert(L, iterator + 2); // iterator all text result…
		lua_settop(L, iterator + 2); // iterator all text
		lua_concat(L, 2);            // iterator all
	} while (results > 0 && --most > 0);
}

/* A replacement: text, a table or a function, as the input has it. */
static void push_replacement(lua_State *L, const struct input *input)
{
	lua_pushlstring(L, input->text[2], input->size[2]); // text
	if ((input->function & 0x30) == 0x10) {
		lua_newtable(L);          // text table
		lua_insert(L, -2);        // table text
		lua_setfield(L, -2, "a"); // table
	} else if ((input->function & 0x30) == 0x20) {
		lua_pop(L, 1);
		lua_getglobal(L, "type"); // function
	}
}

/* Protected; arguments: library, struct input. Returns one string. */
static int call(lua_State *L)
{
	static const char *const names[] = {"find", "match", "gmatch", "gsub"};
	const struct input *input = lua_touserdata(L, 2);
	const char *name = names[input->function & 3];

	lua_getfield(L, 1, name);                           // function
	lua_pushlstring(L, input->text[1], input->size[1]); // function subject
	lua_pushlstring(L, input->text[0], input->size[0]); // function subject pattern
	if ((input->function & 3) == 3)
		push_replacement(L, input); // function subject pattern replacement
	else
		lua_pushinteger(L, input->init); // function subject pattern init
	lua_call(L, 3, LUA_MULTRET);             // result…
	if ((input->function & 3) == 2)
		describe_iteration(L, 100); // iterator description
	else
		describe(L, 3); // result… description
	return 1;
}

/* Leaves the outcome's text on the stack. */
static struct outcome run(lua_State *L, const char *library, struct input *input)
{
	struct outcome outcome;

	lua_pushcfunction(L, call);      // call
	lua_getglobal(L, library);       // call library
	lua_pushlightuserdata(L, input); // call library input
	outcome.status = lua_pcall(L, 2, 1, 0);
	outcome.text = lua_tolstring(L, -1, &outcome.size);
	return outcome;
}

static int open_libraries(lua_State *L)
{
	lua_gc(L, LUA_GCSTOP);
	luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
	luaopen_string(L); // stock
	lua_setglobal(L, "stock");
	strings_open(L, lua_touserdata(L, 1)); // string
	lua_setglobal(L, "string");
	lua_gc(L, LUA_GCRESTART);
	return 0;
}

static void compare(lua_State *L, struct input *input)
{
	struct outcome ours = run(L, "string", input), theirs;

	if (ours.status == LUA_ERRMEM || strstr(ours.text, "pattern too expensive") != NULL ||
		strstr(ours.text, "not enough memory") != NULL)
		return;
	theirs = run(L, "stock", input);
	if (theirs.status == LUA_ERRMEM || strstr(theirs.text, "not enough memory") != NULL)
		return;
	if (ours.status != theirs.status || ours.size != theirs.size ||
		memcmp(ours.text, theirs.text, ours.size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct step_budget budget = {.left = step_limit};
	struct input input;
	lua_State *L;

	if (size < 2)
		return 0;
	input = split(data, size);
	memory_used = 0;
	L = lua_newstate(allocate, NULL);
	if (L == NULL)
		abort();
	lua_pushcfunction(L, open_libraries); // open
	lua_pushlightuserdata(L, &budget);    // open budget
	if (lua_pcall(L, 1, 0, 0) != LUA_OK)
		abort();
	compare(L, &input);
	lua_close(L);
	return 0;
}
