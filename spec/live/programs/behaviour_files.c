/* What a descriptor is good for after it was opened: behaviour_files WHAT prints it. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ROUNDS = 500 };

static const char *outcome(int result)
{
	return result < 0 ? strerrorname_np(errno) : "success";
}

static void put(const char *path, const char *content)
{
	int file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0644);

	if (file < 0 || write(file, content, strlen(content)) < 0)
		perror(path);
	close(file);
}

static const char *exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 ? "exists" : "does not exist";
}

static long size_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? (long)status.st_size : -1;
}

/* Descriptors are taken before the path is looked at, so that nothing is made or cut off. */
static int exhausted(void)
{
	struct rlimit limit = {16, 16};
	int file, count = 0;

	put("file", "content\n");
	close_range(3, ~0U, 0);
	setrlimit(RLIMIT_NOFILE, &limit);
	while ((file = open("/dev/null", O_RDONLY)) >= 0)
		count++;
	printf("%d opens, then %s\n", count, outcome(file));
	printf("create: %s", outcome(open("new", O_CREAT | O_RDWR, 0644)));
	printf(", new %s\n", exists("new"));
	printf("exclusive: %s", outcome(open("new", O_CREAT | O_EXCL | O_RDWR, 0644)));
	printf(", new %s\n", exists("new"));
	printf("creat: %s", outcome(creat("new", 0644)));
	printf(", new %s\n", exists("new"));
	printf("truncate: %s", outcome(open("file", O_RDWR | O_TRUNC)));
	printf(", size %ld\n", size_of("file"));
	printf("O_PATH: %s\n", outcome(open("file", O_PATH)));
	printf("O_TMPFILE: %s\n", outcome(open(".", O_TMPFILE | O_RDWR, 0600)));
	printf("bad flags: %s\n", outcome(open("file", O_TMPFILE & ~O_DIRECTORY)));
	printf("bad path: %s\n", outcome((int)syscall(SYS_open, 1L, O_RDONLY, 0)));
	printf("no path: %s\n", outcome(open("", O_RDONLY)));
	printf("mkdir: %s", outcome(mkdir("directory", 0755)));
	printf(", directory %s\n", exists("directory"));
	close(15);
	file = open("new", O_CREAT | O_RDWR, 0644);
	printf("after a close: %d %s\n", file, outcome(file));
	return 0;
}

/* What is open above a limit that was lowered later takes no room below it. */
static int above(void)
{
	struct rlimit limit = {8, 8};
	int file;

	close_range(3, ~0U, 0);
	for (int high = 100; high < 104; high++)
		dup2(0, high);
	setrlimit(RLIMIT_NOFILE, &limit);
	put("file", "content\n");
	for (int i = 0; i < 8; i++) {
		unlink("new");
		file = open("new", O_CREAT | O_RDWR, 0644);
		printf("create: %d %s", file, outcome(file));
		printf(", new %s\n", exists("new"));
	}
	return 0;
}

static int descriptors(void)
{
	for (int file = 0; file < 64; file++)
		if (fcntl(file, F_GETFD) >= 0)
			printf("%d ", file);
	printf("\n");
	return 0;
}

static int close_on_exec(void)
{
	put("file", "content\n");
	close(9);
	for (int i = 0; i < 4; i++)
		printf("%d ", open(i % 2 ? "file" : "/dev/zero",
				      i < 2 ? O_RDONLY : O_RDONLY | O_CLOEXEC));
	printf("kept over an exec: ");
	fflush(stdout);
	execl("/proc/self/exe", "behaviour_files", "descriptors", NULL);
	return 1;
}

