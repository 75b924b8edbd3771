#include "cli/run_notes.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "syscalls/table.h"

static void append_name(char *names, size_t size, const char *name)
{
	size_t used = strlen(names);

	text_print(names + used, size - used, "%s%s", used > 0 ? ", " : "", name);
}

void run_note_unjudged(const struct policy *policy)
{
	size_t count;
	const struct syscall_rule *rules = policy_syscall_rules(policy, &count);
	char names[512] = "";

	for (size_t i = 0; i < count; i++)
		if (!rules[i].deny && syscall_word_is_unjudged(rules[i].word) &&
			strstr(names, rules[i].word) == NULL)
			append_name(names, sizeof names, rules[i].word);
	if (names[0] != '\0')
		complain("note: the policy opens %s\nthis version does not judge those calls: they "
			 "may reach whatever the user may, wherever it is",
			names);
}

static struct request request_of(const char *path)
{
	return (struct request){.operation = OPERATION_OPEN,
		.syscall = "openat",
		.rights = RIGHT_MODIFY,
		.path = path,
		.path_len = strlen(path),
		.given = path,
		.given_len = strlen(path),
		.flags = O_WRONLY};
}

void run_note_writable_log(struct lua_host *host, const char *log)
{
	char path[PATH_MAX];
	struct verdict verdict = {0};
	struct request request;

	if (log == NULL || realpath(log, path) == NULL)
		return;
	request = request_of(path);
	lua_host_decide(host, &request, &verdict);
	if (verdict.kind == VERDICT_ALLOW)
		complain("note: the policy lets the program write the log %s\n"
			 "put the log where it may not",
			path);
	verdict_clear(&verdict);
}

/* By its rules: handlers should not be asked about what nobody does. */
static bool rules_permit(struct policy *policy, const char *path)
{
	const struct request request = request_of(path);
	struct verdict verdict = {0};
	bool permitted;

	if (policy_denied(policy, &request, &verdict))
		return false;
	policy_allowed(policy, &request, &verdict);
	permitted = verdict.kind == VERDICT_ALLOW;
	verdict_clear(&verdict);
	return permitted;
}

/* `last`: the one that was looked at before. */
static void note_policy(struct policy *policy, const char *name, char last[PATH_MAX])
{
	char path[PATH_MAX];

	if (realpath(name, path) == NULL || strcmp(path, last) == 0)
		return;
	(void)memcpy(last, path, sizeof path);
	if (rules_permit(policy, path))
		complain("note: the policy lets the program write the policy %s\n"
			 "this run keeps what it has read; for the next one put it where the "
			 "program may not write",
			path);
}

static bool is_path(const char *name)
{
	size_t length = strlen(name);

	return strchr(name, '/') != NULL || (length > 4 && strcmp(name + length - 4, ".lua") == 0);
}

void run_note_writable_policies(struct policy *policy, const struct policy_options *policies)
{
	char last[PATH_MAX] = "";

	if (policy_has_handler(policy, OPERATION_OPEN))
		return;
	for (size_t i = 0; i < policies->name_count; i++)
		if (is_path(policies->names[i]))
			note_policy(policy, policies->names[i], last);
	/* And those that they use. */
	for (size_t i = 0; i < policy_rule_count(policy); i++)
		note_policy(policy, policy_rule(policy, i)->file, last);
}
