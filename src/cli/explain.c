#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "base/suggest.h"
#include "cli/command.h"
#include "lua/host.h"
#include "policy/errname.h"

/* moongate explain: what a policy would say, without running anything. */

static const char usage[] =
	"usage: moongate explain [-D NAME=VALUE ...] [--json] POLICY ACTION PATH [NEWPATH]\n"
	"       moongate explain -p POLICY [-p POLICY ...] ACTION PATH [NEWPATH]\n"
	"\n"
	"Says which rule or line decides. PATH may be relative; ACTION is an operation (see\n"
	"moongate syscalls) or a word for some way to open a file:\n"
	"  read (or open), write (or modify), create\n"
	"  exec, map, mkdir, mknod, symlink, remove (or delete), rename, link\n"
	"  chmod, chown, truncate, utime, setxattr\n"
	"  stat, access, readlink, getxattr, chdir, watch\n"
	"rename and link have a NEWPATH.\n"
	"Exit status: 0 allowed, 1 refused, 2 usage or an error in the policy.\n";

enum {
	MISSING = 1 << 0, /* asked about what is not there yet */
	ITSELF = 1 << 1,  /* a symlink at the end of the path is not followed */
};

static const struct action {
	const char *name;
	enum operation operation;
	const char *syscall;
	unsigned rights; /* of an open; others have theirs */
	unsigned flags;
} actions[] = {
	{"open", OPERATION_OPEN, "openat", RIGHT_READ, 0},
	{"read", OPERATION_OPEN, "openat", RIGHT_READ, 0},
	{"write", OPERATION_OPEN, "openat", RIGHT_MODIFY, 0},
	{"modify", OPERATION_OPEN, "openat", RIGHT_MODIFY, 0},
	{"create", OPERATION_OPEN, "openat", RIGHT_CREATE | RIGHT_MODIFY, MISSING},
	{"exec", OPERATION_EXEC, "execve", 0, 0},
	{"mkdir", OPERATION_MKDIR, "mkdir", 0, MISSING | ITSELF},
	{"mknod", OPERATION_MKNOD, "mknod", 0, MISSING | ITSELF},
	{"symlink", OPERATION_SYMLINK, "symlink", 0, MISSING | ITSELF},
	{"remove", OPERATION_REMOVE, "unlink", 0, ITSELF},
	{"delete", OPERATION_REMOVE, "unlink", 0, ITSELF},
	{"rename", OPERATION_RENAME, "rename", 0, ITSELF},
	{"link", OPERATION_LINK, "link", 0, ITSELF},
	{"chmod", OPERATION_CHMOD, "chmod", 0, 0},
	{"chown", OPERATION_CHOWN, "chown", 0, 0},
	{"truncate", OPERATION_TRUNCATE, "truncate", 0, 0},
	{"utime", OPERATION_UTIME, "utimensat", 0, 0},
	{"setxattr", OPERATION_SETXATTR, "setxattr", 0, 0},
	{"stat", OPERATION_STAT, "stat", 0, 0},
	{"access", OPERATION_ACCESS, "access", 0, 0},
	{"readlink", OPERATION_READLINK, "readlink", 0, ITSELF},
	{"getxattr", OPERATION_GETXATTR, "getxattr", 0, 0},
	{"chdir", OPERATION_CHDIR, "chdir", 0, 0},
	{"watch", OPERATION_WATCH, "inotify_add_watch", 0, 0},
	{"map", OPERATION_MAP, "mmap", 0, 0},
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

/* Nobody can know what is renamed to a name that is taken: it is looked at. */
static unsigned new_rights_of(const struct action *action, const char *newpath)
{
	struct stat st;

	if (action->operation == OPERATION_RENAME && lstat(newpath, &st) == 0)
		return operation_new_rights(action->operation) | RIGHT_DELETE;
	return operation_new_rights(action->operation);
}

static struct request request_of(const struct action *action, const char *path, const char *newpath)
{
	struct request request = {
		.operation = action->operation,
		.syscall = action->syscall,
		.rights = action->rights | operation_rights(action->operation),
		.path = path,
		.path_len = strlen(path),
		.given = path,
		.given_len = strlen(path),
		.missing = (action->flags & MISSING) != 0,
		.owner = UINT32_MAX,
		.group = UINT32_MAX,
	};

	if (newpath != NULL) {
		request.newpath = newpath;
		request.newpath_len = strlen(newpath);
		request.new_rights = new_rights_of(action, newpath);
	}
	return request;
}

/* A handler that fails is an error in the policy, not its opinion. */
static int exit_status(const struct verdict *verdict)
{
	if (verdict->source == SOURCE_FAILURE)
		return EXIT_USAGE;
	return verdict->kind == VERDICT_DENY || verdict->kind == VERDICT_KILL ? EXIT_FINDINGS : 0;
}

static int explain(const struct policy_options *options, const struct request *request, bool json)
{
	struct lua_host *host = policy_options_load(options, log_to_stderr, NULL);
	struct verdict verdict = {0};
	int status;

	if (host == NULL)
		return EXIT_USAGE;
	lua_host_decide(host, request, &verdict);
	if (json)
		print_json(&verdict);
	else
		print_text(request, &verdict);
	status = exit_status(&verdict);
	verdict_clear(&verdict);
	lua_host_free(host);
	return status;
}

/* ---- paths --------------------------------------------------------------------------------- */

static bool is_clean(const char *path)
{
	size_t length = strlen(path);

	return path[0] == '/' && (length == 1 || path[length - 1] != '/') &&
	       strstr(path, "//") == NULL && strstr(path, "/./") == NULL &&
	       strstr(path, "/../") == NULL &&
	       (length < 2 || strcmp(path + length - 2, "/.") != 0) &&
	       (length < 3 || strcmp(path + length - 3, "/..") != 0);
}

/* Takes "./" and "../" off the path, and for the latter the last name off the directory. */
static const char *skip_dots(const char *path, char *directory)
{
	size_t dots;

	for (; path[0] == '.'; path += strspn(path, "/")) {
		dots = strspn(path, ".");
		if (dots > 2 || (path[dots] != '/' && path[dots] != '\0'))
			break;
		if (dots == 2)
			*strrchr(directory, '/') = '\0';
		if (directory[0] == '\0')
			(void)strcpy(directory, "/");
		path += dots;
	}
	return path;
}

/* Behind the current directory, whose name has no links: so ".." is what stands before. */
static const char *absolute(const char *path, char buffer[PATH_MAX])
{
	char directory[PATH_MAX];
	int length;

	if (path[0] == '/' || path[0] == '\0' || getcwd(directory, sizeof directory) == NULL ||
		directory[0] != '/')
		return path;
	path = skip_dots(path, directory);
	length = snprintf(buffer, PATH_MAX, "%s%s%s", directory,
		strcmp(directory, "/") == 0 || path[0] == '\0' ? "" : "/", path);
	return length < PATH_MAX ? buffer : path;
}

/* The real name of the directory, and the last component as it is. */
static bool resolve_directory(const char *path, char name[PATH_MAX])
{
	const char *leaf = strrchr(path, '/');
	char directory[PATH_MAX], real[PATH_MAX];
	int length = snprintf(directory, sizeof directory, "%.*s", (int)(leaf - path + 1), path);

	if (length >= PATH_MAX || realpath(directory, real) == NULL)
		return false;
	length = snprintf(name, PATH_MAX, "%s%s", strcmp(real, "/") == 0 ? "" : real, leaf);
	return length < PATH_MAX;
}

/* What `run` would ask about: where the path leads on this machine. NULL: it is not a clean path.
 */
static const char *resolved(
	const char *given, bool follow, char buffer[PATH_MAX], char name[PATH_MAX])
{
	const char *path = absolute(given, buffer);

	if (!is_clean(path)) {
		complain("%s: a path has no //, no . or .. behind a name, and no slash at the end",
			given);
		return NULL;
	}
	if (!(follow && realpath(path, name) != NULL) && !resolve_directory(path, name))
		return path;
	if (strcmp(name, path) == 0)
		return path;
	complain("note: %s leads to %s, and that is what is judged", path, name);
	return name;
}

/* ---- the command --------------------------------------------------------------------------- */

static void complain_unknown(const char *name)
{
	const char *operation = operation_of_syscall(name);
	struct suggestion suggestion = {.word = name};
	char hint[80];

	if (operation != NULL && strcmp(operation, operation_name(OPERATION_KILL)) == 0) {
		complain("'%s' is about a process, not a path, and only on.kill decides\n"
			 "ask it in a spec: T.call.kill { signal = \"SIGTERM\", to = 1 }",
			name);
		return;
	}
	if (operation != NULL) {
		complain("'%s' is a system call of the operation %s\nask about that: moongate "
			 "explain POLICY %s PATH",
			name, operation,
			strcmp(operation, "open") == 0 ? "read|write|create" : operation);
		return;
	}
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		suggestion_try(&suggestion, actions[i].name);
	complain("no action is called '%s'%s\nmoongate explain --help lists them", name,
		suggestion_hint(&suggestion, hint, sizeof hint));
}

/* NULL: there is none, and a sentence has been printed. */
static const struct action *checked_action(const char *name, bool has_newpath)
{
	const struct action *action = find_action(name);

	if (action == NULL)
		complain_unknown(name);
	else if (has_newpath != (operation_new_rights(action->operation) != 0))
		complain(has_newpath ? "'%s' has one path" : "'%s' has two paths: PATH NEWPATH",
			name);
	else
		return action;
	return NULL;
}

/* Of argv: ACTION PATH [NEWPATH]. False: a sentence has been printed. */
static bool ask_about(int argc, char **argv, struct request *ret)
{
	static char given[PATH_MAX], name[PATH_MAX], new_given[PATH_MAX], newname[PATH_MAX];
	const struct action *action = checked_action(argv[0], argc == 3);
	const char *path, *newpath = NULL;

	if (action == NULL)
		return false;
	path = resolved(argv[1], (action->flags & ITSELF) == 0, given, name);
	if (argc == 3)
		newpath = resolved(argv[2], false, new_given, newname);
	if (path == NULL || (argc == 3 && newpath == NULL))
		return false;
	*ret = request_of(action, path, newpath);
	return true;
}

static int run(int argc, char **argv)
{
	struct policy_options options = {0};
	struct request request;
	bool json = false;
	int status = policy_options_parse(&options, argc, argv, usage, &json);

	if (status >= 0)
		return status;
	argv += optind;
	argc -= optind;
	if (options.name_count == 0 && argc > 0) {
		if (!policy_options_add(&options, 'p', argv[0]))
			return EXIT_USAGE;
		argv++;
		argc--;
	}
	if (argc != 2 && argc != 3) {
		complain("usage: moongate explain POLICY ACTION PATH [NEWPATH]");
		return EXIT_USAGE;
	}
	return ask_about(argc, argv, &request) ? explain(&options, &request, json) : EXIT_USAGE;
}

const struct command explain_command = {
	.name = "explain",
	.summary = "say which rule or line of a policy decides",
	.usage = usage,
	.run = run,
};
