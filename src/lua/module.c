#include <lauxlib.h>
#include <lua.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "lua/bits.h"
#include "lua/host.h"
#include "lua/messages.h"
#include "lua/module.h"
#include "lua/offline.h"
#include "lua/verdict.h"
#include "policy/errname.h"
#include "syscalls/open.h"
#include "syscalls/table.h"

/*
 * require "moongate.core": policies offline, for lua/moongate/testing.lua. The same rules,
 * patterns and limits as in the program; only the questions come from a spec. The Lua state here
 * is the spec's; a policy has one of its own.
 */
#if LUA_VERSION_NUM != 504
#error "Moongate needs Lua 5.4"
#endif

#define HOST_CLASS "moongate.host"

/* Freed by __gc, whatever is raised while it is used. */
struct loaded {
	struct lua_host *host;
	struct messages log;
};

static void collect_message(void *context, const char *message)
{
	messages_add(context, message);
}

static int loaded_free(lua_State *L)
{
	struct loaded *loaded = luaL_checkudata(L, 1, HOST_CLASS);

	lua_host_free(loaded->host);
	loaded->host = NULL;
	messages_flush(&loaded->log, NULL, NULL);
	return 0;
}

static struct loaded *check_loaded(lua_State *L)
{
	struct loaded *loaded = luaL_checkudata(L, 1, HOST_CLASS);

	luaL_argcheck(L, loaded->host != NULL, 1, "a loaded policy");
	return loaded;
}

/* ---- loading ------------------------------------------------------------------------------- */

/* options.NAME, a list of strings, as C has them. The list keeps them alive: leave it alone. */
static const char *const *push_list(lua_State *L, const char *name, size_t *ret_count)
{
	size_t count;
	const char **texts;

	lua_getfield(L, 1, name); /* options… list */
	luaL_argcheck(L, lua_istable(L, -1), 1, name);
	count = lua_rawlen(L, -1);
	texts = lua_newuserdatauv(L, (count + 1) * sizeof *texts, 0); /* options… list texts */
	for (size_t i = 0; i < count; i++) {
		lua_rawgeti(L, -2, (lua_Integer)i + 1); /* options… list texts text */
		luaL_argcheck(L, lua_type(L, -1) == LUA_TSTRING, 1, name);
		texts[i] = lua_tostring(L, -1);
		lua_pop(L, 1); /* options… list texts */
	}
	texts[count] = NULL;
	if (ret_count != NULL)
		*ret_count = count;
	return texts;
}

/* The text stays on the stack, and so alive. */
static const char *text_field(lua_State *L, const char *name, size_t *ret_len)
{
	return lua_getfield(L, 1, name) == LUA_TSTRING ? lua_tolstring(L, -1, ret_len) : NULL;
}

static void read_limits(lua_State *L, struct lua_host_limits *limits)
{
	*limits = lua_host_default_limits;
	if (lua_getfield(L, 1, "limits") == LUA_TTABLE) { /* options… limits */
		int index = lua_gettop(L);

		limits->decision_ms =
			(unsigned)offline_number(L, index, "decision_ms", limits->decision_ms);
		limits->load_ms = (unsigned)offline_number(L, index, "load_ms", limits->load_ms);
		limits->memory =
			(size_t)offline_number(L, index, "memory", (lua_Integer)limits->memory);
		limits->steps = (unsigned long)offline_number(
			L, index, "steps", (lua_Integer)limits->steps);
	}
	lua_pop(L, 1); /* options… */
}

static struct loaded *push_loaded(lua_State *L)
{
	struct loaded *loaded = lua_newuserdatauv(L, sizeof *loaded, 0); /* … loaded */

	*loaded = (struct loaded){0};
	luaL_setmetatable(L, HOST_CLASS);
	return loaded;
}

static int push_load_failure(lua_State *L, const struct error *err)
{
	luaL_pushfail(L);             /* … nil */
	lua_pushstring(L, err->text); /* … nil sentence */
	return 2;
}

