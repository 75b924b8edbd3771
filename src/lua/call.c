#include "lua/call.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "lua/bits.h"
#include "lua/class.h"
#include "lua/state.h"
#include "policy/pattern.h"
#include "policy/signame.h"

/* Operations whose calls have a field; one bit for each. */
#define HAS(id) (1u << OPERATION_##id)
#define HAS_ALL ((1u << OPERATION_COUNT) - 1)
#define HAS_PATH (HAS_ALL & ~HAS(KILL))

struct field {
	const char *name;
	unsigned operations;
	void (*push)(lua_State *L, const struct request *request);
};

static const struct class call_class = {"call"};

static const struct request *check_call(lua_State *L)
{
	const struct lua_host *host = host_of(L);

	if (!lua_islightuserdata(L, 1))
		luaL_typeerror(L, 1, call_class.name);
	if (host->deciding == NULL || (uintptr_t)lua_touserdata(L, 1) != host->decisions)
		raise_error(L, "this call was answered already; "
			       "a call object is only good inside its handler");
	return host->deciding;
}

/* ---- fields -------------------------------------------------------------------------------- */

static void push_op(lua_State *L, const struct request *request)
{
	lua_pushstring(L, operation_name(request->operation));
}

static void push_syscall(lua_State *L, const struct request *request)
{
	lua_pushstring(L, request->syscall);
}

static void push_path(lua_State *L, const struct request *request)
{
	lua_pushlstring(L, request->path, request->path_len);
}

static void push_given(lua_State *L, const struct request *request)
{
	lua_pushlstring(L, request->given, request->given_len);
}

static void push_access(lua_State *L, const struct request *request)
{
	bits_push_access(L, request->rights);
}

static void push_flags(lua_State *L, const struct request *request)
{
	bits_push_flags(L, request->operation, request->flags);
}

static void push_newpath(lua_State *L, const struct request *request)
{
	/* nil: nothing bears the old name, and the new one was not looked at. */
	if (request->newpath == NULL)
		lua_pushnil(L);
	else
		lua_pushlstring(L, request->newpath, request->newpath_len);
}

/* Something is there under the new name, and will be gone, or get the old one. */
static void push_replaces(lua_State *L, const struct request *request)
{
	lua_pushboolean(L, (request->new_rights & RIGHT_DELETE) != 0);
}

static void push_target(lua_State *L, const struct request *request)
{
	lua_pushstring(L, request->link_target);
}

/* nil: the call is about all of them. */
static void push_name(lua_State *L, const struct request *request)
{
	lua_pushstring(L, request->attribute);
}

static void push_length(lua_State *L, const struct request *request)
{
	lua_pushinteger(L, request->length);
}

/* nil: it stays as it is. */
static void push_id(lua_State *L, uint32_t id)
{
	if (id == UINT32_MAX)
		lua_pushnil(L);
	else
		lua_pushinteger(L, id);
}

static void push_owner(lua_State *L, const struct request *request)
{
	push_id(L, request->owner);
}

static void push_group(lua_State *L, const struct request *request)
{
	push_id(L, request->group);
}

static void set_time(lua_State *L, const char *name, const struct timespec *time)
{
	if (time == NULL || time->tv_nsec == UTIME_NOW)
		lua_pushliteral(L, "now"); /* times value */
	else if (time->tv_nsec == UTIME_OMIT)
		lua_pushnil(L); /* times value */
	else
		lua_pushnumber(L, (lua_Number)time->tv_sec + (lua_Number)time->tv_nsec / 1e9);
	lua_setfield(L, -2, name); /* times */
}

/* { atime, mtime }: seconds, "now", or nil where it stays as it is. */
static void push_times(lua_State *L, const struct request *request)
{
	lua_createtable(L, 0, 2); /* times */
	set_time(L, "atime", request->times);
	set_time(L, "mtime", request->times != NULL ? request->times + 1 : NULL);
}

static void push_mode(lua_State *L, const struct request *request)
{
	lua_pushinteger(L, request->mode);
}

static void push_tid(lua_State *L, const struct request *request)
{
	lua_pushinteger(L, request->tid);
}

