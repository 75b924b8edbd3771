#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <lauxlib.h>
#include <lualib.h>

#include "lua/strings.h"

/* As policies have it by default. */
static const uint64_t steps = 1000000;

struct fixture {
	lua_State *lua;
	struct step_budget budget;
	long allocations; /* until memory is short; negative: never */
};

static void *allocate(void *context, void *old, size_t old_size, size_t size)
{
	struct fixture *f = context;

	(void)old_size;
	if (size == 0) {
		free(old);
		return NULL;
	}
	if (size > old_size && f->allocations == 0)
		return NULL;
	if (size > old_size && f->allocations > 0)
		f->allocations--;
	return realloc(old, size);
}

static int open_libraries(lua_State *L)
{
	struct fixture *f = lua_touserdata(L, 1);

	luaL_requiref(L, LUA_GNAME, luaopen_base, 1);
	luaL_requiref(L, LUA_MATHLIBNAME, luaopen_math, 1);
	luaL_requiref(L, LUA_TABLIBNAME, luaopen_table, 1);
	luaopen_string(L);
	lua_setglobal(L, "stock");
	strings_open(L, &f->budget);
	lua_setglobal(L, "string");
	return 0;
}

static int refill(lua_State *L)
{
	struct step_budget *budget = lua_touserdata(L, lua_upvalueindex(1));

	lua_pushinteger(L, (lua_Integer)budget->left); // left
	if (!lua_isnoneornil(L, 1))
		budget->left = (uint64_t)luaL_checkinteger(L, 1);
	return 1;
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->allocations = -1;
	f->budget.left = steps;
	f->lua = lua_newstate(allocate, f);
	lua_pushcfunction(f->lua, open_libraries); // open
	lua_pushlightuserdata(f->lua, f);          // open f
	assert_int_equal(lua_pcall(f->lua, 1, 0, 0), LUA_OK);
	lua_pushlightuserdata(f->lua, &f->budget); // budget
	lua_pushcclosure(f->lua, refill, 1);       // refill
	lua_setglobal(f->lua, "refill");
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	lua_close(f->lua);
	free(f);
	return 0;
}

/* Runs Lua text; what it raises is the test's failure. */
static void run(struct fixture *f, const char *text)
{
	if (luaL_loadbuffer(f->lua, text, strlen(text), "=test") != LUA_OK ||
		lua_pcall(f->lua, 0, 0, 0) != LUA_OK)
		fail_msg("%s", lua_tostring(f->lua, -1));
}

/* ---- the same as stock --------------------------------------------------------------------- */

/*
 * same(name, …) calls both and compares everything: results, their types, and messages. Ours goes
 * first, so that stock is never asked what takes too long.
 */
static const char compare[] =
	"local function show(v)\n"
	"  return math.type(v) == 'integer' and tostring(v) or type(v) == 'string'\n"
	"    and stock.format('%q', v) or type(v) .. ':' .. tostring(v)\n"
	"end\n"
	"local function list(...)\n"
	"  local t = table.pack(...)\n"
	"  for i = 1, t.n do t[i] = show(t[i]) end\n"
	"  return table.concat(t, ' ')\n"
	"end\n"
	"local function collect(gmatch, ...)\n"
	"  local all = {}\n"
	"  local step = gmatch(...)\n"
	"  for _ = 1, 40 do\n"
	"    local line = list(step())\n"
	"    all[#all + 1] = line\n"
	"    if line == '' then break end\n"
	"  end\n"
	"  return table.concat(all, ';')\n"
	"end\n"
	"local function outcome(library, name, ...)\n"
	"  local f = library[name]\n"
	"  if name == 'gmatch' then return list(pcall(collect, f, ...)) end\n"
	"  return list(pcall(f, ...))\n"
	"end\n"
	"expensive, raised, compared = 0, 0, 0\n"
	"function same(name, ...)\n"
	"  refill(100000)\n"
	"  local ours = outcome(string, name, ...)\n"
	"  if stock.find(ours, 'pattern too expensive', 1, true) then\n"
	"    expensive = expensive + 1\n"
	"    return\n"
	"  end\n"
	"  local theirs = outcome(stock, name, ...)\n"
	"  compared = compared + 1\n"
	"  if stock.find(ours, 'boolean:false', 1, true) == 1 then raised = raised + 1 end\n"
	"  if ours ~= theirs then\n"
	"    error(name .. '(' .. list(...) .. ')\\n  ours:  ' .. ours .. '\\n  stock: ' .. "
	"theirs, 0)\n"
	"  end\n"
	"end\n";

