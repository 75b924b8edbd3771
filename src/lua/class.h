#pragma once

#include <lua.h>

/*
 * The userdata that policies see, told apart by their metatables. As luaL_newmetatable and
 * luaL_checkudata, but found by address: no string is looked up when a call is decided.
 */
struct class
{
	const char *name; /* for messages */
};

/* Pushes a new metatable, which policies cannot see; it becomes the one of the class. */
void class_open(lua_State *L, const struct class *class);

/* Gives the userdata on the top of the stack its class. */
void class_set(lua_State *L, const struct class *class);

/* The userdata at `index`, or NULL if what is there is of no or of another class. */
void *class_test(lua_State *L, int index, const struct class *class);

/* As class_test, but raises. */
void *class_check(lua_State *L, int index, const struct class *class);
