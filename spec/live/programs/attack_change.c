/*
 * Changes what descriptors lead to, in every way there is, and tells what came of each.
 *
 *   attack_change fd N SPARE         of descriptor N
 *   attack_change file PATH SPARE    of a file that is opened for reading, and as O_PATH
 *   attack_change wait PATH SPARE    likewise, after spare/ready was made and spare/go has come
 *   attack_change nameless SPARE     of what has no path: pipes, memory files, nameless files
 *   attack_change swap N M SPARE     while a thread puts N or M under the number
 *   attack_change flip WHAT PATH     while a thread rewrites the text or the times that a handler
 *                                    sees: attribute, times, text; "bad" is what it refuses
 */
#include <linux/falloc.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "attack_calls.h"

enum { TRIES = 2000, SWAPPED = 100 };

/* ---- the ways ------------------------------------------------------------------------------ */

static char link_name[64];

static const char *magic(int fd)
{
	(void)snprintf(link_name, sizeof link_name, "/proc/self/fd/%d", fd);
	return link_name;
}

#define F W(fd)
#define WAY(name, ...) \
	static long name(int fd) \
	{ \
		return __VA_ARGS__; \
	}

WAY(by_fchmod, syscall(SYS_fchmod, F, W(0640)))
WAY(by_fchmodat2, syscall(FCHMODAT2, F, "", W(0640), W(AT_EMPTY_PATH)))
WAY(by_chmod, syscall(SYS_chmod, magic(fd), W(0640)))
WAY(by_fchown, syscall(SYS_fchown, F, W(owner), W(-1)))
WAY(by_fchownat, syscall(SYS_fchownat, F, "", W(owner), W(-1), W(AT_EMPTY_PATH)))
WAY(by_chown, syscall(SYS_chown, magic(fd), W(owner), W(-1)))
WAY(by_futimens, syscall(SYS_utimensat, F, NULL, moments, W(0)))
WAY(by_futimens_now, syscall(SYS_utimensat, F, NULL, NULL, W(0)))
WAY(by_utimensat, syscall(SYS_utimensat, F, "", moments, W(AT_EMPTY_PATH)))
WAY(by_futimesat, syscall(SYS_futimesat, F, NULL, NULL))
WAY(by_utimes, syscall(SYS_utimes, magic(fd), NULL))
WAY(by_fsetxattr, syscall(SYS_fsetxattr, F, "user.set", "v", 1L, W(0)))
WAY(by_setxattrat, syscall(SETXATTRAT, F, "", W(AT_EMPTY_PATH), "user.set", &one_letter, 16L))
WAY(by_setxattr, syscall(SYS_setxattr, magic(fd), "user.set", "v", 1L, W(0)))
WAY(by_fremovexattr, syscall(SYS_fremovexattr, F, "user.x"))
WAY(by_removexattrat, syscall(REMOVEXATTRAT, F, "", W(AT_EMPTY_PATH), "user.set"))
WAY(by_file_setattr, syscall(FILE_SETATTR, F, "", no_attributes, 24L, W(AT_EMPTY_PATH)))
WAY(by_truncate, syscall(SYS_truncate, magic(fd), 5L))
WAY(by_ftruncate, ftruncate(fd, 4))
WAY(by_fallocate, fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4))
WAY(by_linkat,
	syscall(SYS_linkat, W(AT_FDCWD), magic(fd), W(AT_FDCWD), fresh, W(AT_SYMLINK_FOLLOW)))
WAY(by_linkat_empty, syscall(SYS_linkat, F, "", W(AT_FDCWD), fresh, W(AT_EMPTY_PATH)))

static long by_flags(int fd)
{
	int flags = 0;

	return syscall(SYS_ioctl, F, W(FS_IOC_GETFLAGS), &flags) < 0
		       ? -1
		       : syscall(SYS_ioctl, F, W(FS_IOC_SETFLAGS), &flags);
}