static const char generated[] =
	"math.randomseed(20241126)\n"
	"local pieces = { 'a', 'b', 'c', 'A', '1', '.', '%a', '%d', '%s', '%w', '%p', '%W', '%u', "
	"'%l',\n"
	"  '%x', '%X', '%g', '%c', '%z', '%Z', '%%', '%.', '%-', '[ab]', '[^a]', '[a-c]', "
	"'[%a-]',\n"
	"  '[]]', '[^]a]', '[a-]', '[%d%]]', '[-a]', '[a-%z]', '[^%s]', '[b-a]', '[%w_.-]', '[^',\n"
	"  '[a', '[', ']', '[%', '%f[%w]', '%f[^a]', '%f[%z]', '%f', '%f[', '%b()', '%bab', "
	"'%baa',\n"
	"  '%b', '%bx', '%1', '%2', '%0', '(', ')', '(', ')', '()', '(a)', '(.-)', '(.*)', '^', "
	"'$',\n"
	"  '*', '+', '?', '-', '*', '+', '?', '-', '%', '\\0', '\\xe4', '[\\x80-\\xff]', '' }\n"
	"local letters = { 'a', 'b', 'c', 'a', 'b', '(', ')', '1', ' ', '\\0', 'A', '.', ']', '%', "
	"'-',\n"
	"  '\\xe4', '\\n', '^', '$' }\n"
	"local function draw(from, most)\n"
	"  local t = {}\n"
	"  for i = 1, math.random(0, most) do t[i] = from[math.random(#from)] end\n"
	"  return table.concat(t)\n"
	"end\n"
	"local replacements = { 'x', '', '%0', '<%1>', '%2', '%%', '%', '%x', '%1%1', 7, 1.5,\n"
	"  { a = 'A', b = false, c = true, ab = 3, [1] = 'one' },\n"
	"  function(...) return select('#', ...) .. tostring((...)) end,\n"
	"  function() end, function() return {} end, function() error('mine', 0) end, true }\n"
	"for _ = 1, 12000 do\n"
	"  local p, s = draw(pieces, 7), draw(letters, 14)\n"
	"  local init = math.random(3) == 1 and math.random(-17, 17) or nil\n"
	"  same('find', s, p, init)\n"
	"  same('find', s, p, init, true)\n"
	"  same('match', s, p, init)\n"
	"  same('gmatch', s, p, init)\n"
	"  same('gsub', s, p, replacements[math.random(#replacements)],\n"
	"    math.random(3) == 1 and math.random(-1, 5) or nil)\n"
	"  same('rep', s, math.random(-2, 9), math.random(2) == 1 and draw(letters, 3) or nil)\n"
	"end\n"
	"assert(expensive < compared / 1000, expensive .. ' were too expensive')\n"
	"assert(raised > compared / 20 and raised < compared / 2, raised .. ' raised')\n";

