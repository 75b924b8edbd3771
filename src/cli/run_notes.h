#pragma once

#include "cli/command.h"
#include "lua/host.h"

/* What `run` says before it begins, where a policy permits more than its author may know. */

/* Groups whose calls nobody judges. */
void run_note_unjudged(const struct policy *policy);

/* A log that the program can write tells what the program wants. log: may be NULL. */
void run_note_writable_log(struct lua_host *host, const char *log);

/* A policy that the program can write permits, the next time, what the program wants. */
void run_note_writable_policies(struct policy *policy, const struct policy_options *policies);
