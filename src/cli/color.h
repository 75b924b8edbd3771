#pragma once

#include <stdbool.h>
#include <stdio.h>

/* --color auto: a terminal, TERM not dumb, NO_COLOR not set (no-color.org). */
bool color_wanted(FILE *file);

/* The value of --color; false: a sentence has been printed. */
bool color_parse(const char *value, bool *ret);
