#include <errno.h>
#include <stdio.h>

#include "policy/internal.h"

/*
 * Rename and link give an object, and with a directory everything below it, another name, and rules
 * are about names. What must not happen: that something denied becomes allowed by it, or that
 * something comes to be where it must not be made. Whether the old name is a file, a directory or a
 * symlink is not asked: it may be exchanged before the kernel acts.
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

static bool may_match_below(const struct pattern_list *list, const struct name *name)
{
	return pattern_list_may_match_below(list, name->path, name->len);
}

static bool covers_tree(const struct pattern_list *list, const struct name *name)
{
	return pattern_list_covers_tree(list, name->path, name->len);
}

static bool matches_below(const struct rule *rule, const struct name *name)
{
	return may_match_below(rule->patterns, name) && !covers_tree(rule->excepts, name);
}

/* The rule holds for the name and for everything below it. */
static bool covers(const struct rule *rule, const struct name *name)
{
	return covers_tree(rule->patterns, name) &&
	       !pattern_list_matches(rule->excepts, name->path, name->len) &&
	       !may_match_below(rule->excepts, name);
}

/* One of the patterns may match below `name`, and not the same below `other`. */
static bool differs_below(
	const struct pattern_list *list, const struct name *name, const struct name *other)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct pattern *pattern = &list->items[i];

		if (pattern_may_match_below(pattern, name->path, name->len) &&
			!pattern_matches_alike_below(
				pattern, name->path, name->len, other->path, other->len))
			return true;
	}
	return false;
}

/* Below `to` the rule may hold for something for which it does not hold below `from`. */
static bool widens(const struct rule *rule, const struct name *from, const struct name *to)
{
	if (!matches_below(rule, to))
		return false;
	if (!covers_tree(rule->patterns, from) && differs_below(rule->patterns, to, from))
		return true;
	return differs_below(rule->excepts, from, to);
}

/* ---- escaping a deny ----------------------------------------------------------------------- */

/* `trees`: a directory may be meant. */
static bool escapes(
	const struct rule *rule, const struct name *from, const struct name *to, bool trees)
{
	return (matches(rule, from) && !matches(rule, to)) || (trees && widens(rule, to, from));
}

static const struct rule *find_escape(
	const struct policy *policy, const struct name *from, const struct name *to, bool trees)
{
	for (size_t i = 0; i < policy->deny_count; i++)
		if (escapes(policy->denies[i], from, to, trees))
			return policy->denies[i];
	return NULL;
}

/*
 * The rule because of which something must not be made below the new name: a directory brings what
 * is in it, a symlink leads to what is elsewhere.
 */
static const struct rule *find_planting(
	const struct policy *policy, const struct name *from, const struct name *to)
{
	for (size_t i = 0; i < policy->deny_count; i++) {
		const struct rule *rule = policy->denies[i];

		if ((rule->rights & RIGHT_CREATE) == 0)
			continue;
		if (from == NULL ? matches_below(rule, to) : widens(rule, from, to))
			return rule;
	}
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

/* Whoever may move an object may remove it: that is a gain only for what is below. */
enum {
	GAINS = RIGHT_READ | RIGHT_MODIFY | RIGHT_EXEC | RIGHT_MAP,
	GAINS_BELOW = GAINS | RIGHT_DELETE,
};

static bool gains(unsigned rights, unsigned had, unsigned which)
{
	unsigned gained = rights & which & ~had;

	/* What can be read can be copied to where it can be executed, or mapped. */
	if ((had & RIGHT_READ) != 0)
		gained &= ~(unsigned)(RIGHT_EXEC | RIGHT_MAP);
	return gained != 0;
}

/* The rule that would grant more under the new name; NULL: none. */
static const struct rule *find_gain(
	const struct policy *policy, const struct name *from, const struct name *to, bool trees)
{
	unsigned had = granted(policy, from, matches), had_below = granted(policy, from, covers);

	for (size_t i = 0; i < policy->allow_count; i++) {
		const struct rule *rule = policy->allows[i];

		if (matches(rule, to) && gains(rule->rights, had, GAINS))
			return rule;
		if (trees && widens(rule, from, to) && gains(rule->rights, had_below, GAINS_BELOW))
			return rule;
	}
	return NULL;
}

/* ---- both ---------------------------------------------------------------------------------- */

/* An errno of the rule's own is about its own names; that of hide() would deny the name above. */
static bool refuse(const struct rule *rule, int error, const char *why, struct verdict *ret)
{
	*ret = (struct verdict){
		.kind = VERDICT_DENY,
		.source = SOURCE_RULE,
		.error = rule->error != 0 && !rule->hides ? rule->error : error,
		.rule = rule,
		.file = rule->file,
		.line = rule->line,
	};
	(void)snprintf(ret->why, sizeof ret->why, "%s", why);
	return true;
}

/* Step 2 for one direction. */
static bool move_denied(const struct policy *policy, const struct request *request,
	const struct name *from, const struct name *to, struct verdict *ret)
{
	const bool trees = request->operation != OPERATION_LINK; /* no second name for those */
	const int refusal = policy_refusal(policy, request->operation);
	const struct rule *rule = find_escape(policy, from, to, trees);

	if (rule != NULL)
		return refuse(rule, refusal,
			"under another name what this rule denies would not be denied any more",
			ret);
	rule = find_planting(policy, from, to);
	return rule != NULL &&
	       refuse(rule, refusal,
		       "what is below the old name, or what a link leads to, would come to be "
		       "where this rule lets nothing be made",
		       ret);
}

static bool symlink_denied(
	const struct policy *policy, const struct request *request, struct verdict *ret)
{
	const struct name name = {request->path, request->path_len};
	const struct rule *rule = find_planting(policy, NULL, &name);

	return rule != NULL &&
	       refuse(rule, policy_refusal(policy, request->operation),
		       "what the link leads to would come to be where this rule lets nothing be "
		       "made",
		       ret);
}

bool policy_move_denied(
	const struct policy *policy, const struct request *request, struct verdict *ret)
{
	const struct name from = {request->path, request->path_len};
	const struct name to = {request->newpath, request->newpath_len};

	if (request->operation == OPERATION_SYMLINK)
		return symlink_denied(policy, request, ret);
	if (request->newpath == NULL)
		return false;
	return move_denied(policy, request, &from, &to, ret) ||
	       (request->exchanges && move_denied(policy, request, &to, &from, ret));
}

static bool move_gains(const struct policy *policy, const struct request *request,
	const struct name *from, const struct name *to, struct verdict *ret)
{
	const struct rule *rule = find_gain(policy, from, to, request->operation != OPERATION_LINK);

	/* As between two file systems; programs copy then, if they may. So does Landlock. */
	return rule != NULL &&
	       refuse(rule, EXDEV,
		       "under the new name this rule would allow what the policy does not allow "
		       "under the old one; a copy may be made of what may be read",
		       ret);
}

bool policy_move_gains(
	const struct policy *policy, const struct request *request, struct verdict *ret)
{
	const struct name from = {request->path, request->path_len};
	const struct name to = {request->newpath, request->newpath_len};

	if (request->newpath == NULL || request->missing)
		return false;
	return move_gains(policy, request, &from, &to, ret) ||
	       (request->exchanges && move_gains(policy, request, &to, &from, ret));
}