static const char chosen[] =
	"local long = ('a'):rep(300)\n"
	"for _, p in ipairs { ('()'):rep(32), ('()'):rep(33), ('a?'):rep(199), ('a?'):rep(200),\n"
	"  ('a?'):rep(201), ('a-'):rep(250), ('a*'):rep(250), ('a+'):rep(199), ('a+'):rep(200),\n"
	"  ('('):rep(33), ('(a'):rep(20) .. (')'):rep(20), (')'), '%', '%b', '%bx', '%f', '%f[', "
	"'[',\n"
	"  '[]', '[^]', '[^%', '[%]', '(', '(()', '%1', '(%1)', '(a)%2', '(a)%1', '()%1', '%9', "
	"'%0',\n"
	"  '^', '$', '^$', 'a$b', '^^a', '$$', '*', '+', '?', '-', '**', 'a**', 'a--', '^*', "
	"'(*)', '',\n"
	"  '\\0', '%\\0', '[\\0]', '[^\\0]', '.-%f[%z]', '()(a)()', '(a*(.)%w(%s*))' } do\n"
	"  for _, s in ipairs { '', 'a', 'aa', 'abc', long, '\\0', 'a\\0b', '*', 'a*', '^a', '$' } "
	"do\n"
	"    same('find', s, p)\n"
	"    same('match', s, p)\n"
	"    same('gmatch', s, p)\n"
	"    same('gsub', s, p, '<%0>')\n"
	"    same('gsub', s, p, '%1', 2)\n"
	"    for _, init in ipairs { 0, 1, 2, 3, 4, -1, -3, -4, -400, 400, math.maxinteger,\n"
	"      math.mininteger } do\n"
	"      same('find', s, p, init)\n"
	"      same('match', s, p, init)\n"
	"      same('gmatch', s, p, init)\n"
	"    end\n"
	"  end\n"
	"end\n"
	"for _, f in ipairs { 'find', 'match', 'gmatch', 'gsub', 'rep' } do\n"
	"  same(f) same(f, 'a') same(f, nil, 'a') same(f, {}, 'a') same(f, 'a', {}) same(f, 12, "
	"2)\n"
	"  same(f, 'a', 'a', 'x') same(f, 'a', 'a', 1.5) same(f, 'a', 'a', {}) same(f, 'a', 2, "
	"'z')\n"
	"  same(f, 'a', 'a', 'a', 'x') same(f, 'a', 'a', 'a', 1.5) same(f, 121, 2, 3, 4)\n"
	"end\n"
	"local weak = setmetatable({}, { __index = function(_, k) return k .. k end })\n"
	"same('gsub', 'hello world', '%w+', weak)\n"
	"same('gsub', 'hello world', '()o', weak)\n"
	"for _, s in ipairs { '((a)b)', '((a)', '(()())()', \"'a'b'\", 'the (quick (brown)) fox' } "
	"do\n"
	"  same('gmatch', s, '%b()') same('gmatch', s, \"%b''\") same('gsub', s, '%f[%w]%w+', "
	"'<%0>')\n"
	"  same('find', s, '(%b())%s*()') same('gsub', s, '%f[%a]%a*%f[%A]', '')\n"
	"end\n"
	"same('gsub', 'abc', 'b', { b = {} })\n"
	"same('gsub', ('ab'):rep(5000), 'a', ('x'):rep(50))\n"
	"same('gsub', 'a b c', '%w', function(w) return (w:gsub('.', '%0%0')) end)\n";

static const char delegated[] =
	"for _, f in ipairs { '%d', '%5.1f', '%-5d|', '%+i', '%c', '%x', '%#X', '%o', '%e', '%E', "
	"'%g',\n"
	"  '%G', '%a', '%A', '%q', '%s', '%.3s', '%%', '%u', '%', '%y', '%123d', '%99.99f', "
	"'%.100f' } do\n"
	"  same('format', f, 65) same('format', f, 'x') same('format', f, 1.5) same('format', f)\n"
	"end\n"
	"same('byte', 'abc', 1, -1) same('byte', 'abc', 9) same('char', 65, 66) same('char', 256)\n"
	"same('len', 'a\\0b') same('lower', 'AbC') same('upper', 'AbC') same('reverse', 'abc')\n"
	"same('sub', 'hello', 2, -2) same('sub', 'hello', -3) same('sub', 'hello')\n";

static void test_generated_cases(void **state)
{
	run(*state, compare);
	run(*state, generated);
}

static void test_chosen_cases(void **state)
{
	run(*state, compare);
	run(*state, chosen);
	run(*state, delegated);
}

/* ---- what there is, and what is not -------------------------------------------------------- */

static void test_names(void **state)
{
	run(*state, "local names = {}\n"
		    "for name in pairs(string) do names[#names + 1] = name end\n"
		    "table.sort(names)\n"
		    "assert(table.concat(names, ' ') == 'byte char find format gmatch gsub len "
		    "lower match '\n"
		    "  .. 'rep reverse sub upper', table.concat(names, ' '))\n");
}

static void test_string_metatable(void **state)
{
	run(*state, "assert(getmetatable('') == false)\n"
		    "assert(not pcall(setmetatable, '', {}))\n"
		    "assert(('').find == string.find and ('').rep == string.rep)\n"
		    "assert(('').dump == nil and ('').pack == nil and ('').unpack == nil)\n"
		    "assert('10' + 1 == 11)\n");
}

static void test_open_leaves_one_value(void **state)
{
	struct fixture *f = *state;
	int top = lua_gettop(f->lua);

	assert_int_equal(strings_open(f->lua, &f->budget), 1);
	assert_int_equal(lua_gettop(f->lua), top + 1);
	assert_true(lua_istable(f->lua, -1));
}

