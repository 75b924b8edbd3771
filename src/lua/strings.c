#include "lua/strings.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <lauxlib.h>
#include <lualib.h>

#include "lua/match.h"

enum {
	max_repeated = 1 << 20,
	/* of gmatch's iterator, behind the budget */
	upvalue_subject = matcher_upvalue + 1,
	upvalue_pattern,
	upvalue_next,
	upvalue_last,
};

/* ---- find, match, gmatch ------------------------------------------------------------------- */

/* The offset that the optional argument `init` stands for; may lie behind the subject. */
static size_t check_init(const struct matcher *m, int argument)
{
	lua_Integer init = luaL_optinteger(m->lua, argument, 1);
	size_t size = (size_t)(m->subject_end - m->subject);

	if (init > 0)
		return (size_t)init - 1;
	if (init == 0 || init < -(lua_Integer)size)
		return 0;
	return size - (size_t)-init;
}

static bool has_specials(const struct matcher *m)
{
	static const char specials[] = {'^', '$', '*', '+', '?', '.', '(', '[', '%', '-'};

	for (const char *p = m->pattern; p < m->pattern_end; p++)
		if (memchr(specials, *p, sizeof specials) != NULL)
			return true;
	return false;
}

static int find_plain(const struct matcher *m, const char *from)
{
	size_t size = (size_t)(m->pattern_end - m->pattern);
	const char *s = memmem(from, (size_t)(m->subject_end - from), m->pattern, size);

	if (s == NULL) {
		luaL_pushfail(m->lua); // nil
		return 1;
	}
	lua_pushinteger(m->lua, s - m->subject + 1);                 // first
	lua_pushinteger(m->lua, s - m->subject + (lua_Integer)size); // first last
	return 2;
}

static int push_match(struct matcher *m, const char *from, bool find)
{
	const char *s = from, *end;

	matcher_take_anchor(m);
	end = matcher_search(m, &s);
	if (end == NULL) {
		luaL_pushfail(m->lua); // nil
		return 1;
	}
	if (!find)
		return matcher_push_captures(m, s, end, true); // capture…
	lua_pushinteger(m->lua, s - m->subject + 1);           // first
	lua_pushinteger(m->lua, end - m->subject);             // first last
	return 2 + matcher_push_captures(m, s, end, false);    // first last capture…
}

static int strings_find(lua_State *L)
{
	struct matcher m;
	size_t init;

	matcher_prepare(&m, L, 1, 2);
	init = check_init(&m, 3);
	if (init > (size_t)(m.subject_end - m.subject)) {
		luaL_pushfail(L); // nil
		return 1;
	}
	if (lua_toboolean(L, 4) || !has_specials(&m))
		return find_plain(&m, m.subject + init);
	return push_match(&m, m.subject + init, true);
}

static int strings_match(lua_State *L)
{
	struct matcher m;
	size_t init;

	matcher_prepare(&m, L, 1, 2);
	init = check_init(&m, 3);
	if (init > (size_t)(m.subject_end - m.subject)) {
		luaL_pushfail(L); // nil
		return 1;
	}
	return push_match(&m, m.subject + init, false);
}

static void set_offset(const struct matcher *m, int upvalue, const char *s)
{
	lua_pushinteger(m->lua, s - m->subject); // offset
	lua_replace(m->lua, lua_upvalueindex(upvalue));
}

static int gmatch_next(lua_State *L)
{
	struct matcher m;
	const char *s, *end;

	matcher_prepare(
		&m, L, lua_upvalueindex(upvalue_subject), lua_upvalueindex(upvalue_pattern));
	s = m.subject + lua_tointeger(L, lua_upvalueindex(upvalue_next));
	if (lua_isinteger(L, lua_upvalueindex(upvalue_last)))
		m.last = m.subject + lua_tointeger(L, lua_upvalueindex(upvalue_last));
	end = matcher_search(&m, &s);
	set_offset(&m, upvalue_next, end != NULL ? end : m.subject_end + 1);
	if (end == NULL)
		return 0;
	set_offset(&m, upvalue_last, end);
	return matcher_push_captures(&m, s, end, true); // capture…
}