/*
 * load{ names = {…} | text = "…", chunk = "…", cwd = "…", search = {…}, defines = {…},
 * environment = {…}, limits = {…} } → loaded | nil, sentence
 */
static int core_load(lua_State *L)
{
	struct lua_host_options options = {
		.vocabulary = syscall_vocabulary(), .operation_of = operation_of_syscall};
	struct lua_host_limits limits;
	struct loaded *loaded;
	struct error err;
	const char *const *names;
	const char *text, *chunk;
	size_t count, size = 0;
	int r;

	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);        /* options */
	loaded = push_loaded(L); /* options loaded */
	names = push_list(L, "names", &count);
	options.search = push_list(L, "search", NULL);
	options.defines = push_list(L, "defines", NULL);
	options.environment = push_list(L, "environment", NULL);
	options.cwd = text_field(L, "cwd", NULL);
	text = text_field(L, "text", &size);
	chunk = text_field(L, "chunk", NULL);
	read_limits(L, &limits);
	luaL_argcheck(L, options.cwd != NULL, 1, "cwd is missing");
	luaL_argcheck(L, text == NULL || chunk != NULL, 1, "chunk is missing");
	options.limits = &limits;
	options.log = collect_message;
	options.log_context = &loaded->log;
	if (text != NULL)
		r = lua_host_load_text(text, size, chunk, &options, &loaded->host, &err);
	else
		r = lua_host_load(names, count, &options, &loaded->host, &err);
	if (r < 0)
		return push_load_failure(L, &err);
	lua_pushvalue(L, 2); /* options loaded … loaded */
	return 1;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* A verdict with a finalizer: it may own data. */
static struct verdict *push_verdict(lua_State *L)
{
	struct verdict *verdict = lua_newuserdatauv(L, sizeof *verdict, 0); /* … verdict */

	*verdict = (struct verdict){0};
	luaL_setmetatable(L, "moongate.offline_verdict");
	return verdict;
}

static int offline_verdict_free(lua_State *L)
{
	verdict_clear(luaL_checkudata(L, 1, "moongate.offline_verdict"));
	return 0;
}

static void set_text(lua_State *L, const char *name, const char *text)
{
	if (text == NULL)
		return;
	lua_pushstring(L, text);   /* answer text */
	lua_setfield(L, -2, name); /* answer */
}

static void set_integer(lua_State *L, const char *name, lua_Integer number)
{
	lua_pushinteger(L, number); /* answer number */
	lua_setfield(L, -2, name);  /* answer */
}

static void set_flag(lua_State *L, const char *name, bool flag)
{
	lua_pushboolean(L, flag);  /* answer flag */
	lua_setfield(L, -2, name); /* answer */
}

static void push_verdict_table(lua_State *L, const struct verdict *verdict)
{
	lua_newtable(L); /* answer */
	set_text(L, "verdict", verdict_kind_name(verdict->kind));
	set_text(L, "source", verdict_source_name(verdict->source));
	set_text(L, "errno", errname_of(verdict->error));
	set_text(L, "why", verdict->why[0] != '\0' ? verdict->why : NULL);
	set_text(L, "file", verdict->file);
	set_text(L, "rule", verdict->rule != NULL ? verdict->rule->words : NULL);
	if (verdict->line > 0)
		set_integer(L, "line", verdict->line);
	if (verdict->kind == VERDICT_VALUE)
		set_integer(L, "value", verdict->value);
	if (verdict->data != NULL) {
		lua_pushlstring(L, verdict->data, verdict->data_len); /* answer data */
		lua_setfield(L, -2, "data");                          /* answer */
	}
}

/* loaded:decide(question) → { verdict, source, errno, why, file, line, rule, value, data } */
static int loaded_decide(lua_State *L)
{
	struct loaded *loaded = check_loaded(L);
	struct offline_request asked;
	struct verdict *verdict;

	luaL_checktype(L, 2, LUA_TTABLE);
	offline_question(L, &asked);
	verdict = push_verdict(L); /* loaded question verdict */
	lua_host_decide(loaded->host, &asked.request, verdict);
	push_verdict_table(L, verdict); /* loaded question verdict answer */
	return 1;
}

