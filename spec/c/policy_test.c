#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "policy/errname.h"
#include "policy/policy.h"

static int set_up(void **state)
{
	*state = policy_new();
	return *state == NULL;
}

static int tear_down(void **state)
{
	policy_free(*state);
	return 0;
}

static int add(struct policy *policy, const char *action, unsigned rights, const char *pattern,
	const char *except)
{
	const struct rule_spec spec = {
		.deny = action[0] == 'd',
		.rights = rights,
		.right_word = rights == RIGHT_READ ? "read" : "write",
		.file = "test.lua",
		.line = 7,
		.why = action[0] == 'd' ? "because" : NULL,
		.patterns = &pattern,
		.pattern_count = 1,
		.excepts = &except,
		.except_count = except != NULL,
	};

	return policy_add_rule(policy, &spec, NULL);
}

static struct request ask(unsigned rights, const char *path)
{
	return (struct request){
		.operation = OPERATION_OPEN,
		.syscall = "openat",
		.rights = rights,
		.path = path,
		.path_len = strlen(path),
		.given = path,
		.given_len = strlen(path),
	};
}

static struct verdict decide(struct policy *policy, unsigned rights, const char *path)
{
	struct request request = ask(rights, path);
	struct verdict verdict = {0};

	if (!policy_denied(policy, &request, &verdict))
		policy_allowed(policy, &request, &verdict);
	return verdict;
}

static void refuses_by_default(void **state)
{
	struct verdict verdict = decide(*state, RIGHT_READ, "/x");

	assert_int_equal(verdict.kind, VERDICT_DENY);
	assert_int_equal(verdict.source, SOURCE_DEFAULT);
	assert_int_equal(verdict.error, EACCES);
	assert_int_equal(verdict.line, 0);
}

static void what_is_missing_is_missing_by_default(void **state)
{
	struct request request = ask(RIGHT_READ, "/x");
	struct verdict verdict = {0};

	request.missing = true;
	policy_allowed(*state, &request, &verdict);
	assert_int_equal(verdict.error, ENOENT);
	request.rights = RIGHT_CREATE | RIGHT_MODIFY;
	policy_allowed(*state, &request, &verdict);
	assert_int_equal(verdict.error, EACCES);
	request.rights = RIGHT_READ;
	assert_int_equal(policy_set_default(*state, false, EPERM, "f", 1, NULL), 0);
	policy_allowed(*state, &request, &verdict);
	assert_int_equal(verdict.error, ENOENT);
	request.missing = false;
	policy_allowed(*state, &request, &verdict);
	assert_int_equal(verdict.error, EPERM);
}

static void allows_what_a_rule_allows(void **state)
{
	struct verdict verdict;

	assert_int_equal(add(*state, "allow", RIGHT_READ, "/usr/**", NULL), 0);
	verdict = decide(*state, RIGHT_READ, "/usr/lib/x");
	assert_int_equal(verdict.kind, VERDICT_ALLOW);
	assert_int_equal(verdict.source, SOURCE_RULE);
	assert_string_equal(verdict.file, "test.lua");
	assert_int_equal(verdict.line, 7);
	assert_string_equal(verdict.rule->words, "allow.read \"/usr/**\"");
	assert_int_equal(verdict.rule->hits, 1);
	assert_int_equal(decide(*state, RIGHT_MODIFY, "/usr/lib/x").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_READ, "/etc").kind, VERDICT_DENY);
}

static void every_right_must_be_granted(void **state)
{
	unsigned both = RIGHT_READ | RIGHT_MODIFY;

	assert_int_equal(add(*state, "allow", RIGHT_READ, "/w/**", NULL), 0);
	assert_int_equal(decide(*state, both, "/w/x").kind, VERDICT_DENY);
	assert_int_equal(add(*state, "allow", RIGHT_WRITE, "/w/x", NULL), 0);
	assert_int_equal(decide(*state, both, "/w/x").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, both, "/w/y").kind, VERDICT_DENY);
}

static void no_right_is_granted_by_no_rule(void **state)
{
	assert_int_equal(add(*state, "allow", RIGHT_ALL, "/**", NULL), 0);
	assert_int_equal(decide(*state, 0, "/w/x").kind, VERDICT_DENY);
}

