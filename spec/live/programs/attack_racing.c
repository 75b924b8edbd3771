/*
 * Makes calls again and again while what they name changes, and tells what came of it.
 *
 *   attack_racing flip GOOD BAD SECRET SPARE CALL...    a thread rewrites the path between the two;
 *                  flip-shared, flip-vm, flip-writev    another process: through a shared mapping,
 *                                                       with CLONE_VM, with process_vm_writev
 *   attack_racing still GOOD PATH SECRET SPARE CALL...  PATH as it is: somebody else changes things
 *   attack_racing inside GOOD PATH SECRET SPARE ONE OTHER CALL...   a thread exchanges two names
 *   attack_racing swap ONE OTHER                        exchanges two names until it is killed
 *
 * Objects that a call used up are made again at GOOD. SECRET is the number of the inode that must
 * not be shown. "/#" at the end of a path stands for the name of the object that a call needs.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "attack_calls.h"

enum { TRIES = 1200, STACK = 65536 };

struct page {
	_Alignas(64) char path[4096];
	uint64_t values[2];
	volatile uint64_t *at; /* where they alternate */
	volatile int stop;
};

static struct page *page;
static ino_t secret;
static const char *one, *other;
static int good_directory;

/* ---- what changes -------------------------------------------------------------------------- */

static void *flip(void *unused)
{
	for (unsigned i = 0; !page->stop; i++) {
		*page->at = page->values[i & 1];
		pause_a_little(i);
	}
	return unused;
}

static int flip_in_process(void *unused)
{
	(void)flip(unused);
	syscall(SYS_exit, 0);
	return 0;
}

static void flip_by_writev(pid_t victim)
{
	for (unsigned i = 0;; i++) {
		struct iovec local = {&page->values[i & 1], sizeof *page->values};
		struct iovec remote = {(void *)page->at, sizeof *page->values};

		if (process_vm_writev(victim, &local, 1, &remote, 1, 0) < 0)
			break;
		pause_a_little(i);
	}
	if (errno != ESRCH)
		perror("process_vm_writev");
	_exit(1);
}

/* The process that flips. */
static pid_t start_process(const char *method)
{
	pid_t victim = getpid(), pid;

	if (strcmp(method, "flip-vm") == 0)
		return clone(
			flip_in_process, (char *)malloc(STACK) + STACK, CLONE_VM | SIGCHLD, NULL);
	pid = fork();
	if (pid != 0)
		return pid;
	if (strcmp(method, "flip-writev") == 0)
		flip_by_writev(victim);
	(void)flip_in_process(NULL);
	return 0;
}

static void *exchange(void *unused)
{
	for (unsigned i = 0; !page->stop; i++) {
		if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) < 0) {
			perror("renameat2");
			_exit(2);
		}
		pause_a_little(i);
	}
	return unused;
}

static void aim(const char *good, const char *bad)
{
	size_t at = 0;

	while (good[at] == bad[at] && good[at] != '\0')
		at++;
	if (strlen(good) - at < sizeof *page->values)
		at = strlen(good) - sizeof *page->values;
	page->at = (volatile uint64_t *)(void *)(page->path + at);
	memcpy(&page->values[0], good + at, sizeof *page->values);
	memcpy(&page->values[1], bad + at, sizeof *page->values);
}

/* ---- what must not be shown ---------------------------------------------------------------- */

static bool starts(const struct call *call, const char *text)
{
	return strncmp(call->name, text, strlen(text)) == 0;
}

/* What tells a file that may be run: it is never answered yes. */
static bool asks_access(const struct call *call)
{
	return starts(call, "access") || starts(call, "faccess");
}

static bool has_secret_text(void)
{
	return memmem(found.text, sizeof found.text, "SECRET", 6) != NULL ||
	       memmem(found.text, sizeof found.text, "secret", 6) != NULL;
}

/* The protected object's flag (chattr +d); that a file may be run is true of it alone, too. */
static bool has_flag(void)
{
	return (found.text[0] & FS_XFLAG_NODUMP) != 0;
}

