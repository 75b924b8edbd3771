#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>

#include "policy/internal.h"

static bool rule_matches(const struct rule *rule, const struct request *request)
{
	return pattern_list_matches(rule->patterns, request->path, request->path_len) &&
	       !pattern_list_matches(rule->excepts, request->path, request->path_len);
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
	for (size_t i = 0; i < policy->deny_count; i++) {
		struct rule *rule = policy->denies[i];

		if ((rule->rights & request->rights) == 0 || !rule_matches(rule, request))
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

/*
 * The rule that granted the first of the rights if all of them are granted, possibly by several
 * rules; else NULL. A request for no right at all is granted by no rule.
 */
static const struct rule *find_grant(struct policy *policy, const struct request *request)
{
	const struct rule *first = NULL;
	unsigned wanted = request->rights;

	for (size_t i = 0; i < policy->allow_count && wanted != 0; i++) {
		struct rule *rule = policy->allows[i];

		if ((rule->rights & wanted) == 0 || !rule_matches(rule, request))
			continue;
		count_hit(rule);
		wanted &= ~rule->rights;
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
	if (fallback->stated)
		ret->error = fallback->error;
	else if (request->missing && (request->rights & RIGHT_CREATE) == 0)
		ret->error = ENOENT; /* as without Moongate: programs look for many names */
	else
		ret->error = policy_refusal(policy, request->operation);
}

void policy_allowed(struct policy *policy, const struct request *request, struct verdict *ret)
{
	const struct rule *rule = find_grant(policy, request);

	if (rule != NULL)
		*ret = from_rule(VERDICT_ALLOW, rule);
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
			wanted &= ~policy->allows[i]->rights;
	return policy->fallback.allow || (rights != 0 && wanted == 0);
}
