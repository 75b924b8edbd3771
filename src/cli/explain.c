#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/text.h"
#include "cli/command.h"
#include "lua/host.h"
#include "policy/errname.h"

/* moongate explain: what a policy would say, without running anything. */

static const char usage[] =
	"usage: moongate explain [-D NAME=VALUE ...] [--json] POLICY ACTION PATH\n"
	"\n"
	"Says which rule or line decides. PATH is the resolved path; ACTION is one of\n"
	"  open or read, write, create, exec, mkdir\n"
	"Exit status: 0 allowed, 1 refused, 2 usage or an error in the policy.\n";

static const struct action {
	const char *name;
	enum operation operation;
	const char *syscall;
	unsigned rights;
	bool missing;
} actions[] = {
	{"open", OPERATION_OPEN, "openat", RIGHT_READ, false},
	{"read", OPERATION_OPEN, "openat", RIGHT_READ, false},
	{"write", OPERATION_OPEN, "openat", RIGHT_MODIFY, false},
	{"create", OPERATION_OPEN, "openat", RIGHT_CREATE | RIGHT_MODIFY, true},
	{"exec", OPERATION_EXEC, "execve", RIGHT_EXEC, false},
	{"mkdir", OPERATION_MKDIR, "mkdir", RIGHT_CREATE, true},
};

static const struct action *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, name) == 0)
			return &actions[i];
	return NULL;
}

static void print_text(const struct request *request, const struct verdict *verdict)
{
	const char *name = errname_of(verdict->error);
	char line[8192];

	(void)printf("%s%s%s: %s", verdict_kind_name(verdict->kind),
		verdict->kind == VERDICT_DENY && name != NULL ? " " : "",
		verdict->kind == VERDICT_DENY && name != NULL ? name : "",
		verdict_source_name(verdict->source));
	if (verdict->line > 0)
		(void)printf(" at %s:%d", verdict->file, verdict->line);
	if (verdict->rule != NULL) {
		policy_excerpt(verdict->rule, request, line, sizeof line);
		(void)printf(": %s", line);
	}
	if (verdict->why[0] != '\0')
		(void)printf(": %s", verdict->why);
	(void)putchar('\n');
	if (verdict->kind == VERDICT_DENY && verdict->source == SOURCE_DEFAULT) {
		policy_suggest(request, line, sizeof line);
		(void)printf("to allow it: %s\n", line);
	}
}

static void print_json(const struct verdict *verdict)
{
	json_t *object = json_pack("{s:s, s:s, s:s*, s:s*, s:i, s:s*, s:s}", "verdict",
		verdict_kind_name(verdict->kind), "source", verdict_source_name(verdict->source),
		"errno", verdict->kind == VERDICT_DENY ? errname_of(verdict->error) : NULL, "file",
		verdict->file, "line", verdict->line, "rule",
		verdict->rule != NULL ? verdict->rule->words : NULL, "why", verdict->why);

	(void)json_dumpf(object, stdout, JSON_COMPACT);
	(void)putchar('\n');
	json_decref(object);
}

static void log_to_stderr(void *context, const char *message)
{
	(void)context;
	complain("%s", message);
}

static int explain(const struct policy_options *options, const struct action *action,
	const char *path, bool json)
{
	struct lua_host *host = policy_options_load(options, log_to_stderr, NULL);
	struct verdict verdict = {0};
	const struct request request = {
		.operation = action->operation,
		.syscall = action->syscall,
		.rights = action->rights,
		.path = path,
		.path_len = strlen(path),
		.given = path,
		.given_len = strlen(path),
		.missing = action->missing,
	};
	int status;

	if (host == NULL)
		return EXIT_USAGE;
	lua_host_decide(host, &request, &verdict);
	if (json)
		print_json(&verdict);
	else
		print_text(&request, &verdict);
	status = verdict.kind == VERDICT_DENY || verdict.kind == VERDICT_KILL ? EXIT_FINDINGS : 0;
	verdict_clear(&verdict);
	lua_host_free(host);
	return status;
}

static bool is_clean(const char *path)
{
	size_t length = strlen(path);

	return path[0] == '/' && (length == 1 || path[length - 1] != '/') &&
	       strstr(path, "//") == NULL && strstr(path, "/./") == NULL &&
	       strstr(path, "/../") == NULL &&
	       (length < 2 || strcmp(path + length - 2, "/.") != 0) &&
	       (length < 3 || strcmp(path + length - 3, "/..") != 0);
}

/* What `run` would ask about: where the path leads on this machine. NULL: it is not a clean path.
 */
static const char *resolved(const char *path, char name[PATH_MAX])
{
	if (!is_clean(path))
		return NULL;
	if (realpath(path, name) == NULL || strcmp(name, path) == 0)
		return path;
	complain("note: %s leads to %s, and that is what is judged", path, name);
	return name;
}

static int run(int argc, char **argv)
{
	struct policy_options options = {0};
	const struct action *action;
	const char *path;
	char name[PATH_MAX];
	bool json = false;
	int status = policy_options_parse(&options, argc, argv, usage, &json);

	if (status >= 0)
		return status;
	if (argc - optind != 3) {
		complain("usage: moongate explain POLICY ACTION PATH");
		return EXIT_USAGE;
	}
	action = find_action(argv[optind + 1]);
	path = resolved(argv[optind + 2], name);
	if (action == NULL || path == NULL) {
		complain("%s", action == NULL ? "ACTION is open, read, write, create, exec or mkdir"
					      : "PATH is absolute, without //, . or .. and without "
						"a slash at the end");
		return EXIT_USAGE;
	}
	(void)policy_options_add(&options, 'p', argv[optind]);
	return explain(&options, action, path, json);
}

const struct command explain_command = {
	.name = "explain",
	.summary = "say which rule or line of a policy decides",
	.usage = usage,
	.run = run,
};
