#pragma once

#include <stdbool.h>

/*
 * The scope-only Landlock domain of targets (landlock(7), Linux 6.12, ABI 6): processes in it
 * cannot signal, trace or read processes outside (the supervisor and the guard above all), nor
 * connect to their abstract unix sockets. No file rights: opening stays as fast as it is.
 */

/*
 * Whether this kernel has such a domain. Without one the filter and the supervisor keep targets
 * from others: FILTER_UNSCOPED in filter.h.
 */
bool landlock_has_scopes(void);

/* In the child, after no_new_privs: a ruleset, ready to be enforced. A descriptor or -errno. */
int landlock_ruleset(void);

/* Enforces it on the calling thread. Async-signal-safe. */
int landlock_enforce(int ruleset);
