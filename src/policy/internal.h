#pragma once

#include "policy/index.h"
#include "policy/pattern.h"
#include "policy/policy.h"

/* What the files of this room share and nobody else sees. */

/* More than any person writes: a loop that declares rules for ever ends here. */
enum { RULES_MAX = 100000, PATTERNS_MAX = 1000000 };

struct policy_default {
	bool stated, allow;
	int error; /* deny: positive */
	const char *file;
	int line;
};

struct policy {
	struct rule **rules;  /* all, in the order of declaration; owned */
	struct rule **denies; /* those of them that deny */
	struct rule **allows; /* the others */
	struct rule **hides;  /* those of denies that hide: every walk asks them */
	size_t rule_count, deny_count, allow_count, rule_room;
	size_t pattern_count, hide_count;
	unsigned declared_rights;                     /* of all allow rules together, as written */
	struct pattern_index deny_index, allow_index; /* of denies and allows, if `indexed` */
	bool indexed;

	struct syscall_rule *syscall_rules;
	size_t syscall_rule_count, syscall_rule_room;

	struct run_limits limits;
	struct pattern_list *dropped_variables;
	struct pattern_list **kept_variables;
	size_t kept_count;
	struct policy_default fallback;
	bool handlers[OPERATION_COUNT];
	int refusals[OPERATION_COUNT]; /* the usual errno of each */

	char **texts; /* strings that rules point to; owned */
	size_t text_count, text_room;
};

void policy_free_environment(struct policy *policy);

/* The rule as a person would write it, at most `size` - 1 bytes. */
void policy_write_words(const struct rule_spec *spec, char *buffer, size_t size);