/* ---- attacks ------------------------------------------------------------------------------- */

static const char attack_helpers[] =
	"function expensive(f, ...)\n"
	"  refill(1000000)\n"
	"  local ok, message = pcall(f, ...)\n"
	"  assert(not ok, 'it ended by itself')\n"
	"  assert(stock.find(message, 'pattern too expensive: more than', 1, true), message)\n"
	"  assert(stock.find(message, 'call:under()', 1, true), message)\n"
	"  assert(refill() == 0, 'steps are left')\n"
	"end\n"
	"function raises(text, f, ...)\n"
	"  local ok, message = pcall(f, ...)\n"
	"  assert(not ok and stock.find(message, text, 1, true), message)\n"
	"end\n";

static void attack(struct fixture *f, const char *text)
{
	clock_t before = clock();

	run(f, attack_helpers);
	run(f, text);
	/* Generous: for sanitizers and busy machines. What it guards against takes minutes. */
	assert_true((double)(clock() - before) / CLOCKS_PER_SEC < 10);
}

static void test_backtracking_ends(void **state)
{
	attack(*state, "expensive(string.find, ('a'):rep(10000), '.-.-.-.-b$')\n"
		       "expensive(string.match, ('a'):rep(4096), '.-.-b')\n"
		       "expensive(string.find, ('a'):rep(4096), '(.*)(.*)(.*)(.*)x')\n"
		       "expensive(string.gsub, ('a'):rep(4096), '.-.-b', '')\n"
		       "expensive(function() for _ in string.gmatch(('a'):rep(4096), '.-.-b') do "
		       "end end)\n"
		       "expensive(string.find, ('a'):rep(30), ('a?'):rep(30) .. ('a'):rep(31))\n");
}

static void test_quadratic_patterns_end(void **state)
{
	attack(*state, "expensive(string.find, ('('):rep(4096), '%b()')\n"
		       "expensive(string.find, ('('):rep(100000), '%b()x')\n"
		       "expensive(string.find, ('a'):rep(100000), '.-b')\n"
		       "expensive(string.find, ('a'):rep(4096), '(.-)%1%1b')\n"
		       "expensive(string.find, ('a'):rep(20000) .. 'b' .. ('a'):rep(40000), "
		       "'^(a*)b.-%1c')\n"
		       "expensive(string.find, ('a'):rep(4096), '[' .. ('b'):rep(4096) .. ']')\n"
		       "expensive(string.find, ('a'):rep(4096), '%f[' .. ('b'):rep(4096) .. ']')\n"
		       "expensive(string.find, ('a'):rep(4096), '^(b*)' .. ('%1'):rep(500000) .. "
		       "('%1'):rep(500000))\n");
}

static void test_gsub_ends(void **state)
{
	attack(*state, "local big = ('a'):rep(1 << 20)\n"
		       "local calls = 0\n"
		       "expensive(string.gsub, big, '.', function() calls = calls + 1 end)\n"
		       "assert(calls <= 500000)\n"
		       "expensive(string.gsub, big, '', '')\n"
		       "expensive(string.gsub, ('a'):rep(10000), '(b*)', ('%1'):rep(100000))\n"
		       "expensive(string.gsub, ('a'):rep(4096), 'a', function()\n"
		       "  return (('a'):rep(4096):gsub('a', 'b'))\n"
		       "end)\n"
		       "refill(100000000)\n"
		       "local result, count = big:gsub('.', function(c) return c .. c end)\n"
		       "assert(#result == 2 << 20 and count == 1 << 20)\n");
}

static void test_budget_is_shared_and_stays_empty(void **state)
{
	attack(*state,
		"refill(5000)\n"
		"assert(('a'):rep(1000):find('^a-b') == nil)\n"
		"raises('pattern too expensive: more than', string.find, ('a'):rep(4000), "
		"'.-.-b')\n"
		"assert(refill() == 0)\n"
		"raises('pattern too expensive: more than 0 steps', string.match, 'a', 'a.')\n"
		"assert(string.find('a.c', '.', 1, true) == 2)\n"
		"assert(string.find('abc', 'c') == 3)\n"
		"refill(100)\n"
		"assert(string.match('abc', 'a.') == 'ab')\n"
		"assert(refill() < 100)\n");
}

