#include "lua/bridge.h"

#include <string.h>

#include "base/embedded.h"
#include "lua/files.h"
#include "lua/modules.h"
#include "lua/state.h"
#include "lua/tables.h"
#include "lua/verdict.h"

/*
 * The functions here return nil and a sentence where the policy's author made a mistake: the Lua
 * half knows the line to blame.
 */
static int failure(lua_State *L, const struct error *err)
{
	luaL_pushfail(L);             /* … nil */
	lua_pushstring(L, err->text); /* … nil sentence */
	return 2;
}

static int success(lua_State *L)
{
	lua_pushboolean(L, 1); /* … true */
	return 1;
}

/* ---- source text --------------------------------------------------------------------------- */

/* compile(text, chunkname, environment) → function | nil, sentence */
static int bridge_compile(lua_State *L)
{
	size_t size;
	const char *text = luaL_checklstring(L, 1, &size);
	const char *name = luaL_checkstring(L, 2);

	lua_settop(L, 3); /* text name environment */
	if (luaL_loadbufferx(L, text, size, name, "t") != LUA_OK) {
		luaL_pushfail(L);  /* text name environment sentence nil */
		lua_insert(L, -2); /* text name environment nil sentence */
		return 2;
	}
	lua_pushvalue(L, 3); /* text name environment function environment */
	if (lua_setupvalue(L, 4, 1) == NULL)
		lua_pop(L, 1);
	return 1; /* text name environment function */
}

/* module(name) → the main function of one of our own files */
static int bridge_module(lua_State *L)
{
	modules_push(L, luaL_checkstring(L, 1));
	return 1;
}

/* embedded(name) → text | nil */
static int bridge_embedded(lua_State *L)
{
	const struct embedded_file *file = embedded_find(luaL_checkstring(L, 1));

	if (file == NULL)
		luaL_pushfail(L); /* name nil */
	else
		lua_pushlstring(L, (const char *)file->bytes, file->size); /* name text */
	return 1;
}

/* embedded_names() → list */
static int bridge_embedded_names(lua_State *L)
{
	lua_Integer count = 0;

	lua_newtable(L); /* list */
	for (const struct embedded_file *file = embedded_files; file->name != NULL; file++) {
		lua_pushstring(L, file->name); /* list name */
		lua_rawseti(L, -2, ++count);   /* list */
	}
	return 1;
}

/* ---- what the loader was given ------------------------------------------------------------- */

static void set_list(lua_State *L, const char *name, const char *const *texts)
{
	lua_newtable(L); /* options list */
	for (lua_Integer i = 0; texts != NULL && texts[i] != NULL; i++) {
		lua_pushstring(L, texts[i]); /* options list text */
		lua_rawseti(L, -2, i + 1);   /* options list */
	}
	lua_setfield(L, -2, name); /* options */
}

/* options() → { cwd, search, defines, environment }, the last three lists of strings */
static int bridge_options(lua_State *L)
{
	const struct lua_host_options *options = host_of(L)->options;

	lua_newtable(L);                 /* options */
	lua_pushstring(L, options->cwd); /* options cwd */
	lua_setfield(L, -2, "cwd");      /* options */
	set_list(L, "search", options->search);
	set_list(L, "defines", options->defines);
	set_list(L, "environment", options->environment);
	return 1;
}

/* vocabulary() → { [word] = reason why it cannot be allowed, or true } */
static int bridge_vocabulary(lua_State *L)
{
	const struct vocabulary *vocabulary = host_of(L)->options->vocabulary;

	lua_newtable(L); /* words */
	for (size_t i = 0; vocabulary != NULL && i < vocabulary->count; i++) {
		const struct vocabulary_word *word = &vocabulary->words[i];

		if (word->refusal != NULL)
			lua_pushstring(L, word->refusal); /* words refusal */
		else
			lua_pushboolean(L, 1);   /* words true */
		lua_setfield(L, -2, word->name); /* words */
	}
	return 1;
}

/* operation_of(syscall) → the name of the operation that judges it | nil */
static int bridge_operation_of(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const struct lua_host_options *options = host_of(L)->options;

	if (options == NULL || options->operation_of == NULL)
		lua_pushnil(L); /* name nil */
	else
		lua_pushstring(L, options->operation_of(name)); /* name operation? */
	return 1;
}

static int bridge_is_loading(lua_State *L)
{
	lua_pushboolean(L, host_of(L)->loading);
	return 1;
}

/* operations() → { [name] = number } */
static int bridge_operations(lua_State *L)
{
	lua_newtable(L); /* operations */
	for (int i = 0; i < OPERATION_COUNT; i++) {
		lua_pushinteger(L, i);                                  /* operations number */
		lua_setfield(L, -2, operation_name((enum operation)i)); /* operations */
	}
	return 1;
}

