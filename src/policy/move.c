#include <errno.h>
#include <stdio.h>

#include "policy/internal.h"

/*
 * Rename and link give an object, and with a directory everything below it, another name, and rules
 * are about names. What must not happen: that something denied becomes allowed by it. Whether the
 * old name is a file or a directory is not asked: it may be exchanged before the kernel acts.
 */

struct name {
	const char *path;
	size_t len;
};

static bool matches(const struct rule *rule, const struct name *name)
{
	return pattern_list_matches(rule->patterns, name->path, name->len) &&
	       !pattern_list_matches(rule->excepts, name->path, name->len);
}

static bool matches_below(const struct rule *rule, const struct name *name)
{
	return pattern_list_may_match_below(rule->patterns, name->path, name->len);
}

/* The rule holds for the name and for everything below it. */
static bool covers(const struct rule *rule, const struct name *name)
{
	return pattern_list_covers_tree(rule->patterns, name->path, name->len) &&
	       !pattern_list_matches(rule->excepts, name->path, name->len) &&
	       !pattern_list_may_match_below(rule->excepts, name->path, name->len);
}

/* ---- escaping a deny ----------------------------------------------------------------------- */

static bool escapes(const struct rule *rule, const struct name *from, const struct name *to)
{
	if (covers(rule, to))
		return false;
	return (matches(rule, from) && !matches(rule, to)) || matches_below(rule, from);
}

static const struct rule *find_escape(
	const struct policy *policy, const struct name *from, const struct name *to)
{
	for (size_t i = 0; i < policy->deny_count; i++)
		if (escapes(policy->denies[i], from, to))
			return policy->denies[i];
	return NULL;
}

/* ---- gaining a right ----------------------------------------------------------------------- */

static unsigned granted(const struct policy *policy, const struct name *name,
	bool (*holds)(const struct rule *rule, const struct name *name))
{
	unsigned rights = policy->fallback.allow ? RIGHT_ALL : 0;

	for (size_t i = 0; i < policy->allow_count; i++)
		if (holds(policy->allows[i], name))
			rights |= policy->allows[i]->rights;
	return rights;
}

static unsigned without(unsigned gained, unsigned had)
{
	const unsigned dangerous = RIGHT_READ | RIGHT_MODIFY | RIGHT_EXEC;

	gained &= dangerous & ~had;
	/* What can be read can be copied to where it can be executed. */
	return (had & RIGHT_READ) != 0 ? gained & ~(unsigned)RIGHT_EXEC : gained;
}

/* The rule that would grant more under the new name; NULL: none. */
static const struct rule *find_gain(
	const struct policy *policy, const struct name *from, const struct name *to)
{
	unsigned had = granted(policy, from, matches), had_below = granted(policy, from, covers);

	for (size_t i = 0; i < policy->allow_count; i++) {
		const struct rule *rule = policy->allows[i];

		if (matches(rule, to) && without(rule->rights, had) != 0)
			return rule;
		if (matches_below(rule, to) && without(rule->rights, had_below) != 0)
			return rule;
	}
	return NULL;
}

/* ---- both ---------------------------------------------------------------------------------- */

static bool refuse_escape(const struct policy *policy, const struct request *request,
	const struct rule *rule, struct verdict *ret)
{
	*ret = (struct verdict){
		.kind = VERDICT_DENY,
		.source = SOURCE_RULE,
		.error =
			rule->error != 0 ? rule->error : policy_refusal(policy, request->operation),
		.rule = rule,
		.file = rule->file,
		.line = rule->line,
	};
	(void)snprintf(ret->why, sizeof ret->why,
		"under another name what this rule denies would not be denied any more");
	return false;
}

/* EXDEV: as between two file systems; programs copy then, if they may. So does Landlock. */
static bool refuse_gain(const struct rule *rule, struct verdict *ret)
{
	*ret = (struct verdict){
		.kind = VERDICT_DENY,
		.source = SOURCE_RULE,
		.error = EXDEV,
		.rule = rule,
		.file = rule->file,
		.line = rule->line,
	};
	(void)snprintf(ret->why, sizeof ret->why,
		"under the new name this rule would allow what the policy does not allow under the "
		"old one; a copy may be made of what may be read");
	return false;
}

static bool may_move(const struct policy *policy, const struct request *request,
	const struct name *from, const struct name *to, struct verdict *ret)
{
	const struct rule *rule = find_escape(policy, from, to);

	if (rule != NULL)
		return refuse_escape(policy, request, rule, ret);
	rule = find_gain(policy, from, to);
	return rule == NULL ? true : refuse_gain(rule, ret);
}

bool policy_may_move(struct policy *policy, const struct request *request, struct verdict *ret)
{
	const struct name from = {request->path, request->path_len};
	const struct name to = {request->newpath, request->newpath_len};

	if (!may_move(policy, request, &from, &to, ret))
		return false;
	return !request->exchanges || may_move(policy, request, &to, &from, ret);
}
