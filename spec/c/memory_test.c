#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/memory.h"

/* Reading a target's memory. The target is this very process: reading works the same way. */

enum { PAGE = 4096 };

static int alive(const struct target *target)
{
	(void)target;
	return 0;
}

static int gone(const struct target *target)
{
	(void)target;
	return -ESRCH;
}

static struct target self(void)
{
	return (struct target){.tid = getpid(), .check = alive};
}

/* Two pages, of which the second cannot be read. */
static char *map_edge(void)
{
	char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static ssize_t read_path(const struct target *target, const void *address, char *buffer)
{
	return memory_read_path(target, (uint64_t)(uintptr_t)address, buffer);
}

static void a_string_may_end_at_the_edge_of_a_mapping(void **state)
{
	struct target target = self();
	char buffer[PATH_MAX], *pages = map_edge();

	(void)state;
	memcpy(pages + PAGE - 6, "/edge", 6);
	assert_int_equal(read_path(&target, pages + PAGE - 6, buffer), 5);
	assert_string_equal(buffer, "/edge");
	(void)munmap(pages, 2 * PAGE);
}

static void an_unterminated_string_at_the_edge_is_a_fault(void **state)
{
	struct target target = self();
	char buffer[PATH_MAX], *pages = map_edge();

	(void)state;
	memset(pages + PAGE - 5, 'a', 5);
	assert_int_equal(read_path(&target, pages + PAGE - 5, buffer), -EFAULT);
	(void)munmap(pages, 2 * PAGE);
}

static void a_string_may_cross_pages(void **state)
{
	struct target target = self();
	char text[3 * PAGE], buffer[PATH_MAX];
	char *start = text + (PAGE - (uintptr_t)text % PAGE) + PAGE - 10;

	(void)state;
	memset(start, 'x', 20);
	start[20] = '\0';
	assert_int_equal(read_path(&target, start, buffer), 20);
	assert_string_equal(buffer, start);
}

static void the_longest_path_has_4095_bytes(void **state)
{
	struct target target = self();
	char text[PATH_MAX + 1], buffer[PATH_MAX];

	(void)state;
	memset(text, 'a', sizeof text);
	assert_int_equal(read_path(&target, text, buffer), -ENAMETOOLONG);
	text[PATH_MAX - 1] = '\0';
	assert_int_equal(read_path(&target, text, buffer), PATH_MAX - 1);
}

static void bad_addresses_are_faults(void **state)
{
	struct target target = self();
	char buffer[PATH_MAX];

	(void)state;
	assert_int_equal(memory_read_path(&target, 0, buffer), -EFAULT);
	assert_int_equal(memory_read_path(&target, UINT64_MAX, buffer), -EFAULT);
	assert_int_equal(memory_read_path(&target, 0xffff800000000000u, buffer), -EFAULT);
	assert_int_equal(memory_read_path(&target, 0x00007ffffffff000u, buffer), -EFAULT);
}

static void what_was_read_from_a_gone_target_does_not_count(void **state)
{
	struct target target = {.tid = getpid(), .check = gone};
	char buffer[PATH_MAX];

	(void)state;
	assert_int_equal(read_path(&target, "/etc/hostname", buffer), -ESRCH);
	assert_int_equal(memory_read_path(&target, 0, buffer), -ESRCH);
	assert_int_equal(memory_read(&target, (uint64_t)(uintptr_t) "abc", buffer, 3), -ESRCH);
}

static void a_dead_pid_is_gone_not_a_fault(void **state)
{
	pid_t child = fork();
	struct target target = {.check = gone};
	char buffer[PATH_MAX];

	(void)state;
	if (child == 0)
		_exit(0);
	(void)waitpid(child, NULL, 0);
	target.tid = child;
	assert_int_equal(read_path(&target, "/x", buffer), -ESRCH);
	/* Alive by its cookie but not to be found: closed, not gone. */
	target.check = alive;
	assert_int_equal(read_path(&target, "/x", buffer), -EACCES);
}

static void structures_are_read_whole_or_not_at_all(void **state)
{
	struct target target = self();
	char *pages = map_edge(), buffer[64];
	uint64_t edge = (uint64_t)(uintptr_t)(pages + PAGE);

	(void)state;
	memset(pages, 'z', PAGE);
	assert_int_equal(memory_read(&target, edge - 24, buffer, 24), 0);
	assert_int_equal(buffer[23], 'z');
	assert_int_equal(memory_read(&target, edge - 23, buffer, 24), -EFAULT);
	(void)munmap(pages, 2 * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_string_may_end_at_the_edge_of_a_mapping),
		cmocka_unit_test(an_unterminated_string_at_the_edge_is_a_fault),
		cmocka_unit_test(a_string_may_cross_pages),
		cmocka_unit_test(the_longest_path_has_4095_bytes),
		cmocka_unit_test(bad_addresses_are_faults),
		cmocka_unit_test(what_was_read_from_a_gone_target_does_not_count),
		cmocka_unit_test(a_dead_pid_is_gone_not_a_fault),
		cmocka_unit_test(structures_are_read_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
