#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "syscalls/table.h"

/* moongate syscalls: the table, for people. */

static const char usage[] =
	"usage: moongate syscalls [OPERATION | @GROUP]\n"
	"\n"
	"Lists what policies can name: operations with the rights they need and "
	"their system calls, and\n"
	"groups of calls that are refused unless a policy opens them with "
	"allow.syscall.\n";

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

static bool print_matching(const char *word)
{
	bool found = false;

	for (int i = 0; i < OPERATION_COUNT; i++)
		if (word == NULL || strcmp(word, operation_name((enum operation)i)) == 0) {
			print_operation((enum operation)i);
			found = true;
		}
	for (int i = GROUP_NONE + 1; i < GROUP_COUNT; i++)
		if (word == NULL || syscall_word_covers(word, "", (enum syscall_group)i)) {
			print_group((enum syscall_group)i);
			found = true;
		}
	return found;
}

static int run(int argc, char **argv)
{
	const char *word = argc > 1 ? argv[1] : NULL;

	if (word != NULL && (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)) {
		(void)fputs(usage, stdout);
		return 0;
	}
	if (argc > 2 || !print_matching(word)) {
		complain("no operation and no group is called '%s'\nmoongate syscalls lists them",
			argc > 2 ? argv[2] : word);
		return EXIT_USAGE;
	}
	return 0;
}

const struct command syscalls_command = {
	.name = "syscalls",
	.summary = "list operations, groups and their system calls",
	.usage = usage,
	.run = run,
};
