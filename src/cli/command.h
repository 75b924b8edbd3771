#pragma once

#include <stdbool.h>
#include <stdio.h>

/* Exit statuses of Moongate itself: `run` in the fashion of env(1), the others of grep(1). */
enum {
	EXIT_FINDINGS = 1,
	EXIT_USAGE = 2,
	EXIT_OUT_OF_TIME = 124, /* run: as timeout(1) */
	EXIT_OURS = 125,        /* run: nothing was run, or supervision broke */
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
};

/* One file per subcommand, each with one of these. */
struct command {
	const char *name;
	const char *summary; /* one line */
	const char *usage;   /* what `moongate NAME --help` prints */
	/* argv[0] is the name. Returns the exit status. */
	int (*run)(int argc, char **argv);
};

extern const struct command run_command, check_command, explain_command, test_command,
	syscalls_command;

/* ---- what the subcommands share: common.c -------------------------------------------------- */

struct policy_options {
	const char *names[64]; /* -p */
	size_t name_count;
	const char *defines[256]; /* -D, NULL-terminated */
	size_t define_count;
};

/* false: an option stands in the place of the value; a sentence has been printed. */
bool is_option_value(const char *option, const char *wanted, const char *value);

/* false: too many; a sentence has been printed. */
bool policy_options_add(struct policy_options *options, int option, const char *value);

/*
 * The options of the commands that only look at policies: -p, -D, --help, and --json where `json`
 * is not NULL. -1: go on at argv[optind]; else the exit status.
 */
int policy_options_parse(
	struct policy_options *options, int argc, char **argv, const char *usage, bool *json);

struct lua_host;
/*
 * Loads what -p and -D say, with the search path of users: $XDG_CONFIG_HOME (~/.config)
 * /moongate/policies, /etc/moongate/policies, the built-in ones; ready to decide about this
 * machine's paths. NULL: a sentence has been printed.
 */
struct lua_host *policy_options_load(const struct policy_options *options,
	void (*log)(void *context, const char *message), void *log_context);

struct syscall_row;
/* A call of an @group whose calls are judged by rules; NULL: the group is another one. */
const struct syscall_row *judged_member(int group);

/* The row of the table, NULL: no call that Moongate knows has that name. */
const struct syscall_row *syscall_named(const char *name);
/* The operation that a policy calls it by; NULL: none judges it, or there is no such call. */
const char *operation_of_syscall(const char *name);

/* "moongate: " and the text, each line escaped, to stderr. */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