static int offsets(void)
{
	char byte = '-';

	put("file", "abcdefgh");
	int file = open("file", O_RDWR), copy = dup(file), other = open("file", O_RDWR);
	for (int i = 0; i < 3; i++) {
		int from = i == 0 ? file : i == 1 ? copy : other;

		printf("%s %c\n", i == 2 ? "other" : "shared",
			read(from, &byte, 1) == 1 ? byte : '!');
	}
	if (fork() == 0)
		_exit(read(file, &byte, 1) != 1);
	wait(NULL);
	printf("after the child's read %c\n", read(copy, &byte, 1) == 1 ? byte : '!');
	int end = open("file", O_WRONLY | O_APPEND);
	if (write(end, "i", 1) != 1)
		perror("append");
	printf("appended: size %ld, position %ld\n", size_of("file"),
		(long)lseek(end, 0, SEEK_CUR));
	return 0;
}

/* A lock dies with the last descriptor: nobody else may still hold one. */
static int locks(void)
{
	int failures = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int file = open("lock", O_CREAT | O_RDWR, 0644);

		if (flock(file, LOCK_EX | LOCK_NB) != 0)
			failures++;
		close(file);
	}
	printf("%d of %d locks failed\n", failures, ROUNDS);
	return 0;
}

static int leases(void)
{
	int failures = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int file = open("lease", O_CREAT | O_RDWR, 0644);

		if (fcntl(file, F_SETLEASE, F_WRLCK) != 0)
			failures++;
		close(file);
	}
	printf("%d of %d leases failed\n", failures, ROUNDS);
	return 0;
}

static int run_it(const char *path)
{
	int status;
	pid_t pid = vfork();

	if (pid == 0) {
		execl(path, path, NULL);
		_exit(errno == ETXTBSY ? 26 : 1);
	}
	waitpid(pid, &status, 0);
	return WEXITSTATUS(status);
}

static int text_busy(void)
{
	static const char script[] = "#!/bin/true\n";
	int busy = 0, other = 0;

	for (int i = 0; i < ROUNDS; i++) {
		int file = open("program", O_CREAT | O_WRONLY | O_TRUNC, 0755);

		if (file < 0 || write(file, script, sizeof script - 1) < 0)
			other++;
		close(file);
		int status = run_it("./program");
		busy += status == 26;
		other += status != 26 && status != 0;
	}
	printf("%d of %d busy, %d failed otherwise\n", busy, ROUNDS, other);
	int file = open("program", O_WRONLY);
	printf("while it is open for writing: %d\n", run_it("./program"));
	close(file);
	return 0;
}

static bool later(const struct timespec *time)
{
	return time->tv_sec > 100000000;
}

static void say_times(const char *when, const char *path)
{
	struct stat status;

	lstat(path, &status);
	printf("%s: %s accessed %s, modified %s\n", when, path,
		later(&status.st_atim) ? "now" : "then", later(&status.st_mtim) ? "now" : "then");
}

static void long_ago(const char *path)
{
	const struct timespec then[2] = {{86400, 0}, {86400, 0}};

	utimensat(AT_FDCWD, path, then, AT_SYMLINK_NOFOLLOW);
}

static int times(void)
{
	char byte;

	put("file", "content\n");
	mkdir("directory", 0755);
	put("directory/empty", "");
	if (symlink("directory/../file", "link") != 0)
		perror("link");
	const char *const all[] = {"file", "directory", "directory/empty", "link"};
	for (int i = 0; i < 4; i++)
		long_ago(all[i]);
	int file = open("link", O_RDONLY);
	say_times("opened", "file");
	say_times("opened", "link");
	say_times("opened", "directory");
	if (read(file, &byte, 1) != 1)
		perror("read");
	say_times("read", "file");
	long_ago("file");
	file = open("file", O_RDONLY | O_NOATIME);
	if (read(file, &byte, 1) != 1)
		perror("read");
	say_times("read without atime", "file");
	open("directory/empty", O_CREAT | O_RDWR, 0644);
	say_times("opened for writing", "directory/empty");
	say_times("opened for writing", "directory");
	open("directory/empty", O_TRUNC | O_RDWR);
	say_times("cut off", "directory/empty");
	open("directory/new", O_CREAT | O_RDWR, 0644);
	say_times("made a file", "directory");
	long_ago("directory");
	mkdir("directory/sub", 0755);
	say_times("made a directory", "directory");
	return 0;
}

