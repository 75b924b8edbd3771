#include "launch/plan.h"

#include <errno.h>

#include "launch/filter.h"
#include "syscalls/perform.h"
#include "syscalls/table.h"

int plan_ruling(const struct policy *policy, const char *name, enum syscall_group group)
{
	size_t count;
	const struct syscall_rule *rules = policy_syscall_rules(policy, &count);
	int result = PLAN_UNSAID;

	for (size_t i = 0; i < count; i++) {
		if (!syscall_word_covers(rules[i].word, name, group))
			continue;
		if (rules[i].deny)
			return rules[i].error > 0 ? rules[i].error : EPERM;
		result = PLAN_OPEN;
	}
	return result;
}

bool filter_opens(const struct policy *policy, const char *name, int group)
{
	return plan_ruling(policy, name, (enum syscall_group)group) == PLAN_OPEN;
}

int plan_flags_argument(const struct syscall_row *row)
{
	for (int i = 0; i < 6; i++)
		if (row->arguments[i] == ARG_FLAGS)
			return i;
	return -1;
}

static enum disposition judged_open(
	const struct policy *policy, const struct syscall_row *row, unsigned setting)
{
	/*
	 * What may be read always, everywhere, the kernel opens as fast as without us. Not for
	 * privileged targets: to CAP_PERFMON mm_access() shows any process's memory map and
	 * environment, the supervisor's too, and asks no Landlock domain. Nor without one: other
	 * processes of the user are shown by /proc. What is opened to be changed is looked at
	 * whatever is allowed, for it may be /proc/PID/mem, or a process's outside.
	 */
	if (setting == 0 && plan_flags_argument(row) >= 0 &&
		policy_always_allows(policy, OPERATION_OPEN, RIGHT_READ))
		return DISPOSITION_ASKED_IF_CHANGING;
	return DISPOSITION_ASKED;
}

/* What a policy must always grant so that the kernel may decide such calls itself. */
static unsigned rights_at_stake(enum operation operation)
{
	/* By another name any deny rule may be escaped. */
	return operation_new_rights(operation) != 0 ? RIGHT_ALL : operation_rights(operation);
}

bool filter_judges_map(const struct policy *policy)
{
	if (policy_always_allows(policy, OPERATION_MAP, RIGHT_MAP))
		return false;
	return policy_judges(policy, RIGHT_MAP) || policy_has_handler(policy, OPERATION_MAP);
}

static bool is_asked(const struct policy *policy, const struct syscall_row *row, unsigned setting)
{
	/* A Landlock domain with scopes keeps signals within the tree. */
	if (row->operation == OPERATION_KILL)
		return (setting & FILTER_UNSCOPED) != 0 ||
		       policy_has_handler(policy, OPERATION_KILL);
	/* Without privileges every program is looked at: would_blind_us() in syscalls/exec.c. */
	if (row->operation == OPERATION_EXEC &&
		((setting & FILTER_PRIVILEGED) == 0 || policy_judges_environment(policy) ||
			filter_judges_map(policy)))
		return true;
	if (operation_rights(row->operation) == RIGHT_STAT)
		return policy_judges(policy, RIGHT_STAT) ||
		       policy_has_handler(policy, row->operation);
	if (row->operation == OPERATION_MAP)
		return filter_judges_map(policy);
	/* A device node is refused whatever is allowed; who has no privileges can't make one. */
	if (row->operation == OPERATION_MKNOD && (setting & FILTER_PRIVILEGED) != 0 &&
		!filter_opens(policy, "", GROUP_DEVICE))
		return true;
	return !policy_always_allows(policy, row->operation, rights_at_stake(row->operation));
}

static enum disposition judged(
	const struct policy *policy, const struct syscall_row *row, unsigned setting)
{
	if (row->operation == OPERATION_OPEN)
		return judged_open(policy, row, setting);
	return is_asked(policy, row, setting) ? DISPOSITION_ASKED : DISPOSITION_KERNEL;
}

enum disposition filter_disposition(const struct policy *policy, const struct syscall_row *row,
	unsigned setting, int *ret_error)
{
	const struct group_row *group = &group_table[row->group];
	int said = plan_ruling(policy, row->name, row->group);

	*ret_error = 0;
	if (said > 0) {
		*ret_error = said;
		return DISPOSITION_REFUSED;
	}
	if (row->operation != OPERATION_NONE)
		return judged(policy, row, setting);
	if (row->perform == getdents_perform)
		return policy_hides(policy) ? DISPOSITION_ASKED : DISPOSITION_KERNEL;
	/* These a Landlock domain with scopes keeps within the tree. */
	if (row->perform == outsider_perform && (row->group == GROUP_NONE || said == PLAN_OPEN))
		return (setting & FILTER_UNSCOPED) != 0 ? DISPOSITION_ASKED : DISPOSITION_KERNEL;
	if (row->perform == personality_perform)
		return filter_judges_map(policy) ? DISPOSITION_ASKED : DISPOSITION_KERNEL;
	if (row->perform == pidfd_signal_perform)
		return policy_has_handler(policy, OPERATION_KILL) ||
				       (setting & FILTER_UNSCOPED) != 0
			       ? DISPOSITION_ASKED
			       : DISPOSITION_KERNEL;
	if (row->perform == fork_perform)
		return run_limits_have(policy_limits(policy), RUN_LIMIT_PROCESSES)
			       ? DISPOSITION_ASKED
			       : DISPOSITION_KERNEL;
	if (row->perform == credentials_perform)
		return (setting & FILTER_PRIVILEGED) != 0 ? DISPOSITION_ASKED : DISPOSITION_KERNEL;
	if (row->group == GROUP_NONE && row->perform != NULL)
		return DISPOSITION_ASKED;
	if (row->group == GROUP_NONE || said == PLAN_OPEN)
		return DISPOSITION_KERNEL;
	*ret_error = group->error;
	return (group->flags & EXPLAINED) != 0 ? DISPOSITION_EXPLAINED : DISPOSITION_REFUSED;
}