static void deny_overrides_in_any_order(void **state)
{
	struct verdict verdict;

	assert_int_equal(add(*state, "deny", RIGHT_WRITE, "/w/.git/**", "/w/.git/index.lock"), 0);
	assert_int_equal(add(*state, "allow", RIGHT_WRITE, "/w/**", NULL), 0);
	verdict = decide(*state, RIGHT_CREATE, "/w/.git/x");
	assert_int_equal(verdict.kind, VERDICT_DENY);
	assert_int_equal(verdict.error, EACCES);
	assert_string_equal(verdict.why, "because");
	assert_string_equal(verdict.rule->words,
		"deny.write { \"/w/.git/**\", except = \"/w/.git/index.lock\" }");
	assert_int_equal(decide(*state, RIGHT_CREATE, "/w/.git/index.lock").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_CREATE, "/w/y").kind, VERDICT_ALLOW);
}

static void one_denied_right_denies_all(void **state)
{
	assert_int_equal(add(*state, "allow", RIGHT_ALL, "/**", NULL), 0);
	assert_int_equal(add(*state, "deny", RIGHT_CREATE, "/w/**", NULL), 0);
	assert_int_equal(decide(*state, RIGHT_READ | RIGHT_CREATE, "/w/x").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_READ | RIGHT_MODIFY, "/w/x").kind, VERDICT_ALLOW);
}

static void the_default_can_be_stated_once(void **state)
{
	struct error err = {0};

	assert_int_equal(policy_set_default(*state, true, 0, "a.lua", 3, NULL), 0);
	assert_int_equal(decide(*state, RIGHT_READ, "/x").kind, VERDICT_ALLOW);
	assert_string_equal(decide(*state, RIGHT_READ, "/x").file, "a.lua");
	assert_int_equal(policy_set_default(*state, true, 0, "b.lua", 4, NULL), 0);
	assert_int_equal(policy_set_default(*state, false, EPERM, "c.lua", 5, &err), -EEXIST);
	assert_non_null(strstr(err.text, "a.lua:3"));
}

static void a_rule_without_a_path_is_refused(void **state)
{
	const struct rule_spec spec = {.rights = RIGHT_READ, .right_word = "read", .file = "f"};

	assert_int_equal(policy_add_rule(*state, &spec, NULL), -EINVAL);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "relative", NULL), -EINVAL);
	assert_int_equal(policy_rule_count(*state), 0);
}

static void knows_what_is_always_allowed(void **state)
{
	struct policy *policy = *state;

	assert_false(policy_always_allows(policy, OPERATION_OPEN, RIGHT_READ));
	assert_int_equal(add(policy, "allow", RIGHT_READ, "/**", NULL), 0);
	assert_true(policy_always_allows(policy, OPERATION_OPEN, RIGHT_READ));
	assert_false(policy_always_allows(policy, OPERATION_OPEN, RIGHT_READ | RIGHT_CREATE));
	assert_int_equal(add(policy, "deny", RIGHT_CREATE, "/x", NULL), 0);
	assert_true(policy_always_allows(policy, OPERATION_OPEN, RIGHT_READ));
	assert_int_equal(add(policy, "deny", RIGHT_READ, "/x", NULL), 0);
	assert_false(policy_always_allows(policy, OPERATION_OPEN, RIGHT_READ));
	assert_int_equal(policy_set_default(policy, true, 0, "f", 1, NULL), 0);
	assert_false(policy_always_allows(policy, OPERATION_OPEN, RIGHT_READ));
	assert_true(policy_always_allows(policy, OPERATION_EXEC, RIGHT_EXEC));
	policy_note_handler(policy, OPERATION_EXEC);
	assert_false(policy_always_allows(policy, OPERATION_EXEC, RIGHT_EXEC));
}

/* /lib is a link to usr/lib, /var/run to /run, as on Debian. */
static int debian(const char *path, bool grants, char *ret)
{
	(void)grants;
	static const char *const names[][2] = {
		{"/lib", "/usr/lib"}, {"/var/run", "/run"}, {"/usr", "/usr"}};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(path, names[i][0]) == 0) {
			strcpy(ret, names[i][1]);
			return 0;
		}
	}
	return -ENOENT;
}

