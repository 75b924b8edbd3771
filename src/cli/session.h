#pragma once

#include "cli/report.h"
#include "lua/host.h"
#include "syscalls/call.h"

/*
 * What the gate's threads need of the rooms above them, from a loaded policy. `scoped`: a Landlock
 * domain with scopes holds the tree. Borrows host and report, copies the world; lives until the
 * process ends.
 */
struct session *session_new(struct lua_host *host, struct report *report, const struct world *world,
	bool scoped, struct error *err);
