#include "lua/verdict.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "lua/class.h"
#include "lua/state.h"
#include "policy/errname.h"

enum { PATH_LIMIT = 4096, CONTENT_LIMIT = 16 * 1024 * 1024 };

/* The userdata. Its user value 1, if it has one, is the reason, the path or the bytes. */
struct answer {
	enum verdict_kind kind;
	int error; /* DENY: 0 = the operation's usual refusal */
	int64_t value;
};

static const struct class verdict_class = {"verdict"};

static void push_answer(lua_State *L, struct answer answer)
{
	struct answer *box = lua_newuserdatauv(L, sizeof *box, 0); /* answer */

	*box = answer;
	host_of(L)->made = verdict_kind_name(answer.kind);
	class_set(L, &verdict_class);
}

/* As push_answer, with the string at `text` (which may be absent: nil). */
static void push_answer_with_text(lua_State *L, struct answer answer, int text)
{
	struct answer *box = lua_newuserdatauv(L, sizeof *box, 1); /* answer */

	*box = answer;
	host_of(L)->made = verdict_kind_name(answer.kind);
	lua_pushvalue(L, text);            /* answer text */
	(void)lua_setiuservalue(L, -2, 1); /* answer */
	class_set(L, &verdict_class);
}

static void check_phase(lua_State *L, const char *name, const char *instead)
{
	if (host_of(L)->loading)
		raise_error(L, "%s() makes a verdict and must be returned from a handler; %s", name,
			instead);
}

static void check_argument_count(lua_State *L, int most, const char *usage)
{
	if (lua_gettop(L) > most)
		raise_error(L, "too many arguments; write %s", usage);
}

/* ---- constructors -------------------------------------------------------------------------- */

/* Upvalue 1: the one allow(). */
static int make_allow(lua_State *L)
{
	check_phase(L, "allow", "at the top of a policy write allow.read \"/path\"");
	check_argument_count(L, 1, "allow(); it is about the call that was asked about");
	host_of(L)->made = "allow";
	lua_pushvalue(L, lua_upvalueindex(1)); /* … answer */
	return 1;
}

static int unknown_errno(lua_State *L, const char *name)
{
	const char *message =
		lua_pushfstring(L, "unknown errno '%s'; write deny(\"EPERM\", \"reason\")", name);

	(void)verdict_push_errnos(L); /* … message names */
	raise_with_suggestion(L, lua_gettop(L), name, message);
}

static int check_errno(lua_State *L, int index)
{
	int number;

	if (lua_isnoneornil(L, index))
		return 0;
	if (lua_type(L, index) != LUA_TSTRING)
		raise_error(L, "deny() wants the name of an errno, like \"EPERM\", not a %s",
			luaL_typename(L, index));
	number = errname_number(lua_tostring(L, index));
	return number != 0 ? number : unknown_errno(L, lua_tostring(L, index));
}

static void check_reason(lua_State *L, int index)
{
	if (!lua_isnoneornil(L, index) && lua_type(L, index) != LUA_TSTRING)
		raise_error(L, "a reason is a string, not a %s", luaL_typename(L, index));
}

static int make_deny(lua_State *L)
{
	struct answer answer = {.kind = VERDICT_DENY};

	check_phase(L, "deny", "at the top of a policy write deny.read \"/path\"");
	check_argument_count(L, 3, "deny(\"ERRNO\", \"reason\")");
	lua_settop(L, 3); /* self errno reason */
	answer.error = check_errno(L, 2);
	check_reason(L, 3);
	push_answer_with_text(L, answer, 3); /* self errno reason answer */
	return 1;
}

static int make_kill(lua_State *L)
{
	check_phase(L, "kill", "at the top of a policy write deny.read \"/path\"");
	check_argument_count(L, 1, "kill(\"reason\")");
	lua_settop(L, 1); /* reason */
	check_reason(L, 1);
	push_answer_with_text(L, (struct answer){.kind = VERDICT_KILL}, 1); /* reason answer */
	return 1;
}

static int make_value(lua_State *L)
{
	lua_Integer value;

	check_phase(L, "value", "a rule cannot pretend");
	check_argument_count(L, 1, "value(0)");
	value = luaL_checkinteger(L, 1);
	if (value < 0 || value > INT_MAX)
		raise_error(L, "value() takes 0 to %d; to fail, write deny(\"ERRNO\")", INT_MAX);
	push_answer(L, (struct answer){.kind = VERDICT_VALUE, .value = value}); /* value answer */
	return 1;
}

static const char *check_text(lua_State *L, const char *name, size_t *ret_len)
{
	if (lua_type(L, 1) != LUA_TSTRING)
		raise_error(L, "%s() wants a string, not a %s", name, luaL_typename(L, 1));
	return lua_tolstring(L, 1, ret_len);
}

static int make_redirect(lua_State *L)
{
	const char *path;
	size_t len;

	check_phase(L, "redirect", "a rule cannot redirect");
	check_argument_count(L, 1, "redirect(\"/path\")");
	path = check_text(L, "redirect", &len);
	if (path[0] != '/')
		raise_error(L, "redirect() wants an absolute path");
	if (len >= PATH_LIMIT || memchr(path, '\0', len) != NULL)
		raise_error(L, "redirect() wants a path: shorter than %d bytes, without NUL",
			PATH_LIMIT);
	push_answer_with_text(L, (struct answer){.kind = VERDICT_REDIRECT}, 1); /* path answer */
	return 1;
}

