#pragma once

#include "lua/state.h"

/*
 * Makes one message of what went wrong on the runner: "HEADING: MESSAGE", and a traceback. `status`
 * is what lua_resume returned. The heading and the message's first line also go to `line`.
 */
void report_failure(
	struct lua_host *host, int status, const char *heading, char *line, size_t size);

/* The message alone, without a traceback: for what failed while loading. */
void report_load_failure(struct lua_host *host, int status, char *text, size_t size);
