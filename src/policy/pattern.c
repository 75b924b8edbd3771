#include "policy/pattern.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { LONGEST_PATH = 4095 };

static bool is_wildcard(char byte)
{
	return byte == '*' || byte == '?';
}

static size_t literal_prefix(const char *text, size_t len)
{
	size_t literal = 0;

	while (literal < len && !is_wildcard(text[literal]))
		literal++;
	return literal;
}

/* ---- parsing ------------------------------------------------------------------------------- */

static bool is_word(const char *component, size_t len, const char *word)
{
	return len == strlen(word) && memcmp(component, word, len) == 0;
}

static bool has_double_star(const char *component, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (component[i] == '*' && component[i - 1] == '*')
			return true;
	return false;
}

/* What is wrong with a component, or NULL. */
static const char *component_fault(const char *component, size_t len, bool last)
{
	if (len == 0)
		return last ? "ends in '/'; write /dir for the directory itself, "
			      "/dir/** for it and all below it"
			    : "has an empty component; write one '/'";
	if (is_word(component, len, ".") || is_word(component, len, ".."))
		return "has a '.' or '..'; patterns name resolved paths, write the path that is "
		       "meant";
	if (has_double_star(component, len) && !(last && is_word(component, len, "**")))
		return "has '**' in the wrong place; it must be the whole last component, "
		       "as in /dir/**";
	return NULL;
}

static const char *start_fault(const char *text, size_t len)
{
	if (len == 0)
		return "is empty; write an absolute path, or /** for everything";
	if (text[0] == '~')
		return "starts with '~', which is not expanded; write env.HOME .. \"/dir\"";
	if (text[0] != '/')
		return "is not absolute; write cwd .. \"/dir\" for something below the current "
		       "directory";
	if (len > LONGEST_PATH)
		return "is longer than any path; shorten it";
	return NULL;
}

static const char *pattern_fault(const char *text, size_t len)
{
	const char *end = text + len;
	const char *fault = start_fault(text, len);
	const char *slash = text;

	if (len == 1)
		return fault;
	while (fault == NULL && slash != NULL) {
		const char *component = slash + 1;
		const char *stop;

		slash = memchr(component, '/', (size_t)(end - component));
		stop = slash != NULL ? slash : end;
		fault = component_fault(component, (size_t)(stop - component), slash == NULL);
	}
	return fault;
}

int pattern_parse(const char *text, size_t len, struct pattern *ret, struct error *err)
{
	const char *fault;
	bool tree;

	if (len > 2 && memcmp(text, "//", 2) == 0) { /* dir .. "/x", with "/" as dir */
		text++;
		len--;
	}
	fault = pattern_fault(text, len);
	if (fault != NULL) {
		(void)error_set(err, EINVAL, "pattern \"%.*s\" %s", (int)(len < 200 ? len : 200),
			text, fault);
		return -EINVAL;
	}
	tree = len >= 3 && memcmp(text + len - 3, "/**", 3) == 0;
	if (tree)
		len -= 3;
	*ret = (struct pattern){text, len, literal_prefix(text, len), tree};
	return 0;
}

/* ---- matching ------------------------------------------------------------------------------ */

/*
 * A star cannot cross a slash, so once a slash has been matched with a slash there is nothing to
 * try again before it: going back is confined to one component.
 */
static bool glob_matches(const struct pattern *pattern, const char *path, size_t len)
{
	const char *p = pattern->text + pattern->literal, *p_end = pattern->text + pattern->len;
	const char *s = path + pattern->literal, *s_end = path + len;
	const char *after_star = NULL, *star_took = NULL;

	while (s < s_end) {
		if (p == p_end && pattern->tree && *s == '/')
			return true;
		if (p < p_end && *p == '*') {
			after_star = ++p;
			star_took = s;
		} else if (p < p_end && (*p == *s || (*p == '?' && *s != '/'))) {
			if (*s == '/')
				after_star = NULL;
			p++;
			s++;
		} else if (after_star != NULL && *star_took != '/') {
			p = after_star;
			s = ++star_took;
		} else {
			return false;
		}
	}
	while (p < p_end && *p == '*')
		p++;
	return p == p_end;
}

bool pattern_matches(const struct pattern *pattern, const char *path, size_t len)
{
	if (len < pattern->literal || memcmp(path, pattern->text, pattern->literal) != 0)
		return false;
	if (pattern->literal == pattern->len)
		return len == pattern->len || (pattern->tree && path[pattern->len] == '/');
	if (len == 1) /* the root has no component that a wildcard could stand for */
		return false;
	return glob_matches(pattern, path, len);
}

static size_t count_slashes(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += text[i] == '/';
	return count;
}

/* Length of the first `count` components; -1: there are not more than those. */
static ssize_t cut_after(const struct pattern *pattern, size_t count)
{
	for (size_t i = 0; i < pattern->len; i++)
		if (pattern->text[i] == '/' && count-- == 0)
			return (ssize_t)i;
	return -1;
}

