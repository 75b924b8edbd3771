#pragma once

#include "policy/policy.h"

/* A rule with all that it names, for check: a line, or as many as it needs. */
void rule_print(const struct rule *rule);
