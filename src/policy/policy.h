#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "policy/operation.h"
#include "policy/request.h"
#include "policy/run_limits.h"
#include "policy/verdict.h"

/*
 * The declared half of a policy: rules and defaults, matched in C, in linear time, without a
 * system call. Filled by the loader (src/lua), read by the gate and by the offline tools.
 * Not changed after loading except for the hit counters, which are atomic: any number of
 * threads may decide at once.
 */
struct policy;

struct rule {
	bool deny;
	bool hides;      /* what it denies does not exist for the target */
	unsigned rights; /* RIGHT_*; 0 for a syscall rule */
	int error;       /* deny: the errno, positive; 0 = the operation's usual refusal */
	const char *why; /* or NULL */
	const char *file;
	int line;
	const char *words; /* the rule as a person would write it: deny.read "/home/x/.ssh" */
	_Atomic uint64_t hits;
	struct pattern_list *patterns, *excepts;
	size_t written, written_excepts; /* so many of them; policy_resolve() added the others */
};

/* What the loader hands over; everything is copied. */
struct rule_spec {
	bool deny, hides;
	unsigned rights;
	const char *right_word; /* as written: "read", "write", … */
	int error;
	const char *why, *file;
	int line;
	const char *const *patterns; /* n of them */
	size_t pattern_count;
	const char *const *excepts;
	size_t except_count;
};

struct policy *policy_new(void); /* NULL: no memory */
void policy_free(struct policy *policy);

/* -EINVAL with a sentence about the pattern; -ENOMEM. Rules without a pattern are refused. */
int policy_add_rule(struct policy *policy, const struct rule_spec *spec, struct error *err);

/* deny: error is positive. A second, different default is -EEXIST. */
int policy_set_default(struct policy *policy, bool allow, int error, const char *file, int line,
	struct error *err);

/* allow.syscall / deny.syscall. `word` is a syscall or an @group, checked by the caller. */
int policy_add_syscall_rule(struct policy *policy, bool deny, const char *word, int error,
	const char *file, int line, struct error *err);

struct syscall_rule {
	bool deny;
	char *word;
	int error; /* deny: positive; 0 = EPERM */
	const char *file;
	int line;
};
const struct syscall_rule *policy_syscall_rules(const struct policy *policy, size_t *ret_count);

/* limits {…}: of several files the smallest of each counts. */
void policy_set_limit(struct policy *policy, enum run_limit limit, uint64_t value);
const struct run_limits *policy_limits(const struct policy *policy);

/*
 * environment {…}: variables that programs do not get. Of several lists of those that are kept,
 * each must have it. Names are patterns; -EINVAL with a sentence.
 */
int policy_drop_variables(
	struct policy *policy, const char *const *names, size_t count, struct error *err);
int policy_keep_variables(
	struct policy *policy, const char *const *names, size_t count, struct error *err);
bool policy_judges_environment(const struct policy *policy);
bool policy_keeps_variable(const struct policy *policy, const char *name, size_t length);

/* Declared handlers, so that the plan knows which operations must be asked about. */
void policy_note_handler(struct policy *policy, enum operation operation);
bool policy_has_handler(const struct policy *policy, enum operation operation);

/* Every rule, in the order of declaration. */
size_t policy_rule_count(const struct policy *policy);
const struct rule *policy_rule(const struct policy *policy, size_t index);

/*
 * The steps of a decision (docs/design.md §6), for whoever runs the handler in between:
 * policy_denied    true and *ret filled if a declared deny matches;
 * policy_allowed   fills *ret with the allowing rule, or with the default's answer.
 */
bool policy_denied(struct policy *policy, const struct request *request, struct verdict *ret);
void policy_allowed(struct policy *policy, const struct request *request, struct verdict *ret);

/*
 * What gets another name: by rename, link, or a symlink on the way. Part of the first step: true,
 * with *ret filled, if the object, or what lies below it, would escape a deny rule by that, or
 * would come to be where a deny rule lets nothing be made.
 */
bool policy_move_denied(
	const struct policy *policy, const struct request *request, struct verdict *ret);

/* The last step, whoever allowed it: true, with *ret filled, if it would gain a right by that. */
bool policy_move_gains(
	const struct policy *policy, const struct request *request, struct verdict *ret);

/* Whether an object of that name does not exist for the target; whether any can be hidden. */
bool policy_hidden(const struct policy *policy, const char *path, size_t len);
/* The same, and so is everything below it. */
bool policy_closed(const struct policy *policy, const char *path, size_t len);
bool policy_hides(const struct policy *policy);

/* Whether a rule, or a hidden name, is about this right: RIGHT_STAT, RIGHT_MAP. */
bool policy_judges(const struct policy *policy, unsigned right);

/* True if such calls are allowed whatever the path: no deny, no handler, and an allow of all. */
bool policy_always_allows(const struct policy *policy, enum operation operation, unsigned rights);

/*
 * Policies name paths as people know them (/bin, /var/run); decisions are made on resolved ones
 * (/usr/bin, /run). Calls `resolve` with the literal directory prefix of every pattern; where it
 * returns another name, the pattern also stands for that. `resolve` writes a NUL-terminated
 * absolute path into ret (4096 bytes) and returns 0, or a negative errno for "leave it". `grants`:
 * the name would be allowed something, so a link that somebody planted must not be followed.
 */
typedef int resolve_function(const char *path, bool grants, char *ret);
int policy_resolve(struct policy *policy, resolve_function *resolve, struct error *err);

/*
 * After the last rule and policy_resolve(): from now on ten thousand rules decide as fast as ten.
 * Deciding works without it, too, and after more rules were added. -ENOMEM.
 */
int policy_finish(struct policy *policy, struct error *err);

/* A copy of `text` that lives as long as the policy; NULL: no memory. */
const char *policy_keep(struct policy *policy, const char *text);

/* The errno of a refusal that names none, positive. */
int policy_refusal(const struct policy *policy, enum operation operation);

/* The line that would allow a refused request, e.g. allow.read "/etc/hosts". For people: escape. */
void policy_suggest(const struct request *request, char *buffer, size_t size);

/* A pattern, or exception, of a rule as it is written, as a Lua string; false: there is no such. */
bool policy_written_pattern(
	const struct rule *rule, bool except, size_t index, char *buffer, size_t size);

/* The rule with the one pattern of it that matches, e.g. deny.read "/home/x/.ssh". */
void policy_excerpt(
	const struct rule *rule, const struct request *request, char *buffer, size_t size);

/* A function that decides: the gate's one door into the policy. Never fails: a failure is DENY. */
typedef void decide_function(void *context, const struct request *request, struct verdict *ret);
