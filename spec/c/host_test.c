#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lua/host.h"

/* What only shows from C: threads, memory that runs out at any moment, ownership. */

static const char policy_text[] =
	"allow.read { '/usr/**', '/etc/hosts' }\n"
	"deny.read { '/usr/secret/**', errno = 'ENOENT', why = 'keys' }\n"
	"local seen = 0\n"
	"function on.open(call)\n"
	"  seen = seen + 1\n"
	"  if call.path == '/allow' and call.flags.O_RDONLY then return allow() end\n"
	"  if call.path == '/deny' then return deny('EROFS', 'no ' .. seen) end\n"
	"  if call.path == '/content' then return content(('x'):rep(1000)) end\n"
	"  if call.path == '/redirect' then return redirect('/elsewhere') end\n"
	"  if call.path == '/error' then error('x') end\n"
	"  if call.path == '/pcall' then pcall(error, {}) return call.pth end\n"
	"  if call.path == '/memory' then local s = 'x' while true do s = s .. s end end\n"
	"  if call.path == '/sort' then\n"
	"    table.sort({ 2, 1 }, function() while true do end end)\n"
	"  end\n"
	"  if call.path == '/loop' then while true do pcall(error) end end\n"
	"end\n";

static unsigned messages;

static void count_message(void *context, const char *message)
{
	(void)context;
	assert_true(strlen(message) > 0);
	__atomic_add_fetch(&messages, 1, __ATOMIC_RELAXED);
}

static const char *const nothing[] = {NULL};

static struct lua_host_options options_with(const struct lua_host_limits *limits)
{
	return (struct lua_host_options){
		.search = nothing,
		.defines = nothing,
		.environment = nothing,
		.cwd = "/",
		.limits = limits,
		.log = count_message,
	};
}

static struct lua_host *load(const char *text, const struct lua_host_limits *limits)
{
	struct lua_host_options options = options_with(limits);
	struct lua_host *host = NULL;
	struct error err;

	if (lua_host_load_text(text, strlen(text), "test.lua", &options, &host, &err) < 0)
		fail_msg("%s", err.text);
	return host;
}

static void decide(struct lua_host *host, const char *path, struct verdict *ret)
{
	const struct request request = {
		.operation = OPERATION_OPEN,
		.syscall = "openat",
		.rights = RIGHT_READ,
		.path = path,
		.path_len = strlen(path),
		.given = path,
		.given_len = strlen(path),
	};

	lua_host_decide(host, &request, ret);
}

static void answers_what_the_policy_says(void **state)
{
	struct lua_host *host = load(policy_text, NULL);
	struct verdict verdict;

	(void)state;
	decide(host, "/usr/x", &verdict);
	assert_int_equal(verdict.kind, VERDICT_ALLOW);
	assert_int_equal(verdict.source, SOURCE_RULE);
	decide(host, "/usr/secret/x", &verdict);
	assert_int_equal(verdict.error, ENOENT);
	decide(host, "/deny", &verdict);
	assert_int_equal(verdict.error, EROFS);
	assert_string_equal(verdict.why, "no 2");
	assert_string_equal(verdict.file, "test.lua");
	assert_int_equal(verdict.line, 4);
	decide(host, "/redirect", &verdict);
	assert_string_equal(verdict.data, "/elsewhere");
	verdict_clear(&verdict);
	decide(host, "/content", &verdict);
	assert_int_equal(verdict.data_len, 1000);
	verdict_clear(&verdict);
	lua_host_free(host);
}

static void refuses_an_operation_that_does_not_exist(void **state)
{
	struct lua_host *host = load("default.deny 'EPERM'", NULL);
	const struct request request = {.operation = OPERATION_NONE, .path = "/", .path_len = 1};
	struct verdict verdict;

	(void)state;
	lua_host_decide(host, &request, &verdict);
	assert_int_equal(verdict.kind, VERDICT_DENY);
	lua_host_free(host);
}

static void leaves_outputs_alone_on_failure(void **state)
{
	struct lua_host_options options = options_with(NULL);
	struct lua_host *host = (struct lua_host *)&options;
	struct error err = {0};

	(void)state;
	assert_int_equal(lua_host_load_text("x", 1, "t", &options, &host, &err), -EINVAL);
	assert_ptr_equal(host, &options);
	assert_non_null(strstr(err.text, "t:1: "));
	assert_int_equal(lua_host_load_text("x", 1, "t", &options, &host, NULL), -EINVAL);
}

