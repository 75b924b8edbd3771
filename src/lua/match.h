#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lua.h>

#include "lua/strings.h"

/*
 * Lua patterns, matched in steps that are counted. Everything that matches or looks at captures may
 * raise; a matcher owns nothing, so that nothing is lost then.
 */

enum {
	max_captures = 32,
	matcher_upvalue = 1, /* where a function that matches keeps its struct step_budget */
};

enum capture_state { capture_open, capture_closed, capture_position };

struct capture {
	const char *start;
	size_t size;
	enum capture_state state;
};

struct matcher {
	lua_State *lua;
	struct step_budget *budget;
	uint64_t granted; /* what the budget held at first, for the message */
	const char *subject;
	const char *subject_end;
	const char *pattern;
	const char *pattern_end;
	const char *last; /* where the match before ended: an empty match there is not another */
	bool anchored;
	int depth;
	int captures;
	struct capture capture[max_captures];
};

/* Takes subject and pattern from these stack indices, which must keep them alive. */
void matcher_prepare(struct matcher *m, lua_State *L, int subject, int pattern);

/* Not for gmatch, where '^' stands for itself. */
void matcher_take_anchor(struct matcher *m);

/* Takes steps from the budget; raises when there are too few. */
void matcher_spend(const struct matcher *m, size_t steps);

/* The end of the first match at or behind *s, to whose start it moves *s; or NULL. */
const char *matcher_search(struct matcher *m, const char **s);

/* Pushes capture i of the match from s to end; without captures, the first is the match. */
void matcher_push_capture(const struct matcher *m, int i, const char *s, const char *end);

/* Pushes all captures, or the match if `whole` and there are none; returns how many. */
int matcher_push_captures(const struct matcher *m, const char *s, const char *end, bool whole);
