#include "cli/rule.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "policy/errname.h"

enum { WIDTH = 100, LITERAL_SIZE = 4 * PATH_MAX + 16 };

/* What stands behind a rule: its errno, and why. */
static void print_end(const struct rule *rule)
{
	if (rule->error != 0 && !rule->hides)
		(void)printf(", errno %s", errname_of(rule->error));
	(void)printf("%s%s\n", rule->why != NULL ? ": " : "", rule->why != NULL ? rule->why : "");
}

/* The patterns, or the exceptions, so many to a line as fit. */
static void print_list(const struct rule *rule, bool except)
{
	char literal[LITERAL_SIZE];
	size_t column = 0;

	for (size_t i = 0; policy_written_pattern(rule, except, i, literal, sizeof literal); i++) {
		size_t length = strlen(literal) + 2;

		if (column == 0 || column + length > WIDTH) {
			(void)printf("%s\n      ", column > 0 ? "," : "");
			column = 6;
		} else {
			(void)fputs(", ", stdout);
		}
		(void)fputs(literal, stdout);
		column += length;
	}
}

static void print_long(const struct rule *rule)
{
	(void)printf("%.*s {", (int)strcspn(rule->words, " "), rule->words);
	print_list(rule, false);
	if (rule->written_excepts > 0) {
		(void)printf(",\n    except = {");
		print_list(rule, true);
		(void)printf(" }");
	}
	(void)printf(" }");
}

void rule_print(const struct rule *rule)
{
	(void)printf("  %s:%d: ", rule->file, rule->line);
	/* Words that were cut off are longer than that. */
	if (strlen(rule->words) <= WIDTH)
		(void)fputs(rule->words, stdout);
	else
		print_long(rule);
	print_end(rule);
}