/* Only a call that would make something has looked: for others it is not known, nil. */
static void push_missing(lua_State *L, const struct request *request)
{
	if ((request->rights & RIGHT_CREATE) != 0 || (request->flags & O_CREAT) != 0)
		lua_pushboolean(L, request->missing);
	else
		lua_pushnil(L);
}

/* As a spec writes them. */
static const struct {
	const char *name, *example;
} facts[] = {
	[FACT_PID] = {"pid", "1"},
	[FACT_UID] = {"uid", "0"},
	[FACT_GID] = {"gid", "0"},
	[FACT_EXE] = {"exe", "\"/usr/bin/make\""},
	[FACT_CWD] = {"cwd", "\"/tmp\""},
	[FACT_INSIDE] = {"inside", "true"},
};

/* `result` < 0: raises what is to be said of it. `known`: somebody could be asked. */
static void check_fetched(lua_State *L, const struct request *request, bool known, int result,
	const char *name, const char *example)
{
	const char *operation = operation_name(request->operation);

	if (!known)
		raise_error(L,
			"call.%s is not known here, where no program runs; a spec can give it, for "
			"moongate test: T.call.%s { %s = %s, … }",
			name, operation, name, example);
	if (result == -ENODATA)
		raise_error(L, "call.%s is not known; give it: T.call.%s { %s = %s, … }", name,
			operation, name, example);
	if (result < 0)
		raise_error(L, "call.%s cannot be found out: %s", name, strerror(-result));
}

static void fetch(
	lua_State *L, const struct request *request, enum fact fact, struct fact_value *ret)
{
	int r = request->fetch != NULL ? request->fetch(request, fact, ret) : -ENODATA;

	check_fetched(L, request, request->fetch != NULL, r, facts[fact].name, facts[fact].example);
}

static void push_pid(lua_State *L, const struct request *request)
{
	struct fact_value value;

	value.number = request->pid;
	if (request->pid == 0)
		fetch(L, request, FACT_PID, &value);
	lua_pushinteger(L, value.number);
}

static void push_uid(lua_State *L, const struct request *request)
{
	struct fact_value value;

	fetch(L, request, FACT_UID, &value);
	lua_pushinteger(L, value.number);
}

static void push_gid(lua_State *L, const struct request *request)
{
	struct fact_value value;

	fetch(L, request, FACT_GID, &value);
	lua_pushinteger(L, value.number);
}

static void push_exe(lua_State *L, const struct request *request)
{
	struct fact_value value;

	fetch(L, request, FACT_EXE, &value);
	lua_pushstring(L, value.text);
}

static void push_cwd(lua_State *L, const struct request *request)
{
	struct fact_value value;

	fetch(L, request, FACT_CWD, &value);
	lua_pushstring(L, value.text);
}

static void push_signal(lua_State *L, const struct request *request)
{
	char name[SIGNAME_SIZE];

	lua_pushstring(L, signame_of(request->signal, name));
}

static void push_to(lua_State *L, const struct request *request)
{
	lua_pushinteger(L, request->to);
}

static void push_inside(lua_State *L, const struct request *request)
{
	struct fact_value value;

	fetch(L, request, FACT_INSIDE, &value);
	lua_pushboolean(L, value.number != 0);
}

/* nil: it is no script; or nobody named it. */
static void push_interpreter(lua_State *L, const struct request *request)
{
	lua_pushstring(L, request->interpreter);
}

static void push_script(lua_State *L, const struct request *request)
{
	lua_pushstring(L, request->script);
}

static const char *fetch_words(lua_State *L, const struct request *request, enum fact_words which,
	const char *name, const char *example, size_t *ret_size)
{
	const char *bytes = NULL;
	bool known = request->fetch_words != NULL;
	int r = known ? request->fetch_words(request, which, &bytes, ret_size) : -ENODATA;

	check_fetched(L, request, known, r, name, example);
	return bytes;
}

static int count_words(const char *bytes, size_t size)
{
	int count = 0;

	for (size_t at = 0; at < size; at += strlen(bytes + at) + 1)
		count++;
	return count;
}