/* loaded:suggest(question) → the line that would allow it */
static int loaded_suggest(lua_State *L)
{
	struct offline_request asked;
	char text[4096];

	(void)check_loaded(L);
	luaL_checktype(L, 2, LUA_TTABLE);
	offline_question(L, &asked);
	policy_suggest(&asked.request, text, sizeof text);
	lua_pushstring(L, text); /* … text */
	return 1;
}

/* loaded:rules() → list of { words, file, line, hits, deny } */
static int loaded_rules(lua_State *L)
{
	const struct policy *policy = lua_host_policy(check_loaded(L)->host);

	lua_newtable(L); /* rules */
	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		const struct rule *rule = policy_rule(policy, i);

		lua_newtable(L); /* rules row */
		set_text(L, "words", rule->words);
		set_text(L, "file", rule->file);
		set_integer(L, "line", rule->line);
		set_integer(L, "hits", (lua_Integer)rule->hits);
		set_flag(L, "deny", rule->deny);
		lua_rawseti(L, -2, (lua_Integer)i + 1); /* rules */
	}
	return 1;
}

/* loaded:syscall_rules() → list of { word, deny, errno, file, line } */
static int loaded_syscall_rules(lua_State *L)
{
	const struct policy *policy = lua_host_policy(check_loaded(L)->host);
	size_t count;
	const struct syscall_rule *rules = policy_syscall_rules(policy, &count);

	lua_newtable(L); /* rules */
	for (size_t i = 0; i < count; i++) {
		lua_newtable(L); /* rules row */
		set_text(L, "word", rules[i].word);
		set_text(L, "errno", errname_of(rules[i].error));
		set_text(L, "file", rules[i].file);
		set_integer(L, "line", rules[i].line);
		set_flag(L, "deny", rules[i].deny);
		lua_rawseti(L, -2, (lua_Integer)i + 1); /* rules */
	}
	return 1;
}

/* In the units of limits {…}: seconds where it is a time. */
static void push_limit(lua_State *L, enum run_limit limit, uint64_t value)
{
	uint64_t unit = strcmp(run_limit_unit(limit), "time") == 0 ? 1000 : 1;

	if (value % unit == 0)
		lua_pushinteger(L, (lua_Integer)(value / unit));
	else
		lua_pushnumber(L, (lua_Number)value / (lua_Number)unit);
}

/* loaded:limits() → { [name] = value } of those that are set */
static int loaded_limits(lua_State *L)
{
	const struct run_limits *limits = policy_limits(lua_host_policy(check_loaded(L)->host));

	lua_newtable(L); /* limits */
	for (int i = 0; i < RUN_LIMIT_COUNT; i++) {
		enum run_limit limit = (enum run_limit)i;

		if (!run_limits_have(limits, limit))
			continue;
		push_limit(L, limit, limits->values[i]);    /* limits value */
		lua_setfield(L, -2, run_limit_name(limit)); /* limits */
	}
	return 1;
}

/* loaded:keeps_variable(name) → whether programs get it */
static int loaded_keeps_variable(lua_State *L)
{
	const struct policy *policy = lua_host_policy(check_loaded(L)->host);
	size_t length;
	const char *name = luaL_checklstring(L, 2, &length);

	lua_pushboolean(L, policy_keeps_variable(policy, name, length)); /* … kept */
	return 1;
}

/* loaded:log() → what print() and failures said since the last time */
static int loaded_log(lua_State *L)
{
	struct loaded *loaded = check_loaded(L);
	luaL_Buffer text;

	luaL_buffinit(L, &text);
	for (size_t at = 0; at < loaded->log.used; at += strlen(loaded->log.bytes + at) + 1) {
		luaL_addstring(&text, loaded->log.bytes + at);
		luaL_addchar(&text, '\n');
	}
	luaL_pushresult(&text); /* loaded text */
	messages_flush(&loaded->log, NULL, NULL);
	return 1;
}

