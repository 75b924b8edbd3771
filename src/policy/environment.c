#include "policy/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * environment { keep = {…}, drop = {…} }. A name is matched as "/NAME": there, `*` and `?` mean
 * what they mean in paths.
 */

enum { NAME_LIMIT = 1024 };

/* Adds to *list, which is made where there is none. */
static int add(
	struct pattern_list **list, const char *const *names, size_t count, struct error *err)
{
	int result = 0;

	if (*list == NULL)
		*list = pattern_list_new();
	if (*list == NULL)
		return error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < count && result == 0; i++) {
		char text[NAME_LIMIT + 2];

		if (snprintf(text, sizeof text, "/%s", names[i]) >= (int)sizeof text)
			return error_set(err, ENAMETOOLONG, "the name of a variable is too long");
		result = pattern_list_add(*list, text, err);
	}
	return result;
}

int policy_drop_variables(
	struct policy *policy, const char *const *names, size_t count, struct error *err)
{
	return add(&policy->dropped_variables, names, count, err);
}

int policy_keep_variables(
	struct policy *policy, const char *const *names, size_t count, struct error *err)
{
	struct pattern_list **lists =
		realloc(policy->kept_variables, (policy->kept_count + 1) * sizeof *lists);

	if (lists == NULL)
		return error_set(err, ENOMEM, "out of memory");
	policy->kept_variables = lists;
	lists[policy->kept_count++] = NULL;
	return add(&lists[policy->kept_count - 1], names, count, err);
}

void policy_free_environment(struct policy *policy)
{
	pattern_list_free(policy->dropped_variables);
	for (size_t i = 0; i < policy->kept_count; i++)
		pattern_list_free(policy->kept_variables[i]);
	free(policy->kept_variables);
}

bool policy_judges_environment(const struct policy *policy)
{
	return policy->dropped_variables != NULL || policy->kept_count > 0;
}

bool policy_keeps_variable(const struct policy *policy, const char *name, size_t length)
{
	char text[NAME_LIMIT + 2];
	int size = snprintf(text, sizeof text, "/%.*s", (int)length, name);

	if (size >= (int)sizeof text)
		return false;
	if (policy->dropped_variables != NULL &&
		pattern_list_matches(policy->dropped_variables, text, (size_t)size))
		return false;
	for (size_t i = 0; i < policy->kept_count; i++)
		if (!pattern_list_matches(policy->kept_variables[i], text, (size_t)size))
			return false;
	return true;
}
