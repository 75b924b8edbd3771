#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "cli/command.h"
#include "policy/vocabulary.h"
#include "syscalls/table.h"

/* moongate syscalls: the table, for people. */

static const char usage[] =
	"usage: moongate syscalls [OPERATION | @GROUP | NAME]\n"
	"\n"
	"Lists what policies can name: operations with the rights they need and "
	"their system calls, and\n"
	"groups of calls that are refused unless a policy opens them with "
	"allow.syscall. Of the NAME of a\n"
	"system call it says to which of them it belongs.\n";

static void print_rights(unsigned rights)
{
	const char *separator = "";

	for (int i = 0; i < RIGHT_COUNT; i++)
		if ((rights & (1u << i)) != 0) {
			(void)printf("%s%s", separator, right_name((enum right_index)i));
			separator = " and ";
		}
}

/* What rules have to grant. */
static void print_needs(enum operation operation)
{
	(void)printf("%-14s needs ", "");
	if (operation == OPERATION_OPEN)
		(void)fputs("read, modify, or both; create what is missing", stdout);
	print_rights(operation_rights(operation));
	if (operation_new_rights(operation) != 0) {
		(void)fputs("; for the new name ", stdout);
		print_rights(operation_new_rights(operation));
	}
	if (operation == OPERATION_RENAME)
		(void)fputs(", and delete of what it replaces", stdout);
	(void)putchar('\n');
}

static void print_operation(enum operation operation)
{
	(void)printf("%-14s %s\n", operation_name(operation), operation_help(operation));
	print_needs(operation);
	for (size_t i = 0; i < syscall_table_size; i++)
		if (syscall_table[i].operation == operation)
			(void)printf("%-14s   %s\n", "", syscall_table[i].name);
}

static void print_members(enum syscall_group group)
{
	for (size_t i = 0; i < syscall_table_size; i++)
		if (syscall_table[i].group == group)
			(void)printf("%-14s   %s\n", "", syscall_table[i].name);
	for (size_t i = 0; i < scalar_table_size; i++)
		if (scalar_table[i].group == group)
			(void)printf("%-14s   %s, argument %u = %#llx\n", "", scalar_table[i].name,
				scalar_table[i].argument,
				(unsigned long long)scalar_table[i].value);
}

static void print_group(enum syscall_group group)
{
	const struct group_row *row = &group_table[group];

	(void)printf("%-14s %s%s\n", row->name, row->help,
		(row->flags & UNJUDGED) != 0 ? " (not judged in this version)" : "");
	if (judged_member((int)group) != NULL)
		(void)printf("%-14s   judged by rules, whether it is open or not\n", "");
	if (row->refusal != NULL)
		(void)printf("%-14s   never open: %s\n", "", row->refusal);
	print_members(group);
}

static bool is_group(const char *word)
{
	for (int i = GROUP_NONE + 1; i < GROUP_COUNT; i++)
		if (strcmp(word, group_table[i].name) == 0)
			return true;
	return false;
}

/* A word of the vocabulary that stands for several groups. */
static bool is_union(const struct vocabulary_word *word)
{
	return word->name[0] == '@' && !is_group(word->name);
}

static void print_union(const struct vocabulary_word *word)
{
	const char *separator = "all of ";

	(void)printf("%-14s %s\n%-14s   ", word->name, word->help, "");
	for (int i = GROUP_NONE + 1; i < GROUP_COUNT; i++)
		if (syscall_word_covers(word->name, "", (enum syscall_group)i)) {
			(void)printf("%s%s", separator, group_table[i].name);
			separator = ", ";
		}
	(void)putchar('\n');
}

/* ---- one system call ----------------------------------------------------------------------- */

static bool has_scalar(const char *name, int group)
{
	for (size_t i = 0; i < scalar_table_size; i++)
		if ((int)scalar_table[i].group == group && strcmp(scalar_table[i].name, name) == 0)
			return true;
	return false;
}

static bool print_scalars(const char *name)
{
	bool found = false;

	for (int i = GROUP_NONE + 1; i < GROUP_COUNT; i++)
		if (has_scalar(name, i)) {
			(void)printf("%-18s with some arguments of the group %s (moongate "
				     "syscalls %s)\n",
				name, group_table[i].name, group_table[i].name);
			found = true;
		}
	return found;
}

static void print_call(const struct syscall_row *row)
{
	const char *group = group_table[row->group].name;
	const char *operation = operation_name(row->operation);

	if (operation != NULL)
		(void)printf("%-18s is judged as the operation %s: by rules and by on.%s\n",
			row->name, operation, operation);
	if (group != NULL)
		(void)printf(
			"%-18s of the group %s (moongate syscalls %s)\n", row->name, group, group);
	if (!print_scalars(row->name) && operation == NULL && group == NULL)
		(void)printf("%-18s is not judged, and of no group: it is let through unless "
			     "deny.syscall \"%s\" refuses it\n",
			row->name, row->name);
}

/* ---- the command --------------------------------------------------------------------------- */

static bool print_operations(const char *word)
{
	bool found = false;

	for (int i = 0; i < OPERATION_COUNT; i++)
		if (word == NULL || strcmp(word, operation_name((enum operation)i)) == 0) {
			print_operation((enum operation)i);
			found = true;
		}
	return found;
}

static bool print_groups(const char *word)
{
	bool found = false;

	for (int i = GROUP_NONE + 1; i < GROUP_COUNT; i++)
		if (word == NULL || syscall_word_covers(word, "", (enum syscall_group)i)) {
			print_group((enum syscall_group)i);
			found = true;
		}
	return found;
}

static bool print_unions(const char *word)
{
	const struct vocabulary *vocabulary = syscall_vocabulary();
	bool found = false;

	for (size_t i = 0; i < vocabulary->count; i++) {
		const struct vocabulary_word *candidate = &vocabulary->words[i];

		if (is_union(candidate) && (word == NULL || strcmp(word, candidate->name) == 0)) {
			print_union(candidate);
			found = true;
		}
	}
	return found;
}

/* An operation may have the name of one of its calls: then that says more. */
static bool print_matching(const char *word)
{
	const struct syscall_row *row = word != NULL ? syscall_named(word) : NULL;
	bool operations = print_operations(word);

	if (!operations && row != NULL)
		print_call(row);
	/* Both: a group of groups is told as one, and then its members. */
	return (int)print_unions(word) + (int)print_groups(word) + (int)operations > 0 ||
	       row != NULL;
}

static void complain_unknown(const char *word)
{
	const struct vocabulary *vocabulary = syscall_vocabulary();
	struct suggestion suggestion = {.word = word};
	char hint[80];

	for (int i = 0; i < OPERATION_COUNT; i++)
		suggestion_try(&suggestion, operation_name((enum operation)i));
	for (size_t i = 0; i < vocabulary->count; i++)
		suggestion_try(&suggestion, vocabulary->words[i].name);
	complain(
		"no operation, group or system call is called '%s'%s\nmoongate syscalls lists them",
		word, suggestion_hint(&suggestion, hint, sizeof hint));
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (word != NULL && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
		(void)fputs(usage, stdout);
		return 0;
	}
	if (argc > 2) {
		complain(
			"one word at a time\nusage: moongate syscalls [OPERATION | @GROUP | NAME]");
		return EXIT_USAGE;
	}
	if (print_matching(word))
		return 0;
	complain_unknown(word);
	return EXIT_USAGE;
}

const struct command syscalls_command = {
	.name = "syscalls",
	.summary = "list operations, groups and their system calls",
	.usage = usage,
	.run = run,
};
