#pragma once

#include <stddef.h>
#include <stdint.h>

struct rule;

enum verdict_kind {
	VERDICT_DENY, /* zero on purpose: a verdict that nobody filled in refuses */
	VERDICT_ALLOW,
	VERDICT_KILL,
	VERDICT_VALUE,    /* pretend: the call returns `value` and nothing happens */
	VERDICT_REDIRECT, /* act on the object named by `data` instead, not judged again */
	VERDICT_CONTENT,  /* open only: a sealed memory file that holds `data` */
};

enum verdict_source {
	SOURCE_DEFAULT, /* no rule and no handler had an opinion */
	SOURCE_RULE,
	SOURCE_HANDLER,
	SOURCE_FAILURE, /* the policy failed (error, deadline, memory, nonsense): always DENY */
};

struct verdict {
	enum verdict_kind kind;
	enum verdict_source source;
	int error; /* DENY: the errno to answer, positive */
	int64_t value;
	const struct rule
		*rule;    /* SOURCE_RULE: the deciding rule, owned by the policy; else NULL */
	const char *file; /* where that rule, handler or default stands; owned by the policy */
	int line;         /* 0: nowhere (the implied default) */
	char why[256];    /* for people; may be empty; not escaped */
	char *data;       /* REDIRECT (absolute path, NUL-terminated), CONTENT (bytes); owned */
	size_t data_len;
};

/* Frees `data` and makes it the refusing zero verdict again. */
void verdict_clear(struct verdict *verdict);

/* "deny", "allow", …; "default", "rule", …: for people and logs. */
const char *verdict_kind_name(enum verdict_kind kind);
const char *verdict_source_name(enum verdict_source source);