static void rules_may_use_the_names_people_know(void **state)
{
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/lib/**", "/lib/secret"), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/var/run/x.pid", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/var/run/u*/f", NULL), 0);
	assert_int_equal(policy_resolve(*state, debian, NULL), 0);
	assert_int_equal(decide(*state, RIGHT_READ, "/lib/x").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_READ, "/usr/lib/x").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_READ, "/usr/lib").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_READ, "/usr/lib/secret").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_READ, "/usr/libx").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_READ, "/run/x.pid").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_READ, "/run/u1/f").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_READ, "/run/v/f").kind, VERDICT_DENY);
}

/* /w/link leads to /home/x: somebody planted it. */
static int planted(const char *path, bool grants, char *ret)
{
	if (strcmp(path, "/w/link") != 0 || grants)
		return -EACCES;
	strcpy(ret, "/home/x");
	return 0;
}

static void a_planted_link_narrows_and_never_widens(void **state)
{
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/w/link/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_CREATE, "/**", NULL), 0);
	assert_int_equal(add(*state, "deny", RIGHT_CREATE, "/w/link/**", NULL), 0);
	assert_int_equal(policy_resolve(*state, planted, NULL), 0);
	assert_int_equal(decide(*state, RIGHT_READ, "/home/x/key").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_CREATE, "/home/x/key").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_CREATE, "/home/y/key").kind, VERDICT_ALLOW);
}

static void decide_among_many(struct policy *policy)
{
	assert_int_equal(decide(policy, RIGHT_READ, "/d3/x/y/z").kind, VERDICT_ALLOW);
	assert_ptr_equal(decide(policy, RIGHT_READ, "/d3/x").rule, policy_rule(policy, 3));
	assert_int_equal(decide(policy, RIGHT_READ, "/d7/f/secret").kind, VERDICT_DENY);
	assert_int_equal(decide(policy, RIGHT_READ, "/d5/fx").kind, VERDICT_DENY);
	assert_int_equal(decide(policy, RIGHT_READ, "/d5/fxx").kind, VERDICT_ALLOW);
	assert_int_equal(decide(policy, RIGHT_READ, "/literal/file").kind, VERDICT_ALLOW);
	assert_int_equal(decide(policy, RIGHT_READ, "/literal").kind, VERDICT_DENY);
	assert_int_equal(decide(policy, RIGHT_READ, "/whatever/any").kind, VERDICT_ALLOW);
	assert_int_equal(decide(policy, RIGHT_READ, "/").kind, VERDICT_DENY);
}

/* Many rules are found by the directories of the path: the same answers, and the first rule wins.
 */
static void ten_thousand_rules_decide_as_ten_do(void **state)
{
	char text[64];

	for (int i = 0; i < 10000; i++) {
		(void)snprintf(text, sizeof text, "/d%d/%s", i % 100, i % 3 == 0 ? "**" : "f*");
		assert_int_equal(add(*state, "allow", RIGHT_READ, text, "/d7/f/secret"), 0);
	}
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/d5/f?", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/literal/file", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/*/any", NULL), 0);
	for (int indexed = 0; indexed < 2; indexed++) {
		decide_among_many(*state);
		assert_int_equal(policy_finish(*state, NULL), 0);
	}
}

/* ---- two names ----------------------------------------------------------------------------- */

/* 0, or the errno of the refusal. */
static int move(struct policy *policy, enum operation operation, const char *from, const char *to)
{
	struct request request = ask(RIGHT_DELETE, from);
	struct verdict verdict = {0};

	request.operation = operation;
	request.newpath = to;
	request.newpath_len = strlen(to);
	request.new_rights = RIGHT_CREATE;
	if (!policy_move_denied(policy, &request, &verdict) &&
		!policy_move_gains(policy, &request, &verdict))
		return 0;
	assert_int_equal(verdict.kind, VERDICT_DENY);
	assert_int_equal(verdict.source, SOURCE_RULE);
	assert_non_null(verdict.rule);
	assert_int_not_equal(verdict.why[0], '\0');
	return verdict.error;
}

struct movement {
	const char *from, *to;
	int rename, link; /* 0, or the errno */
};

static void check_moves(struct policy *policy, const struct movement *moves, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int renamed = move(policy, OPERATION_RENAME, moves[i].from, moves[i].to);
		int linked = move(policy, OPERATION_LINK, moves[i].from, moves[i].to);

		if (renamed != moves[i].rename || linked != moves[i].link)
			fail_msg("%s to %s: rename %d, link %d", moves[i].from, moves[i].to,
				renamed, linked);
	}
}

#define CHECK_MOVES(policy, moves) check_moves(policy, moves, sizeof(moves) / sizeof *(moves))

