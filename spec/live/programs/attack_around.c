/*
 * What goes on around a call while it is made.
 *
 *   attack_around views GOOD           a thread with a directory, descriptors and umask of its own
 *                                      stays where the process was started; the process goes to
 * GOOD attack_around remap                the buffers of results come and go attack_around kill
 * DIRECTORY N     N processes are killed amid their calls attack_around exec DIRECTORY N     a
 * program that makes calls in threads starts itself anew attack_around numbers              calls
 * by the numbers of other ABIs attack_around gone                 in a current directory that was
 * removed
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attack_calls.h"

enum { NUMBER = 50, PAGE = 4096, THREADS = 3 };

static void print_result(const char *who, const struct call *call, long result)
{
	(void)printf("%s %s: %s\n", who, call->name, result < 0 ? strerrorname_np(errno) : "ok");
}

/* ---- a view of one's own ------------------------------------------------------------------- */

static pthread_barrier_t barrier;

static void try_calls(const char *who, int d, const char *prefix)
{
	char path[256];
	struct stat st;

	for (size_t i = 0; i < CALL_COUNT; i++) {
		const char *leaf = leaf_of(calls[i].object);

		if (d != AT_FDCWD && calls[i].plain)
			continue;
		restore_spare();
		restore(calls[i].object, d, leaf);
		(void)snprintf(path, sizeof path, "%s%s", prefix, leaf);
		print_result(who, &calls[i], attempt(&calls[i], d, path));
		if (calls[i].object == NEW && fstatat(d, leaf, &st, AT_SYMLINK_NOFOLLOW) == 0)
			(void)printf("%s %s made %o\n", who, calls[i].name, st.st_mode);
	}
}

static void *other_view(void *unused)
{
	int here;

	if (unshare(CLONE_FS | CLONE_FILES) < 0)
		perror("unshare");
	(void)umask(027);
	here = open(".", O_PATH | O_DIRECTORY);
	if (here >= 0)
		(void)dup2(here, NUMBER);
	(void)pthread_barrier_wait(&barrier);
	(void)pthread_barrier_wait(&barrier);
	try_calls("thread", AT_FDCWD, "");
	try_calls("thread's link", AT_FDCWD, "/proc/thread-self/cwd/");
	try_calls("thread's number", NUMBER, "");
	try_calls("thread's number's link", AT_FDCWD, "/proc/thread-self/fd/50/");
	try_calls("process's link", AT_FDCWD, "/proc/self/cwd/");
	(void)pthread_barrier_wait(&barrier);
	return unused;
}

static void views(const char *good)
{
	pthread_t thread;

	(void)umask(0);
	(void)pthread_barrier_init(&barrier, NULL, 2);
	(void)pthread_create(&thread, NULL, other_view, NULL);
	(void)pthread_barrier_wait(&barrier);
	if (chdir(good) < 0)
		perror(good);
	(void)dup2(open(".", O_PATH | O_DIRECTORY), NUMBER);
	(void)pthread_barrier_wait(&barrier);
	(void)pthread_barrier_wait(&barrier);
	try_calls("process", AT_FDCWD, "");
	try_calls("process's number", NUMBER, "");
	(void)pthread_join(thread, NULL);
}

/* ---- buffers that come and go -------------------------------------------------------------- */

static char *pages;
static volatile int stop;