static int strings_gmatch(lua_State *L)
{
	struct matcher m;
	size_t init, size;

	matcher_prepare(&m, L, 1, 2);
	init = check_init(&m, 3);
	size = (size_t)(m.subject_end - m.subject);
	lua_pushvalue(L, lua_upvalueindex(matcher_upvalue));              // budget
	lua_pushvalue(L, 1);                                              // budget s
	lua_pushvalue(L, 2);                                              // budget s p
	lua_pushinteger(L, (lua_Integer)(init > size ? size + 1 : init)); // budget s p next
	lua_pushnil(L);                                                   // budget s p next last
	lua_pushcclosure(L, gmatch_next, upvalue_last);                   // iterator
	return 1;
}

/* ---- gsub ---------------------------------------------------------------------------------- */

struct substitution {
	struct matcher m;
	luaL_Buffer result;
	int kind; /* type of the replacement, argument 3 */
};

static void add_span(struct substitution *sub, const char *from, const char *to)
{
	luaL_addlstring(&sub->result, from, (size_t)(to - from));
}

/* What %<escape> in a replacement stands for. Costs a step: it may add nothing, very often. */
static void add_escape(struct substitution *sub, char escape, const char *s, const char *end)
{
	matcher_spend(&sub->m, 1);
	if (escape == '%') {
		luaL_addchar(&sub->result, '%');
	} else if (escape == '0') {
		add_span(sub, s, end);
	} else if (isdigit((unsigned char)escape)) {
		matcher_push_capture(&sub->m, escape - '1', s, end); // capture
		luaL_addvalue(&sub->result);
	} else {
		luaL_error(sub->m.lua, "invalid use of '%c' in replacement string", '%');
	}
}

static void add_template(struct substitution *sub, const char *s, const char *end)
{
	size_t size;
	const char *text = lua_tolstring(sub->m.lua, 3, &size), *text_end = text + size;
	const char *mark;

	while ((mark = memchr(text, '%', (size_t)(text_end - text))) != NULL) {
		add_span(sub, text, mark);
		add_escape(sub, mark[1], s, end);
		text = mark + 2;
	}
	add_span(sub, text, text_end);
}

/* Adds the value on top of the stack, which a false one leaves as it was. */
static void add_value(struct substitution *sub, const char *s, const char *end)
{
	lua_State *L = sub->m.lua;

	if (!lua_toboolean(L, -1)) {
		lua_pop(L, 1);
		add_span(sub, s, end);
	} else if (lua_isstring(L, -1)) {
		luaL_addvalue(&sub->result);
	} else {
		luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
	}
}

static void add_replacement(struct substitution *sub, const char *s, const char *end)
{
	lua_State *L = sub->m.lua;

	if (sub->kind == LUA_TFUNCTION) {
		lua_pushvalue(L, 3);                                          // function
		lua_call(L, matcher_push_captures(&sub->m, s, end, true), 1); // value
		add_value(sub, s, end);
	} else if (sub->kind == LUA_TTABLE) {
		matcher_push_capture(&sub->m, 0, s, end); // key
		lua_gettable(L, 3);                       // value
		add_value(sub, s, end);
	} else {
		add_template(sub, s, end);
	}
}

/* Fills the result and returns the number of matches. */
static lua_Integer substitute(struct substitution *sub, lua_Integer max)
{
	struct matcher *m = &sub->m;
	const char *copied = m->subject, *s = m->subject, *end;
	lua_Integer count = 0;

	matcher_take_anchor(m);
	while (count < max && (end = matcher_search(m, &s)) != NULL) {
		count++;
		add_span(sub, copied, s);
		add_replacement(sub, s, end);
		m->last = s = copied = end;
		if (m->anchored)
			break;
	}
	add_span(sub, copied, m->subject_end);
	return count;
}

