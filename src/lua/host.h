#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "policy/policy.h"
#include "policy/vocabulary.h"

/*
 * The Lua side of a policy as the other rooms see it: load it, decide with it, free it.
 * <lua.h> stays inside src/lua.
 */
struct lua_host;

struct lua_host_limits {
	unsigned decision_ms; /* processor time of one decision */
	unsigned load_ms;     /* processor time of loading everything */
	size_t memory;        /* bytes in the whole state */
	unsigned long steps;  /* steps inside string patterns, per decision */
};
extern const struct lua_host_limits lua_host_default_limits; /* 50 ms, 2 s, 32 MiB, 1,000,000 */

struct lua_host_options {
	const struct vocabulary *vocabulary;
	/* What judges a call of the vocabulary, "open" of "openat"; NULL: nothing does. */
	const char *(*operation_of)(const char *syscall);
	const char *const *search; /* directories for names, NULL-terminated; built-ins come last */
	const char *const *defines; /* "name=value" of -D, NULL-terminated */
	const char *cwd;            /* absolute: the default of `cwd` in a policy */
	const char *const
		*environment; /* "HOME=…" for env.*, NULL-terminated; only a fixed set is used */
	const struct lua_host_limits *limits; /* NULL: the defaults */
	/* Where print() and failures of handlers go; one message, may have several lines,
	 * unescaped. */
	void (*log)(void *context, const char *message);
	void *log_context;
};

/*
 * Loads every policy named in `names` (a path with a '/' or ending in .lua, or a bare name that is
 * searched) into one set of rules. The sentence in err has file:line, what, why, what to do.
 */
int lua_host_load(const char *const *names, size_t count, const struct lua_host_options *options,
	struct lua_host **ret, struct error *err);

/* As lua_host_load for one policy given as text; `chunk` is the name messages use. For tests. */
int lua_host_load_text(const char *text, size_t size, const char *chunk,
	const struct lua_host_options *options, struct lua_host **ret, struct error *err);

/* The declared half; owned by the host. */
struct policy *lua_host_policy(struct lua_host *host);

/* Every handler, in the order of declaration; false: there is no such. */
struct lua_host_handler {
	enum operation operation;
	const char *file;
	int line;
};
bool lua_host_handler(const struct lua_host *host, size_t index, struct lua_host_handler *ret);

/*
 * A decide_function; context is the struct lua_host. Deny rules, handlers, allow rules, default.
 * Any thread may call it; Lua itself is entered under one lock. Never blocks on anything else.
 */
void lua_host_decide(void *context, const struct request *request, struct verdict *ret);

/*
 * For a watchdog that looks now and then: whether handlers are still making the decision that they
 * were making at the last look.
 */
bool lua_host_is_stuck(struct lua_host *host);

void lua_host_free(struct lua_host *host);
