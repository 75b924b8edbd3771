#include "cli/notes.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/pattern.h"

enum { LITERAL_SIZE = 4 * PATH_MAX + 16 };

struct notes {
	bool any;
};

/* Whose name has no wildcard before the tree: what lstat(2) says of it. */
static int look_at(const struct pattern *pattern)
{
	char path[PATH_MAX];
	struct stat st;

	if (pattern->len >= sizeof path || pattern->len == 0)
		return 0;
	memcpy(path, pattern->text, pattern->len);
	path[pattern->len] = '\0';
	return lstat(path, &st) == 0 ? 0 : errno;
}

static void note(struct notes *notes, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static void note(struct notes *notes, const char *file, int line, const char *format, ...)
{
	va_list arguments;

	if (!notes->any)
		(void)puts("notes:");
	notes->any = true;
	(void)printf("  %s:%d: ", file, line);
	va_start(arguments, format);
	(void)vprintf(format, arguments);
	va_end(arguments);
	(void)putchar('\n');
}

/*
 * A policy that is built in is written for many machines; what is hidden need not be there, and
 * whoever may create may make a whole tree.
 */
static bool may_be_missing(const struct rule *rule, const struct pattern *pattern)
{
	return rule->hides || strncmp(rule->file, "builtin:", 8) == 0 ||
	       (pattern->tree && (rule->deny || (rule->rights & RIGHT_CREATE) != 0));
}

static void note_pattern(
	struct notes *notes, const struct rule *rule, const struct pattern *pattern, char *literal)
{
	bool plain = pattern->literal == pattern->len;
	const char *bracket = pattern->len > 0 ? memchr(pattern->text, '[', pattern->len) : NULL;
	const char *brace = pattern->len > 0 ? memchr(pattern->text, '{', pattern->len) : NULL;
	int error = plain ? look_at(pattern) : 0;
	bool missing = error == ENOENT || error == ENOTDIR;

	if ((bracket != NULL || brace != NULL) && (missing || !plain))
		note(notes, rule->file, rule->line,
			"%s: '%c' is an ordinary character here; special are *, ? and a last /**",
			literal, bracket != NULL ? '[' : '{');
	else if (missing && !may_be_missing(rule, pattern))
		note(notes, rule->file, rule->line, "%s: nothing is there now", literal);
}

static void note_list(struct notes *notes, const struct rule *rule, bool except)
{
	const struct pattern_list *list = except ? rule->excepts : rule->patterns;
	char literal[LITERAL_SIZE];

	for (size_t i = 0; policy_written_pattern(rule, except, i, literal, sizeof literal); i++)
		note_pattern(notes, rule, &list->items[i], literal);
}

/* Programs start others by any of these, and the C library chooses. */
static void note_forks(struct notes *notes, const struct policy *policy)
{
	size_t count;
	const struct syscall_rule *rules = policy_syscall_rules(policy, &count);
	const struct syscall_rule *fork = NULL;

	for (size_t i = 0; i < count; i++) {
		if (rules[i].deny && strcmp(rules[i].word, "clone") == 0)
			return;
		if (rules[i].deny &&
			(strcmp(rules[i].word, "fork") == 0 || strcmp(rules[i].word, "vfork") == 0))
			fork = &rules[i];
	}
	if (fork != NULL)
		note(notes, fork->file, fork->line,
			"deny.syscall \"%s\": clone does the same, and is not refused", fork->word);
}

static bool grants_own_code(const struct rule *writes, const struct rule *runs)
{
	return !writes->deny && (writes->rights & (RIGHT_CREATE | RIGHT_MODIFY)) != 0 &&
	       pattern_list_overlaps(runs->patterns, writes->patterns);
}

/* What a program has written, it can run: often meant, as in a build; but to be known. */
static void note_own_code(struct notes *notes, const struct policy *policy, const struct rule *runs)
{
	const char *use = (runs->rights & RIGHT_EXEC) != 0 ? "run" : "load as code";
	const struct rule *found = NULL;

	/* One of the same file tells its author most. */
	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		const struct rule *writes = policy_rule(policy, i);
		bool here = strcmp(writes->file, runs->file) == 0;

		if ((found == NULL || here) && grants_own_code(writes, runs)) {
			found = writes;
			if (here)
				break;
		}
	}
	if (found != NULL)
		note(notes, runs->file, runs->line,
			"the program may %s what it may write (%s:%d, not counting exceptions)",
			use, found->file, found->line);
}

void notes_print(const struct policy *policy)
{
	struct notes notes = {false};

	for (size_t i = 0; i < policy_rule_count(policy); i++) {
		note_list(&notes, policy_rule(policy, i), false);
		note_list(&notes, policy_rule(policy, i), true);
		if (!policy_rule(policy, i)->deny &&
			(policy_rule(policy, i)->rights & (RIGHT_EXEC | RIGHT_MAP)) != 0)
			note_own_code(&notes, policy, policy_rule(policy, i));
	}
	note_forks(&notes, policy);
}
