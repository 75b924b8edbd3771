#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/filter.h>

#include "base/error.h"
#include "policy/policy.h"

/*
 * The plan of a policy as the kernel enforces it: which calls it lets through, which it refuses
 * on its own, which are notified. Built with libseccomp before the target exists, loaded by it.
 */
struct filter {
	struct sock_fprog program; /* owned */
	unsigned notified;         /* how many calls can be notified */
	unsigned setting;          /* FILTER_* */
};

/* Where the filter is to work. */
enum {
	FILTER_PRIVILEGED = 1 << 0, /* the supervisor can act for other users */
	FILTER_UNSCOPED = 1 << 1,   /* there is no Landlock domain with scopes around the target */
};

/*
 * `setting`: FILTER_*. Of a privileged supervisor changes of credentials are notified; without,
 * prctl(PR_SET_DUMPABLE, 0) is answered with success but not done, because it would close the
 * target to its supervisor.
 */
int filter_build(
	const struct policy *policy, unsigned setting, struct filter *ret, struct error *err);
void filter_free(struct filter *filter);

/* What happens to one system call of the table, for the filter and for `moongate check`. */
enum disposition {
	DISPOSITION_KERNEL,            /* the kernel runs it, nobody is asked */
	DISPOSITION_REFUSED,           /* the kernel refuses it */
	DISPOSITION_EXPLAINED,         /* notified, to be refused with an explanation */
	DISPOSITION_ASKED,             /* notified, judged */
	DISPOSITION_ASKED_IF_CHANGING, /* an open that can change something: judged; else the kernel
					*/
};
struct syscall_row;
enum disposition filter_disposition(const struct policy *policy, const struct syscall_row *row,
	unsigned setting, int *ret_error);

/* Whether what programs load as code is judged. */
bool filter_judges_map(const struct policy *policy);

/* Whether the policy opens an @group (allow.syscall, not taken back by deny.syscall). */
bool filter_opens(const struct policy *policy, const char *name, int group);
