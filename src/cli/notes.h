#pragma once

#include "policy/policy.h"

/*
 * What may be a slip in a policy, and may be meant: for check, never for run. Looks at the file
 * system. Prints nothing where there is nothing to say.
 */
void notes_print(const struct policy *policy);
