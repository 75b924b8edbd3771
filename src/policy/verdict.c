#include "policy/verdict.h"

#include <stdlib.h>

void verdict_clear(struct verdict *verdict)
{
	free(verdict->data);
	*verdict = (struct verdict){0};
}

const char *verdict_kind_name(enum verdict_kind kind)
{
	static const char *const names[] = {
		[VERDICT_DENY] = "deny",
		[VERDICT_ALLOW] = "allow",
		[VERDICT_KILL] = "kill",
		[VERDICT_VALUE] = "value",
		[VERDICT_REDIRECT] = "redirect",
		[VERDICT_CONTENT] = "content",
	};

	return names[kind];
}

const char *verdict_source_name(enum verdict_source source)
{
	static const char *const names[] = {
		[SOURCE_DEFAULT] = "default",
		[SOURCE_RULE] = "rule",
		[SOURCE_HANDLER] = "handler",
		[SOURCE_FAILURE] = "failure",
	};

	return names[source];
}