static unsigned mode_of(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 ? status.st_mode & 07777 : 0;
}

static atomic_bool over;

static void *set_umask(void *mask)
{
	umask((mode_t)(size_t)mask);
	return NULL;
}

static void *flip_umask(void *unused)
{
	for (unsigned i = 0; !over; i++)
		umask(i % 2 ? 022 : 077);
	return unused;
}

static int masks(void)
{
	static const unsigned set[] = {0, 022, 027, 077, 0777};
	pthread_t thread;
	char name[32];
	int wrong = 0;

	for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
		pthread_create(&thread, NULL, set_umask, (void *)(size_t)set[i]);
		pthread_join(thread, NULL);
		snprintf(name, sizeof name, "file%zu", i);
		close(open(name, O_CREAT | O_WRONLY, 0666));
		printf("%03o: %04o", set[i], mode_of(name));
		snprintf(name, sizeof name, "directory%zu", i);
		mkdir(name, 0777);
		printf(" %04o\n", mode_of(name));
	}
	umask(022);
	pthread_create(&thread, NULL, flip_umask, NULL);
	for (int i = 0; i < ROUNDS; i++) {
		unlink("flipped");
		close(open("flipped", O_CREAT | O_EXCL | O_WRONLY, 0666));
		wrong += mode_of("flipped") != 0644 && mode_of("flipped") != 0600;
	}
	over = true;
	pthread_join(thread, NULL);
	printf("%d modes that neither umask gives\n", wrong);
	return 0;
}

/* The kernel's credentials are a thread's; glibc's functions set all threads'. */
static void *as_another(void *user)
{
	long id = (long)(size_t)user;
	char name[32];
	struct stat status;

	syscall(SYS_setgroups, 0, NULL);
	syscall(SYS_setresgid, id, id, id);
	syscall(SYS_setresuid, id, id, id);
	snprintf(name, sizeof name, "file%ld", id);
	int file = open(name, O_CREAT | O_RDWR, 0644);
	if (fstat(file, &status) == 0)
		printf("%s %u:%u\n", name, status.st_uid, status.st_gid);
	snprintf(name, sizeof name, "directory%ld", id);
	mkdir(name, 0755);
	if (stat(name, &status) == 0)
		printf("%s %u:%u\n", name, status.st_uid, status.st_gid);
	printf("closed to it: %s\n", outcome(open("closed", O_RDONLY)));
	printf("to be made there: %s\n", outcome(open("directory0/new", O_CREAT | O_RDWR, 0644)));
	fflush(stdout);
	return NULL;
}

static int credentials(void)
{
	pthread_t thread;

	umask(0);
	chmod(".", 0777);
	put("closed", "secret\n");
	chmod("closed", 0600);
	mkdir("directory0", 0755);
	for (size_t id = 2001; id < 2004; id++) {
		pthread_create(&thread, NULL, as_another, (void *)id);
		pthread_join(thread, NULL);
	}
	as_another((void *)(size_t)0);
	if (fork() == 0) {
		as_another((void *)(size_t)2005);
		execl("/bin/sh", "sh", "-c",
			"umask 027; echo x >shell; mkdir shells; stat -c '%n %u:%g %a' shell "
			"shells; "
			"cat closed",
			NULL);
	}
	wait(NULL);
	return 0;
}

int main(int count, char **arguments)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} all[] = {
		{"exhausted", exhausted},
		{"above", above},
		{"descriptors", descriptors},
		{"close-on-exec", close_on_exec},
		{"offsets", offsets},
		{"locks", locks},
		{"leases", leases},
		{"text-busy", text_busy},
		{"times", times},
		{"masks", masks},
		{"credentials", credentials},
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
		if (count == 2 && strcmp(arguments[1], all[i].name) == 0)
			return all[i].run();
	return 2;
}
