#include "lua/match.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <lauxlib.h>

/*
 * Patterns are interpreted where they stand, item by item, so that a malformed one is an error
 * only when matching gets there, as in stock Lua. Two things are read one byte past the end,
 * which is a NUL in every Lua string: the pattern, and the subject by %f.
 *
 * Every way to make the matcher work costs steps: an item costs at least one, a set its length.
 */

enum { max_depth = 200 }; /* of match_here(), which bounds the C stack */

/* Matching has come to p in the pattern and s in the subject; s is NULL when it failed. */
struct cursor {
	const char *s;
	const char *p;
};

/* An item that matches one byte: a literal, '.', %a or [set]. */
struct single {
	const char *begin;
	const char *end;
	size_t cost;
};

static const char *match_here(struct matcher *m, const char *s, const char *p);

static _Noreturn void malformed(const struct matcher *m, const char *what)
{
	luaL_error(m->lua, "malformed pattern (%s)", what);
	abort();
}

static _Noreturn void too_expensive(const struct matcher *m)
{
	m->budget->left = 0;
	luaL_error(m->lua,
		"pattern too expensive: more than %I steps, which is all that this decision "
		"had left; use a simpler pattern, call:under() or call:matches()",
		(LUAI_UACINT)m->granted);
	abort();
}

void matcher_spend(const struct matcher *m, size_t steps)
{
	if (m->budget->left < steps)
		too_expensive(m);
	m->budget->left -= steps;
}

static int byte_at(const char *p)
{
	return (unsigned char)*p;
}

/* ---- one byte ------------------------------------------------------------------------------ */

static bool class_has(int letter, int byte)
{
	int inside;

	switch (tolower(letter)) {
	case 'a':
		inside = isalpha(byte);
		break;
	case 'c':
		inside = iscntrl(byte);
		break;
	case 'd':
		inside = isdigit(byte);
		break;
	case 'g':
		inside = isgraph(byte);
		break;
	case 'l':
		inside = islower(byte);
		break;
	case 'p':
		inside = ispunct(byte);
		break;
	case 's':
		inside = isspace(byte);
		break;
	case 'u':
		inside = isupper(byte);
		break;
	case 'w':
		inside = isalnum(byte);
		break;
	case 'x':
		inside = isxdigit(byte);
		break;
	case 'z': /* from the days when a pattern could not hold a NUL */
		inside = byte == 0;
		break;
	default:
		return letter == byte;
	}
	return (inside != 0) != (isupper(letter) != 0);
}

/* The member at *p: an escape, a range or a byte; moves *p behind it. `close` is the set's ']'. */
static bool member_has(const char **p, const char *close, int byte)
{
	const char *member = *p;

	if (*member == '%') {
		*p = member + 2;
		return class_has(byte_at(member + 1), byte);
	}
	if (member[1] == '-' && member + 2 < close) {
		*p = member + 3;
		return byte_at(member) <= byte && byte <= byte_at(member + 2);
	}
	*p = member + 1;
	return byte_at(member) == byte;
}

static bool set_has(const struct single *set, int byte)
{
	const char *p = set->begin + 1, *close = set->end - 1;
	bool negated = *p == '^';

	if (negated)
		p++;
	while (p < close)
		if (member_has(&p, close, byte))
			return !negated;
	return negated;
}

static struct single decode_set(const struct matcher *m, const char *begin)
{
	const char *first = begin[1] == '^' ? begin + 2 : begin + 1, *p;
	size_t size;

	for (p = first; p < m->pattern_end; p++) {
		if (*p == ']' && p > first)
			break;
		if (*p == '%' && p + 1 < m->pattern_end)
			p++;
	}
	if (p >= m->pattern_end)
		malformed(m, "missing ']'");
	size = (size_t)(p + 1 - begin);
	matcher_spend(m, size);
	return (struct single){.begin = begin, .end = p + 1, .cost = size};
}

static struct single decode_single(const struct matcher *m, const char *p)
{
	if (*p == '[')
		return decode_set(m, p);
	if (*p != '%')
		return (struct single){.begin = p, .end = p + 1, .cost = 1};
	if (p + 1 == m->pattern_end)
		malformed(m, "ends with '%'");
	return (struct single){.begin = p, .end = p + 2, .cost = 1};
}

