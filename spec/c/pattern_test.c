#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "policy/pattern.h"

static bool matches(const char *text, const char *path)
{
	struct pattern pattern;

	assert_int_equal(pattern_parse(text, strlen(text), &pattern, NULL), 0);
	return pattern_matches(&pattern, path, strlen(path));
}

static void matches_what_it_says(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool expected;
	} cases[] = {
		{"/", "/", true},
		{"/", "/a", false},
		{"/usr", "/usr", true},
		{"/usr", "/usr2", false},
		{"/usr", "/usr/lib", false},
		{"/usr", "/us", false},
		{"/usr/**", "/usr", true},
		{"/usr/**", "/usr/lib", true},
		{"/usr/**", "/usr/lib/a/b", true},
		{"/usr/**", "/usr2", false},
		{"/usr/**", "/", false},
		{"/**", "/", true},
		{"/**", "/a/b", true},
		{"/*", "/", false},
		{"/*", "/a", true},
		{"/*", "/a/b", false},
		{"/*/**", "/", false},
		{"/*/**", "/a", true},
		{"/*/**", "/a/b/c", true},
		{"/?", "/a", true},
		{"/?", "/", false},
		{"/?", "/ab", false},
		{"/a?b", "/a/b", false},
		{"/a*b", "/a/b", false},
		{"/a*b", "/ab", true},
		{"/a*b", "/axxb", true},
		{"/a*b", "/axxbc", false},
		{"/a*b*c", "/a-b-b-c", true},
		{"/a*b*c", "/a-b-b-d", false},
		{"/home/*/.ssh/**", "/home/x/.ssh", true},
		{"/home/*/.ssh/**", "/home/x/.ssh/id", true},
		{"/home/*/.ssh/**", "/home/x/y/.ssh/id", false},
		{"/home/*/.ssh/**", "/home/.ssh", false},
		{"/home/*/.ssh/**", "/home/x/.sshx", false},
		{"/home/*/.ssh", "/home//.ssh", true}, /* never asked: paths are clean */
		{"/a*/**", "/ab/c", true},
		{"/a*/**", "/a", true},
		{"/a*/**", "/ba", false},
		{"/proc/*/status", "/proc/1/status", true},
		{"/proc/*/status", "/proc/1/task/1/status", false},
		{"/w/*.o", "/w/.o", true},
		{"/w/*.o", "/w/x.oo", false},
		{"/w/*", "/w/.hidden", true},
		{"/w/[ab]", "/w/a", false},
		{"/w/[ab]", "/w/[ab]", true},
		{"/w/\\*", "/w/\\x", true},
		{"/w/\xff?", "/w/\xff\xfe", true},
		{"/w/?", "/w/\xc3\xa4", false},
		{"/x*y/z*w/**", "/xxy/zww/q", true},
		{"/x*/z", "/x/y/z", false},
		{"//x", "/x", true}, /* dir .. "/x", with "/" as dir */
		{"//**", "/", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (matches(cases[i].pattern, cases[i].path) != cases[i].expected)
			fail_msg("%s on %s", cases[i].pattern, cases[i].path);
}

static void refuses_what_has_no_meaning(void **state)
{
	static const struct {
		const char *pattern, *mend;
	} cases[] = {
		{"", "write an absolute path"},
		{"usr", "is not absolute; write cwd"},
		{"**", "is not absolute"},
		{"~/x", "env.HOME"},
		{"~", "env.HOME"},
		{"x", "is not absolute"},
		{"/a/", "ends in '/'; write /dir"},
		{"/a//b", "empty component"},
		{"//", "empty component"},
		{"///a", "empty component"},
		{"/a/./b", "'.' or '..'"},
		{"/.", "'.' or '..'"},
		{"/a/../b", "'.' or '..'"},
		{"/a/..", "'.' or '..'"},
		{"/a**", "'**' in the wrong place"},
		{"/**/b", "'**' in the wrong place"},
		{"/a/**/b", "'**' in the wrong place"},
		{"/a/***", "'**' in the wrong place"},
		{"/a/**/**", "'**' in the wrong place"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct pattern pattern;
		struct error err = {0};

		if (pattern_parse(cases[i].pattern, strlen(cases[i].pattern), &pattern, &err) == 0)
			fail_msg("%s is accepted", cases[i].pattern);
		if (strstr(err.text, cases[i].mend) == NULL)
			fail_msg("%s: %s", cases[i].pattern, err.text);
	}
}

static void accepts_dots_that_are_names(void **state)
{
	(void)state;
	assert_true(matches("/a/...", "/a/..."));
	assert_true(matches("/a/.b", "/a/.b"));
	assert_true(matches("/a/b.", "/a/b."));
}

/* The definition of a glob, exponential and obvious. */
static bool slow_glob(const char *p, const char *s)
{
	if (strcmp(p, "/**") == 0 && (*s == '/' || *s == '\0'))
		return true;
	if (*p == '\0')
		return *s == '\0';
	if (*p == '*')
		return slow_glob(p + 1, s) || (*s != '\0' && *s != '/' && slow_glob(p, s + 1));
	if (*p == '?')
		return *s != '\0' && *s != '/' && slow_glob(p + 1, s + 1);
	return *p == *s && slow_glob(p + 1, s + 1);
}

static void random_text(char *text, size_t size, const char *alphabet)
{
	size_t len = (size_t)rand() % (size - 2);

	text[0] = '/';
	for (size_t i = 1; i <= len; i++)
		text[i] = alphabet[(size_t)rand() % strlen(alphabet)];
	text[len + 1] = '\0';
}

static void agrees_with_the_definition(void **state)
{
	int compared = 0;

	(void)state;
	srand(1);
	while (compared < 200000) {
		char text[12], path[12];
		struct pattern pattern;

		random_text(text, sizeof text, "ab/**?");
		random_text(path, sizeof path, "aab/");
		if (strstr(path, "//") != NULL ||
			(strlen(path) > 1 && path[strlen(path) - 1] == '/'))
			continue;
		if (pattern_parse(text, strlen(text), &pattern, NULL) < 0)
			continue;
		compared++;
		if (strcmp(path, "/") == 0)
			continue; /* the definition lets a star stand for no component */
		if (pattern_matches(&pattern, path, strlen(path)) !=
			slow_glob(text[1] == '/' ? text + 1 : text, path))
			fail_msg("%s on %s", text, path);
	}
}

static void takes_linear_time(void **state)
{
	char text[4096], path[4096];
	struct pattern pattern;
	clock_t start = clock();

	(void)state;
	memset(path, 'a', sizeof path);
	path[0] = '/';
	for (size_t i = 0; i < 2000; i++)
		memcpy(text + 1 + 2 * i, "a*", 2);
	text[0] = '/';
	text[4001] = 'b';
	assert_int_equal(pattern_parse(text, 4002, &pattern, NULL), 0);
	assert_false(pattern_matches(&pattern, path, sizeof path - 1));
	assert_true(clock() - start < CLOCKS_PER_SEC / 4);
}

static void stays_inside_the_path(void **state)
{
	char *path = malloc(5); /* no NUL behind it: a sanitizer sees a byte too many */
	struct pattern pattern;

	(void)state;
	memcpy(path, "/usr/", 5);
	assert_int_equal(pattern_parse("/usr/**", 7, &pattern, NULL), 0);
	assert_true(pattern_matches(&pattern, path, 4));
	assert_int_equal(pattern_parse("/us?/*", 6, &pattern, NULL), 0);
	assert_false(pattern_matches(&pattern, path, 4));
	free(path);
}

/* ---- what is below a directory ------------------------------------------------------------- */

static bool may_match_below(const char *text, const char *path)
{
	struct pattern pattern;

	assert_int_equal(pattern_parse(text, strlen(text), &pattern, NULL), 0);
	return pattern_may_match_below(&pattern, path, strlen(path));
}

static void knows_what_may_be_below(void **state)
{
	static const struct {
		const char *pattern, *directory;
		bool expected;
	} cases[] = {
		{"/a/b/c", "/", true},
		{"/a/b/c", "/a", true},
		{"/a/b/c", "/a/b", true},
		{"/a/b/c", "/a/b/c", false}, /* that is itself */
		{"/a/b/c", "/a/b/c/d", false},
		{"/a/b/c", "/b", false},
		{"/a/b/c", "/a/bb", false},
		{"/ab", "/a", false},
		{"/", "/", false},
		{"/", "/a", false},
		{"/a", "/", true},
		{"/a/**", "/", true},
		{"/a/**", "/a", true},
		{"/a/**", "/a/b/c", true},
		{"/a/**", "/b", false},
		{"/a/**", "/ab", false},
		{"/**", "/", true},
		{"/**", "/a/b", true},
		{"/*", "/", true},
		{"/*", "/a", false},
		{"/*/**", "/", true},
		{"/*/**", "/a", true},
		{"/*/**", "/a/b", true},
		{"/*/x", "/a", true},
		{"/*/x", "/a/x", false},
		{"/a?/x", "/ab", true},
		{"/a?/x", "/a", false},
		{"/a?/x", "/abc", false},
		{"/home/*/.ssh/**", "/home", true},
		{"/home/*/.ssh/**", "/home/bob", true},
		{"/home/*/.ssh/**", "/home/bob/.ssh", true},
		{"/home/*/.ssh/**", "/home/bob/.ssh/x", true},
		{"/home/*/.ssh/**", "/home/bob/x", false},
		{"/w/*.o", "/w", true},
		{"/w/*.o", "/w/a.o", false},
		{"/w/a*b/c", "/w/axb", true},
		{"/w/a*b/c", "/w/axc", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (may_match_below(cases[i].pattern, cases[i].directory) != cases[i].expected)
			fail_msg("%s below %s", cases[i].pattern, cases[i].directory);
}

static void random_path(char *path, size_t size)
{
	do
		random_text(path, size, "aab/");
	while (strstr(path, "//") != NULL || (path[1] != '\0' && path[strlen(path) - 1] == '/'));
}

static bool random_pattern(char *text, size_t size, struct pattern *ret)
{
	random_text(text, size, "ab/**?");
	return pattern_parse(text, strlen(text), ret, NULL) == 0;
}

static const char *join(char buffer[64], const char *directory, const char *below)
{
	(void)snprintf(buffer, 64, "%s%s", directory[1] == '\0' ? "" : directory, below);
	return buffer;
}

/* Of a pattern, what stands behind so many components, with a letter for every wildcard. */
static void instance_behind(const struct pattern *pattern, size_t components, char ret[64])
{
	size_t at = 0, used = 0;

	while (at < pattern->len && (components > 0 || pattern->text[at] != '/')) {
		at++;
		components -= at < pattern->len && pattern->text[at] == '/';
	}
	for (; at < pattern->len; at++)
		ret[used++] = pattern->text[at] == '*' || pattern->text[at] == '?'
				      ? 'a'
				      : pattern->text[at];
	(void)strcpy(ret + used, pattern->tree ? "/a" : "");
}

static size_t components_of(const char *path)
{
	size_t count = 0;

	for (; *path != '\0' && path[1] != '\0'; path++)
		count += *path == '/';
	return count;
}

static void what_may_be_below_is_what_can_be_found_there(void **state)
{
	int found = 0;

	(void)state;
	srand(2);
	for (int i = 0; i < 300000; i++) {
		char text[12], directory[10], below[8], instance[64], whole[64];
		struct pattern pattern;
		bool may;

		if (!random_pattern(text, sizeof text, &pattern))
			continue;
		random_path(directory, sizeof directory);
		random_path(below, sizeof below);
		may = pattern_may_match_below(&pattern, directory, strlen(directory));
		join(whole, directory, below);
		if (below[1] != '\0' && !may && pattern_matches(&pattern, whole, strlen(whole)))
			fail_msg("%s matches %s, below %s", text, whole, directory);
		if (!may)
			continue;
		found++;
		instance_behind(&pattern, components_of(directory), instance);
		join(whole, directory, instance);
		if (!pattern_matches(&pattern, whole, strlen(whole)))
			fail_msg("%s below %s is not %s", text, directory, whole);
	}
	assert_true(found > 10000);
}

static void what_matches_alike_below_does(void **state)
{
	int alike = 0;

	(void)state;
	srand(3);
	for (int i = 0; i < 300000; i++) {
		char text[12], one[8], other[8], below[8], buffer[2][64];
		struct pattern pattern;

		if (!random_pattern(text, sizeof text, &pattern))
			continue;
		random_path(one, sizeof one);
		random_path(other, sizeof other);
		random_path(below, sizeof below);
		if (below[1] == '\0' || !pattern_matches_alike_below(
						&pattern, one, strlen(one), other, strlen(other)))
			continue;
		alike++;
		join(buffer[0], one, below);
		join(buffer[1], other, below);
		if (pattern_matches(&pattern, buffer[0], strlen(buffer[0])) !=
			pattern_matches(&pattern, buffer[1], strlen(buffer[1])))
			fail_msg("%s: %s and %s", text, buffer[0], buffer[1]);
	}
	assert_true(alike > 10000);
}

static void knows_what_is_alike_below(void **state)
{
	struct pattern pattern;

	(void)state;
	assert_int_equal(pattern_parse("/w/*/secret", 11, &pattern, NULL), 0);
	assert_true(pattern_matches_alike_below(&pattern, "/w/a", 4, "/w/b", 4));
	assert_false(pattern_matches_alike_below(&pattern, "/w/a", 4, "/v/b", 4));
	assert_false(pattern_matches_alike_below(&pattern, "/w/a", 4, "/w", 2));
	assert_int_equal(pattern_parse("/w/**", 5, &pattern, NULL), 0);
	assert_true(pattern_matches_alike_below(&pattern, "/w/a", 4, "/w/b/c", 6));
	assert_true(pattern_matches_alike_below(&pattern, "/w", 2, "/w/b/c", 6));
	assert_false(pattern_matches_alike_below(&pattern, "/", 1, "/w/b", 4));
}

static bool overlap(const char *one, const char *other)
{
	struct pattern a, b;

	assert_int_equal(pattern_parse(one, strlen(one), &a, NULL), 0);
	assert_int_equal(pattern_parse(other, strlen(other), &b, NULL), 0);
	assert_int_equal(pattern_overlaps(&a, &b), pattern_overlaps(&b, &a));
	return pattern_overlaps(&a, &b);
}

static void knows_what_overlaps(void **state)
{
	(void)state;
	assert_true(overlap("/w/**", "/w/bin/*"));
	assert_true(overlap("/w/**", "/w"));
	assert_true(overlap("/**", "/usr/bin/cc"));
	assert_true(overlap("/*/bin/x?", "/w/*/xy"));
	assert_true(overlap("/a*c", "/*b*"));
	assert_true(overlap("/*/**", "/w/x/y"));
	assert_false(overlap("/w/*", "/w/bin/x"));
	assert_false(overlap("/w/**", "/wx/**"));
	assert_false(overlap("/usr/bin/*", "/usr/*"));
	assert_false(overlap("/a?", "/a"));
	assert_false(overlap("/a*", "/b*"));
	assert_false(overlap("/?/x", "/w/y/**"));
}

/* Of all short patterns, those overlap that have a short path in common. */
static void what_overlaps_has_a_path_in_common(void **state)
{
	static const char *const pieces[] = {"a", "b", "?", "*", "/a", "/?", "/*"};
	static const char *const paths[] = {"/", "/a", "/b", "/aa", "/ab", "/ba", "/bb", "/a/a",
		"/a/b", "/b/a", "/b/b", "/aa/a", "/ab/a", "/ba/a", "/a/aa", "/a/ab", "/aab", "/aba",
		"/baa", "/abb", "/aaa", "/bba", "/bab", "/bbb", "/aa/b", "/bb/a", "/b/ab", "/b/aa"};
	enum { PIECES = sizeof pieces / sizeof *pieces, PATHS = sizeof paths / sizeof *paths };
	enum { ALL = PIECES * PIECES };

	(void)state;
	for (int i = 0; i < ALL; i++)
		for (int j = 0; j < ALL; j++) {
			char one[16], other[16];
			struct pattern a, b;
			bool common = false;

			(void)snprintf(
				one, sizeof one, "/a%s%s", pieces[i / PIECES], pieces[i % PIECES]);
			(void)snprintf(other, sizeof other, "/?%s%s", pieces[j / PIECES],
				pieces[j % PIECES]);
			if (pattern_parse(one, strlen(one), &a, NULL) < 0 ||
				pattern_parse(other, strlen(other), &b, NULL) < 0)
				continue;
			for (int k = 0; k < PATHS; k++)
				common = common ||
					 (pattern_matches(&a, paths[k], strlen(paths[k])) &&
						 pattern_matches(&b, paths[k], strlen(paths[k])));
			if (common)
				assert_true(pattern_overlaps(&a, &b));
			/* "/a" and two pieces on each side: if they meet, they do within three
			 * bytes. */
			else if (strpbrk(one + 2, "/") == NULL && strpbrk(other + 2, "/") == NULL &&
				 strchr(one, '*') == NULL && strchr(other, '*') == NULL)
				assert_int_equal(pattern_overlaps(&a, &b), false);
		}
}

static void knows_what_is_under(void **state)
{
	(void)state;
	assert_true(path_is_under("/tmp/a", 6, "/tmp", 4));
	assert_true(path_is_under("/tmp", 4, "/tmp", 4));
	assert_false(path_is_under("/tmpx", 5, "/tmp", 4));
	assert_false(path_is_under("/tm", 3, "/tmp", 4));
	assert_true(path_is_under("/tmp", 4, "/", 1));
	assert_true(path_is_under("/", 1, "/", 1));
	assert_false(path_is_under("/a*b", 4, "/a?b", 4));
}

static void renames_a_prefix_without_making_wildcards(void **state)
{
	struct pattern_list *list = pattern_list_new();
	struct pattern pattern;

	(void)state;
	assert_int_equal(pattern_parse("/lib/x*/**", 10, &pattern, NULL), 0);
	assert_int_equal(pattern_list_add_renamed(list, &pattern, 4, "/u*r/lib", NULL), 0);
	assert_true(pattern_list_matches(list, "/u*r/lib/xy/z", 13));
	assert_false(pattern_list_matches(list, "/usr/lib/xy/z", 13));
	assert_int_equal(pattern_parse("/lib/**", 7, &pattern, NULL), 0);
	assert_int_equal(pattern_list_add_renamed(list, &pattern, 4, "/", NULL), 0);
	assert_true(pattern_is_everything(&list->items[1]));
	assert_int_equal(pattern_parse("/lib", 4, &pattern, NULL), 0);
	assert_int_equal(pattern_list_add_renamed(list, &pattern, 4, "/", NULL), 0);
	assert_true(pattern_matches(&list->items[2], "/", 1));
	assert_false(pattern_matches(&list->items[2], "/a", 2));
	pattern_list_free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(matches_what_it_says),
		cmocka_unit_test(refuses_what_has_no_meaning),
		cmocka_unit_test(accepts_dots_that_are_names),
		cmocka_unit_test(agrees_with_the_definition),
		cmocka_unit_test(takes_linear_time),
		cmocka_unit_test(stays_inside_the_path),
		cmocka_unit_test(knows_what_may_be_below),
		cmocka_unit_test(what_may_be_below_is_what_can_be_found_there),
		cmocka_unit_test(what_matches_alike_below_does),
		cmocka_unit_test(knows_what_is_alike_below),
		cmocka_unit_test(knows_what_overlaps),
		cmocka_unit_test(what_overlaps_has_a_path_in_common),
		cmocka_unit_test(knows_what_is_under),
		cmocka_unit_test(renames_a_prefix_without_making_wildcards),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
