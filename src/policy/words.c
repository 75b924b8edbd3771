#include <stdio.h>
#include <string.h>

#include "policy/internal.h"

/* A buffer that only takes what fits whole, and remembers that something did not. */
struct line {
	char *buffer;
	size_t size, used;
	bool full;
};

static struct line line_start(char *buffer, size_t size)
{
	if (size > 0)
		buffer[0] = '\0';
	return (struct line){buffer, size, 0, size == 0};
}

static void line_add(struct line *line, const char *text)
{
	size_t len = strlen(text);

	if (line->full || len >= line->size - line->used) {
		line->full = true;
		return;
	}
	memcpy(line->buffer + line->used, text, len + 1);
	line->used += len;
}

/* One byte inside a Lua string literal that is safe to show on a terminal. */
static void line_add_byte(struct line *line, unsigned char byte)
{
	char text[8];

	if (byte == '"' || byte == '\\')
		(void)snprintf(text, sizeof text, "\\%c", byte);
	else if (byte >= ' ' && byte <= '~')
		(void)snprintf(text, sizeof text, "%c", byte);
	else
		(void)snprintf(text, sizeof text, "\\x%02X", byte);
	line_add(line, text);
}

static void line_add_literal(struct line *line, const char *bytes, size_t len)
{
	line_add(line, "\"");
	for (size_t i = 0; i < len; i++)
		line_add_byte(line, (unsigned char)bytes[i]);
	line_add(line, "\"");
}

/* Shows that something is left out, at the cost of the last bytes if need be. */
static void line_finish(struct line *line)
{
	static const char mark[] = "...";

	if (!line->full || line->size < sizeof mark)
		return;
	if (line->used > line->size - sizeof mark)
		line->used = line->size - sizeof mark;
	memcpy(line->buffer + line->used, mark, sizeof mark);
}

/* ---- rules --------------------------------------------------------------------------------- */

/* A hidden name hides what is below it: that needs no saying. */
static size_t spoken_len(const char *pattern, bool hides)
{
	size_t len = strlen(pattern);

	if (hides && len > 3 && strcmp(pattern + len - 3, "/**") == 0)
		len -= 3;
	return len;
}

static void add_patterns(struct line *line, const char *const *patterns, size_t count, bool hides)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			line_add(line, ", ");
		line_add_literal(line, patterns[i], spoken_len(patterns[i], hides));
	}
}

static void add_excepts(struct line *line, const struct rule_spec *spec)
{
	if (spec->except_count == 0)
		return;
	line_add(line, ", except = ");
	if (spec->except_count > 1)
		line_add(line, "{ ");
	add_patterns(line, spec->excepts, spec->except_count, spec->hides);
	if (spec->except_count > 1)
		line_add(line, " }");
}

void policy_write_words(const struct rule_spec *spec, char *buffer, size_t size)
{
	struct line line = line_start(buffer, size);
	bool list = spec->pattern_count > 1 || spec->except_count > 0;

	if (!spec->hides)
		line_add(&line, spec->deny ? "deny." : "allow.");
	line_add(&line, spec->right_word);
	line_add(&line, list ? " { " : " ");
	add_patterns(&line, spec->patterns, spec->pattern_count, spec->hides);
	add_excepts(&line, spec);
	if (list)
		line_add(&line, " }");
	line_finish(&line);
}

/* ---- suggestions --------------------------------------------------------------------------- */

static const struct {
	unsigned rights;
	const char *word;
} grants[] = {
	{RIGHT_READ, "allow.read "},
	{RIGHT_WRITE, "allow.write "},
	{RIGHT_EXEC, "allow.exec "},
	{RIGHT_STAT, "allow.stat "},
	{RIGHT_MAP, "allow.map "},
};

/* The number of a process means another one tomorrow: /proc/, a star. */
static void add_lasting_path(struct line *line, const char *path, size_t len)
{
	static const char proc[] = "/proc/";
	const size_t start = sizeof proc - 1;
	char lasting[4096 + 2];
	size_t digits = 0;

	if (len > start && len < sizeof lasting && memcmp(path, proc, start) == 0)
		while (start + digits < len && path[start + digits] >= '0' &&
			path[start + digits] <= '9')
			digits++;
	if (digits == 0) {
		line_add_literal(line, path, len);
		return;
	}
	memcpy(lasting, "/proc/*", start + 1);
	memcpy(lasting + start + 1, path + start + digits, len - start - digits);
	line_add_literal(line, lasting, len - digits + 1);
}

static void add_grants(struct line *line, unsigned rights, const char *path, size_t len)
{
	for (size_t i = 0; i < sizeof grants / sizeof grants[0]; i++) {
		if ((rights & grants[i].rights) == 0)
			continue;
		if (line->used > 0)
			line_add(line, "  ");
		line_add(line, grants[i].word);
		add_lasting_path(line, path, len);
	}
}

void policy_suggest(const struct request *request, char *buffer, size_t size)
{
	struct line line = line_start(buffer, size);

	add_grants(&line, request->rights, request->path, request->path_len);
	if (request->newpath != NULL)
		add_grants(&line, request->new_rights, request->newpath, request->newpath_len);
	line_finish(&line);
}

static const struct pattern *pattern_about(const struct rule *rule, const char *path, size_t len)
{
	for (size_t i = 0; path != NULL && i < rule->patterns->count; i++)
		if (pattern_matches(&rule->patterns->items[i], path, len))
			return &rule->patterns->items[i];
	return NULL;
}

static const struct pattern *matching_pattern(
	const struct rule *rule, const struct request *request)
{
	const struct pattern *pattern = pattern_about(rule, request->path, request->path_len);

	return pattern != NULL ? pattern
			       : pattern_about(rule, request->newpath, request->newpath_len);
}

/* As text: without the tree where that needs no saying. */
static void add_pattern(struct line *line, const struct pattern *pattern, bool hides)
{
	char text[4096 + 4];
	const char *tree = pattern->tree && (!hides || pattern->len == 0) ? "/**" : "";
	int len = snprintf(text, sizeof text, "%.*s%s", (int)pattern->len, pattern->text, tree);

	line_add_literal(line, text, len < 0 ? 0 : strlen(text));
}

bool policy_written_pattern(
	const struct rule *rule, bool except, size_t index, char *buffer, size_t size)
{
	const struct pattern_list *list = except ? rule->excepts : rule->patterns;
	struct line line = line_start(buffer, size);

	if (index >= (except ? rule->written_excepts : rule->written))
		return false;
	add_pattern(&line, &list->items[index], rule->hides);
	line_finish(&line);
	return true;
}

void policy_excerpt(
	const struct rule *rule, const struct request *request, char *buffer, size_t size)
{
	struct line line = line_start(buffer, size);
	const struct pattern *pattern = matching_pattern(rule, request);
	char action[32];

	if (pattern == NULL) {
		line_add(&line, rule->words);
	} else {
		(void)snprintf(action, sizeof action, "%.*s ", (int)strcspn(rule->words, " "),
			rule->words);
		line_add(&line, action);
		add_pattern(&line, pattern, rule->hides);
	}
	line_finish(&line);
}