static void allow_everything(struct policy *policy)
{
	assert_int_equal(policy_set_default(policy, true, 0, "f", 1, NULL), 0);
}

static void a_deny_is_not_escaped_by_another_name(void **state)
{
	static const struct movement moves[] = {
		{"/w/secret", "/w/open", EACCES, EACCES},
		{"/w/secret/x", "/w/open", 0, 0}, /* the rule is about one name */
		{"/w/a.key", "/w/a.txt", EACCES, EACCES}, {"/w/a.key", "/w/b.key", 0, 0},
		{"/w", "/v", EACCES, 0}, /* a directory has no second name */
		{"/w/d", "/w/e", EACCES, EACCES}, {"/w/d/in", "/w/e", EACCES, EACCES},
		{"/w/d/in", "/w/d/out", 0, 0},                    /* still inside */
		{"/w/x", "/w/y", 0, 0}, {"/w/x", "/w/d/y", 0, 0}, /* denied from now on */
	};

	allow_everything(*state);
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/w/secret", NULL), 0);
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/w/*.key", NULL), 0);
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/w/d/**", NULL), 0);
	CHECK_MOVES(*state, moves);
}

static void what_a_deny_excepts_may_be_moved(void **state)
{
	static const struct movement moves[] = {
		{"/w/open/a", "/w/open/b", 0, 0},
		{"/w/open/a", "/v", 0, 0},
		{"/w/open", "/v", 0, 0},
		{"/w/x", "/w/open/x", EACCES, EACCES},
		{"/w/x", "/w/y", 0, 0},
		{"/w", "/v", EACCES, EACCES},
		{"/v", "/w", 0, 0},
	};

	allow_everything(*state);
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/w/**", "/w/open/**"), 0);
	CHECK_MOVES(*state, moves);
}

static void an_excepted_name_is_not_a_door(void **state)
{
	static const struct movement moves[] = {
		{"/w/.git/index.lock", "/w/.git/index.new", 0, 0}, /* git: the lock becomes it */
		{"/w/.git/index.lock", "/w/x", EACCES, 0}, /* with what is below, if anything */
		{"/w/x", "/w/.git/index", EACCES, EACCES}, /* so nothing comes to be there */
		{"/w/x", "/w/y", 0, 0},
	};

	allow_everything(*state);
	assert_int_equal(add(*state, "deny", RIGHT_WRITE, "/w/.git/**", "/w/.git/index*"), 0);
	CHECK_MOVES(*state, moves);
}

static void a_wildcard_for_both_names_holds_for_both(void **state)
{
	static const struct movement moves[] = {
		{"/w/a", "/w/b", 0, 0},    /* a/secret is b/secret then */
		{"/w/a", "/v", EACCES, 0}, /* but not here */
		{"/w/a/secret", "/w/b/secret", 0, 0},
		{"/w/a/secret", "/w/b/open", EACCES, EACCES},
		{"/w/a", "/w/b/c", EACCES, 0},
		{"/w/a", "/w/pub", EACCES, 0}, /* an exception waits there */
		{"/w/pub", "/w/a", 0, 0},
	};

	allow_everything(*state);
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/w/*/secret", "/w/pub/secret"), 0);
	CHECK_MOVES(*state, moves);
}

static void nothing_is_planted_below_a_new_name(void **state)
{
	static const struct movement moves[] = {
		{"/h/x", "/h/.config", EACCES, EACCES}, /* x/autostart/evil; or x is a symlink */
		{"/h/.config", "/h/x", EACCES, 0},
		{"/h/x", "/h/y", 0, 0},
		{"/h/x", "/h/.config/y", 0, 0},
		{"/h/.config/x", "/h/.config/y", 0, 0},
		{"/h/x", "/h", EACCES, EACCES},
	};

	allow_everything(*state);
	assert_int_equal(add(*state, "deny", RIGHT_WRITE, "/h/.config/autostart/**", NULL), 0);
	CHECK_MOVES(*state, moves);
}

static int link_at(struct policy *policy, const char *path)
{
	struct request request = ask(RIGHT_CREATE, path);
	struct verdict verdict = {0};

	request.operation = OPERATION_SYMLINK;
	request.link_target = "elsewhere";
	return policy_move_denied(policy, &request, &verdict) ? verdict.error : 0;
}

