#include <errno.h>
#include <string.h>

#include "policy/internal.h"

enum { PATH_SIZE = 4096 };

/* Without the last component. */
static size_t parent_len(const char *path, size_t len)
{
	while (len > 0 && path[len - 1] != '/')
		len--;
	return len > 0 ? len - 1 : 0;
}

/*
 * The longest start of the pattern's literal part that exists, as its real name. Parents are tried
 * because a rule may name what is not there yet: /var/run/x.pid. Returns the length of that start,
 * 0 if nothing was resolved.
 */
static size_t resolve_prefix(
	const struct pattern *pattern, bool grants, resolve_function *resolve, char *ret)
{
	char path[PATH_SIZE];

	for (size_t len = pattern_literal_directory(pattern); len > 0;
		len = parent_len(pattern->text, len)) {
		memcpy(path, pattern->text, len);
		path[len] = '\0';
		if (resolve(path, grants, ret) == 0)
			return len;
	}
	return 0;
}

static int resolve_list(
	struct pattern_list *list, bool grants, resolve_function *resolve, struct error *err)
{
	char real[PATH_SIZE];
	size_t declared = list->count;

	for (size_t i = 0; i < declared; i++) {
		const struct pattern pattern = list->items[i];
		size_t replaced = resolve_prefix(&pattern, grants, resolve, real);
		int r;

		if (replaced == 0 ||
			(strlen(real) == replaced && memcmp(real, pattern.text, replaced) == 0))
			continue;
		r = pattern_list_add_renamed(list, &pattern, replaced, real, err);
		if (r < 0)
			return r;
	}
	return 0;
}

int policy_resolve(struct policy *policy, resolve_function *resolve, struct error *err)
{
	policy->indexed = false;
	for (size_t i = 0; i < policy->rule_count; i++) {
		struct rule *rule = policy->rules[i];
		/* What is excepted from a denial is granted, and the other way round. */
		int r = resolve_list(rule->patterns, !rule->deny, resolve, err);

		if (r == 0)
			r = resolve_list(rule->excepts, rule->deny, resolve, err);
		if (r < 0)
			return r;
	}
	return 0;
}
