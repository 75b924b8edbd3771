#pragma once

#include <stdbool.h>

/*
 * The resolved name of a path that a policy names: a resolve_function of policy/policy.h.
 *
 * A denial follows every link. A grant follows only links that belong to the system (root's, in a
 * directory that nobody else can write): another may have been planted by a program that ran under
 * this policy before, in place of the directory that it was allowed to write. Where a grant stops
 * at such a link, the user is told.
 */
int real_name(const char *path, bool grants, char *ret);