static void a_symlink_does_not_lead_around_a_deny(void **state)
{
	allow_everything(*state);
	assert_int_equal(add(*state, "deny", RIGHT_WRITE, "/h/.config/autostart/**", NULL), 0);
	assert_int_equal(add(*state, "deny", RIGHT_WRITE, "/e/**", "/e/open/**"), 0);
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/r/a/**", NULL), 0);
	assert_int_equal(link_at(*state, "/h/.config"), EACCES);
	assert_int_equal(link_at(*state, "/h"), EACCES);
	assert_int_equal(link_at(*state, "/h/.config/x"), 0);
	assert_int_equal(link_at(*state, "/h/x"), 0);
	assert_int_equal(link_at(*state, "/e/open/x"), 0);
	assert_int_equal(link_at(*state, "/r"), 0); /* what it leads to is not /r/a */
}

static void no_right_is_gained_by_another_name(void **state)
{
	static const struct movement moves[] = {
		{"/w/x", "/w/y", 0, 0},
		{"/w/x", "/w/pub/x", EXDEV, EXDEV},
		{"/w/x", "/w/pub", EXDEV, EXDEV},
		{"/w/pub/x", "/w/x", 0, 0},
		{"/w/x", "/w/bin/x", EXDEV, EXDEV},
		{"/w/pub/x", "/w/bin/x", 0, 0}, /* it could be copied there */
		{"/r/x", "/w/x", 0, 0},
		{"/w/x", "/r/x", EXDEV, EXDEV},
		{"/v/x", "/w/x", EXDEV, EXDEV},
	};

	assert_int_equal(add(*state, "allow", RIGHT_WRITE, "/w/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/w/pub/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_EXEC, "/w/bin/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/r/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_WRITE, "/r/**", NULL), 0);
	CHECK_MOVES(*state, moves);
}

