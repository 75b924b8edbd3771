/*
 * attack_mixed SECONDS: threads of one process that are different users make calls at the same
 * time, in the current directory. Each must get what its own user gets: prints how often it didn't.
 */
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sys/xattr.h>

#include "attack.h"

enum { FIRST = 2001, USERS = 5, POWERLESS = USERS, ROOT, THREADS };

static double end;
static long rounds;
static struct {
	long done, refused, owner;
} wrong;

static void give_up(int index)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};
	uid_t uid = (uid_t)(FIRST + index);

	if (index == POWERLESS)
		(void)syscall(SYS_capset, &header, none);
	if (index >= USERS)
		return;
	(void)syscall(SYS_setgroups, 0, NULL);
	(void)syscall(SYS_setresgid, uid, uid, uid);
	(void)syscall(SYS_setresuid, uid, uid, uid);
}

static void allowed(long result)
{
	if (result < 0)
		__atomic_fetch_add(&wrong.refused, 1, __ATOMIC_RELAXED);
}

static void refused(long result)
{
	if (result >= 0 || (errno != EPERM && errno != EACCES))
		__atomic_fetch_add(&wrong.done, 1, __ATOMIC_RELAXED);
}

static void owned(const char *path, uid_t uid)
{
	struct stat st;

	if (lstat(path, &st) < 0 || st.st_uid != uid || st.st_gid != uid)
		__atomic_fetch_add(&wrong.owner, 1, __ATOMIC_RELAXED);
}

static void change(const char *path, void (*expect)(long result))
{
	static const struct timespec times[2] = {{1, 0}, {2, 0}};

	expect(chmod(path, 0600));
	expect((int)syscall(SYS_lchown, path, -1, (gid_t)syscall(SYS_getegid)));
	expect(utimensat(AT_FDCWD, path, times, 0));
	expect(setxattr(path, "user.x", "v", 1, 0));
	expect(truncate(path, 3));
}

static void make_and_remove(int number, uid_t uid)
{
	char name[64], other[64];

	(void)snprintf(name, sizeof name, "all/new-%d", number);
	(void)snprintf(other, sizeof other, "all/other-%d", number);
	allowed(mkdir(name, 0755));
	owned(name, uid);
	allowed(rename(name, other));
	allowed(rmdir(other));
	allowed(mknod(name, S_IFIFO | 0600, 0));
	owned(name, uid);
	allowed(symlink("x", other));
	owned(other, uid);
	allowed(unlink(name));
	allowed(unlink(other));
}

static void meddle(int number)
{
	char name[64];

	change("root/file", refused);
	refused(unlink("root/file"));
	refused(rename("root/file", "all/stolen"));
	refused(mkdir("root/new", 0755));
	refused(unlink("sticky/file"));
	(void)snprintf(name, sizeof name, "own/%d", (number + 1) % USERS);
	change(name, refused);
}

static void *work(void *argument)
{
	int number = (int)(intptr_t)argument;
	uid_t uid = number < USERS ? (uid_t)(FIRST + number) : 0;
	char own[64];

	give_up(number);
	(void)snprintf(own, sizeof own, "own/%d", number);
	while (seconds_now() < end) {
		change(own, allowed);
		make_and_remove(number, uid);
		if (number < USERS)
			meddle(number);
		if (number == POWERLESS)
			change("own/0", refused);
		__atomic_fetch_add(&rounds, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void make_file(const char *path, uid_t uid)
{
	int fd = open(path, O_CREAT | O_WRONLY, 0644);

	(void)!fchown(fd, uid, uid);
	(void)close(fd);
}

static void prepare(void)
{
	char name[64];

	(void)umask(0);
	(void)mkdir("own", 0755);
	(void)mkdir("all", 0777);
	(void)mkdir("root", 0755);
	(void)mkdir("sticky", 01777);
	make_file("root/file", 0);
	make_file("sticky/file", 0);
	for (int i = 0; i < THREADS; i++) {
		(void)snprintf(name, sizeof name, "own/%d", i);
		make_file(name, i < USERS ? (uid_t)(FIRST + i) : 0);
	}
}

int main(int argc, char **argv)
{
	pthread_t threads[THREADS];

	if (argc != 2)
		return 2;
	prepare();
	end = seconds_now() + atof(argv[1]);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_create(&threads[i], NULL, work, (void *)(intptr_t)i);
	for (int i = 0; i < THREADS; i++)
		(void)pthread_join(threads[i], NULL);
	(void)printf("done=%ld refused=%ld owner=%ld\n", wrong.done, wrong.refused, wrong.owner);
	return rounds > THREADS ? 0 : 3;
}
