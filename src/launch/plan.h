#pragma once

#include "policy/policy.h"
#include "syscalls/table.h"

/*
 * The plan: what of a policy is enforced where. filter.h has what others ask it; filter.c makes a
 * program of it.
 */

/* The last word on a name: deny.syscall beats allow.syscall; > 0: denied, the errno. */
enum { PLAN_OPEN = -1, PLAN_UNSAID = 0 };
int plan_ruling(const struct policy *policy, const char *name, enum syscall_group group);

/* The argument that holds O_* flags as a number; -1: it lies in memory, or is implied. */
int plan_flags_argument(const struct syscall_row *row);