static size_t count_components(const char *path, size_t len)
{
	return len == 1 ? 0 : count_slashes(path, len);
}

bool pattern_may_match_below(const struct pattern *pattern, const char *path, size_t len)
{
	size_t components = count_components(path, len);
	ssize_t cut = cut_after(pattern, components);
	struct pattern start = *pattern;

	if (pattern->len == 1) /* the root itself */
		return false;
	if (cut < 0)
		return pattern->tree && (len == 1 || pattern_matches(pattern, path, len));
	start.len = (size_t)cut;
	start.tree = false;
	if (start.literal > start.len)
		start.literal = start.len;
	return components == 0 || pattern_matches(&start, path, len);
}

static bool is_tree_around(const struct pattern *pattern, const char *path, size_t len)
{
	return pattern->tree && pattern_matches(pattern, path, len);
}

bool pattern_matches_alike_below(const struct pattern *pattern, const char *one, size_t one_len,
	const char *other, size_t other_len)
{
	if (!pattern_may_match_below(pattern, one, one_len) ||
		!pattern_may_match_below(pattern, other, other_len))
		return false;
	/* Of the pattern the same components are left. */
	return count_components(one, one_len) == count_components(other, other_len) ||
	       (is_tree_around(pattern, one, one_len) && is_tree_around(pattern, other, other_len));
}

size_t pattern_literal_directory(const struct pattern *pattern)
{
	size_t len = pattern->literal;

	if (len == pattern->len)
		return len;
	while (len > 0 && pattern->text[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

bool pattern_is_everything(const struct pattern *pattern)
{
	return pattern->tree && pattern->len == 0;
}

bool path_is_under(const char *path, size_t len, const char *directory, size_t directory_len)
{
	if (directory_len == 1 && directory[0] == '/')
		directory_len = 0;
	if (len < directory_len || memcmp(path, directory, directory_len) != 0)
		return false;
	return len == directory_len || path[directory_len] == '/';
}

/* ---- lists --------------------------------------------------------------------------------- */

struct pattern_list *pattern_list_new(void)
{
	return calloc(1, sizeof(struct pattern_list));
}

void pattern_list_free(struct pattern_list *list)
{
	if (list == NULL)
		return;
	for (size_t i = 0; i < list->count; i++)
		free((char *)list->items[i].text);
	free(list->items);
	free(list);
}

static int no_memory(struct error *err)
{
	(void)error_errno(err, ENOMEM, "cannot keep a pattern");
	return -ENOMEM;
}

static int make_room(struct pattern_list *list)
{
	size_t room = list->room == 0 ? 4 : list->room * 2;
	struct pattern *items;

	if (list->count < list->room)
		return 0;
	items = reallocarray(list->items, room, sizeof *items);
	if (items == NULL)
		return -ENOMEM;
	list->items = items;
	list->room = room;
	return 0;
}

int pattern_list_add(struct pattern_list *list, const char *text, struct error *err)
{
	struct pattern pattern;
	char *copy;
	int r = pattern_parse(text, strlen(text), &pattern, err);

	if (r < 0)
		return r;
	if (make_room(list) < 0)
		return no_memory(err);
	copy = strndup(pattern.text, pattern.len);
	if (copy == NULL)
		return no_memory(err);
	pattern.text = copy;
	list->items[list->count++] = pattern;
	return 0;
}

int pattern_list_add_renamed(struct pattern_list *list, const struct pattern *pattern,
	size_t replaced, const char *literal, struct error *err)
{
	size_t rest = pattern->len - replaced;
	size_t start = strlen(literal);
	char *text;

	if (start == 1 && (rest > 0 || pattern->tree)) /* "/": the rest brings its own slash */
		start = 0;
	if (make_room(list) < 0)
		return no_memory(err);
	text = malloc(start + rest + 1);
	if (text == NULL)
		return no_memory(err);
	memcpy(text, literal, start);
	memcpy(text + start, pattern->text + replaced, rest);
	text[start + rest] = '\0';
	list->items[list->count++] = (struct pattern){
		.text = text,
		.len = start + rest,
		.literal = start + (pattern->literal - replaced),
		.tree = pattern->tree,
	};
	return 0;
}

bool pattern_list_matches(const struct pattern_list *list, const char *path, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (pattern_matches(&list->items[i], path, len))
			return true;
	return false;
}

bool pattern_list_may_match_below(const struct pattern_list *list, const char *path, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (pattern_may_match_below(&list->items[i], path, len))
			return true;
	return false;
}

bool pattern_list_covers_tree(const struct pattern_list *list, const char *path, size_t len)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->items[i].tree && pattern_matches(&list->items[i], path, len))
			return true;
	return false;
}
