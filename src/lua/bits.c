#include "lua/bits.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "lua/class.h"
#include "lua/state.h"
#include "policy/operation.h"

/* A member is in the set if (set & mask) == value, or, for a group, if any bit of the mask is. */
struct member {
	const char *name;
	uint64_t mask, value;
	bool group;
};

static const struct class bits_class = {"set of flags"};

struct bits {
	uint64_t set;
	const struct member *members; /* ends with a NULL name */
	const char *separator, *what;
};

#define FLAG(name) \
	{ \
#name, (uint32_t)(name), (uint32_t)(name), false \
	}
#define ACCESS_MODE(name) \
	{ \
#name, O_ACCMODE, name, false \
	}
#define RIGHT(id, name) {name, RIGHT_##id, RIGHT_##id, false},

/* What x86_64's openat2 takes, whatever the C library makes of it. */
#undef O_LARGEFILE
#define O_LARGEFILE 0100000

static const struct member open_flags[] = {
	ACCESS_MODE(O_RDONLY),
	ACCESS_MODE(O_WRONLY),
	ACCESS_MODE(O_RDWR),
	FLAG(O_APPEND),
	FLAG(O_ASYNC),
	FLAG(O_CLOEXEC),
	FLAG(O_CREAT),
	FLAG(O_DIRECT),
	FLAG(O_DIRECTORY),
	FLAG(O_DSYNC),
	FLAG(O_EXCL),
	FLAG(O_LARGEFILE),
	FLAG(O_NOATIME),
	FLAG(O_NOCTTY),
	FLAG(O_NOFOLLOW),
	FLAG(O_NONBLOCK),
	FLAG(O_PATH),
	FLAG(O_SYNC),
	FLAG(O_TMPFILE),
	FLAG(O_TRUNC),
	{NULL, 0, 0, false},
};

static const struct member rename_flags[] = {
	FLAG(RENAME_NOREPLACE),
	FLAG(RENAME_EXCHANGE),
	FLAG(RENAME_WHITEOUT),
	{NULL, 0, 0, false},
};

static const struct member lookup_flags[] = {
	FLAG(AT_REMOVEDIR),
	FLAG(AT_SYMLINK_FOLLOW),
	FLAG(AT_EMPTY_PATH),
	{NULL, 0, 0, false},
};

static const struct member attribute_flags[] = {
	FLAG(XATTR_CREATE),
	FLAG(XATTR_REPLACE),
	{NULL, 0, 0, false},
};

static const struct member rights[] = {
	/* clang-format off: X-macros are no functions to it */
	RIGHTS(RIGHT)
	/* clang-format on */
	{"write", RIGHT_WRITE, 0, true},
	{NULL, 0, 0, false},
};

static bool has(const struct bits *bits, const struct member *member)
{
	if (member->group)
		return (bits->set & member->mask) != 0;
	return (bits->set & member->mask) == member->value;
}

static const struct member *find_member(const struct bits *bits, const char *name)
{
	for (const struct member *member = bits->members; member->name != NULL; member++)
		if (strcmp(member->name, name) == 0)
			return member;
	return NULL;
}

static void push_names(lua_State *L, const struct bits *bits)
{
	lua_newtable(L); /* names */
	for (const struct member *member = bits->members; member->name != NULL; member++) {
		lua_pushboolean(L, 1);             /* names true */
		lua_setfield(L, -2, member->name); /* names */
	}
}

static int unknown_member(lua_State *L, const struct bits *bits, const char *name)
{
	const char *message = lua_pushfstring(L, "%s has no member '%s'", bits->what, name);

	push_names(L, bits); /* … message names */
	raise_with_suggestion(L, lua_gettop(L), name, message);
}

static int bits_index(lua_State *L)
{
	const struct bits *bits = class_check(L, 1, &bits_class);
	const char *name = luaL_checkstring(L, 2);
	const struct member *member = find_member(bits, name);

	if (member == NULL)
		return unknown_member(L, bits, name);
	lua_pushboolean(L, has(bits, member)); /* bits name boolean */
	return 1;
}

static int bits_newindex(lua_State *L)
{
	const struct bits *bits = class_check(L, 1, &bits_class);

	raise_error(L, "%s is read-only", bits->what);
}

static int bits_tostring(lua_State *L)
{
	const struct bits *bits = class_check(L, 1, &bits_class);
	luaL_Buffer text;
	bool first = true;

	luaL_buffinit(L, &text);
	for (const struct member *member = bits->members; member->name != NULL; member++) {
		if (member->group || !has(bits, member))
			continue;
		if (!first)
			luaL_addstring(&text, bits->separator);
		luaL_addstring(&text, member->name);
		first = false;
	}
	luaL_pushresult(&text); /* bits text */
	return 1;
}

void bits_open(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"__index", bits_index},
		{"__newindex", bits_newindex},
		{"__tostring", bits_tostring},
		{NULL, NULL},
	};

	class_open(L, &bits_class); /* metatable */
	luaL_setfuncs(L, methods, 0);
	lua_pop(L, 1); /* */
}

static void push(lua_State *L, struct bits bits)
{
	struct bits *box = lua_newuserdatauv(L, sizeof *box, 0); /* bits */

	*box = bits;
	class_set(L, &bits_class);
}

static const struct member *flags_of(enum operation operation)
{
	switch (operation) {
	case OPERATION_RENAME:
		return rename_flags;
	case OPERATION_LINK:
	case OPERATION_REMOVE:
		return lookup_flags;
	case OPERATION_SETXATTR:
		return attribute_flags;
	default:
		return open_flags;
	}
}

void bits_push_flags(lua_State *L, enum operation operation, uint64_t flags)
{
	push(L, (struct bits){flags, flags_of(operation), "|", "call.flags"});
}

void bits_push_access(lua_State *L, unsigned needed)
{
	push(L, (struct bits){needed, rights, ",", "call.access"});
}

void bits_push_flag_numbers(lua_State *L, enum operation operation)
{
	lua_newtable(L); /* numbers */
	for (const struct member *member = flags_of(operation); member->name != NULL; member++) {
		lua_pushinteger(L, (lua_Integer)member->value); /* numbers number */
		lua_setfield(L, -2, member->name);              /* numbers */
	}
}