static bool sees_what_is_here(void)
{
	struct stat st;
	int fd = open("data", O_RDONLY);

	if (fd >= 0)
		(void)close(fd);
	return fd >= 0 || stat("data", &st) == 0 || readlink("link", found.text, 64) > 0 ||
	       access("data", F_OK) == 0;
}

static bool names_secret(const struct call *call)
{
	if (starts(call, "statx"))
		return found.statx.stx_ino == secret;
	if (starts(call, "name_to_handle"))
		return *(uint32_t *)(void *)handle()->f_handle == (uint32_t)secret;
	if (starts(call, "stat") || starts(call, "lstat") || starts(call, "newfstatat"))
		return found.stat.st_ino == secret;
	if (starts(call, "file_getattr"))
		return has_flag();
	if (starts(call, "access") || starts(call, "faccess"))
		return true;
	return has_secret_text();
}

/* Of what was opened. An O_PATH descriptor is asked through: every use of it is judged. */
static bool is_protected(int fd, bool pinned)
{
	struct stat st;
	int again = pinned ? use_pin(dup(fd)) : dup(fd);
	bool is = again >= 0 && fstat(again, &st) == 0 && st.st_ino == secret;

	if (again >= 0)
		(void)close(again);
	return is;
}

/* What can be done with an O_PATH descriptor; each is judged, and so nothing of it shows. */
static void abuse_pin(int fd)
{
	char name[64];

	(void)snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
	(void)syscall(FCHMODAT2, fd, "", 0777, AT_EMPTY_PATH);
	(void)!fchownat(fd, "", owner, (gid_t)-1, AT_EMPTY_PATH);
	(void)syscall(SYS_utimensat, fd, "", moments, AT_EMPTY_PATH);
	(void)chmod(name, 0777);
	(void)setxattr(name, "user.x", "innocent", 8, 0);
	(void)!truncate(name, 3);
	(void)unlink(fresh);
	if (linkat(fd, "", AT_FDCWD, fresh, AT_EMPTY_PATH) < 0)
		(void)!linkat(AT_FDCWD, name, AT_FDCWD, fresh, AT_SYMLINK_FOLLOW);
}

/* ---- the calls ----------------------------------------------------------------------------- */

/* A current directory won by a race lets nothing in it be seen. */
static long try_chdir(bool *ret_shown)
{
	int back = open(".", O_PATH);
	long result = syscall(SYS_chdir, page->path);
	int error = errno;
	char name[4096];

	if (result == 0 && getcwd(name, sizeof name) != NULL && strstr(name, "/shut") != NULL)
		*ret_shown = sees_what_is_here();
	(void)!fchdir(back);
	(void)close(back);
	errno = error;
	return result;
}

static long try_once(const struct call *call, bool *ret_shown)
{
	long result;

	*ret_shown = false;
	if (starts(call, "chdir"))
		return try_chdir(ret_shown);
	memset(&found, 0, sizeof found);
	result = call->attempt(AT_FDCWD, page->path);
	if (result < 0 || starts(call, "inotify") || starts(call, "statfs"))
		return result;
	if (opens(call)) {
		*ret_shown = is_protected((int)result, starts(call, "openat_path"));
		if (starts(call, "openat_path"))
			abuse_pin((int)result);
		(void)!write((int)result, "written", 7);
		(void)close((int)result);
	} else if (looks(call)) {
		*ret_shown = names_secret(call);
	}
	return result;
}

/* Somebody outside reads what is protected; what one may watch, nobody reads. */
static int count_reads(const char *buffer, ssize_t length)
{
	int count = 0;

	for (ssize_t at = 0; at < length;) {
		const struct inotify_event *event = (const void *)(buffer + at);

		count += (event->mask & (IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE)) != 0;
		at += (ssize_t)(sizeof *event + event->len);
	}
	return count;
}

static int events(void)
{
	_Alignas(8) char buffer[4096];
	int count = 0;
	ssize_t length;

	while (watching >= 0 && (length = read(watching, buffer, sizeof buffer)) > 0)
		count += count_reads(buffer, length);
	if (watching >= 0)
		(void)close(watching);
	watching = -1;
	return count;
}

