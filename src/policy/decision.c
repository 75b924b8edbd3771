#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "policy/internal.h"

/*
 * The rules that may be about a path, in the order of declaration: those that the index finds, or,
 * without an index or where it finds very many, all.
 */
struct candidates {
	uint32_t found[32];
	size_t count;
	bool all;
};

/* Inserts in order, once. */
static bool note_candidate(void *context, uint32_t rule)
{
	struct candidates *candidates = context;
	size_t at = candidates->count;

	while (at > 0 && candidates->found[at - 1] > rule)
		at--;
	if (at > 0 && candidates->found[at - 1] == rule)
		return true;
	candidates->all = candidates->count == sizeof candidates->found / sizeof(uint32_t);
	if (candidates->all)
		return false;
	for (size_t i = candidates->count++; i > at; i--)
		candidates->found[i] = candidates->found[i - 1];
	candidates->found[at] = rule;
	return true;
}

static void find_candidates(const struct policy *policy, const struct pattern_index *index,
	size_t rule_count, const struct request *request, struct candidates *ret)
{
	ret->count = 0;
	ret->all = !policy->indexed;
	if (!ret->all)
		index_visit(index, request->path, request->path_len, note_candidate, ret);
	if (ret->all)
		ret->count = rule_count;
}

/* The candidate number `i`, or NULL where it is not about the request after all. */
static struct rule *candidate(struct rule *const *rules, const struct candidates *candidates,
	size_t i, const struct request *request)
{
	struct rule *rule = rules[candidates->all ? i : candidates->found[i]];

	if (candidates->all &&
		!pattern_list_matches(rule->patterns, request->path, request->path_len))
		return NULL;
	return pattern_list_matches(rule->excepts, request->path, request->path_len) ? NULL : rule;
}

static void count_hit(struct rule *rule)
{
	atomic_fetch_add_explicit(&rule->hits, 1, memory_order_relaxed);
}

static struct verdict from_rule(enum verdict_kind kind, const struct rule *rule)
{
	return (struct verdict){
		.kind = kind,
		.source = SOURCE_RULE,
		.rule = rule,
		.file = rule->file,
		.line = rule->line,
	};
}

bool policy_denied(struct policy *policy, const struct request *request, struct verdict *ret)
{
	struct candidates found;

	if (request->operation == OPERATION_KILL)
		return false;
	find_candidates(policy, &policy->deny_index, policy->deny_count, request, &found);
	for (size_t i = 0; i < found.count; i++) {
		struct rule *rule = candidate(policy->denies, &found, i, request);

		if (rule == NULL || (rule->rights & request->rights) == 0)
			continue;
		count_hit(rule);
		*ret = from_rule(VERDICT_DENY, rule);
		ret->error =
			rule->error != 0 ? rule->error : policy_refusal(policy, request->operation);
		if (rule->why != NULL)
			(void)snprintf(ret->why, sizeof ret->why, "%s", rule->why);
		return true;
	}
	return false;
}

/* Whoever may do something with an object may look at it; what may be run is code. */
static unsigned granted_by(const struct rule *rule)
{
	return rule->rights | RIGHT_STAT | ((rule->rights & RIGHT_EXEC) != 0 ? RIGHT_MAP : 0);
}

/*
 * The rule that granted the first of the rights if all of them are granted, possibly by several
 * rules; else NULL. A request for no right at all is granted by no rule.
 */
static const struct rule *find_grant(
	struct policy *policy, const struct request *request, unsigned rights)
{
	const struct rule *first = NULL;
	unsigned wanted = rights;
	struct candidates found;

	find_candidates(policy, &policy->allow_index, policy->allow_count, request, &found);
	for (size_t i = 0; i < found.count && wanted != 0; i++) {
		struct rule *rule = candidate(policy->allows, &found, i, request);

		if (rule == NULL || (granted_by(rule) & wanted) == 0)
			continue;
		count_hit(rule);
		wanted &= ~granted_by(rule);
		if (first == NULL)
			first = rule;
	}
	return wanted == 0 ? first : NULL;
}

static void use_default(
	const struct policy *policy, const struct request *request, struct verdict *ret)
{
	const struct policy_default *fallback = &policy->fallback;

	*ret = (struct verdict){
		.kind = fallback->allow ? VERDICT_ALLOW : VERDICT_DENY,
		.source = SOURCE_DEFAULT,
		.file = fallback->file,
		.line = fallback->line,
	};
	if (fallback->allow)
		return;
	if (request->missing && (request->rights & RIGHT_CREATE) == 0)
		ret->error = ENOENT; /* as without Moongate: programs look for many names */
	else if (fallback->stated)
		ret->error = fallback->error;
	else
		ret->error = policy_refusal(policy, request->operation);
}

void policy_allowed(struct policy *policy, const struct request *request, struct verdict *ret)
{
	const struct rule *rule;
	unsigned wanted = request->rights;

	if (request->operation == OPERATION_KILL) {
		*ret = (struct verdict){.kind = VERDICT_ALLOW, .source = SOURCE_DEFAULT};
		return;
	}

	/* Facts, and what is loaded as code, are nobody's business until a policy makes them one.
	 */
	wanted &= ~(unsigned)(RIGHT_STAT | RIGHT_MAP) | policy->declared_rights;
	rule = find_grant(policy, request, wanted);
	if (rule != NULL)
		*ret = from_rule(VERDICT_ALLOW, rule);
	else if (wanted == 0 && request->rights != 0)
		*ret = (struct verdict){.kind = VERDICT_ALLOW, .source = SOURCE_DEFAULT};
	else
		use_default(policy, request, ret);
}

static bool matches_everything(const struct rule *rule)
{
	if (rule->excepts->count != 0)
		return false;
	for (size_t i = 0; i < rule->patterns->count; i++)
		if (pattern_is_everything(&rule->patterns->items[i]))
			return true;
	return false;
}

bool policy_always_allows(const struct policy *policy, enum operation operation, unsigned rights)
{
	unsigned wanted = rights;

	if (policy_has_handler(policy, operation))
		return false;
	for (size_t i = 0; i < policy->deny_count; i++)
		if (policy->denies[i]->rights & rights)
			return false;
	for (size_t i = 0; i < policy->allow_count; i++)
		if (matches_everything(policy->allows[i]))
			wanted &= ~granted_by(policy->allows[i]);
	return policy->fallback.allow || (rights != 0 && wanted == 0);
}

bool policy_hides(const struct policy *policy)
{
	return policy->hide_count > 0;
}

static bool hides(const struct rule *rule, const char *path, size_t len)
{
	return pattern_list_matches(rule->patterns, path, len) &&
	       !pattern_list_matches(rule->excepts, path, len);
}

bool policy_hidden(const struct policy *policy, const char *path, size_t len)
{
	for (size_t i = 0; i < policy->hide_count; i++)
		if (hides(policy->hides[i], path, len))
			return true;
	return false;
}

bool policy_closed(const struct policy *policy, const char *path, size_t len)
{
	for (size_t i = 0; i < policy->hide_count; i++)
		if (hides(policy->hides[i], path, len) &&
			!pattern_list_may_match_below(policy->hides[i]->excepts, path, len))
			return true;
	return false;
}

bool policy_judges(const struct policy *policy, unsigned right)
{
	for (size_t i = 0; i < policy->deny_count; i++)
		if ((policy->denies[i]->rights & right) != 0)
			return true;
	return (policy->declared_rights & right) != 0;
}