static int make_content(lua_State *L)
{
	size_t len;

	check_phase(L, "content", "a rule has no content");
	check_argument_count(L, 1, "content(\"bytes\")");
	(void)check_text(L, "content", &len);
	if (len > CONTENT_LIMIT)
		raise_error(L, "content() takes at most %d bytes", CONTENT_LIMIT);
	push_answer_with_text(L, (struct answer){.kind = VERDICT_CONTENT}, 1); /* bytes answer */
	return 1;
}

static int answer_tostring(lua_State *L)
{
	const struct answer *answer = class_check(L, 1, &verdict_class);
	const char *name = answer->error != 0 ? errname_of(answer->error) : NULL;

	lua_pushfstring(
		L, name != NULL ? "%s(\"%s\")" : "%s()", verdict_kind_name(answer->kind), name);
	return 1; /* answer text */
}

void verdict_open(lua_State *L)
{
	class_open(L, &verdict_class);         /* metatable */
	lua_pushcfunction(L, answer_tostring); /* metatable tostring */
	lua_setfield(L, -2, "__tostring");     /* metatable */
	lua_pop(L, 1);                         /* */
}

int verdict_push_constructors(lua_State *L)
{
	static const luaL_Reg constructors[] = {
		{"deny", make_deny},
		{"kill", make_kill},
		{"value", make_value},
		{"redirect", make_redirect},
		{"content", make_content},
		{NULL, NULL},
	};

	luaL_newlib(L, constructors);                           /* table */
	push_answer(L, (struct answer){.kind = VERDICT_ALLOW}); /* table answer */
	host_of(L)->plain_allow = lua_touserdata(L, -1);
	lua_pushcclosure(L, make_allow, 1); /* table allow */
	lua_setfield(L, -2, "allow");       /* table */
	return 1;
}

int verdict_push_errnos(lua_State *L)
{
	lua_newtable(L); /* names */
	for (int number = 1; number < ERRNAME_LIMIT; number++) {
		const char *name = errname_of(number);

		if (name == NULL)
			continue;
		lua_pushinteger(L, number); /* names number */
		lua_setfield(L, -2, name);  /* names */
	}
	return 1;
}

/* ---- the answer of a handler --------------------------------------------------------------- */

static int raise_nonsense(lua_State *L, int index, const char *operation)
{
	const char *extra = "";

	if (lua_type(L, index) == LUA_TTABLE)
		extra = "; did you forget the parentheses of allow()?";
	else if (lua_type(L, index) == LUA_TFUNCTION)
		extra = "; did you forget to call it?";
	raise_error(L,
		"on.%s returned a %s; a handler returns allow(), deny(), another verdict, "
		"or nil for no opinion%s",
		operation, luaL_typename(L, index), extra);
}

/* A refusal that is not returned would be no refusal. */
static int raise_unreturned(lua_State *L, const char *operation)
{
	raise_error(L,
		"on.%s made a verdict and returned nothing; write return %s(…), and return nil for "
		"no opinion before one is made",
		operation, host_of(L)->made);
}

/* Copies the string at `index` out of Lua; raises only while nothing is held. */
static char *copy_text(lua_State *L, int index, size_t *ret_len)
{
	const char *text = lua_tolstring(L, index, ret_len);
	char *copy = malloc(*ret_len + 1);

	if (copy == NULL)
		raise_error(L, "not enough memory for the verdict");
	memcpy(copy, text, *ret_len + 1);
	return copy;
}

/* With the answer's text, or nil, at the top of the stack. */
static void take_text(lua_State *L, struct verdict *ret)
{
	size_t len;

	if (lua_type(L, -1) != LUA_TSTRING)
		return;
	if (ret->kind == VERDICT_REDIRECT || ret->kind == VERDICT_CONTENT) {
		ret->data = copy_text(L, -1, &len);
		ret->data_len = len;
	} else {
		const char *reason = lua_tolstring(L, -1, &len);

		len = strnlen(reason, sizeof ret->why - 1);
		memcpy(ret->why, reason, len);
		ret->why[len] = '\0';
	}
}

bool verdict_take_plain(lua_State *L, int index, struct verdict *ret, bool *ret_has_opinion)
{
	const struct lua_host *host = host_of(L);

	*ret_has_opinion = lua_type(L, index) == LUA_TUSERDATA &&
			   lua_touserdata(L, index) == host->plain_allow;
	if (!*ret_has_opinion)
		return lua_isnil(L, index) && host->made == NULL;
	ret->kind = VERDICT_ALLOW;
	ret->source = SOURCE_HANDLER;
	return true;
}

void verdict_take(
	lua_State *L, int index, const struct verdict_context *context, struct verdict *ret)
{
	const struct answer *answer;

	if (lua_isnil(L, index))
		raise_unreturned(L, context->operation);
	answer = class_test(L, index, &verdict_class);
	if (answer == NULL)
		raise_nonsense(L, index, context->operation);
	if (answer->kind == VERDICT_CONTENT && !context->content_is_possible)
		raise_error(L, "content() is a verdict for on.open only, not for on.%s",
			context->operation);
	ret->kind = answer->kind;
	ret->source = SOURCE_HANDLER;
	ret->value = answer->value;
	if (answer->kind == VERDICT_DENY)
		ret->error = answer->error != 0 ? answer->error : context->refusal;
	(void)lua_getiuservalue(L, index, 1); /* … text */
	take_text(L, ret);
	lua_pop(L, 1); /* … */
}