static long by_attributes(int fd)
{
	struct fsxattr attributes;

	return syscall(SYS_ioctl, F, W(FS_IOC_FSGETXATTR), &attributes) < 0
		       ? -1
		       : syscall(SYS_ioctl, F, W(FS_IOC_FSSETXATTR), &attributes);
}

static long reopened(const char *name, int flags)
{
	int fd = open(name, flags);
	ssize_t written = fd < 0 ? -1 : write(fd, "written", 7);

	if (fd >= 0)
		(void)close(fd);
	return written;
}

static long by_opening(int fd)
{
	return reopened(magic(fd), O_RDWR);
}

static long by_opening_device(int fd)
{
	(void)snprintf(link_name, sizeof link_name, "/dev/fd/%d", fd);
	return reopened(link_name, O_WRONLY | O_TRUNC);
}

static long by_mapping(int fd)
{
	void *at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return at == MAP_FAILED ? -1 : munmap(at, 4096);
}

static long by_creating(int fd)
{
	return syscall(SYS_creat, magic(fd), W(0600)) < 0 ? -1 : 0;
}

static const struct {
	const char *name;
	long (*change)(int fd);
} changes[] = {{"fchmod", by_fchmod}, {"fchmodat2", by_fchmodat2}, {"chmod", by_chmod},
	{"fchown", by_fchown}, {"fchownat", by_fchownat}, {"chown", by_chown},
	{"futimens", by_futimens}, {"futimens now", by_futimens_now}, {"utimensat", by_utimensat},
	{"futimesat", by_futimesat}, {"utimes", by_utimes}, {"fsetxattr", by_fsetxattr},
	{"setxattrat", by_setxattrat}, {"setxattr", by_setxattr}, {"fremovexattr", by_fremovexattr},
	{"removexattrat", by_removexattrat}, {"file_setattr", by_file_setattr},
	{"truncate", by_truncate}, {"ftruncate", by_ftruncate}, {"fallocate", by_fallocate},
	{"linkat", by_linkat}, {"linkat empty", by_linkat_empty}, {"ioctl flags", by_flags},
	{"ioctl attributes", by_attributes}, {"opening", by_opening},
	{"opening /dev/fd", by_opening_device}, {"mapping", by_mapping}, {"creat", by_creating}};

enum { CHANGES = sizeof changes / sizeof *changes };

static void change_all(const char *what, int fd)
{
	for (int bits = 0; bits < 2; bits++) {
		high = bits ? 0x5a5a5a5a00000000 : 0;
		for (size_t i = 0; i < CHANGES; i++) {
			long result;

			(void)unlink(fresh);
			result = changes[i].change(fd);
			(void)printf("%s%s %s: %s\n", what, bits ? ", high bits" : "",
				changes[i].name, result < 0 ? strerrorname_np(errno) : "ok");
		}
	}
	high = 0;
}

static void change_file(const char *path, bool waits)
{
	int reading_fd = open(path, O_RDONLY), pin = open(path, O_PATH);

	if (waits) {
		(void)close(open("spare/ready", O_CREAT | O_WRONLY, 0666));
		while (access("spare/go", F_OK) < 0)
			(void)usleep(10000);
	}
	change_all("for reading", reading_fd);
	change_all("O_PATH", pin);
}

static void change_nameless(const char *directory)
{
	int pipes[2], sockets[2], gone;
	char name[4096];

	(void)pipe(pipes);
	(void)socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
	(void)snprintf(name, sizeof name, "%s/gone", directory);
	gone = open(name, O_CREAT | O_RDWR, 0600);
	(void)unlink(name);
	change_all("a pipe", pipes[1]);
	change_all("a socket", sockets[0]);
	change_all("a memory file", memfd_create("memory", 0));
	change_all("a nameless file", open(directory, O_TMPFILE | O_RDWR, 0600));
	change_all("a removed file", gone);
	change_all("none", 999);
}