static void push_argv(lua_State *L, const struct request *request)
{
	size_t size, length;
	const char *bytes = fetch_words(L, request, WORDS_ARGV, "argv", "{ \"make\" }", &size);
	lua_Integer count = 0;

	/* Of its final size: else it would be there twice for a moment, and there may be many. */
	lua_createtable(L, count_words(bytes, size), 0); /* argv */
	for (size_t at = 0; at < size; at += length + 1) {
		length = strlen(bytes + at);
		lua_pushlstring(L, bytes + at, length); /* argv word */
		lua_rawseti(L, -2, ++count);            /* argv */
	}
}

/* Which one a program takes if there are two can't be known, so there must not be two. */
static void set_variable(lua_State *L, const char *text)
{
	size_t length = strcspn(text, "=");

	lua_pushlstring(L, text, length);    /* env name */
	lua_pushvalue(L, -1);                /* env name name */
	if (lua_rawget(L, -3) != LUA_TNIL && /* env name value */
		strcmp(lua_tostring(L, -1), text + length + (text[length] == '=')) != 0)
		raise_error(L, "call.env: the environment has '%s' twice", lua_tostring(L, -2));
	lua_pop(L, 1);                                            /* env name */
	lua_pushstring(L, text + length + (text[length] == '=')); /* env name value */
	lua_rawset(L, -3);                                        /* env */
}

static void push_env(lua_State *L, const struct request *request)
{
	size_t size;
	const char *bytes =
		fetch_words(L, request, WORDS_ENV, "env", "{ HOME = \"/root\" }", &size);

	lua_newtable(L); /* env */
	for (size_t at = 0; at < size; at += strlen(bytes + at) + 1)
		set_variable(L, bytes + at);
}

static const struct field fields[] = {
	{"op", HAS_ALL, push_op},
	{"syscall", HAS_ALL, push_syscall},
	{"path", HAS_PATH, push_path},
	{"given", HAS_PATH, push_given},
	{"access", HAS_PATH, push_access},
	{"flags", HAS(OPEN) | HAS(RENAME) | HAS(LINK) | HAS(REMOVE) | HAS(SETXATTR), push_flags},
	{"mode", HAS(OPEN) | HAS(MKDIR) | HAS(MKNOD) | HAS(CHMOD) | HAS(ACCESS), push_mode},
	{"newpath", HAS(RENAME) | HAS(LINK), push_newpath},
	{"replaces", HAS(RENAME), push_replaces},
	{"target", HAS(SYMLINK), push_target},
	{"name", HAS(GETXATTR) | HAS(SETXATTR), push_name},
	{"length", HAS(TRUNCATE), push_length},
	{"owner", HAS(CHOWN), push_owner},
	{"group", HAS(CHOWN), push_group},
	{"times", HAS(UTIME), push_times},
	{"argv", HAS(EXEC), push_argv},
	{"env", HAS(EXEC), push_env},
	{"interpreter", HAS(EXEC), push_interpreter},
	{"script", HAS(EXEC), push_script},
	{"pid", HAS_ALL, push_pid},
	{"tid", HAS_ALL, push_tid},
	{"uid", HAS_ALL, push_uid},
	{"gid", HAS_ALL, push_gid},
	{"exe", HAS_ALL, push_exe},
	{"cwd", HAS_ALL, push_cwd},
	{"missing", HAS_PATH, push_missing},
	{"signal", HAS(KILL), push_signal},
	{"to", HAS(KILL), push_to},
	{"inside", HAS(KILL), push_inside},
};

static int unknown_field(lua_State *L, const char *name)
{
	const char *message = lua_pushfstring(L, "call has no field '%s'", name);

	raise_with_suggestion(L, lua_upvalueindex(1), name, message);
}

