#include "cli/session.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "launch/filter.h"

static bool is_hidden(void *host, const char *path, size_t length)
{
	return policy_hidden(lua_host_policy(host), path, length);
}

static bool is_closed(void *host, const char *path, size_t length)
{
	return policy_closed(lua_host_policy(host), path, length);
}

static bool keeps_variable(void *policy, const char *name, size_t length)
{
	return policy_keeps_variable(policy, name, length);
}

static long processes_of(const struct policy *policy)
{
	uint64_t limit = policy_limits(policy)->values[RUN_LIMIT_PROCESSES];

	return limit < LONG_MAX ? (long)limit : LONG_MAX;
}

struct session *session_new(struct lua_host *host, struct report *report, const struct world *world,
	bool scoped, struct error *err)
{
	struct policy *policy = lua_host_policy(host);
	struct session *session = calloc(1, sizeof *session);

	if (session == NULL) {
		(void)error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	session->world = *world;
	session->world.debug_open = filter_opens(policy, "", GROUP_DEBUG);
	session->world.device_open = filter_opens(policy, "", GROUP_DEVICE);
	session->world.roots_vary = filter_opens(policy, "chroot", GROUP_CHROOT);
	if (policy_hides(policy)) {
		session->world.hidden = is_hidden;
		session->world.closed = is_closed;
		session->world.hidden_context = host;
	}
	moves_init(&session->moves);
	session->decide = lua_host_decide;
	session->decide_context = host;
	session->observe = report_observe;
	session->observe_context = report;
	session->scoped = scoped;
	session->processes = processes_of(policy);
	if (policy_judges_environment(policy)) {
		session->keeps_variable = keeps_variable;
		session->keeps_context = policy;
	}
	session->judges_map = filter_judges_map(policy);
	session->judges_exec = session->judges_map || session->keeps_variable != NULL ||
			       !policy_always_allows(policy, OPERATION_EXEC, RIGHT_EXEC);
	for (int i = 0; i < OPERATION_COUNT; i++)
		session->asks[i] = policy_has_handler(policy, (enum operation)i);
	return session;
}
