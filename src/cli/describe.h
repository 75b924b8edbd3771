#pragma once

#include <stddef.h>

#include "syscalls/call.h"

/* Decisions in words, one line each, escaped. */

/* opening (read) "/etc/shadow" by cat[12]: EACCES (build.lua:9: deny.read "/etc/shadow": why) */
void describe_denial(const struct observation *observation, char *buffer, size_t size);

/* The object as messages name it; with two names, both; of a call of a group, the call. */
void describe_object(const struct request *request, char *buffer, size_t size);

/* The line of a policy that would allow it; empty where no declared line can. */
void describe_mend(const struct observation *observation, char *buffer, size_t size);
