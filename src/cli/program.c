#include "cli/program.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/command.h"
#include "launch/launch.h"

static const char *why_not(const char *command, int result)
{
	bool is_path = strchr(command, '/') != NULL;
	struct stat st;

	if (result == -EACCES && is_path && stat(command, &st) == 0 && S_ISDIR(st.st_mode))
		return "it is a directory";
	if (result == -EACCES)
		return "it is not executable";
	return is_path ? strerror(-result) : "there is no such program in PATH";
}

int program_find(const char *command, char ret[PATH_MAX])
{
	int result = launch_find_program(command, getenv("PATH"), ret);

	if (result == 0)
		return -1;
	complain("cannot run %s: %s", command, why_not(command, result));
	return result == -EACCES ? EXIT_NOT_EXECUTABLE : EXIT_NOT_FOUND;
}
