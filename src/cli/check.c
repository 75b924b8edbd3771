#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/notes.h"
#include "cli/rule.h"
#include "launch/filter.h"
#include "lua/host.h"
#include "policy/errname.h"
#include "syscalls/perform.h"
#include "syscalls/table.h"

/* moongate check: load policies and print the plan: every rule, and who enforces what. */

static const char usage[] = "usage: moongate check [-D NAME=VALUE ...] POLICY ...\n"
			    "\n"
			    "Loads the policies and prints what would be enforced, and where. Exit "
			    "status: 0, or 1 where\n"
			    "a policy has an error.\n";

static const char *where(enum disposition disposition)
{
	switch (disposition) {
	case DISPOSITION_KERNEL:
		return "the kernel, allowed";
	case DISPOSITION_REFUSED:
		return "the kernel, refused";
	case DISPOSITION_EXPLAINED:
		return "the supervisor, refused and explained";
	case DISPOSITION_ASKED:
		return "the supervisor, judged";
	case DISPOSITION_ASKED_IF_CHANGING:
		return "the supervisor where it can change something, else the kernel, allowed";
	}
	return "?";
}

static void print_rules(const struct policy *policy)
{
	size_t syscall_count;
	const struct syscall_rule *syscalls = policy_syscall_rules(policy, &syscall_count);

	(void)puts("rules:");
	for (size_t i = 0; i < policy_rule_count(policy); i++)
		rule_print(policy_rule(policy, i));
	for (size_t i = 0; i < syscall_count; i++)
		(void)printf("  %s:%d: %s.syscall \"%s\"\n", syscalls[i].file, syscalls[i].line,
			syscalls[i].deny ? "deny" : "allow", syscalls[i].word);
}

static void print_limits(const struct policy *policy)
{
	const struct run_limits *limits = policy_limits(policy);

	for (int i = 0; i < RUN_LIMIT_COUNT; i++) {
		enum run_limit limit = (enum run_limit)i;

		if (run_limits_have(limits, limit))
			(void)printf("  limits: %s %" PRIu64 "%s\n", run_limit_name(limit),
				limits->values[i],
				strcmp(run_limit_unit(limit), "time") == 0   ? " ms"
				: strcmp(run_limit_unit(limit), "size") == 0 ? " bytes"
									     : "");
	}
}

static void print_handlers(const struct lua_host *host)
{
	struct lua_host_handler handler;

	for (size_t i = 0; lua_host_handler(host, i, &handler); i++)
		(void)printf("  %s:%d: on.%s decides what no rule denies\n", handler.file,
			handler.line, operation_name(handler.operation));
}

static void print_disposition(const struct policy *policy, const struct syscall_row *row)
{
	int error;
	enum disposition disposition = filter_disposition(policy, row, false, &error);

	if (row->perform == getdents_perform && disposition == DISPOSITION_ASKED)
		(void)puts("the supervisor, without what is hidden");
	else
		(void)printf("%s%s%s\n", where(disposition), error != 0 ? ": " : "",
			error != 0 ? errname_of(error) : "");
}

/* Is judged, or the policy itself speaks of it, or it is listed without what is hidden. */
static bool is_of_interest(const struct policy *policy, const struct syscall_row *row)
{
	int error;

	if (row->operation != OPERATION_NONE)
		return true;
	if (row->perform == getdents_perform)
		return policy_hides(policy);
	return row->group == GROUP_NONE &&
	       filter_disposition(policy, row, false, &error) == DISPOSITION_REFUSED;
}

static void print_calls(const struct policy *policy)
{
	(void)puts("calls (of an ordinary user):");
	for (size_t i = 0; i < syscall_table_size; i++) {
		const struct syscall_row *row = &syscall_table[i];

		if (!is_of_interest(policy, row))
			continue;
		(void)printf("  %-18s ", row->name);
		print_disposition(policy, row);
	}
}

/* Rules decide about its calls, and deny.syscall does not take them away. */
static bool is_left_to_rules(const struct policy *policy, int group)
{
	const struct syscall_row *row = judged_member(group);
	int error;

	return row != NULL && filter_disposition(policy, row, false, &error) != DISPOSITION_REFUSED;
}

static void print_groups_left_to_rules(const struct policy *policy)
{
	const char *separator = "  judged by rules: ";

	for (int i = GROUP_NONE + 1; i < GROUP_COUNT; i++)
		if (is_left_to_rules(policy, i)) {
			(void)printf("%s%s", separator, group_table[i].name);
			separator = ", ";
		}
	(void)putchar('\n');
}

static void print_groups(const struct policy *policy)
{
	(void)puts("groups:");
	print_groups_left_to_rules(policy);
	for (int i = GROUP_NONE + 1; i < GROUP_COUNT; i++) {
		const struct group_row *group = &group_table[i];
		bool open = filter_opens(policy, "", i);

		if (is_left_to_rules(policy, i))
			continue;
		(void)printf("  %-18s %s%s (%s)\n", group->name, open ? "open" : "refused",
			open && (group->flags & UNJUDGED) != 0 ? ", not judged" : "", group->help);
	}
}

static void log_to_stderr(void *context, const char *message)
{
	(void)context;
	complain("%s", message);
}

static int check(const struct policy_options *options)
{
	struct lua_host *host = policy_options_load(options, log_to_stderr, NULL);

	if (host == NULL)
		return EXIT_FINDINGS;
	print_rules(lua_host_policy(host));
	print_handlers(host);
	print_limits(lua_host_policy(host));
	print_calls(lua_host_policy(host));
	print_groups(lua_host_policy(host));
	notes_print(lua_host_policy(host));
	lua_host_free(host);
	return 0;
}

static int run(int argc, char **argv)
{
	struct policy_options options = {0};
	int status = policy_options_parse(&options, argc, argv, usage, NULL);

	if (status >= 0)
		return status;
	for (; optind < argc; optind++)
		if (!policy_options_add(&options, 'p', argv[optind]))
			return EXIT_USAGE;
	if (options.name_count == 0) {
		complain("no policy\nusage: moongate check POLICY ...");
		return EXIT_USAGE;
	}
	return check(&options);
}

const struct command check_command = {
	.name = "check",
	.summary = "load policies, print every rule and who enforces what",
	.usage = usage,
	.run = run,
};
