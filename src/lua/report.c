#include "lua/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	MESSAGE_MAX = 2000,        /* an error message may have any size */
	SPARE_MEMORY = 256 * 1024, /* for the report of a state that is full */
};

struct report {
	struct lua_host *host;
	int status;
	const char *heading;
	bool traceback;
	char *text; /* the result; owned */
};

/* Pushes the runner's error as a string, whatever it is; never calls into the policy. */
static void push_error_value(lua_State *L, lua_State *runner)
{
	size_t len;
	const char *text;

	if (runner == NULL || lua_gettop(runner) == 0) {
		lua_pushliteral(L, "unknown error"); /* … text */
		return;
	}
	lua_pushvalue(runner, -1);
	lua_xmove(runner, L, 1); /* … value */
	if (lua_type(L, -1) != LUA_TSTRING && lua_type(L, -1) != LUA_TNUMBER) {
		lua_pushfstring(L, "the error is a %s, not a text; write error(\"what is wrong\")",
			luaL_typename(L, -1)); /* … value text */
		lua_remove(L, -2);             /* … text */
		return;
	}
	text = lua_tolstring(L, -1, &len);
	lua_pushlstring(L, text, len < MESSAGE_MAX ? len : MESSAGE_MAX); /* … value text */
	lua_remove(L, -2);                                               /* … text */
}

static void push_message(lua_State *L, const struct report *report)
{
	const struct limits *limits = &report->host->limits;

	if (limits->hit == LIMIT_NONE) {
		push_error_value(L, report->host->runner); /* … text */
		return;
	}
	lua_pushfstring(L, "%s%s%s", limits->where, limits->where[0] != '\0' ? ": " : "",
		limits_text(limits->hit)); /* … text */
}

static int make_report(lua_State *L)
{
	struct report *report = lua_touserdata(L, 1);

	push_message(L, report); /* report message */
	if (report->heading != NULL)
		lua_pushfstring(L, "%s: %s", report->heading, lua_tostring(L, -1));
	if (report->traceback && report->host->runner != NULL)
		luaL_traceback(L, report->host->runner, lua_tostring(L, -1), 0);
	report->text = strdup(lua_tostring(L, -1)); /* report message… text */
	return 0;
}

/*
 * The caller frees the result; NULL: no memory at all. The run is over: its deadline does not count
 * any more, and there is a little memory to spare.
 */
static char *write_report(struct report report)
{
	struct limits *limits = &report.host->limits;
	int64_t deadline = limits->deadline;

	limits_note(limits, report.status);
	limits->exhausted = false;
	limits->deadline = INT64_MAX;
	limits->memory += SPARE_MEMORY;
	(void)host_protect(report.host, make_report, &report);
	lua_settop(report.host->L, 0);
	limits->memory -= SPARE_MEMORY;
	limits->deadline = deadline;
	return report.text;
}

void report_failure(struct lua_host *host, int status, const char *heading, char *line, size_t size)
{
	char *text = write_report((struct report){
		.host = host, .status = status, .heading = heading, .traceback = true});
	const char *message = text != NULL ? text + strlen(heading) + 2 : "not enough memory";

	messages_add(&host->messages, text != NULL ? text : heading);
	(void)snprintf(
		line, size, "the handler failed: %.*s", (int)strcspn(message, "\n"), message);
	free(text);
}

void report_load_failure(struct lua_host *host, int status, char *text, size_t size)
{
	bool nowhere = host->limits.hit != LIMIT_NONE && host->limits.where[0] == '\0';
	char *message = write_report((struct report){.host = host,
		.status = status,
		.heading = nowhere ? "while loading the policy" : NULL});

	(void)snprintf(text, size, "%s", message != NULL ? message : "not enough memory");
	free(message);
}
