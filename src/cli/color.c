#include "cli/color.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"

bool color_wanted(FILE *file)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(fileno(file)) && term != NULL && strcmp(term, "dumb") != 0;
}

bool color_parse(const char *value, bool *ret)
{
	if (strcmp(value, "auto") == 0)
		*ret = color_wanted(stderr);
	else if (strcmp(value, "always") == 0)
		*ret = true;
	else if (strcmp(value, "never") == 0)
		*ret = false;
	else {
		complain("--color takes auto, always or never, not '%s'", value);
		return false;
	}
	return true;
}
