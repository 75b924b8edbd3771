#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/command.h"
#include "cli/real_name.h"
#include "lua/host.h"
#include "syscalls/table.h"

static void complain_line(const char *prefix, const char *line, size_t length)
{
	char escaped[8192];

	/* Tracebacks come indented with tabs. */
	for (; length > 0 && line[0] == '\t'; line++, length--)
		prefix = "    ";
	(void)text_escape(escaped, sizeof escaped, line, length);
	(void)fprintf(stderr, "%s%s\n", prefix, escaped);
}

void complain(const char *format, ...)
{
	char text[4096];
	const char *prefix = "moongate: ";
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	for (const char *line = text;;) {
		size_t length = strcspn(line, "\n");

		complain_line(prefix, line, length);
		if (line[length] == '\0')
			return;
		line += length + 1;
		prefix = "  ";
	}
}

const struct syscall_row *judged_member(int group)
{
	for (size_t i = 0; i < syscall_table_size; i++)
		if ((int)syscall_table[i].group == group &&
			syscall_table[i].operation != OPERATION_NONE)
			return &syscall_table[i];
	return NULL;
}

const struct syscall_row *syscall_named(const char *name)
{
	for (size_t i = 0; i < syscall_table_size; i++)
		if (strcmp(syscall_table[i].name, name) == 0)
			return &syscall_table[i];
	return NULL;
}

const char *operation_of_syscall(const char *name)
{
	const struct syscall_row *row = syscall_named(name);

	return row != NULL ? operation_name(row->operation) : NULL;
}

bool is_option_value(const char *option, const char *wanted, const char *value)
{
	if (value[0] != '-')
		return true;
	complain("%s wants %s, not %s\nwrite ./%s for a file of that name", option, wanted, value,
		value);
	return false;
}

bool policy_options_add(struct policy_options *options, int option, const char *value)
{
	const size_t name_limit = sizeof options->names / sizeof *options->names;
	const size_t define_limit = sizeof options->defines / sizeof *options->defines - 1;

	if (option == 'p' && !is_option_value("-p", "a policy", value))
		return false;
	if (option == 'p' && options->name_count < name_limit) {
		options->names[options->name_count++] = value;
		return true;
	}
	if (option == 'D' && (strchr(value, '=') == NULL || value[0] == '=')) {
		complain("-D %s has no value\nwrite -D NAME=VALUE, for a flag -D NAME=on", value);
		return false;
	}
	if (option == 'D' && options->define_count < define_limit) {
		options->defines[options->define_count++] = value;
		return true;
	}
	complain("too many options -%c", option);
	return false;
}

int policy_options_parse(
	struct policy_options *options, int argc, char **argv, const char *usage, bool *json)
{
	static const struct option long_options[] = {{"help", no_argument, NULL, 'h'},
		{"json", no_argument, NULL, 'j'}, {NULL, 0, NULL, 0}};
	int option;

	optind = 1;
	while ((option = getopt_long(argc, argv, "p:D:h", long_options, NULL)) != -1) {
		if (option == 'h') {
			(void)fputs(usage, stdout);
			return 0;
		}
		if (option == 'j' && json != NULL)
			*json = true;
		else if (option == 'j' || option == '?' ||
			 !policy_options_add(options, option, optarg))
			return EXIT_USAGE;
	}
	return -1;
}

/* The user's own directory of policies, or false: there is no home. */
static bool user_directory(char buffer[PATH_MAX])
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	int length;

	if (config != NULL && config[0] == '/')
		length = snprintf(buffer, PATH_MAX, "%s/moongate/policies", config);
	else if (home != NULL && home[0] == '/')
		length = snprintf(buffer, PATH_MAX, "%s/.config/moongate/policies", home);
	else
		return false;
	return length < PATH_MAX;
}

struct lua_host *policy_options_load(const struct policy_options *options,
	void (*log)(void *context, const char *message), void *log_context)
{
	char own[PATH_MAX], cwd[PATH_MAX];
	bool has_own = user_directory(own);
	const char *search[] = {has_own ? own : "/etc/moongate/policies",
		has_own ? "/etc/moongate/policies" : NULL, NULL};
	const struct lua_host_options host_options = {
		.vocabulary = syscall_vocabulary(),
		.operation_of = operation_of_syscall,
		.search = search,
		.defines = options->defines,
		.cwd = getcwd(cwd, sizeof cwd),
		.environment = (const char *const *)environ,
		.log = log,
		.log_context = log_context,
	};
	struct lua_host *host = NULL;
	struct error err = {0};

	if (host_options.cwd == NULL || cwd[0] != '/') {
		complain("the current directory has no name that can be reached");
		return NULL;
	}
	if (lua_host_load(options->names, options->name_count, &host_options, &host, &err) < 0 ||
		policy_resolve(lua_host_policy(host), real_name, &err) < 0 ||
		policy_finish(lua_host_policy(host), &err) < 0) {
		complain("%s", err.text);
		lua_host_free(host);
		return NULL;
	}
	return host;
}