static void *remap(void *unused)
{
	for (unsigned i = 0; !stop; i++) {
		if (i % 3 == 0)
			(void)munmap(pages + PAGE, PAGE);
		else if (i % 3 == 1)
			(void)mprotect(pages + PAGE, PAGE, PROT_READ);
		else
			(void)mmap(pages + PAGE, PAGE, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
		pause_a_little(i);
	}
	return unused;
}

static long fill(int which, int directory, char *at)
{
	switch (which) {
	case 0:
		return syscall(SYS_stat, "data", at);
	case 1:
		return syscall(SYS_statx, AT_FDCWD, "data", 0, STATX_ALL, at);
	case 2:
		return syscall(SYS_readlink, "link", at, 200L);
	case 3:
		return syscall(SYS_getxattr, "data", "user.x", at, 200L);
	case 4:
		return syscall(SYS_listxattr, "data", at, 200L);
	case 5:
		return syscall(SYS_statfs, "data", at);
	default:
		(void)lseek(directory, 0, SEEK_SET);
		return syscall(SYS_getdents64, directory, at, 200L);
	}
}

static bool is_untouched(void)
{
	for (int i = 0; i < PAGE; i++)
		if ((i < PAGE - 8 && pages[i] != 'a') || pages[2 * PAGE + i] != 'c')
			return false;
	return true;
}

static void remapped(void)
{
	int directory = open(".", O_RDONLY | O_DIRECTORY), done[7] = {0}, faults[7] = {0}, odd = 0;
	pthread_t thread;

	restore(ATTRIBUTE, directory, "data");
	restore(LINK, directory, "link");
	pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(pages, 'a', PAGE);
	memset(pages + 2 * PAGE, 'c', PAGE);
	(void)pthread_create(&thread, NULL, remap, NULL);
	for (int i = 0; i < 14000; i++) {
		long result = fill(i % 7, directory, pages + PAGE - (i % 2 == 0 ? 8 : 0));

		done[i % 7] += result >= 0;
		faults[i % 7] += result < 0 && errno == EFAULT;
		odd += result < 0 && errno != EFAULT;
	}
	stop = 1;
	(void)pthread_join(thread, NULL);
	for (int i = 0; i < 7; i++)
		if (done[i] == 0 || faults[i] == 0)
			(void)printf("number %d: %d done, %d faults\n", i, done[i], faults[i]);
	(void)printf("odd %d, %s\n", odd, is_untouched() ? "untouched" : "touched");
}

/* ---- who ends amid a call ------------------------------------------------------------------ */

/* In a directory of its own, in which "one" or "other" is a file. */
static void work_for_ever(int directory)
{
	for (;;) {
		struct stat st;
		char names[1024];
		int listing;

		(void)renameat(directory, "one", directory, "other");
		(void)!linkat(directory, "other", directory, "linked", 0);
		(void)!symlinkat("x", directory, "symlink");
		(void)mkdirat(directory, "made", 0700);
		(void)mknodat(directory, "node", S_IFIFO | 0600, 0);
		(void)fchmodat(directory, "other", 0600, 0);
		(void)utimensat(directory, "other", moments, 0);
		(void)fstatat(directory, "other", &st, 0);
		(void)faccessat(directory, "other", R_OK, 0);
		listing = openat(directory, ".", O_RDONLY | O_DIRECTORY);
		(void)syscall(SYS_getdents64, listing, names, sizeof names);
		(void)close(listing);
		(void)renameat2(directory, "other", directory, "linked", RENAME_EXCHANGE);
		(void)unlinkat(directory, "linked", 0);
		(void)unlinkat(directory, "symlink", 0);
		(void)unlinkat(directory, "node", 0);
		(void)unlinkat(directory, "made", AT_REMOVEDIR);
		(void)renameat(directory, "other", directory, "one");
	}
}

static int own_directory(const char *parent, int number)
{
	char name[256];
	int directory;

	(void)snprintf(name, sizeof name, "%s/%d", parent, number);
	(void)mkdir(name, 0700);
	directory = open(name, O_RDONLY | O_DIRECTORY);
	make_file(directory, "one");
	return directory;
}

static bool holds_its_file(const char *parent, int number)
{
	char name[256];
	int directory, count;

	(void)snprintf(name, sizeof name, "%s/%d", parent, number);
	directory = open(name, O_RDONLY | O_DIRECTORY);
	count = (faccessat(directory, "one", F_OK, 0) == 0) +
		(faccessat(directory, "other", F_OK, 0) == 0);
	(void)close(directory);
	return count == 1;
}

static void kill_many(const char *parent, int count)
{
	int lost = 0;

	for (int i = 0; i < count; i++) {
		pid_t child = fork();

		if (child == 0)
			work_for_ever(own_directory(parent, i));
		(void)usleep((useconds_t)(500 + i * 37 % 3000));
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
		/* It may have been killed before it had made anything. */
		lost += access(parent, F_OK) < 0;
	}
	for (int i = 0; i < count; i++) {
		char name[256];

		(void)snprintf(name, sizeof name, "%s/%d/made", parent, i);
		if (access(name, F_OK) == 0)
			lost += !holds_its_file(parent, i);
	}
	(void)printf("lost %d\n", lost);
}

static void *work_in_thread(void *directory)
{
	work_for_ever((int)(intptr_t)directory);
	return NULL;
}

/* As the last one of a row it tells that it is there. */
static void exec_again(const char *parent, int count)
{
	pthread_t thread;
	char number[16];

	if (count == 0) {
		for (int i = 0; i < THREADS; i++)
			(void)printf("%s ", holds_its_file(parent, i) ? "kept" : "lost");
		(void)puts("done");
		return;
	}
	for (int i = 0; i < THREADS; i++) {
		int directory = own_directory(parent, i);

		if (faccessat(directory, "other", F_OK, 0) == 0)
			(void)unlinkat(directory, "other", 0);
		(void)pthread_create(&thread, NULL, work_in_thread, (void *)(intptr_t)directory);
	}
	(void)usleep((useconds_t)(500 + count * 37 % 3000));
	(void)snprintf(number, sizeof number, "%d", count - 1);
	(void)execl("/proc/self/exe", "attack_around", "exec", parent, number, NULL);
	perror("exec");
}

/* ---- other numbers ------------------------------------------------------------------------- */

static char *low;

static long i386(long number, long one, long two, long three)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(one), "c"(two), "d"(three)
			 : "memory", "r8", "r9", "r10", "r11");
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static const struct {
	const char *name;
	int number, old; /* of this ABI and x32, of i386 */
} numbers[] = {{"rename", SYS_rename, 38}, {"link", SYS_link, 9}, {"unlink", SYS_unlink, 10},
	{"rmdir", SYS_rmdir, 40}, {"mknod", SYS_mknod, 14}, {"symlink", SYS_symlink, 83},
	{"chmod", SYS_chmod, 15}, {"chown", SYS_chown, 182}, {"lchown", SYS_lchown, 16},
	{"truncate", SYS_truncate, 92}, {"utime", SYS_utime, 30}, {"stat", SYS_stat, 106},
	{"lstat", SYS_lstat, 107}, {"access", SYS_access, 33}, {"readlink", SYS_readlink, 85},
	{"chdir", SYS_chdir, 12}, {"setxattr", SYS_setxattr, 226}, {"statx", SYS_statx, 383},
	{"getdents64", SYS_getdents64, 220}, {"inotify_add_watch", SYS_inotify_add_watch, 292}};