static void no_right_is_gained_below_another_name(void **state)
{
	static const struct movement moves[] = {
		{"/q/x", "/q/y", 0, 0}, /* x/log is y/log then */
		{"/q/x/d", "/q/y", EXDEV, 0}, {"/q/x", "/t/x", EXDEV, EXDEV},
		{"/s/d", "/q/x/d", EXDEV, 0}, /* what is in it could be removed */
		{"/p/a", "/p/b", 0, 0}, {"/p", "/q/p", EXDEV, 0}, /* p/hidden could be read */
	};

	assert_int_equal(add(*state, "allow", RIGHT_CREATE | RIGHT_DELETE, "/q/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_DELETE, "/s/d", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_MODIFY, "/q/*/log", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_MODIFY, "/t/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/p/**", "/p/hidden"), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/q/p/**", NULL), 0);
	CHECK_MOVES(*state, moves);
}

static void an_exchange_is_two_moves(void **state)
{
	struct request request = ask(RIGHT_DELETE | RIGHT_CREATE, "/w/x");
	struct verdict verdict = {0};

	assert_int_equal(add(*state, "allow", RIGHT_WRITE, "/w/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/w/**", NULL), 0);
	assert_int_equal(add(*state, "deny", RIGHT_EXEC, "/w/data", NULL), 0);
	request.operation = OPERATION_RENAME;
	request.newpath = "/w/data";
	request.newpath_len = 7;
	assert_false(policy_move_denied(*state, &request, &verdict));
	assert_false(policy_move_gains(*state, &request, &verdict));
	request.exchanges = true;
	assert_true(policy_move_denied(*state, &request, &verdict));
	assert_int_equal(verdict.error, EACCES);
	request.path = "/x";
	request.path_len = 2;
	request.newpath = "/w/y";
	request.newpath_len = 4;
	assert_true(policy_move_gains(*state, &request, &verdict));
	assert_int_equal(verdict.error, EXDEV);
}

static void other_operations_move_nothing(void **state)
{
	struct request request = ask(RIGHT_READ, "/w");
	struct verdict verdict = {0};

	assert_int_equal(add(*state, "deny", RIGHT_WRITE, "/w/x/**", NULL), 0);
	assert_false(policy_move_denied(*state, &request, &verdict));
	assert_false(policy_move_gains(*state, &request, &verdict));
}

static void what_is_not_there_gains_nothing(void **state)
{
	struct request request = ask(RIGHT_DELETE, "/x");
	struct verdict verdict = {0};

	assert_int_equal(add(*state, "allow", RIGHT_READ, "/w/**", NULL), 0);
	request.operation = OPERATION_RENAME;
	request.newpath = "/w/y";
	request.newpath_len = 4;
	assert_true(policy_move_gains(*state, &request, &verdict));
	request.missing = true;
	assert_false(policy_move_gains(*state, &request, &verdict));
}

static void random_name(char *text, const char *alphabet, size_t most)
{
	size_t used = 0;

	for (size_t components = 1 + (size_t)rand() % most; components > 0; components--) {
		text[used++] = '/';
		text[used++] = alphabet[(size_t)rand() % strlen(alphabet)];
	}
	text[used] = '\0';
}

static void random_rule(struct policy *policy, bool deny)
{
	static const unsigned rights[] = {RIGHT_READ, RIGHT_MODIFY, RIGHT_WRITE, RIGHT_DELETE};
	char pattern[32], except[32];

	random_name(pattern, "ab*", 3);
	random_name(except, "ab*", 3);
	if (rand() % 2 == 0)
		(void)strcat(pattern, "/**");
	if (rand() % 2 == 0)
		(void)strcat(except, "/**");
	assert_int_equal(add(policy, deny ? "deny" : "allow", rights[rand() % 4], pattern,
				 rand() % 3 == 0 ? except : NULL),
		0);
}

static bool may(struct policy *policy, unsigned right, const char *directory, const char *below)
{
	char path[64];

	(void)snprintf(path, sizeof path, "%s%s", directory, below);
	return decide(policy, right, path).kind == VERDICT_ALLOW;
}

/* What is allowed of an object, and of all in it, is not more under its new name than it was. */
static void check_what_moved(
	struct policy *policy, const char *from, const char *to, bool by_default)
{
	static const char *const below[] = {
		"", "/a", "/b", "/c", "/a/a", "/a/b", "/b/a", "/c/c", "/a/a/a", "/a/b/a", "/b/b/c"};

	for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
		if (may(policy, RIGHT_READ, to, below[i]) &&
			!may(policy, RIGHT_READ, from, below[i]))
			fail_msg("%s to %s: reading %s", from, to, below[i]);
		if (may(policy, RIGHT_MODIFY, to, below[i]) &&
			!may(policy, RIGHT_MODIFY, from, below[i]))
			fail_msg("%s to %s: modifying %s", from, to, below[i]);
		if (by_default && below[i][0] != '\0' && !may(policy, RIGHT_CREATE, to, below[i]) &&
			may(policy, RIGHT_CREATE, from, below[i]))
			fail_msg("%s to %s: planting %s", from, to, below[i]);
	}
}

static void whatever_the_rules_nothing_is_gained_by_moving(void **state)
{
	int moved = 0, refused = 0;

	(void)state;
	srand(4);
	for (int i = 0; i < 20000; i++) {
		struct policy *policy = policy_new();
		bool by_default = i % 2 == 0;
		char from[32], to[32];

		if (by_default)
			allow_everything(policy);
		for (int j = 0; j < 3; j++)
			random_rule(policy, by_default || j == 0);
		random_name(from, "abc", 3);
		random_name(to, "abc", 3);
		if (move(policy, OPERATION_RENAME, from, to) == 0) {
			check_what_moved(policy, from, to, by_default);
			moved++;
		} else {
			refused++;
		}
		policy_free(policy);
	}
	assert_true(moved > 5000 && refused > 2000);
}

/* ---- hidden names, and looking ------------------------------------------------------------- */

static int hide(struct policy *policy, const char *pattern, const char *except)
{
	const struct rule_spec spec = {
		.deny = true,
		.hides = true,
		.rights = RIGHT_ALL,
		.right_word = "hide",
		.error = ENOENT,
		.file = "test.lua",
		.line = 9,
		.patterns = &pattern,
		.pattern_count = 1,
		.excepts = &except,
		.except_count = except != NULL,
	};

	return policy_add_rule(policy, &spec, NULL);
}

static bool hidden(const struct policy *policy, const char *path)
{
	return policy_hidden(policy, path, strlen(path));
}

static void what_is_hidden_is_not_there(void **state)
{
	assert_false(policy_hides(*state));
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/w/denied/**", NULL), 0);
	assert_false(policy_hides(*state));
	allow_everything(*state);
	assert_int_equal(hide(*state, "/w/*/.ssh/**", "/w/me/.ssh/known_hosts/**"), 0);
	assert_true(policy_hides(*state));
	assert_true(hidden(*state, "/w/a/.ssh"));
	assert_true(hidden(*state, "/w/a/.ssh/id"));
	assert_false(hidden(*state, "/w/a"));
	assert_false(hidden(*state, "/w/me/.ssh/known_hosts"));
	assert_false(hidden(*state, "/w/denied"));
	for (unsigned right = 1; right <= RIGHT_STAT; right <<= 1)
		assert_int_equal(decide(*state, right, "/w/a/.ssh/x").error, ENOENT);
	assert_int_equal(move(*state, OPERATION_RENAME, "/w/a", "/v"), EACCES);
	assert_int_equal(link_at(*state, "/w/a"), EACCES);
}

static void looking_is_free_until_a_rule_speaks_of_it(void **state)
{
	assert_false(policy_judges(*state, RIGHT_STAT));
	assert_int_equal(decide(*state, RIGHT_STAT, "/x").kind, VERDICT_ALLOW);
	assert_int_equal(policy_set_default(*state, false, EPERM, "f", 1, NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/r/**", NULL), 0);
	assert_int_equal(add(*state, "deny", RIGHT_READ, "/d/**", NULL), 0);
	assert_false(policy_judges(*state, RIGHT_STAT));
	assert_int_equal(decide(*state, RIGHT_STAT, "/d/x").kind, VERDICT_ALLOW);
	assert_int_equal(add(*state, "deny", RIGHT_STAT, "/s/**", NULL), 0);
	assert_true(policy_judges(*state, RIGHT_STAT));
	assert_int_equal(decide(*state, RIGHT_STAT, "/s/x").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_STAT, "/x").kind, VERDICT_ALLOW);
}

static void whoever_may_do_something_may_look(void **state)
{
	assert_int_equal(add(*state, "allow", RIGHT_STAT, "/s/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_READ, "/r/**", NULL), 0);
	assert_int_equal(add(*state, "allow", RIGHT_EXEC, "/e/**", NULL), 0);
	assert_true(policy_judges(*state, RIGHT_STAT));
	assert_int_equal(decide(*state, RIGHT_STAT, "/s/x").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_STAT, "/r/x").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_STAT, "/e/x").kind, VERDICT_ALLOW);
	assert_int_equal(decide(*state, RIGHT_STAT, "/x").kind, VERDICT_DENY);
	assert_int_equal(decide(*state, RIGHT_READ, "/s/x").kind, VERDICT_DENY);
}

static void suggests_the_line_that_would_allow(void **state)
{
	static const struct {
		unsigned rights;
		const char *path, *expected;
	} cases[] = {
		{RIGHT_READ, "/etc/hosts", "allow.read \"/etc/hosts\""},
		{RIGHT_CREATE, "/w/x", "allow.write \"/w/x\""},
		{RIGHT_READ | RIGHT_MODIFY, "/x", "allow.read \"/x\"  allow.write \"/x\""},
		{RIGHT_EXEC, "/a\"b\\c", "allow.exec \"/a\\\"b\\\\c\""},
		{RIGHT_READ,
			"/\033[2J\n\xff"
			"1",
			"allow.read \"/\\x1B[2J\\x0A\\xFF1\""},
	};
	struct request long_one;
	char text[200], path[300];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct request request = ask(cases[i].rights, cases[i].path);

		policy_suggest(&request, text, sizeof text);
		assert_string_equal(text, cases[i].expected);
	}
	memset(path, 'x', sizeof path);
	path[0] = '/';
	path[299] = '\0';
	long_one = ask(RIGHT_READ, path);
	policy_suggest(&long_one, text, sizeof text);
	assert_int_equal(strlen(text), sizeof text - 1);
	assert_string_equal(text + sizeof text - 4, "...");
	policy_suggest(&long_one, text, 1);
	assert_string_equal(text, "");
}

static void suggests_both_lines_for_two_names(void **state)
{
	struct request request = ask(RIGHT_READ | RIGHT_MODIFY, "/a");
	char text[200];

	(void)state;
	request.operation = OPERATION_LINK;
	request.newpath = "/b";
	request.newpath_len = 2;
	request.new_rights = RIGHT_CREATE;
	policy_suggest(&request, text, sizeof text);
	assert_string_equal(text, "allow.read \"/a\"  allow.write \"/a\"  allow.write \"/b\"");
}

static void an_excerpt_is_of_the_name_that_matched(void **state)
{
	struct request request = ask(RIGHT_DELETE, "/a");
	char text[200];

	assert_int_equal(hide(*state, "/w/*/x/**", "/w/y/x/z/**"), 0);
	request.newpath = "/w/b/x/c";
	request.newpath_len = 8;
	policy_excerpt(policy_rule(*state, 0), &request, text, sizeof text);
	assert_string_equal(text, "hide \"/w/*/x\"");
	request.newpath = NULL;
	policy_excerpt(policy_rule(*state, 0), &request, text, sizeof text);
	assert_string_equal(text, "hide { \"/w/*/x\", except = \"/w/y/x/z\" }");
}

static void errnos_have_names(void **state)
{
	(void)state;
	assert_int_equal(errname_number("EACCES"), EACCES);
	assert_int_equal(errname_number("EWOULDBLOCK"), EAGAIN);
	assert_int_equal(errname_number("EOPNOTSUPP"), EOPNOTSUPP);
	assert_int_equal(errname_number("EACESS"), 0);
	assert_int_equal(errname_number(""), 0);
	assert_string_equal(errname_of(EOPNOTSUPP), "EOPNOTSUPP");
	assert_string_equal(errname_of(ERRNAME_LIMIT - 1), "EHWPOISON");
	assert_null(errname_of(0));
	assert_null(errname_of(ERRNAME_LIMIT));
	assert_null(errname_of(-1));
}

static void syscall_rules_are_kept_in_order(void **state)
{
	size_t count;
	const struct syscall_rule *rules;

	assert_int_equal(
		policy_add_syscall_rule(*state, false, "@file-change", 0, "f", 1, NULL), 0);
	assert_int_equal(policy_add_syscall_rule(*state, true, "sync", ENOSYS, "f", 2, NULL), 0);
	rules = policy_syscall_rules(*state, &count);
	assert_int_equal(count, 2);
	assert_string_equal(rules[0].word, "@file-change");
	assert_true(rules[1].deny);
	assert_int_equal(rules[1].error, ENOSYS);
}

static void clearing_a_verdict_makes_it_refuse(void **state)
{
	struct verdict verdict = {
		.kind = VERDICT_CONTENT, .data = strdup("x"), .data_len = 1, .line = 3};

	(void)state;
	verdict_clear(&verdict);
	assert_int_equal(verdict.kind, VERDICT_DENY);
	assert_null(verdict.data);
	assert_int_equal(verdict.line, 0);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_by_default),
		TEST(what_is_missing_is_missing_by_default),
		TEST(allows_what_a_rule_allows),
		TEST(every_right_must_be_granted),
		TEST(no_right_is_granted_by_no_rule),
		TEST(deny_overrides_in_any_order),
		TEST(one_denied_right_denies_all),
		TEST(the_default_can_be_stated_once),
		TEST(a_rule_without_a_path_is_refused),
		TEST(knows_what_is_always_allowed),
		TEST(rules_may_use_the_names_people_know),
		TEST(a_planted_link_narrows_and_never_widens),
		TEST(ten_thousand_rules_decide_as_ten_do),
		TEST(a_deny_is_not_escaped_by_another_name),
		TEST(what_a_deny_excepts_may_be_moved),
		TEST(an_excepted_name_is_not_a_door),
		TEST(a_wildcard_for_both_names_holds_for_both),
		TEST(nothing_is_planted_below_a_new_name),
		TEST(a_symlink_does_not_lead_around_a_deny),
		TEST(no_right_is_gained_by_another_name),
		TEST(no_right_is_gained_below_another_name),
		TEST(an_exchange_is_two_moves),
		TEST(other_operations_move_nothing),
		TEST(what_is_not_there_gains_nothing),
		TEST(whatever_the_rules_nothing_is_gained_by_moving),
		TEST(what_is_hidden_is_not_there),
		TEST(looking_is_free_until_a_rule_speaks_of_it),
		TEST(whoever_may_do_something_may_look),
		TEST(suggests_the_line_that_would_allow),
		TEST(suggests_both_lines_for_two_names),
		TEST(an_excerpt_is_of_the_name_that_matched),
		TEST(errnos_have_names),
		TEST(syscall_rules_are_kept_in_order),
		TEST(clearing_a_verdict_makes_it_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