/* ---- threads ------------------------------------------------------------------------------- */

static const char *const paths[] = {"/allow", "/deny", "/content", "/redirect", "/error", "/pcall",
	"/usr/x", "/usr/secret/x", "/none", "/memory", "/sort", "/loop"};
enum { PATHS = sizeof paths / sizeof paths[0] };

static void check(const char *path, const struct verdict *verdict)
{
	static const struct {
		const char *path;
		enum verdict_kind kind;
		enum verdict_source source;
	} expected[] = {
		{"/allow", VERDICT_ALLOW, SOURCE_HANDLER},
		{"/deny", VERDICT_DENY, SOURCE_HANDLER},
		{"/content", VERDICT_CONTENT, SOURCE_HANDLER},
		{"/redirect", VERDICT_REDIRECT, SOURCE_HANDLER},
		{"/error", VERDICT_DENY, SOURCE_FAILURE},
		{"/pcall", VERDICT_DENY, SOURCE_FAILURE},
		{"/usr/x", VERDICT_ALLOW, SOURCE_RULE},
		{"/usr/secret/x", VERDICT_DENY, SOURCE_RULE},
		{"/none", VERDICT_DENY, SOURCE_DEFAULT},
		{"/memory", VERDICT_DENY, SOURCE_FAILURE},
		{"/sort", VERDICT_DENY, SOURCE_FAILURE},
		{"/loop", VERDICT_DENY, SOURCE_FAILURE},
	};

	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		if (strcmp(expected[i].path, path) != 0)
			continue;
		if (verdict->kind != expected[i].kind || verdict->source != expected[i].source)
			fail_msg("%s: %d from %d: %s", path, (int)verdict->kind,
				(int)verdict->source, verdict->why);
	}
}

static void *ask_many(void *context)
{
	struct verdict verdict;

	for (size_t i = 0; i < 300; i++) {
		/* The failures that cost time less often. */
		const char *path = paths[i % (i % 50 == 0 ? PATHS : PATHS - 3)];

		decide(context, path, &verdict);
		check(path, &verdict);
		verdict_clear(&verdict);
	}
	return NULL;
}

static void serves_threads(void **state)
{
	const struct lua_host_limits limits = {
		.decision_ms = 500, .load_ms = 5000, .memory = 4 << 20, .steps = 100000};
	struct lua_host *host = load(policy_text, &limits);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_many, host), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_true(messages > 0);
	lua_host_free(host);
}

/* ---- memory that runs out at any moment ---------------------------------------------------- */

/*
 * An unprotected call into Lua that fails for want of memory ends the program. So with every amount
 * of memory, loading succeeds or fails with a sentence, and every decision is one.
 */
static bool try_with(size_t memory)
{
	const struct lua_host_limits limits = {
		.decision_ms = 500, .load_ms = 5000, .memory = memory, .steps = 100000};
	struct lua_host_options options = options_with(&limits);
	struct lua_host *host = NULL;
	struct error err = {0};

	if (lua_host_load_text(
		    policy_text, strlen(policy_text), "test.lua", &options, &host, &err) < 0) {
		assert_true(strlen(err.text) > 0);
		return false;
	}
	for (size_t i = 0; i < PATHS - 2; i++) {
		struct verdict verdict;

		decide(host, paths[i], &verdict);
		if (verdict.source == SOURCE_FAILURE)
			assert_int_equal(verdict.kind, VERDICT_DENY);
		verdict_clear(&verdict);
	}
	lua_host_free(host);
	return true;
}

static void survives_any_shortage_of_memory(void **state)
{
	size_t memory = 0;
	unsigned loaded = 0;

	(void)state;
	while (loaded < 200 && memory < (8 << 20)) {
		loaded += try_with(memory);
		memory += loaded > 0 ? 97 : 1031;
	}
	assert_int_equal(loaded, 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_what_the_policy_says),
		cmocka_unit_test(refuses_an_operation_that_does_not_exist),
		cmocka_unit_test(leaves_outputs_alone_on_failure),
		cmocka_unit_test(serves_threads),
		cmocka_unit_test(survives_any_shortage_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