/* ---- words --------------------------------------------------------------------------------- */

static void push_operations(lua_State *L)
{
	lua_newtable(L); /* operations */
	for (int i = 0; i < OPERATION_COUNT; i++)
		set_integer(L, operation_name((enum operation)i), i);
}

static void push_rights(lua_State *L)
{
	lua_newtable(L); /* rights */
	for (int i = 0; i < RIGHT_COUNT; i++)
		set_integer(L, right_name((enum right_index)i), 1 << i);
}

/* { mkdir = bits, … }: what operations need, at the one name or the other. */
static void push_needs(lua_State *L, unsigned (*needs)(enum operation operation))
{
	lua_newtable(L); /* needs */
	for (int i = 0; i < OPERATION_COUNT; i++)
		set_integer(L, operation_name((enum operation)i), needs((enum operation)i));
}

/* { open = { O_CREAT = 64, … }, rename = {…}, … } */
static void push_flags(lua_State *L)
{
	lua_newtable(L); /* flags */
	for (int i = 0; i < OPERATION_COUNT; i++) {
		bits_push_flag_numbers(L, (enum operation)i);           /* flags numbers */
		lua_setfield(L, -2, operation_name((enum operation)i)); /* flags */
	}
}

/* open_rights(flags) → the rights that opening an existing file so needs */
static int core_open_rights(lua_State *L)
{
	lua_pushinteger(L, open_rights((uint64_t)luaL_checkinteger(L, 1)));
	return 1;
}

/* errno_name(name) → the name that answers give it | nil */
static int core_errno_name(lua_State *L)
{
	const char *name = lua_tostring(L, 1);

	lua_pushstring(L, name != NULL ? errname_of(errname_number(name)) : NULL); /* … name? */
	return 1;
}

static void make_classes(lua_State *L)
{
	static const luaL_Reg methods[] = {
		{"decide", loaded_decide},
		{"suggest", loaded_suggest},
		{"rules", loaded_rules},
		{"syscall_rules", loaded_syscall_rules},
		{"limits", loaded_limits},
		{"keeps_variable", loaded_keeps_variable},
		{"log", loaded_log},
		{NULL, NULL},
	};

	luaL_newmetatable(L, HOST_CLASS);                 /* class */
	lua_pushcfunction(L, loaded_free);                /* class gc */
	lua_setfield(L, -2, "__gc");                      /* class */
	luaL_newlib(L, methods);                          /* class methods */
	lua_setfield(L, -2, "__index");                   /* class */
	lua_pop(L, 1);                                    /* */
	luaL_newmetatable(L, "moongate.offline_verdict"); /* class */
	lua_pushcfunction(L, offline_verdict_free);       /* class gc */
	lua_setfield(L, -2, "__gc");                      /* class */
	lua_pop(L, 1);                                    /* */
}

int luaopen_moongate_core(lua_State *L)
{
	static const luaL_Reg functions[] = {
		{"load", core_load},
		{"open_rights", core_open_rights},
		{"errno_name", core_errno_name},
		{NULL, NULL},
	};

	luaL_checkversion(L);
	make_classes(L);
	luaL_newlib(L, functions);           /* core */
	push_operations(L);                  /* core operations */
	lua_setfield(L, -2, "operations");   /* core */
	push_rights(L);                      /* core rights */
	lua_setfield(L, -2, "rights");       /* core */
	push_needs(L, operation_rights);     /* core needs */
	lua_setfield(L, -2, "needs");        /* core */
	push_needs(L, operation_new_rights); /* core needs */
	lua_setfield(L, -2, "new_needs");    /* core */
	(void)verdict_push_errnos(L);        /* core errnos */
	lua_setfield(L, -2, "errnos");       /* core */
	push_flags(L);                       /* core flags */
	lua_setfield(L, -2, "flags");        /* core */
	return 1;
}
