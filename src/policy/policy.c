#include "policy/policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "policy/errname.h"
#include "policy/internal.h"

enum { WORDS_SIZE = 512 };

static const char *const refusal_names[OPERATION_COUNT] = {
#define REFUSAL(id, name, refusal, rights, new_rights, help) [OPERATION_##id] = (refusal),
	OPERATIONS(REFUSAL)
#undef REFUSAL
};

struct policy *policy_new(void)
{
	struct policy *policy = calloc(1, sizeof *policy);

	if (policy == NULL)
		return NULL;
	for (int i = 0; i < OPERATION_COUNT; i++)
		policy->refusals[i] = errname_number(refusal_names[i]);
	for (int i = 0; i < RUN_LIMIT_COUNT; i++)
		policy->limits.values[i] = UINT64_MAX;
	return policy;
}

static void rule_free(struct rule *rule)
{
	if (rule == NULL)
		return;
	pattern_list_free(rule->patterns);
	pattern_list_free(rule->excepts);
	free(rule);
}

void policy_free(struct policy *policy)
{
	if (policy == NULL)
		return;
	for (size_t i = 0; i < policy->rule_count; i++)
		rule_free(policy->rules[i]);
	for (size_t i = 0; i < policy->syscall_rule_count; i++)
		free(policy->syscall_rules[i].word);
	for (size_t i = 0; i < policy->text_count; i++)
		free(policy->texts[i]);
	index_clear(&policy->deny_index);
	index_clear(&policy->allow_index);
	free(policy->rules);
	free(policy->denies);
	free(policy->allows);
	free(policy->hides);
	free(policy->syscall_rules);
	free(policy->texts);
	policy_free_environment(policy);
	free(policy);
}

static size_t more(size_t room)
{
	return room == 0 ? 16 : room * 2;
}

static const char *kept(const struct policy *policy, const char *text)
{
	/* Rules of one file come one after the other: its name is among the newest texts. */
	size_t oldest = policy->text_count > 4 ? policy->text_count - 4 : 0;

	for (size_t i = policy->text_count; i > oldest; i--)
		if (strcmp(policy->texts[i - 1], text) == 0)
			return policy->texts[i - 1];
	return NULL;
}

const char *policy_keep(struct policy *policy, const char *text)
{
	const char *same = kept(policy, text);

	if (same != NULL)
		return same;
	if (policy->text_count == policy->text_room) {
		size_t room = more(policy->text_room);
		char **texts = reallocarray(policy->texts, room, sizeof *texts);

		if (texts == NULL)
			return NULL;
		policy->texts = texts;
		policy->text_room = room;
	}
	policy->texts[policy->text_count] = strdup(text);
	if (policy->texts[policy->text_count] == NULL)
		return NULL;
	return policy->texts[policy->text_count++];
}

/* ---- rules --------------------------------------------------------------------------------- */

static int grow_array(struct rule ***array, size_t room)
{
	struct rule **grown = reallocarray(*array, room, sizeof(struct rule *));

	if (grown == NULL)
		return -ENOMEM;
	*array = grown;
	return 0;
}

static int make_room_for_rule(struct policy *policy)
{
	size_t room = more(policy->rule_room);

	if (policy->rule_count < policy->rule_room)
		return 0;
	if (grow_array(&policy->rules, room) < 0 || grow_array(&policy->denies, room) < 0 ||
		grow_array(&policy->allows, room) < 0 || grow_array(&policy->hides, room) < 0)
		return -ENOMEM;
	policy->rule_room = room;
	return 0;
}

static int add_patterns(
	struct pattern_list *list, const char *const *texts, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		int r = pattern_list_add(list, texts[i], err);

		if (r < 0)
			return r;
	}
	return 0;
}

static int fill_texts(struct policy *policy, const struct rule_spec *spec, struct rule *rule)
{
	char words[WORDS_SIZE];

	policy_write_words(spec, words, sizeof words);
	rule->words = policy_keep(policy, words);
	rule->file = policy_keep(policy, spec->file != NULL ? spec->file : "?");
	rule->why = spec->why != NULL ? policy_keep(policy, spec->why) : NULL;
	if (rule->words == NULL || rule->file == NULL || (spec->why != NULL && rule->why == NULL))
		return -ENOMEM;
	return 0;
}

static int no_memory(struct error *err, const char *what)
{
	(void)error_errno(err, ENOMEM, "cannot keep %s", what);
	return -ENOMEM;
}

static int fill_rule(
	struct policy *policy, const struct rule_spec *spec, struct rule *rule, struct error *err)
{
	int r;

	rule->deny = spec->deny;
	rule->hides = spec->hides;
	rule->rights = spec->rights;
	rule->error = spec->error;
	rule->line = spec->line;
	rule->patterns = pattern_list_new();
	rule->excepts = pattern_list_new();
	if (rule->patterns == NULL || rule->excepts == NULL || fill_texts(policy, spec, rule) < 0)
		return no_memory(err, "a rule");
	rule->written = spec->pattern_count;
	rule->written_excepts = spec->except_count;
	r = add_patterns(rule->patterns, spec->patterns, spec->pattern_count, err);
	return r < 0 ? r : add_patterns(rule->excepts, spec->excepts, spec->except_count, err);
}

