#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "syscalls/decode.h"

/*
 * The size rules of openat2's struct. The target is this very process, so the kernel can be asked
 * the same: what it says of a size and of what stands behind the struct is the expectation's own
 * test.
 */

enum { PAGE = 4096, FIRST = 24 };

static const struct open_how wanted = {
	.flags = O_WRONLY | O_CREAT | O_CLOEXEC, .mode = 0640, .resolve = RESOLVE_BENEATH};

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

static struct call new_call(void)
{
	return (struct call){
		.target = {.tid = getpid(), .check = alive}, .flags = 1, .mode = 2, .resolve = 3};
}

/* Two pages of zeros, of which the second can be made unreadable. */
static unsigned char *map_pages(void)
{
	void *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	return pages;
}

static int decode(struct call *call, const void *address, uint64_t size)
{
	return decode_open_how(call, (uint64_t)(uintptr_t)address, size);
}

/* The kernel's answer; -EBADF, from the descriptor, means that it took the struct. */
static int kernel_says(const void *address, uint64_t size)
{
	long fd = syscall(SYS_openat2, -1, "missing", address, size);

	assert_true(fd < 0);
	return errno == EBADF ? 0 : -errno;
}

static int both(const void *address, uint64_t size)
{
	struct call call = new_call();
	int result = decode(&call, address, size);

	assert_int_equal(result, kernel_says(address, size));
	return result;
}

static void the_fields_are_taken_over(void **state)
{
	struct call call = new_call();

	(void)state;
	assert_int_equal(decode(&call, &wanted, sizeof wanted), 0);
	assert_int_equal(call.flags, wanted.flags);
	assert_int_equal(call.mode, wanted.mode);
	assert_int_equal(call.resolve, wanted.resolve);
}

static void every_size_below_the_first_is_invalid(void **state)
{
	(void)state;
	for (uint64_t size = 0; size < FIRST; size++) {
		assert_int_equal(both(&wanted, size), -EINVAL);
		assert_int_equal(both(NULL, size), -EINVAL);
	}
	assert_int_equal(both(&wanted, FIRST), 0);
}

static void a_longer_struct_may_end_in_zeros(void **state)
{
	unsigned char *pages = map_pages();

	(void)state;
	(void)memcpy(pages, &wanted, sizeof wanted);
	for (uint64_t size = FIRST; size <= PAGE; size++)
		assert_int_equal(both(pages, size), 0);
	(void)munmap(pages, 2 * PAGE);
}

static void a_longer_struct_may_have_nothing_unknown_set(void **state)
{
	unsigned char *pages = map_pages();

	(void)state;
	(void)memcpy(pages, &wanted, sizeof wanted);
	for (size_t at = FIRST; at < PAGE; at++) {
		pages[at] = 1;
		assert_int_equal(both(pages, at), 0);
		assert_int_equal(both(pages, at + 1), -E2BIG);
		assert_int_equal(both(pages, PAGE), -E2BIG);
		pages[at] = 0;
	}
	(void)munmap(pages, 2 * PAGE);
}

static void more_than_a_page_is_too_much(void **state)
{
	static const uint64_t sizes[] = {PAGE + 1, 2 * PAGE, UINT32_MAX,
		(uint64_t)UINT32_MAX + 1 + FIRST, INT64_MAX, UINT64_MAX};
	unsigned char *pages = map_pages();

	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		assert_int_equal(both(pages, sizes[i]), -E2BIG);
		assert_int_equal(both(NULL, sizes[i]), -E2BIG);
	}
	(void)munmap(pages, 2 * PAGE);
}

static void what_cannot_be_read_is_a_fault(void **state)
{
	unsigned char *pages = map_pages(), *edge = pages + PAGE;

	(void)state;
	assert_int_equal(mprotect(edge, PAGE, PROT_NONE), 0);
	assert_int_equal(both(NULL, FIRST), -EFAULT);
	assert_int_equal(both(edge, FIRST), -EFAULT);
	assert_int_equal(both(edge - FIRST, FIRST), 0);
	assert_int_equal(both(edge - FIRST + 1, FIRST), -EFAULT);
	assert_int_equal(both(edge - FIRST, FIRST + 1), -EFAULT);
	assert_int_equal(both((void *)UINTPTR_MAX, FIRST), -EFAULT);
	(void)munmap(pages, 2 * PAGE);
}

/* No kernel takes a mode of more than 32 bits; cut off it would be another one. */
static void a_mode_has_no_high_bits(void **state)
{
	struct open_how how = wanted;

	(void)state;
	how.mode |= (uint64_t)1 << 32;
	assert_int_equal(both(&how, sizeof how), -EINVAL);
}

static void nothing_is_taken_over_of_a_bad_struct(void **state)
{
	unsigned char longer[FIRST + 1];
	struct call call = new_call();

	(void)state;
	(void)memcpy(longer, &wanted, sizeof wanted);
	longer[FIRST] = 1;
	assert_int_equal(decode(&call, longer, sizeof longer), -E2BIG);
	assert_int_equal(decode(&call, NULL, FIRST), -EFAULT);
	assert_int_equal(decode(&call, &wanted, FIRST - 1), -EINVAL);
	assert_int_equal(call.flags, 1);
	assert_int_equal(call.mode, 2);
	assert_int_equal(call.resolve, 3);
}

static void a_gone_target_has_no_struct(void **state)
{
	struct call call = new_call();

	(void)state;
	call.target.check = gone;
	assert_int_equal(decode(&call, &wanted, sizeof wanted), -ESRCH);
	assert_int_equal(decode(&call, NULL, sizeof wanted), -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fields_are_taken_over),
		cmocka_unit_test(every_size_below_the_first_is_invalid),
		cmocka_unit_test(a_longer_struct_may_end_in_zeros),
		cmocka_unit_test(a_longer_struct_may_have_nothing_unknown_set),
		cmocka_unit_test(more_than_a_page_is_too_much),
		cmocka_unit_test(what_cannot_be_read_is_a_fault),
		cmocka_unit_test(a_mode_has_no_high_bits),
		cmocka_unit_test(nothing_is_taken_over_of_a_bad_struct),
		cmocka_unit_test(a_gone_target_has_no_struct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
