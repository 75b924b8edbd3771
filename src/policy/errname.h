#pragma once

/* "ENOENT" for 2; NULL for a number that has no name. Without the sign. */
const char *errname_of(int number);

/* 2 for "ENOENT"; 0 for a name that does not exist. */
int errname_number(const char *name);

/* Numbers that can have a name are below this. */
enum { ERRNAME_LIMIT = 134 };