static int check_amounts(
	const struct policy *policy, const struct rule_spec *spec, struct error *err)
{
	if (spec->pattern_count == 0)
		return error_set(err, EINVAL,
			"the rule names no path; write at least one, or /** for everything");
	if (policy->rule_count >= RULES_MAX)
		return error_set(err, E2BIG, "more than %d rules; use patterns", RULES_MAX);
	if (spec->pattern_count + spec->except_count > PATTERNS_MAX - policy->pattern_count)
		return error_set(err, E2BIG, "more than %d patterns; use /dir/**", PATTERNS_MAX);
	return 0;
}

static void append_rule(struct policy *policy, struct rule *rule)
{
	policy->indexed = false;
	policy->rules[policy->rule_count++] = rule;
	if (rule->deny)
		policy->denies[policy->deny_count++] = rule;
	else
		policy->allows[policy->allow_count++] = rule;
	if (rule->hides)
		policy->hides[policy->hide_count++] = rule;
	if (!rule->deny)
		policy->declared_rights |= rule->rights;
	policy->pattern_count += rule->patterns->count + rule->excepts->count;
}

int policy_add_rule(struct policy *policy, const struct rule_spec *spec, struct error *err)
{
	struct rule *rule;
	int r = check_amounts(policy, spec, err);

	if (r < 0)
		return r;
	if (make_room_for_rule(policy) < 0)
		return no_memory(err, "a rule");
	rule = calloc(1, sizeof *rule);
	if (rule == NULL)
		return no_memory(err, "a rule");
	r = fill_rule(policy, spec, rule, err);
	if (r < 0) {
		rule_free(rule);
		return r;
	}
	append_rule(policy, rule);
	return 0;
}

static int index_rules(struct pattern_index *index, struct rule *const *rules, size_t count)
{
	int r = 0;

	index_clear(index);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < rules[i]->patterns->count && r == 0; j++)
			r = index_add(index, &rules[i]->patterns->items[j], (uint32_t)i);
	return r < 0 ? r : index_finish(index);
}

int policy_finish(struct policy *policy, struct error *err)
{
	int r = index_rules(&policy->deny_index, policy->denies, policy->deny_count);

	if (r == 0)
		r = index_rules(&policy->allow_index, policy->allows, policy->allow_count);
	if (r < 0)
		return no_memory(err, "the rules");
	policy->indexed = true;
	return 0;
}

size_t policy_rule_count(const struct policy *policy)
{
	return policy->rule_count;
}

const struct rule *policy_rule(const struct policy *policy, size_t index)
{
	return policy->rules[index];
}

/* ---- default, system calls, handlers ------------------------------------------------------- */

int policy_set_default(
	struct policy *policy, bool allow, int error, const char *file, int line, struct error *err)
{
	struct policy_default *fallback = &policy->fallback;
	const char *kept_file;

	if (fallback->stated) {
		if (fallback->allow == allow && (allow || fallback->error == error))
			return 0;
		return error_set(err, EEXIST,
			"a different default is stated at %s:%d; keep one of the two",
			fallback->file, fallback->line);
	}
	kept_file = policy_keep(policy, file != NULL ? file : "?");
	if (kept_file == NULL)
		return no_memory(err, "the default");
	*fallback = (struct policy_default){true, allow, error, kept_file, line};
	return 0;
}

static int make_room_for_syscall_rule(struct policy *policy)
{
	size_t room = more(policy->syscall_rule_room);
	struct syscall_rule *grown;

	if (policy->syscall_rule_count < policy->syscall_rule_room)
		return 0;
	grown = reallocarray(policy->syscall_rules, room, sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	policy->syscall_rules = grown;
	policy->syscall_rule_room = room;
	return 0;
}

int policy_add_syscall_rule(struct policy *policy, bool deny, const char *word, int error,
	const char *file, int line, struct error *err)
{
	const char *kept_file = policy_keep(policy, file != NULL ? file : "?");
	char *copy;

	if (policy->syscall_rule_count >= RULES_MAX)
		return error_set(err, E2BIG, "more than %d rules", RULES_MAX);
	if (kept_file == NULL || make_room_for_syscall_rule(policy) < 0)
		return no_memory(err, "a rule");
	copy = strdup(word);
	if (copy == NULL)
		return no_memory(err, "a rule");
	policy->syscall_rules[policy->syscall_rule_count++] =
		(struct syscall_rule){deny, copy, error, kept_file, line};
	return 0;
}

const struct syscall_rule *policy_syscall_rules(const struct policy *policy, size_t *ret_count)
{
	*ret_count = policy->syscall_rule_count;
	return policy->syscall_rules;
}

void policy_note_handler(struct policy *policy, enum operation operation)
{
	policy->handlers[operation] = true;
}

bool policy_has_handler(const struct policy *policy, enum operation operation)
{
	return operation < OPERATION_COUNT && policy->handlers[operation];
}

int policy_refusal(const struct policy *policy, enum operation operation)
{
	return operation < OPERATION_COUNT ? policy->refusals[operation] : EPERM;
}
