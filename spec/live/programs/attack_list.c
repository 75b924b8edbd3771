/*
 * Lists a directory in every way, and tells the names in the order in which they came.
 *
 *   attack_list TEST DIRECTORY [OTHER]
 *
 *   sizes    with buffers of every size, by both calls      seek     from every position, back and
 * forth shared   by turns through two descriptors of one        fault    into memory that can't be
 * written threads  by four threads through one descriptor         errors   of what is no directory
 *   swap     while a thread puts OTHER in the place of the descriptor
 *   fork     by turns with a child
 *   places   every number that tells a place in it, and how much comes at once
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attack.h"

enum { HUGE = 1 << 20, NAMES = 20000, SWAPPED = 100, SWAPS = 3000 };

/* Both calls' records: number, position, length, then a type and a name, or a name and a type. */
struct record {
	uint64_t inode;
	int64_t position;
	uint16_t length;
	char rest[];
};

static char buffer[HUGE];

static const char *name_in(const char *record, bool old)
{
	return record + offsetof(struct record, rest) + (old ? 0 : 1);
}

static long list_into(int fd, bool old, void *into, size_t size)
{
	return syscall(old ? SYS_getdents : SYS_getdents64, fd, into, size);
}

static void print_names(const char *from, long length, bool old)
{
	for (long at = 0; at < length;) {
		uint16_t size;

		memcpy(&size, from + at + offsetof(struct record, length), sizeof size);
		(void)printf(" %s", name_in(from + at, old));
		at += size;
	}
}

/* Up to the end, or to an error; how many times something came. */
static int print_rest(int fd, bool old, size_t size)
{
	long length;
	int times = 0;

	while ((length = list_into(fd, old, buffer, size)) > 0 && times < NAMES) {
		print_names(buffer, length, old);
		times++;
	}
	(void)printf("%s%s\n", length < 0 ? " " : "", length < 0 ? strerrorname_np(errno) : " end");
	return times;
}

static int open_directory(const char *name)
{
	int fd = open(name, O_RDONLY | O_DIRECTORY);

	if (fd < 0) {
		perror(name);
		exit(2);
	}
	return fd;
}

static void sizes(const char *directory)
{
	static const size_t all[] = {0, 1, 20, 24, 25, 31, 32, 40, 48, 64, 128, 280, 512, 4096,
		32768, 65536, 65537, HUGE};

	for (size_t i = 0; i < 2 * sizeof all / sizeof *all; i++) {
		int fd = open_directory(directory);

		(void)printf("%s %zu:", (i & 1) != 0 ? "old" : "new", all[i / 2]);
		(void)print_rest(fd, (i & 1) != 0, all[i / 2]);
		(void)close(fd);
	}
}

/* ---- positions ----------------------------------------------------------------------------- */

static int64_t positions[NAMES];
static int position_count;

static void note_positions(long length)
{
	for (long at = 0; at < length;) {
		struct record head;

		memcpy(&head, buffer + at, sizeof head);
		if (position_count < NAMES)
			positions[position_count++] = head.position;
		at += head.length;
	}
}

static void print_one_at(int fd, int64_t position)
{
	long length;

	if (lseek(fd, position, SEEK_SET) != position)
		(void)printf(" lseek: %s", strerrorname_np(errno));
	length = list_into(fd, false, buffer, 512);
	if (length <= 0) {
		(void)printf(" %s", length == 0 ? "end" : strerrorname_np(errno));
		return;
	}
	(void)printf(" %s", name_in(buffer, false));
}

static void seek(const char *directory)
{
	int fd = open_directory(directory);
	long length;

	while ((length = list_into(fd, false, buffer, 128)) > 0)
		note_positions(length);
	(void)printf("%d positions\nforwards:", position_count);
	for (int i = 0; i < position_count; i++)
		print_one_at(fd, positions[i]);
	(void)printf("\nbackwards:");
	for (int i = position_count - 1; i >= 0; i--)
		print_one_at(fd, positions[i]);
	(void)printf("\nto and fro:");
	for (int i = 0; i < position_count; i++)
		print_one_at(fd, positions[(i * 7919) % position_count]);
	(void)printf("\nfrom the start:");
	(void)lseek(fd, 0, SEEK_SET);
	(void)print_rest(fd, false, 512);
	(void)printf("behind the end:");
	(void)print_rest(fd, false, 512);
}

/* On some file systems a position is a hash of the next name. */
static void places(const char *directory)
{
	static const size_t all[] = {24, 48, 128, 512, 4096, 32768};

	for (size_t i = 0; i < 2 * sizeof all / sizeof *all; i++) {
		int fd = open_directory(directory);
		long length;

		(void)printf("%s %zu:", (i & 1) != 0 ? "old" : "new", all[i / 2]);
		while ((length = list_into(fd, (i & 1) != 0, buffer, all[i / 2])) > 0) {
			position_count = 0;
			note_positions(length);
			for (int k = 0; k < position_count; k++)
				(void)printf(" %jx", (intmax_t)positions[k]);
			(void)printf(" at %jx", (intmax_t)lseek(fd, 0, SEEK_CUR));
		}
		(void)printf(" %s\n", length < 0 ? strerrorname_np(errno) : "end");
		(void)close(fd);
	}
}

/* ---- one description, many who read -------------------------------------------------------- */

static void shared(const char *directory)
{
	int fds[2] = {open_directory(directory)};
	long length;

	fds[1] = dup(fds[0]);
	(void)printf("by turns:");
	for (int i = 0; (length = list_into(fds[i & 1], (i & 2) != 0, buffer, 96)) > 0; i++)
		print_names(buffer, length, (i & 2) != 0);
	(void)puts("");
}

