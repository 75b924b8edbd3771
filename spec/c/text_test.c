#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static const struct {
	const char *name, *bytes, *escaped;
} cases[] = {
	{"plain text", "/usr/bin/cc", "/usr/bin/cc"},
	{"printable UTF-8", "/tmp/\xc3\xa9t\xc3\xa9", "/tmp/\xc3\xa9t\xc3\xa9"},
	{"a terminal sequence", "\x1b[2J", "\\x1b[2J"},
	{"a line feed", "a\nb", "a\\x0ab"},
	{"a backslash", "a\\x0a", "a\\\\x0a"},
	{"delete", "\x7f", "\\x7f"},
	{"a C1 control in UTF-8", "\xc2\x9b", "\\xc2\\x9b"},
	{"an invalid byte", "\xff", "\\xff"},
	{"a sequence cut off", "\xe2\x82", "\\xe2\\x82"},
	{"an overlong sequence", "\xc0\xaf", "\\xc0\\xaf"},
	{"a surrogate", "\xed\xa0\x80", "\\xed\\xa0\\x80"},
	{"right-to-left override", "\xe2\x80\xae", "\\xe2\\x80\\xae"},
	{"beyond Unicode", "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
};

static void bytes_become_harmless(void **state)
{
	char buffer[256];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t length =
			text_escape(buffer, sizeof buffer, cases[i].bytes, strlen(cases[i].bytes));

		if (strcmp(buffer, cases[i].escaped) != 0)
			fail_msg("%s became %s", cases[i].name, buffer);
		assert_int_equal(length, strlen(cases[i].escaped));
	}
}

static void nothing_is_written_behind_the_buffer(void **state)
{
	char bytes[300], buffer[301];

	(void)state;
	memset(bytes, 0xff, sizeof bytes);
	for (size_t size = 0; size < 300; size++) {
		memset(buffer, '#', sizeof buffer);
		(void)text_escape(buffer, size, bytes, sizeof bytes);
		assert_int_equal(buffer[size], '#');
		memset(buffer, '#', sizeof buffer);
		(void)text_quote(
			buffer, size, "\"a\"\xc3\xa9\x01zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 36);
		assert_int_equal(buffer[size], '#');
	}
}

static void quotes_are_closed_and_escaped(void **state)
{
	char buffer[64];

	(void)state;
	(void)text_quote(buffer, sizeof buffer, "a\"b", 3);
	assert_string_equal(buffer, "\"a\\\"b\"");
	(void)text_quote(buffer, 20, "0123456789012345678901234567890", 31);
	assert_int_equal(buffer[strlen(buffer) - 1], '"');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_become_harmless),
		cmocka_unit_test(nothing_is_written_behind_the_buffer),
		cmocka_unit_test(quotes_are_closed_and_escaped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
