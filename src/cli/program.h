#pragma once

#include <limits.h>

/* Fills `ret` with the file of COMMAND, -1; or says why there is none: the exit status of run. */
int program_find(const char *command, char ret[PATH_MAX]);