/* Upvalue 1: names → light userdata of the field, or the function of a method. */
static int call_index(lua_State *L)
{
	const struct request *request = check_call(L);
	const struct field *field;

	lua_settop(L, 2); /* call name */
	lua_pushvalue(L, 2);
	if (lua_rawget(L, lua_upvalueindex(1)) == LUA_TFUNCTION) /* call name method */
		return 1;
	field = lua_touserdata(L, -1); /* call name field */
	if (field == NULL)
		return unknown_field(L, luaL_tolstring(L, 2, NULL)); /* call name nil text */
	if ((field->operations & (1u << request->operation)) == 0)
		raise_error(L, "call has no field '%s' in on.%s", field->name,
			operation_name(request->operation));
	field->push(L, request); /* call name field value */
	return 1;
}

static int call_newindex(lua_State *L)
{
	raise_error(L, "a call is read-only; to answer differently, return a verdict");
}

static int call_tostring(lua_State *L)
{
	const struct request *request = host_of(L)->deciding;

	if (request == NULL || (uintptr_t)lua_touserdata(L, 1) != host_of(L)->decisions)
		lua_pushliteral(L, "call (answered)"); /* call text */
	else
		lua_pushfstring(L, "%s %s", operation_name(request->operation),
			request->path); /* call text */
	return 1;
}

/* ---- methods ------------------------------------------------------------------------------- */

static const struct request *check_call_with_path(lua_State *L, const char *method)
{
	const struct request *request = check_call(L);

	if ((HAS_PATH & (1u << request->operation)) == 0)
		raise_error(L, "call:%s() is about a path, and a call in on.%s has none", method,
			operation_name(request->operation));
	return request;
}

static int call_under(lua_State *L)
{
	const struct request *request = check_call_with_path(L, "under");
	size_t len;
	const char *directory = luaL_checklstring(L, 2, &len);

	if (directory[0] != '/' || (len > 1 && directory[len - 1] == '/'))
		return luaL_argerror(L, 2, "an absolute path without a closing slash is wanted");
	lua_pushboolean(L, path_is_under(request->path, request->path_len, directory, len));
	return 1; /* call directory boolean */
}

static int call_matches(lua_State *L)
{
	const struct request *request = check_call_with_path(L, "matches");
	size_t len;
	const char *text = luaL_checklstring(L, 2, &len);
	struct pattern pattern;
	struct error err;

	if (memchr(text, '\0', len) != NULL)
		return luaL_argerror(L, 2, "a pattern without NUL is wanted");
	if (pattern_parse(text, len, &pattern, &err) < 0)
		raise_error(L, "%s", err.text);
	lua_pushboolean(L, pattern_matches(&pattern, request->path, request->path_len));
	return 1; /* call pattern boolean */
}

/* ---- the object ---------------------------------------------------------------------------- */

static void push_names(lua_State *L)
{
	lua_createtable(L, 0, 32); /* names */
	for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
		lua_pushlightuserdata(L, (void *)&fields[i]); /* names field */
		lua_setfield(L, -2, fields[i].name);          /* names */
	}
	lua_pushcfunction(L, call_under);   /* names under */
	lua_setfield(L, -2, "under");       /* names */
	lua_pushcfunction(L, call_matches); /* names matches */
	lua_setfield(L, -2, "matches");     /* names */
}

void call_object_open(lua_State *L)
{
	class_open(L, &call_class);          /* metatable */
	push_names(L);                       /* metatable names */
	lua_pushcclosure(L, call_index, 1);  /* metatable index */
	lua_setfield(L, -2, "__index");      /* metatable */
	lua_pushcfunction(L, call_newindex); /* metatable newindex */
	lua_setfield(L, -2, "__newindex");   /* metatable */
	lua_pushcfunction(L, call_tostring); /* metatable tostring */
	lua_setfield(L, -2, "__tostring");   /* metatable */
	lua_pushlightuserdata(L, NULL);      /* metatable any */
	lua_insert(L, -2);                   /* any metatable */
	lua_setmetatable(L, -2);             /* any */
	lua_pop(L, 1);                       /* */
}

void call_object_push(lua_State *L, const struct request *request)
{
	struct lua_host *host = host_of(L);

	host->deciding = request;
	host->decisions++;
	lua_pushlightuserdata(L, (void *)host->decisions); /* call */
}

void call_object_forget(struct lua_host *host)
{
	host->deciding = NULL;
}