static void try_number(size_t i, bool old)
{
	pid_t pid;
	int status;

	(void)printf("%s %s: ", old ? "int 0x80" : "x32", numbers[i].name);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		long result = old ? i386(numbers[i].old, (long)low, (long)low + 2048, 0)
				  : syscall(0x40000000L | numbers[i].number, low, low + 2048, 0);

		(void)printf("%s\n", result >= 0 ? "DONE" : strerrorname_np(errno));
		(void)fflush(stdout);
		_exit(0);
	}
	(void)waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		(void)printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
}

static void other_numbers(void)
{
	low = mmap(
		NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	(void)strcpy(low, "data");
	(void)strcpy(low + 2048, "new");
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		try_number(i, false);
		try_number(i, true);
	}
}

/* ---- a directory that is gone -------------------------------------------------------------- */

static void gone(void)
{
	static const char *const names[] = {"", "/", "/.", "/.."};
	char path[64];

	(void)mkdir("gone", 0700);
	if (chdir("gone") < 0)
		return;
	(void)rmdir("../gone");
	for (size_t i = 0; i < CALL_COUNT; i++)
		for (size_t j = 0; j < sizeof names / sizeof *names; j++) {
			(void)snprintf(
				path, sizeof path, "%s%s", leaf_of(calls[i].object), names[j]);
			print_result(path, &calls[i], attempt(&calls[i], AT_FDCWD, path));
		}
	for (size_t i = 0; i < CALL_COUNT; i++) {
		print_result(".", &calls[i], attempt(&calls[i], AT_FDCWD, "."));
		print_result("../data", &calls[i], attempt(&calls[i], AT_FDCWD, "../data"));
		print_result("/proc/self/cwd", &calls[i],
			attempt(&calls[i], AT_FDCWD, "/proc/self/cwd"));
		print_result("/proc/self/cwd/data", &calls[i],
			attempt(&calls[i], AT_FDCWD, "/proc/self/cwd/data"));
	}
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	(void)alarm(60);
	begin(getenv("SPARE") != NULL ? getenv("SPARE") : ".");
	if (strcmp(argv[1], "views") == 0)
		views(argv[2]);
	else if (strcmp(argv[1], "remap") == 0)
		remapped();
	else if (strcmp(argv[1], "kill") == 0)
		kill_many(argv[2], atoi(argv[3]));
	else if (strcmp(argv[1], "exec") == 0)
		exec_again(argv[2], atoi(argv[3]));
	else if (strcmp(argv[1], "numbers") == 0)
		other_numbers();
	else if (strcmp(argv[1], "gone") == 0)
		gone();
	return 0;
}