static void set_path(const struct call *call, const char *text, char path[4096])
{
	const char *mark = strstr(text, "/#");
	int length = mark == NULL ? (int)strlen(text) : (int)(mark - text);

	(void)snprintf(path, 4096, "%.*s%s%s", length, text, mark == NULL ? "" : "/",
		mark == NULL ? "" : leaf_of(call->object));
}

static void restore_all(const struct call *call)
{
	restore_spare();
	restore(call->object, good_directory, leaf_of(call->object));
	if (asks_access(call))
		(void)fchmodat(good_directory, "data", 0666, 0);
}

static void report(const struct call *call, const struct tally *tally)
{
	(void)printf("%s ", call->name);
	print_tally(tally);
}

/* On until both sides were seen. */
static bool one_more(const struct call *call, const struct tally *tally, double start, int tries)
{
	if (seconds_now() - start > 3)
		return false;
	return tries < TRIES || (!asks_access(call) && goes_on(tally, start, 0));
}

static bool race(const struct call *call, bool last)
{
	struct tally tally = {0};
	double start = seconds_now();

	restore_all(call);
	for (int i = 0; one_more(call, &tally, start, i); i++) {
		bool shown;
		long result = try_once(call, &shown);
		bool refused = result < 0 && (errno == EACCES || errno == EPERM);

		tally.refused += refused;
		tally.failed += result < 0 && !refused;
		tally.opened += result >= 0;
		tally.leaked += shown;
		if (result >= 0 && !looks(call))
			restore_all(call);
	}
	tally.leaked += events();
	if (!last && !asks_access(call) && tally.leaked == 0 &&
		(tally.opened + tally.failed == 0 || tally.refused == 0))
		return false;
	report(call, &tally);
	return true;
}

/* On a crowded machine one side may starve: then once more. */
static bool race_while(const struct call *call, void *(*change)(void *unused), bool last)
{
	pthread_t thread;
	bool done;

	page->stop = 0;
	if (change != NULL)
		(void)pthread_create(&thread, NULL, change, NULL);
	done = race(call, last);
	page->stop = 1;
	if (change != NULL)
		(void)pthread_join(thread, NULL);
	return done;
}

static bool race_with_process(const struct call *call, const char *method, bool last)
{
	pid_t pid;
	bool done;

	page->stop = 0;
	pid = start_process(method);
	done = race(call, last);
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, NULL, 0);
	return done;
}

static void race_each(char **names, const char *method, const char *good, const char *path)
{
	bool flips = strncmp(method, "flip", 4) == 0, by_process = flips && method[4] == '-';
	void *(*change)(void *unused) = flips ? flip : one != NULL ? exchange : NULL;
	char other_path[4096];

	for (; *names != NULL; names++) {
		const struct call *call = call_named(*names);
		bool done = false;

		set_path(call, flips ? good : path, page->path);
		set_path(call, flips ? path : good, other_path);
		if (flips)
			aim(page->path, other_path);
		for (int i = 0; i < 3 && !done; i++)
			done = by_process ? race_with_process(call, method, i == 2)
					  : race_while(call, change, i == 2);
	}
}

static int open_directory_of(const char *path)
{
	char directory[4096];
	char *slash;

	(void)snprintf(directory, sizeof directory, "%s", path);
	slash = strrchr(directory, '/');
	*slash = '\0';
	return open(directory, O_PATH | O_DIRECTORY);
}

int main(int argc, char **argv)
{
	bool inside;

	if (argc == 4 && strcmp(argv[1], "swap") == 0) {
		one = argv[2];
		other = argv[3];
		page = calloc(1, sizeof *page);
		(void)exchange(NULL);
	}
	inside = argc > 1 && strcmp(argv[1], "inside") == 0;
	if (argc < (inside ? 9 : 7))
		return 2;
	(void)alarm(100);
	(void)umask(0);
	page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
		MAP_ANONYMOUS | (strcmp(argv[1], "flip-shared") == 0 ? MAP_SHARED : MAP_PRIVATE),
		-1, 0);
	secret = strtoul(argv[4], NULL, 10);
	begin(argv[5]);
	good_directory = open_directory_of(argv[2]);
	if (inside) {
		one = argv[6];
		other = argv[7];
	}
	race_each(argv + (inside ? 8 : 6), argv[1], argv[2], argv[3]);
	return 0;
}
