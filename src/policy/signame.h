#pragma once

#include <stddef.h>

enum { SIGNAME_SIZE = 16 };

/* "SIGTERM" for 15, "SIGRTMIN+2", "0" for none; what has no name is its number. */
const char *signame_of(int number, char buffer[SIGNAME_SIZE]);

/* The reverse; -1 for a name that does not exist. */
int signame_number(const char *name);
