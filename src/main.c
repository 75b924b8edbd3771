#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

static const struct command *const commands[] = {
	&run_command,
	&check_command,
	&explain_command,
	&test_command,
	&syscalls_command,
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static void print_help(FILE *file)
{
	(void)fputs(
		"moongate: run a program under a policy written in Lua\n\n"
		"  moongate run -p workspace -- make       run make under the policy workspace\n\n"
		"commands (moongate COMMAND --help says more):\n",
		file);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		(void)fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

/*
 * Descriptors 0 to 2 that we were started without must not become something of ours. Close-on-exec:
 * the command is started without them, too.
 */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		(void)close(fd);
}

int main(int argc, char **argv)
{
	static char program[] = "moongate";
	const struct command *command;

	/* An arena of a worker's own would grow page by page, by an mprotect and a fault each. */
	(void)mallopt(M_ARENA_MAX, 1);
	fill_standard_descriptors();

	if (argc < 2) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		(void)puts("moongate " MOONGATE_VERSION);
		return 0;
	}
	command = find_command(argv[1]);
	if (command == NULL) {
		complain("unknown command '%s'\nmoongate --help lists them", argv[1]);
		return EXIT_USAGE;
	}
	argv[1] = program; /* what getopt's messages begin with */
	return command->run(argc - 1, argv + 1);
}