static void test_plain_find_is_free(void **state)
{
	attack(*state, "local big = ('a'):rep(1 << 20)\n"
		       "refill(0)\n"
		       "assert(big:find(('a'):rep(1 << 19) .. 'b', 1, true) == nil)\n"
		       "assert(big:find(('a'):rep(1 << 19) .. 'b') == nil)\n"
		       "assert(big:find('.-.-b', 1, true) == nil)\n");
}

static void test_depth_is_limited(void **state)
{
	attack(*state,
		"raises('pattern too complex', string.find, ('a'):rep(1000), ('a?'):rep(1000))\n"
		"raises('pattern too complex', string.find, ('a'):rep(1000), ('a-'):rep(1000) .. "
		"'b')\n"
		"raises('too many captures', string.find, 'a', ('('):rep(1000))\n");
}

static void test_rep_bombs(void **state)
{
	attack(*state,
		"raises('resulting string too large', string.rep, 'x', 1000000000)\n"
		"raises('resulting string too large', string.rep, 'x', math.maxinteger)\n"
		"raises('resulting string too large', string.rep, 'xx', math.maxinteger)\n"
		"raises('resulting string too large', string.rep, 'x', (1 << 20) + 1)\n"
		"raises('resulting string too large', string.rep, '', 1 << 40, 'x')\n"
		"raises('resulting string too large', string.rep, 'xxxx', 1 << 62, 'xxxx')\n"
		"assert(('x'):rep(-1) == '' and ('x'):rep(0) == '' and ('x'):rep(math.mininteger) "
		"== '')\n"
		"assert((''):rep(1000000000000000) == '' and (''):rep(math.maxinteger, '') == '')\n"
		"assert(#('x'):rep(1 << 20) == 1 << 20)\n"
		"assert((''):rep(4, ',') == ',,,' and ('a'):rep(3, ', ') == 'a, a, a')\n");
}

/* ---- memory -------------------------------------------------------------------------------- */

static const char allocating[] =
	"local s = ('ab '):rep(200)\n"
	"assert(#s:gsub('%w+', function(w) return (w:gsub('.', '%0%0')) end) > #s)\n"
	"for a, b in s:gmatch('(a)()') do assert(a .. b) end\n"
	"assert(s:match('(.*) (.*)') and s:gsub('a', { a = ('x'):rep(99) }) and "
	"('%q'):format(s))\n";

/* luaL_Buffer raises its own as a string, with the status of any error. */
static bool is_memory_error(lua_State *L)
{
	const char *message = lua_tostring(L, -1);

	return message != NULL && strstr(message, "not enough memory") != NULL;
}

/* Every allocation fails once; with the address sanitizer this finds what is lost on the way. */
static void test_memory_that_runs_out(void **state)
{
	struct fixture *f = *state;
	int status = LUA_ERRMEM;

	for (long n = 0; status != LUA_OK; n++) {
		assert_true(n < 10000);
		f->budget.left = steps;
		assert_int_equal(luaL_loadstring(f->lua, allocating), LUA_OK);
		lua_gc(f->lua, LUA_GCCOLLECT);
		f->allocations = n;
		status = lua_pcall(f->lua, 0, 0, 0);
		f->allocations = -1;
		assert_true(status == LUA_OK || is_memory_error(f->lua));
		lua_settop(f->lua, 0);
	}
}

static void test_open_when_memory_runs_out(void **state)
{
	struct fixture *f = *state;
	int status = LUA_ERRMEM;

	for (long n = 0; status != LUA_OK; n++) {
		assert_true(n < 10000);
		lua_pushcfunction(f->lua, open_libraries); // open
		lua_pushlightuserdata(f->lua, f);          // open f
		f->allocations = n;
		status = lua_pcall(f->lua, 1, 0, 0);
		f->allocations = -1;
		assert_true(status == LUA_OK || is_memory_error(f->lua));
		lua_settop(f->lua, 0);
	}
}

#define with_state(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		with_state(test_generated_cases),
		with_state(test_chosen_cases),
		with_state(test_names),
		with_state(test_string_metatable),
		with_state(test_open_leaves_one_value),
		with_state(test_backtracking_ends),
		with_state(test_quadratic_patterns_end),
		with_state(test_gsub_ends),
		with_state(test_budget_is_shared_and_stays_empty),
		with_state(test_plain_find_is_free),
		with_state(test_depth_is_limited),
		with_state(test_rep_bombs),
		with_state(test_memory_that_runs_out),
		with_state(test_open_when_memory_runs_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