static void with_child(const char *directory)
{
	int fd = open_directory(directory), status = 1;

	(void)printf("by turns with children:");
	while (status != 0) {
		pid_t child;

		print_names(buffer, list_into(fd, false, buffer, 128), false);
		(void)fflush(stdout);
		child = fork();
		if (child == 0) {
			long length = list_into(fd, false, buffer, 128);

			print_names(buffer, length, false);
			(void)fflush(stdout);
			_exit(length > 0);
		}
		(void)waitpid(child, &status, 0);
	}
	(void)puts("");
}

static struct {
	int fd;
	pthread_mutex_t lock;
	int count;
	char names[NAMES][32];
} crowd = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void keep_name(const char *name)
{
	(void)pthread_mutex_lock(&crowd.lock);
	if (crowd.count < NAMES)
		(void)snprintf(crowd.names[crowd.count++], 32, "%s", name);
	(void)pthread_mutex_unlock(&crowd.lock);
}

static void *read_in_crowd(void *unused)
{
	char mine[256];
	long length;

	while ((length = list_into(crowd.fd, false, mine, sizeof mine)) > 0)
		for (long at = 0; at < length;) {
			uint16_t size;

			memcpy(&size, mine + at + offsetof(struct record, length), sizeof size);
			keep_name(name_in(mine + at, false));
			at += size;
		}
	return unused;
}

static int compare(const void *one, const void *other)
{
	return strcmp(one, other);
}

/* In any order, but each once. */
static void threads(const char *directory)
{
	pthread_t all[4];

	crowd.fd = open_directory(directory);
	for (int i = 0; i < 4; i++)
		(void)pthread_create(&all[i], NULL, read_in_crowd, NULL);
	for (int i = 0; i < 4; i++)
		(void)pthread_join(all[i], NULL);
	qsort(crowd.names, (size_t)crowd.count, sizeof *crowd.names, compare);
	for (int i = 0; i < crowd.count; i++)
		(void)printf("%s\n", crowd.names[i]);
}

/* ---- another directory under the same number ----------------------------------------------- */

static int swapped[2];
static volatile int stop;

static void *swap_descriptors(void *unused)
{
	for (unsigned i = 0; !stop; i++) {
		(void)dup2(swapped[i & 1], SWAPPED);
		pause_a_little(i);
	}
	return unused;
}

static void swap(const char *directory, const char *other)
{
	int first = 0, second = 0, hidden = 0;
	pthread_t thread;

	swapped[0] = open_directory(directory);
	swapped[1] = open_directory(other);
	(void)dup2(swapped[0], SWAPPED);
	(void)pthread_create(&thread, NULL, swap_descriptors, NULL);
	for (int i = 0; i < SWAPS || ((first == 0 || second == 0) && i < 20 * SWAPS); i++) {
		long length = list_into(SWAPPED, false, buffer, 65536);

		first += length > 0 && memmem(buffer, (size_t)length, "one", 3) != NULL;
		second += length > 0 && memmem(buffer, (size_t)length, "other", 5) != NULL;
		hidden += length > 0 && memmem(buffer, (size_t)length, "hidden", 6) != NULL;
		(void)lseek(swapped[0], 0, SEEK_SET);
		(void)lseek(swapped[1], 0, SEEK_SET);
	}
	stop = 1;
	(void)pthread_join(thread, NULL);
	(void)printf(
		"both %s, hidden %d\n", first > 0 && second > 0 ? "came" : "did not come", hidden);
}

/* ---- what fails ---------------------------------------------------------------------------- */

static void *refusing(int rights)
{
	char *two = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)mprotect(two + 4096, 4096, rights);
	return two + 4096;
}

static void fault(const char *directory)
{
	int fd = open_directory(directory);

	print_names(buffer, list_into(fd, false, buffer, 64), false);
	for (int i = 0; i < 3; i++) {
		char *at = refusing(i == 0 ? PROT_NONE : PROT_READ);

		(void)printf(" %s", list_into(fd, i > 0, i < 2 ? at : at - 8, 4096) < 0
					    ? strerrorname_np(errno)
					    : "ok");
	}
	(void)print_rest(fd, false, 512);
}

static void report(const char *what, long result)
{
	(void)printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
}

static void errors(const char *directory)
{
	int fd = open_directory(directory), gone;

	report("a file", list_into(open("/etc/passwd", O_RDONLY), false, buffer, 512));
	report("an O_PATH descriptor", list_into(open(directory, O_PATH), false, buffer, 512));
	report("none", list_into(999, false, buffer, 512));
	report("-1", list_into(-1, true, buffer, 512));
	report("the current directory", list_into(AT_FDCWD, false, buffer, 512));
	report("with high bits",
		syscall(SYS_getdents64, 0x5a5a5a5a00000000 | fd, buffer, 0x5a5a5a5a00000200));
	(void)mkdirat(fd, "gone", 0700);
	gone = openat(fd, "gone", O_RDONLY);
	(void)unlinkat(fd, "gone", AT_REMOVEDIR);
	report("a directory that is gone", list_into(gone, false, buffer, 512));
	report("a pipe", pipe(swapped) < 0 ? -1 : list_into(swapped[0], false, buffer, 512));
	report("procfs", list_into(open_directory("/proc/self/fd"), false, buffer, 512));
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(const char *directory);
	} tests[] = {{"sizes", sizes}, {"seek", seek}, {"shared", shared}, {"threads", threads},
		{"fork", with_child}, {"fault", fault}, {"errors", errors}, {"places", places}};

	if (argc < 3)
		return 2;
	(void)alarm(60);
	if (argc == 4 && strcmp(argv[1], "swap") == 0)
		swap(argv[2], argv[3]);
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		if (strcmp(argv[1], tests[i].name) == 0)
			tests[i].run(argv[2]);
	return 0;
}
