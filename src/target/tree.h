#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "target/world.h"

/*
 * The processes that descend from `root`, as below; *ret is the caller's to free, unless the result
 * is negative.
 */
long tree_list(const struct world *world, pid_t root, long enough, pid_t **ret);

/* Whether a process group has a member among them. */
bool tree_has_group(const struct world *world, pid_t group);

/*
 * How many processes descend from `root`, dead ones that nobody has waited for included; counting
 * ends at `enough`. Not a snapshot: who forks meanwhile may be missed. A negative errno: out of
 * memory, nothing can be read, or -EAGAIN: some have got another parent meanwhile.
 */
long tree_count(const struct world *world, pid_t root, long enough);