/* needs() → { [name] = bits }: what operations need, at both names together; an open 0 */
static int bridge_needs(lua_State *L)
{
	lua_newtable(L); /* needs */
	for (int i = 0; i < OPERATION_COUNT; i++) {
		enum operation operation = (enum operation)i;

		lua_pushinteger(L, operation_rights(operation) |
					   operation_new_rights(operation)); /* needs bits */
		lua_setfield(L, -2, operation_name(operation));              /* needs */
	}
	return 1;
}

/* rights() → { [word] = bits } */
static int bridge_rights(lua_State *L)
{
	lua_newtable(L); /* rights */
	for (int i = 0; i < RIGHT_COUNT; i++) {
		lua_pushinteger(L, 1 << i);                           /* rights bits */
		lua_setfield(L, -2, right_name((enum right_index)i)); /* rights */
	}
	lua_pushinteger(L, RIGHT_WRITE); /* rights bits */
	lua_setfield(L, -2, "write");    /* rights */
	return 1;
}

/* limits() → { [name] = { index, unit } } */
static int bridge_limits(lua_State *L)
{
	lua_newtable(L); /* limits */
	for (int i = 0; i < RUN_LIMIT_COUNT; i++) {
		lua_createtable(L, 0, 2);                               /* limits limit */
		lua_pushinteger(L, i);                                  /* limits limit index */
		lua_setfield(L, -2, "index");                           /* limits limit */
		lua_pushstring(L, run_limit_unit((enum run_limit)i));   /* limits limit unit */
		lua_setfield(L, -2, "unit");                            /* limits limit */
		lua_setfield(L, -2, run_limit_name((enum run_limit)i)); /* limits */
	}
	return 1;
}

/* ---- declarations -------------------------------------------------------------------------- */

/* The strings of the list at `index`, as C has them: good as long as the list is not changed. */
static const char *const *push_texts(lua_State *L, int index, size_t *ret_count)
{
	size_t count = lua_rawlen(L, index);
	const char **texts = lua_newuserdatauv(L, (count + 1) * sizeof *texts, 0); /* texts */

	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(L, index, (lua_Integer)i + 1); /* texts text */
		texts[i] = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
		lua_pop(L, 1); /* texts */
	}
	*ret_count = count;
	return texts;
}

/* A field of the table at index 1; the table keeps the string alive. */
static const char *text_field(lua_State *L, const char *name)
{
	const char *text;

	lua_getfield(L, 1, name); /* spec value */
	text = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
	lua_pop(L, 1); /* spec */
	return text;
}

static lua_Integer number_field(lua_State *L, const char *name)
{
	lua_Integer number;

	lua_getfield(L, 1, name); /* spec value */
	number = lua_tointeger(L, -1);
	lua_pop(L, 1); /* spec */
	return number;
}

static bool flag_field(lua_State *L, const char *name)
{
	bool flag;

	lua_getfield(L, 1, name); /* spec value */
	flag = lua_toboolean(L, -1);
	lua_pop(L, 1); /* spec */
	return flag;
}

/* add_rule{deny, hides, rights, word, patterns, excepts, error, why, file, line} → true | nil,
 * sentence */
static int bridge_add_rule(lua_State *L)
{
	struct rule_spec spec;
	struct error err;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1); /* spec */
	spec = (struct rule_spec){
		.deny = flag_field(L, "deny"),
		.hides = flag_field(L, "hides"),
		.rights = (unsigned)number_field(L, "rights"),
		.right_word = text_field(L, "word"),
		.error = (int)number_field(L, "error"),
		.why = text_field(L, "why"),
		.file = text_field(L, "file"),
		.line = (int)number_field(L, "line"),
	};
	lua_getfield(L, 1, "patterns"); /* spec patterns */
	lua_getfield(L, 1, "excepts");  /* spec patterns excepts */
	luaL_checktype(L, 2, LUA_TTABLE);
	luaL_checktype(L, 3, LUA_TTABLE);
	spec.patterns = push_texts(L, 2, &spec.pattern_count); /* spec patterns excepts texts */
	spec.excepts = push_texts(L, 3, &spec.except_count);   /* spec … texts texts */
	if (policy_add_rule(host_of(L)->policy, &spec, &err) < 0)
		return failure(L, &err);
	return success(L);
}

/* add_syscall_rule{deny, word, error, file, line} → true | nil, sentence */
static int bridge_add_syscall_rule(lua_State *L)
{
	struct error err;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1); /* spec */
	if (policy_add_syscall_rule(host_of(L)->policy, flag_field(L, "deny"),
		    text_field(L, "word"), (int)number_field(L, "error"), text_field(L, "file"),
		    (int)number_field(L, "line"), &err) < 0)
		return failure(L, &err);
	return success(L);
}