static bool single_has(const struct matcher *m, const struct single *one, const char *s)
{
	matcher_spend(m, one->cost);
	if (s == m->subject_end)
		return false;
	switch (*one->begin) {
	case '.':
		return true;
	case '%':
		return class_has(byte_at(one->begin + 1), byte_at(s));
	case '[':
		return set_has(one, byte_at(s));
	default:
		return *one->begin == *s;
	}
}

/* ---- items --------------------------------------------------------------------------------- */

/* For an item that has matched the rest of the pattern as well, or has found that it can't. */
static void finish(const struct matcher *m, struct cursor *at, const char *end)
{
	at->s = end;
	at->p = m->pattern_end;
}

static void match_open(struct matcher *m, struct cursor *at)
{
	bool position = at->p[1] == ')';

	if (m->captures == max_captures)
		luaL_error(m->lua, "too many captures");
	m->capture[m->captures++] = (struct capture){
		.start = at->s, .state = position ? capture_position : capture_open};
	finish(m, at, match_here(m, at->s, at->p + (position ? 2 : 1)));
	if (at->s == NULL)
		m->captures--;
}

static struct capture *innermost_open(struct matcher *m)
{
	for (int i = m->captures - 1; i >= 0; i--)
		if (m->capture[i].state == capture_open)
			return &m->capture[i];
	luaL_error(m->lua, "invalid pattern capture");
	abort();
}

static void match_close(struct matcher *m, struct cursor *at)
{
	struct capture *capture = innermost_open(m);

	capture->size = (size_t)(at->s - capture->start);
	capture->state = capture_closed;
	finish(m, at, match_here(m, at->s, at->p + 1));
	if (at->s == NULL)
		capture->state = capture_open;
}

static void match_balanced(const struct matcher *m, struct cursor *at)
{
	const char *s = at->s;
	size_t nested = 0;

	if (m->pattern_end - at->p < 4)
		malformed(m, "missing arguments to '%b'");
	matcher_spend(m, 1);
	at->s = NULL;
	if (s == m->subject_end || *s != at->p[2])
		return;
	while (at->s == NULL && ++s < m->subject_end) {
		matcher_spend(m, 1);
		if (*s == at->p[3] && nested == 0)
			at->s = s + 1;
		else if (*s == at->p[3])
			nested--;
		else if (*s == at->p[2])
			nested++;
	}
	at->p += 4;
}

static void match_frontier(const struct matcher *m, struct cursor *at)
{
	struct single set;
	int before, behind;

	if (at->p[2] != '[')
		luaL_error(m->lua, "missing '[' after '%%f' in pattern");
	set = decode_set(m, at->p + 2);
	matcher_spend(m, set.cost);
	before = at->s == m->subject ? 0 : byte_at(at->s - 1);
	behind = byte_at(at->s);
	if (set_has(&set, before) || !set_has(&set, behind))
		at->s = NULL;
	at->p = set.end;
}

static void match_reference(const struct matcher *m, struct cursor *at)
{
	int i = at->p[1] - '1';
	const struct capture *capture;

	if (i < 0 || i >= m->captures || m->capture[i].state == capture_open)
		luaL_error(m->lua, "invalid capture index %%%d", i + 1);
	matcher_spend(m, 1);
	capture = &m->capture[i];
	at->p += 2;
	if (capture->state == capture_position ||
		(size_t)(m->subject_end - at->s) < capture->size) {
		at->s = NULL;
		return;
	}
	matcher_spend(m, capture->size);
	at->s = memcmp(at->s, capture->start, capture->size) == 0 ? at->s + capture->size : NULL;
}

/* The longest run first. An item that matches nothing here needs no recursion: go on behind it. */
static void match_greedy(struct matcher *m, struct cursor *at, const struct single *one, size_t min)
{
	const char *end = NULL;
	size_t count = 0;

	while (single_has(m, one, at->s + count))
		count++;
	if (count == 0) {
		at->s = min > 0 ? NULL : at->s;
		at->p = one->end + 1;
		return;
	}
	do
		end = match_here(m, at->s + count, one->end + 1);
	while (end == NULL && count-- > min);
	finish(m, at, end);
}

static void match_lazy(struct matcher *m, struct cursor *at, const struct single *one)
{
	const char *s = at->s, *end = NULL;

	if (!single_has(m, one, s)) {
		at->p = one->end + 1;
		return;
	}
	do
		end = match_here(m, s, one->end + 1);
	while (end == NULL && single_has(m, one, s++));
	finish(m, at, end);
}

