#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "lua/busted.h"

/* moongate test: busted specs of policies, on the Lua that policies run on. */

static const char usage[] =
	"usage: moongate test [BUSTED-OPTION ...] [SPEC ...]\n"
	"\n"
	"Runs busted specs of policies inside this program: the Lua is the one that policies run "
	"on,\n"
	"and require \"moongate.testing\" is there. Arguments are busted's; without a SPEC the "
	"files\n"
	"*_spec.lua below spec/ are run. Exit status: 0, or 1 where a spec fails.\n";

static int run(int argc, char **argv)
{
	struct error err;
	int status;

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)fputs(usage, stdout);
		return 0;
	}
	status = lua_busted_run((const char *const *)argv + 1, &err);
	if (status >= 0)
		return status;
	complain("%s", err.text);
	return EXIT_USAGE;
}

const struct command test_command = {
	.name = "test",
	.summary = "run busted specs of policies",
	.usage = usage,
	.run = run,
};
