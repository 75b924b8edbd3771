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

static const struct {
	const char *name, *help;
} operations[] = {
#define OPERATION_ROW(id, name, refusal, help) {name, help},
	OPERATIONS(OPERATION_ROW)};

/* What rules have to grant. */
static const char *const needs[OPERATION_COUNT] = {
	[OPERATION_OPEN] = "read, modify, or both; create what is missing",
	[OPERATION_MKDIR] = "create",
	[OPERATION_EXEC] = "exec",
	[OPERATION_STAT] = "stat",
	[OPERATION_ACCESS] = "stat",
	[OPERATION_READLINK] = "stat",
	[OPERATION_GETXATTR] = "stat",
	[OPERATION_CHDIR] = "stat",
	[OPERATION_WATCH] = "read",
	[OPERATION_MKNOD] = "create",
	[OPERATION_REMOVE] = "delete",
	[OPERATION_RENAME] = "delete; for the new name create, and delete of what it replaces",
	[OPERATION_LINK] = "read and modify; create for the new name",
	[OPERATION_SYMLINK] = "create",
	[OPERATION_CHMOD] = "modify",
	[OPERATION_CHOWN] = "modify",
	[OPERATION_TRUNCATE] = "modify",
	[OPERATION_UTIME] = "modify",
	[OPERATION_SETXATTR] = "modify",
};

static void print_operation(enum operation operation)
{
	(void)printf("%-14s %s\n%-14s needs %s\n", operations[operation].name,
		operations[operation].help, "", needs[operation]);
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
		if (word == NULL || strcmp(word, operations[i].name) == 0) {
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
