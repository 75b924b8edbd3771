#pragma once

#include <stdbool.h>

#include "base/error.h"
#include "syscalls/call.h"

/*
 * What the user sees of the decisions: denials on stderr, once per rule and object, a summary at
 * the end, and the log. Thread-safe; nothing from the target reaches a terminal unescaped.
 */
struct report;

struct report_options {
	bool quiet;
	bool color;
	const char *log; /* --log FILE, or NULL */
};

int report_open(const struct report_options *options, struct report **ret, struct error *err);

/* The session's observe hook; context is the report. */
void report_observe(void *context, const struct observation *observation);

/* print() of policies and failures of handlers. */
void report_message(void *context, const char *message);

/* The summary, at the end of the process. */
void report_finish(struct report *report);
