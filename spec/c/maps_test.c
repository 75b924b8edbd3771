#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "target/maps.h"

/* What a process has as code, told from /proc/PID/maps. The process is this very one. */

enum { PAGE = 4096, FORGED_INODE = 424242, COLUMN = 73, CUT = 8191 };

static struct world world;

static bool count_forged(void *context, const struct maps_file *file)
{
	unsigned *count = context;

	*count += file->inode == FORGED_INODE;
	return true;
}

/* Goes into a new directory, whose name is so many newlines: of each a list makes four characters.
 */
static void enter(size_t newlines)
{
	char name[NAME_MAX + 1] = "";

	memset(name, '\n', newlines);
	assert_int_equal(mkdir(name, 0700), 0);
	assert_int_equal(chdir(name), 0);
}

static void leave(void)
{
	char path[PATH_MAX];

	assert_non_null(getcwd(path, sizeof path));
	assert_int_equal(chdir(".."), 0);
	assert_int_equal(rmdir(path), 0);
}

/* The name's end would be the beginning of a line for who reads 8 KiB at a time. */
static void a_name_forges_no_line(void **state)
{
	char base[] = "/tmp/moongate-maps.XXXXXX", name[NAME_MAX + 1];
	unsigned count = 0, depth = 0;
	size_t length;
	void *page;
	int fd;

	(void)state;
	assert_non_null(mkdtemp(base));
	assert_int_equal(chdir(base), 0);
	length = COLUMN + strlen(base) + 1;
	while (length < CUT - 100) {
		size_t newlines = (CUT - 100 - length) / 4 + 1;

		newlines = newlines < 250 ? newlines : 250;
		enter(newlines);
		length += 4 * newlines + 1;
		depth++;
	}
	(void)snprintf(name, sizeof name, "%180s%s%d", "", "0-ffff r-xp 0 00:1 ", FORGED_INODE);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, PAGE), 0);
	page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
	assert_ptr_not_equal(page, MAP_FAILED);
	assert_true(maps_visit_code(&world, getpid(), count_forged, &count));
	assert_int_equal(count, 0);
	assert_int_equal(munmap(page, PAGE), 0);
	assert_int_equal(close(fd), 0);
	assert_int_equal(unlink(name), 0);
	for (; depth > 0; depth--)
		leave();
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(base), 0);
}

static bool stop_at_once(void *context, const struct maps_file *file)
{
	(void)context;
	(void)file;
	return false;
}

static void code_is_visited_until_somebody_says_no(void **state)
{
	unsigned count = 0;

	(void)state;
	assert_true(maps_visit_code(&world, getpid(), count_forged, &count));
	assert_false(maps_visit_code(&world, getpid(), stop_at_once, NULL));
	/* A process that is not there has not been looked through. */
	assert_false(maps_visit_code(&world, 4999999, count_forged, &count));
}

static void a_mapping_is_its_file_in_one_piece(void **state)
{
	int pin = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	int other = open("/bin/sh", O_PATH | O_CLOEXEC);
	uint64_t here = (uint64_t)(uintptr_t)a_mapping_is_its_file_in_one_piece;
	struct maps_file file;

	(void)state;
	assert_true(maps_have(&world, getpid(), here, 1, pin, &file));
	assert_false(maps_have(&world, getpid(), here, (uint64_t)1 << 40, pin, &file));
	assert_false(maps_have(&world, getpid(), here, 1, other, &file));
	assert_false(maps_have(&world, getpid(), (uint64_t)(uintptr_t)&world, 1, pin, &file));
	(void)close(pin);
	(void)close(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_forges_no_line),
		cmocka_unit_test(code_is_visited_until_somebody_says_no),
		cmocka_unit_test(a_mapping_is_its_file_in_one_piece),
	};
	struct error err = {0};

	if (world_open(&world, &err) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
