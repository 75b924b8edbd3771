#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
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
		TEST(suggests_the_line_that_would_allow),
		TEST(errnos_have_names),
		TEST(syscall_rules_are_kept_in_order),
		TEST(clearing_a_verdict_makes_it_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