static void match_optional(struct matcher *m, struct cursor *at, const struct single *one)
{
	const char *end = NULL;

	if (single_has(m, one, at->s))
		end = match_here(m, at->s + 1, one->end + 1);
	if (end != NULL)
		finish(m, at, end);
	else
		at->p = one->end + 1;
}

static void match_single(struct matcher *m, struct cursor *at)
{
	struct single one = decode_single(m, at->p);

	switch (*one.end) {
	case '*':
		match_greedy(m, at, &one, 0);
		break;
	case '+':
		match_greedy(m, at, &one, 1);
		break;
	case '-':
		match_lazy(m, at, &one);
		break;
	case '?':
		match_optional(m, at, &one);
		break;
	default:
		at->s = single_has(m, &one, at->s) ? at->s + 1 : NULL;
		at->p = one.end;
	}
}

static void match_escape(struct matcher *m, struct cursor *at)
{
	if (at->p[1] == 'b')
		match_balanced(m, at);
	else if (at->p[1] == 'f')
		match_frontier(m, at);
	else if (isdigit(byte_at(at->p + 1)))
		match_reference(m, at);
	else
		match_single(m, at);
}

static void match_item(struct matcher *m, struct cursor *at)
{
	if (*at->p == '(')
		match_open(m, at);
	else if (*at->p == ')')
		match_close(m, at);
	else if (*at->p == '%')
		match_escape(m, at);
	else if (*at->p == '$' && at->p + 1 == m->pattern_end)
		finish(m, at, at->s == m->subject_end ? at->s : NULL);
	else
		match_single(m, at);
}

/* The end of the match that starts at s of what stands from p on, or NULL. */
static const char *match_here(struct matcher *m, const char *s, const char *p)
{
	struct cursor at = {.s = s, .p = p};

	if (++m->depth > max_depth)
		luaL_error(m->lua, "pattern too complex");
	matcher_spend(m, 1);
	while (at.s != NULL && at.p < m->pattern_end)
		match_item(m, &at);
	m->depth--;
	return at.s;
}

const char *matcher_search(struct matcher *m, const char **s)
{
	const char *end;

	for (; *s <= m->subject_end; ++*s) {
		m->captures = 0;
		m->depth = 0;
		end = match_here(m, *s, m->pattern);
		if (end != NULL && end != m->last)
			return end;
		if (m->anchored)
			break;
	}
	return NULL;
}

/* ---- captures ------------------------------------------------------------------------------ */

/* Capture i of the match from s to end; without captures, the first is the match. */
static struct capture get_capture(const struct matcher *m, int i, const char *s, const char *end)
{
	if (i >= m->captures && i > 0)
		luaL_error(m->lua, "invalid capture index %%%d", i + 1);
	if (i >= m->captures)
		return (struct capture){s, (size_t)(end - s), capture_closed};
	if (m->capture[i].state == capture_open)
		luaL_error(m->lua, "unfinished capture");
	return m->capture[i];
}

void matcher_push_capture(const struct matcher *m, int i, const char *s, const char *end)
{
	struct capture capture = get_capture(m, i, s, end);

	if (capture.state == capture_position)
		lua_pushinteger(m->lua, capture.start - m->subject + 1); // position
	else
		lua_pushlstring(m->lua, capture.start, capture.size); // text
}

int matcher_push_captures(const struct matcher *m, const char *s, const char *end, bool whole)
{
	int count = m->captures == 0 && whole ? 1 : m->captures;

	luaL_checkstack(m->lua, count, "too many captures");
	for (int i = 0; i < count; i++)
		matcher_push_capture(m, i, s, end); // … capture
	return count;
}

void matcher_prepare(struct matcher *m, lua_State *L, int subject, int pattern)
{
	size_t subject_size, pattern_size;

	m->lua = L;
	m->budget = lua_touserdata(L, lua_upvalueindex(matcher_upvalue));
	m->granted = m->budget->left;
	m->subject = luaL_checklstring(L, subject, &subject_size);
	m->subject_end = m->subject + subject_size;
	m->pattern = luaL_checklstring(L, pattern, &pattern_size);
	m->pattern_end = m->pattern + pattern_size;
	m->last = NULL;
	m->anchored = false;
}

void matcher_take_anchor(struct matcher *m)
{
	m->anchored = *m->pattern == '^';
	if (m->anchored)
		m->pattern++;
}