static int strings_gsub(lua_State *L)
{
	struct substitution sub;
	lua_Integer max, count;

	matcher_prepare(&sub.m, L, 1, 2);
	sub.kind = lua_type(L, 3);
	max = luaL_optinteger(L, 4, sub.m.subject_end - sub.m.subject + 1);
	luaL_argexpected(L,
		sub.kind == LUA_TNUMBER || sub.kind == LUA_TSTRING || sub.kind == LUA_TFUNCTION ||
			sub.kind == LUA_TTABLE,
		3, "string/function/table");
	luaL_buffinit(L, &sub.result); // (buffer)
	count = substitute(&sub, max);
	luaL_pushresult(&sub.result); // result
	lua_pushinteger(L, count);    // result count
	return 2;
}

/* ---- rep ----------------------------------------------------------------------------------- */

/* The size of n pieces with separators between them; raises when that is too much. */
static size_t check_repeated(lua_State *L, lua_Integer n, size_t piece, size_t separator)
{
	size_t size, gaps;

	if (__builtin_mul_overflow((size_t)n, piece, &size) ||
		__builtin_mul_overflow((size_t)n - 1, separator, &gaps) ||
		__builtin_add_overflow(size, gaps, &size) || size > max_repeated)
		luaL_error(L, "resulting string too large");
	return size;
}

static int strings_rep(lua_State *L)
{
	size_t size, separator_size, total;
	const char *piece = luaL_checklstring(L, 1, &size);
	lua_Integer n = luaL_checkinteger(L, 2);
	const char *separator = luaL_optlstring(L, 3, "", &separator_size);
	luaL_Buffer result;
	char *p;

	total = n <= 0 ? 0 : check_repeated(L, n, size, separator_size);
	p = luaL_buffinitsize(L, &result, total); // (buffer)
	/* Not a count of n: that may be 10^15 empty strings. */
	for (size_t done = 0; done < total; done += size + separator_size) {
		memcpy(p + done, piece, size);
		if (done + size < total)
			memcpy(p + done + size, separator, separator_size);
	}
	luaL_pushresultsize(&result, total); // result
	return 1;
}

/* ---- the library --------------------------------------------------------------------------- */

/* Linear in what they are given or return, and stock: nothing to gain from another version. */
static const char *const taken_over[] = {
	"byte", "char", "format", "len", "lower", "reverse", "sub", "upper"};

static const luaL_Reg functions[] = {
	{"find", strings_find},
	{"gmatch", strings_gmatch},
	{"gsub", strings_gsub},
	{"match", strings_match},
	{"rep", strings_rep},
	{NULL, NULL},
};

/* Keeps the stock metatable for the arithmetic on strings in it, but not its way to dump(). */
static void set_metatable(lua_State *L)
{
	lua_pushliteral(L, "");             // string ""
	lua_getmetatable(L, -1);            // string "" metatable
	lua_pushvalue(L, -3);               // string "" metatable string
	lua_setfield(L, -2, "__index");     // string "" metatable
	lua_pushboolean(L, false);          // string "" metatable false
	lua_setfield(L, -2, "__metatable"); // string "" metatable
	lua_pop(L, 2);                      // string
}

/*
 * Lua makes the metatable of large buffers with the first of them. If memory runs out in the middle
 * of that, half a metatable stays, and every later buffer of the state is an error: so make it now.
 */
static void complete_buffers(lua_State *L)
{
	luaL_Buffer buffer;

	(void)luaL_buffinitsize(L, &buffer, LUAL_BUFFERSIZE + 1); // (buffer)
	luaL_pushresultsize(&buffer, 0);                          // ""
	lua_pop(L, 1);
}

int strings_open(lua_State *L, struct step_budget *budget)
{
	luaL_checkstack(L, 6, "string library");
	complete_buffers(L);
	luaopen_string(L); // stock
	lua_newtable(L);   // stock string
	for (size_t i = 0; i < sizeof taken_over / sizeof *taken_over; i++) {
		lua_getfield(L, -2, taken_over[i]); // stock string function
		lua_setfield(L, -2, taken_over[i]); // stock string
	}
	lua_pushlightuserdata(L, budget); // stock string budget
	luaL_setfuncs(L, functions, 1);   // stock string
	lua_remove(L, -2);                // string
	set_metatable(L);                 // string
	return 1;
}