/* set_default{allow, error, file, line} → true | nil, sentence */
static int bridge_set_default(lua_State *L)
{
	struct error err;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1); /* spec */
	if (policy_set_default(host_of(L)->policy, flag_field(L, "allow"),
		    (int)number_field(L, "error"), text_field(L, "file"),
		    (int)number_field(L, "line"), &err) < 0)
		return failure(L, &err);
	return success(L);
}

/* add_handler(operation number, function, file, line) → true | nil, sentence */
static int bridge_add_handler(lua_State *L)
{
	lua_Integer operation = luaL_checkinteger(L, 1);
	const char *file = luaL_checkstring(L, 3);
	int line = (int)luaL_checkinteger(L, 4);
	struct error err;
	int function;

	luaL_checktype(L, 2, LUA_TFUNCTION);
	luaL_argcheck(L, operation >= 0 && operation < OPERATION_COUNT, 1, "an operation");
	lua_pushvalue(L, 2);                       /* … function */
	function = luaL_ref(L, LUA_REGISTRYINDEX); /* … */
	if (host_add_handler(host_of(L), (enum operation)operation, function, file, line, &err) < 0)
		return failure(L, &err);
	return success(L);
}

/* set_limit(index, value) */
static int bridge_set_limit(lua_State *L)
{
	lua_Integer limit = luaL_checkinteger(L, 1);
	lua_Integer value = luaL_checkinteger(L, 2);

	luaL_argcheck(L, limit >= 0 && limit < RUN_LIMIT_COUNT, 1, "a limit");
	luaL_argcheck(L, value > 0, 2, "more than 0");
	policy_set_limit(host_of(L)->policy, (enum run_limit)limit, (uint64_t)value);
	return 0;
}

typedef int take_names(
	struct policy *policy, const char *const *names, size_t count, struct error *err);

static int take_variables(lua_State *L, take_names *take)
{
	const char *const *names;
	size_t count;
	struct error err;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);                 /* list */
	names = push_texts(L, 1, &count); /* list texts */
	return take(host_of(L)->policy, names, count, &err) < 0 ? failure(L, &err) : success(L);
}

/* drop_variables(list) → true | nil, sentence */
static int bridge_drop_variables(lua_State *L)
{
	return take_variables(L, policy_drop_variables);
}

/* keep_variables(list) → true | nil, sentence */
static int bridge_keep_variables(lua_State *L)
{
	return take_variables(L, policy_keep_variables);
}

/* ---- messages ------------------------------------------------------------------------------ */

/* print(…): to the log, when nobody waits for it. */
static int bridge_print(lua_State *L)
{
	int count = lua_gettop(L);
	luaL_Buffer text;

	luaL_buffinit(L, &text); /* arguments… buffer? */
	for (int i = 1; i <= count; i++) {
		if (i > 1)
			luaL_addchar(&text, '\t');
		luaL_tolstring(L, i, NULL); /* arguments… buffer? text */
		luaL_addvalue(&text);       /* arguments… buffer? */
	}
	luaL_pushresult(&text); /* arguments… text */
	messages_add(&host_of(L)->messages, lua_tostring(L, -1));
	return 0;
}

/* set_suggest(function(word, words) → text) */
static int bridge_set_suggest(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	lua_settop(L, 1);                                     /* function */
	host_of(L)->suggest = luaL_ref(L, LUA_REGISTRYINDEX); /* */
	return 0;
}

int bridge_push(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"compile", bridge_compile},
		{"read", files_read},
		{"module", bridge_module},
		{"embedded", bridge_embedded},
		{"embedded_names", bridge_embedded_names},
		{"options", bridge_options},
		{"vocabulary", bridge_vocabulary},
		{"is_loading", bridge_is_loading},
		{"operations", bridge_operations},
		{"operation_of", bridge_operation_of},
		{"needs", bridge_needs},
		{"rights", bridge_rights},
		{"errnos", verdict_push_errnos},
		{"verdicts", verdict_push_constructors},
		{"bounded_table", tables_push},
		{"add_rule", bridge_add_rule},
		{"add_syscall_rule", bridge_add_syscall_rule},
		{"set_default", bridge_set_default},
		{"add_handler", bridge_add_handler},
		{"drop_variables", bridge_drop_variables},
		{"keep_variables", bridge_keep_variables},
		{"limits", bridge_limits},
		{"set_limit", bridge_set_limit},
		{"print", bridge_print},
		{"pcall", limits_pcall},
		{"set_suggest", bridge_set_suggest},
		{NULL, NULL},
	};

	luaL_newlib(L, functions); /* bridge */
	return 1;
}
