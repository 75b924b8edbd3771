#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/log_rate.h"

static void long_lines_take_so_many_bytes_and_keep_no_short_one_out(void **state)
{
	static struct log_rate rate;
	uint64_t key = 0, bytes = 0;

	(void)state;
	log_rate_init(&rate);
	for (size_t length = 50000; length > LOG_SHORT; length -= 7)
		if (log_rate_permits(&rate, key++, 1, length))
			bytes += length;
	assert_true(bytes <= LOG_BYTES_LIMIT && bytes > LOG_BYTES_LIMIT - 2000);
	while (log_rate_permits(&rate, key++, 1, LOG_SHORT + 1))
		;
	assert_true(log_rate_permits(&rate, key++, 1, LOG_SHORT));
	assert_false(log_rate_permits(&rate, key++, 1, LOG_SHORT + 1));
	assert_true(log_rate_permits(&rate, key++, 2, 50000));
	assert_true(log_rate_take_dropped(&rate, 2, true) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_lines_take_so_many_bytes_and_keep_no_short_one_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