/* ---- another file under the number --------------------------------------------------------- */

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

static void swap(int one, int other)
{
	pthread_t thread;

	swapped[0] = one;
	swapped[1] = other;
	(void)dup2(one, SWAPPED);
	(void)pthread_create(&thread, NULL, swap_descriptors, NULL);
	for (size_t i = 0; i < CHANGES; i++) {
		int done = 0, refused = 0;

		for (int j = 0; j < TRIES / 4; j++) {
			if (changes[i].change(SWAPPED) >= 0)
				done++;
			else
				refused += errno == EACCES || errno == EPERM;
			(void)unlink(fresh);
		}
		(void)printf(
			"%s: %s\n", changes[i].name, done > 0 && refused > 0 ? "both" : "not both");
	}
	stop = 1;
	(void)pthread_join(thread, NULL);
}

/* ---- what a handler sees ------------------------------------------------------------------- */

static _Alignas(64) char text[64];
static struct timespec times[2];
static bool flips_times;

static void *flip(void *unused)
{
	static const char *const words[] = {"user.fine", "user.evil"};
	uint64_t values[2];

	memcpy(&values[0], words[0] + 1, sizeof values[0]);
	memcpy(&values[1], words[1] + 1, sizeof values[1]);
	for (unsigned i = 0; !stop; i++) {
		if (flips_times)
			*(volatile int64_t *)&times[1].tv_sec = (i & 1) != 0 ? 666 : 1;
		else
			*(volatile uint64_t *)(void *)(text + 1) = values[i & 1];
		pause_a_little(i);
	}
	return unused;
}

static long attempt_of(const char *what, const char *path)
{
	if (strcmp(what, "attribute") == 0)
		return setxattr(path, text, "v", 1, 0);
	if (strcmp(what, "times") == 0)
		return utimensat(AT_FDCWD, path, times, 0);
	(void)unlink("link");
	return symlink(text, "link");
}

/* Whether what is there now is what must not be. */
static bool is_evil(const char *what, const char *path)
{
	char found_text[64] = "";
	struct stat st;

	if (strcmp(what, "attribute") == 0)
		return getxattr(path, "user.evil", found_text, sizeof found_text) >= 0;
	if (strcmp(what, "times") == 0)
		return stat(path, &st) < 0 || st.st_mtime == 666;
	return readlink("link", found_text, sizeof found_text) > 0 &&
	       strcmp(found_text, "user.evil") == 0;
}

static void flip_what(const char *what, const char *path)
{
	int done = 0, refused = 0, evil = 0;
	pthread_t thread;

	(void)strcpy(text, "user.fine");
	flips_times = strcmp(what, "times") == 0;
	times[0].tv_sec = 1;
	times[1].tv_sec = 1;
	(void)pthread_create(&thread, NULL, flip, NULL);
	for (int i = 0; i < TRIES || ((done == 0 || refused == 0) && i < 20 * TRIES); i++) {
		if (attempt_of(what, path) >= 0)
			done++;
		else
			refused += errno == EACCES;
		evil += is_evil(what, path);
	}
	stop = 1;
	(void)pthread_join(thread, NULL);
	(void)printf("%s, evil %d\n", done > 0 && refused > 0 ? "both" : "not both", evil);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	(void)alarm(60);
	(void)umask(0);
	begin(argv[argc - 1]);
	if (strcmp(argv[1], "fd") == 0)
		change_all("inherited", atoi(argv[2]));
	else if (strcmp(argv[1], "nameless") == 0)
		change_nameless(argv[2]);
	else if (strcmp(argv[1], "swap") == 0)
		swap(atoi(argv[2]), atoi(argv[3]));
	else if (strcmp(argv[1], "flip") == 0)
		flip_what(argv[2], argv[3]);
	else
		change_file(argv[2], strcmp(argv[1], "wait") == 0);
	return 0;
}
