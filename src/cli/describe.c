#include "cli/describe.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/errname.h"
#include "policy/signame.h"
#include "target/process.h"

enum { REASON_SIZE = 2048 };

static const char *action_of_open(unsigned rights)
{
	if ((rights & RIGHT_CREATE) != 0)
		return "creating";
	if ((rights & RIGHT_MODIFY) == 0)
		return "opening (read)";
	return (rights & RIGHT_READ) != 0 ? "opening (read, write)" : "opening (write)";
}

static const char *action_of(const struct request *request)
{
	static const char *const actions[OPERATION_COUNT + 1] = {
		[OPERATION_MKDIR] = "making directory",
		[OPERATION_EXEC] = "running",
		[OPERATION_STAT] = "looking at",
		[OPERATION_ACCESS] = "looking at",
		[OPERATION_READLINK] = "reading link",
		[OPERATION_GETXATTR] = "reading attributes of",
		[OPERATION_CHDIR] = "changing directory to",
		[OPERATION_WATCH] = "watching",
		[OPERATION_MKNOD] = "making node",
		[OPERATION_REMOVE] = "removing",
		[OPERATION_RENAME] = "renaming",
		[OPERATION_LINK] = "linking",
		[OPERATION_SYMLINK] = "making link",
		[OPERATION_CHMOD] = "changing mode of",
		[OPERATION_CHOWN] = "changing owner of",
		[OPERATION_TRUNCATE] = "truncating",
		[OPERATION_UTIME] = "changing times of",
		[OPERATION_SETXATTR] = "changing attributes of",
		[OPERATION_MAP] = "loading as code",
		[OPERATION_KILL] = "sending",
		[OPERATION_NONE] = "calling",
	};

	return request->operation == OPERATION_OPEN ? action_of_open(request->rights)
						    : actions[request->operation];
}

void describe_object(const struct request *request, char *buffer, size_t size)
{
	char path[3 * PATH_MAX], newpath[3 * PATH_MAX], signal[SIGNAME_SIZE];

	if (request->operation == OPERATION_KILL) {
		text_print(
			buffer, size, "%s to %d", signame_of(request->signal, signal), request->to);
		return;
	}
	if (request->operation == OPERATION_NONE) {
		text_print(buffer, size, "%s", request->syscall);
		return;
	}
	(void)text_quote(path, sizeof path, request->path, request->path_len);
	if (request->newpath == NULL) {
		bool memory = request->operation == OPERATION_MAP && request->path_len == 1;

		text_print(buffer, size, "%s%s", path, memory ? " (memory without a file)" : "");
		return;
	}
	(void)text_quote(newpath, sizeof newpath, request->newpath, request->newpath_len);
	text_print(buffer, size, "%s to %s", path, newpath);
}

/* Because of which a call without an operation was refused. */
static enum syscall_group group_of(const struct observation *observation)
{
	const struct call *call = observation->call;

	if (call->row->operation != OPERATION_NONE)
		return GROUP_NONE;
	return syscall_refusing_group(call->row, call->arguments);
}

static void describe_default(const struct observation *observation, char *buffer, size_t size)
{
	const struct verdict *verdict = observation->verdict;
	enum syscall_group group = group_of(observation);

	if (observation->note != NULL)
		text_print(buffer, size, "%s", observation->note);
	else if (group != GROUP_NONE)
		text_print(buffer, size, "the group %s is not open: %s", group_table[group].name,
			group_table[group].help);
	else if (verdict->line > 0)
		text_print(buffer, size, "no rule allows it (default at %s:%d)", verdict->file,
			verdict->line);
	else
		text_print(buffer, size, "no rule allows it");
}

static void describe_rule(const struct observation *observation, char *buffer, size_t size)
{
	const struct verdict *verdict = observation->verdict;
	char words[REASON_SIZE] = "a rule";

	if (verdict->rule != NULL)
		policy_excerpt(verdict->rule, observation->request, words, sizeof words);
	text_print(buffer, size, "%s:%d: %s", verdict->file, verdict->line, words);
}

static void describe_reason(const struct observation *observation, char *buffer, size_t size)
{
	const struct verdict *verdict = observation->verdict;
	const char *file = verdict->file != NULL ? verdict->file : "?";

	switch (verdict->source) {
	case SOURCE_RULE:
		describe_rule(observation, buffer, size);
		break;
	case SOURCE_HANDLER:
		text_print(buffer, size, "%s:%d: its handler refused", file, verdict->line);
		break;
	case SOURCE_FAILURE:
		text_print(buffer, size, "%s:%d: the policy failed", file, verdict->line);
		break;
	case SOURCE_DEFAULT:
		describe_default(observation, buffer, size);
		break;
	}
}

static void append_why(const struct verdict *verdict, char *buffer, size_t size)
{
	size_t used = strlen(buffer);

	if (verdict->why[0] != '\0')
		text_print(buffer + used, size - used, ": %s", verdict->why);
}

static const char *outcome(const struct verdict *verdict)
{
	const char *name = errname_of(verdict->error);

	if (verdict->kind == VERDICT_KILL)
		return "killed";
	return name != NULL ? name : "refused";
}

void describe_denial(const struct observation *observation, char *buffer, size_t size)
{
	const struct call *call = observation->call;
	const struct request *request = observation->request;
	char object[6 * PATH_MAX], comm[16], shown_comm[64], reason[REASON_SIZE];
	char shown_reason[2 * REASON_SIZE];

	describe_object(request, object, sizeof object);
	process_comm(&call->session->world, call->target.tid, comm);
	(void)text_escape(shown_comm, sizeof shown_comm, comm, strlen(comm));
	describe_reason(observation, reason, sizeof reason);
	append_why(observation->verdict, reason, sizeof reason);
	(void)text_escape(shown_reason, sizeof shown_reason, reason, strlen(reason));
	text_print(buffer, size, "%s %s by %s[%d]: %s (%s)", action_of(request), object, shown_comm,
		call->target.tid, outcome(observation->verdict), shown_reason);
}

/* A pattern cannot mean a name with wildcards and nothing else; and a memory file has no name. */
static bool can_be_named(const char *path, size_t len)
{
	return memchr(path, '*', len) == NULL && memchr(path, '?', len) == NULL &&
	       strncmp(path, "/memfd:", 7) != 0;
}

void describe_mend(const struct observation *observation, char *buffer, size_t size)
{
	const struct request *request = observation->request;
	const struct verdict *verdict = observation->verdict;
	enum syscall_group group = group_of(observation);
	char line[3 * PATH_MAX];

	buffer[0] = '\0';
	if (verdict->source != SOURCE_DEFAULT || observation->note != NULL)
		return;
	if (request->operation == OPERATION_KILL)
		return;
	if (request->operation != OPERATION_NONE) {
		if (!can_be_named(request->path, request->path_len) ||
			(request->newpath != NULL &&
				!can_be_named(request->newpath, request->newpath_len)))
			return;
		policy_suggest(request, line, sizeof line);
		text_print(buffer, size, "%s", line);
	} else if (group != GROUP_NONE && group_table[group].refusal == NULL) {
		text_print(buffer, size, "allow.syscall \"%s\"", group_table[group].name);
	}
}
