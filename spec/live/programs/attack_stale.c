/*
 * A directory is moved between the judgement about a name in it and the act: then the name is
 * another's. Below DIRECTORY: secret/key may be moved, but not read; the rest may be anything.
 *
 *	attack_stale rename DIRECTORY TRIES    the new name takes long to find
 *	attack_stale open DIRECTORY TRIES      relative to a descriptor, while others open, too
 *	attack_stale create DIRECTORY TRIES    the same, with O_CREAT, and many descriptors to count
 *	attack_stale absolute DIRECTORY TRIES  a plain absolute path; slow_fs is there
 *	attack_stale deleted DIRECTORY NAME    secret/key as NAME, ending in " (deleted)"
 *
 * Prints "read" once what is in secret/key was read, else "kept"; and that moving worked.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LINKS = 30, TEXT = 4090, DESCRIPTORS = 20000, LOW = 100, DEPTH = 20 };

static struct {
	atomic_int begun;
	char old_name[64], new_name[64];
	const char *name;
	int directory, flags, result;
} slow = {.name = "key"};

static int has_secret(int fd)
{
	char text[16] = "";

	return fd >= 0 && read(fd, text, sizeof text - 1) > 0 && strncmp(text, "secret", 6) == 0;
}

/* l0 → ./././…l1 → … → t: a walk of some hundred thousand components. */
static void make_slow_links(void)
{
	for (int i = 0; i < LINKS; i++) {
		char text[TEXT + 32] = "", name[16], next[16];

		(void)snprintf(name, sizeof name, "l%d", i);
		(void)snprintf(next, sizeof next, i + 1 < LINKS ? "l%d" : "t", i + 1);
		while (strlen(text) + strlen(next) + 2 < TEXT)
			(void)strcat(text, "./");
		(void)strcat(text, next);
		(void)symlink(text, name);
	}
	(void)mkdir("t", 0755);
}

static void *rename_slowly(void *nothing)
{
	(void)nothing;
	slow.begun = 1;
	slow.result = rename(slow.old_name, slow.new_name);
	return NULL;
}

static void *open_slowly(void *nothing)
{
	(void)nothing;
	slow.begun = 1;
	slow.result = openat(slow.directory, slow.name, slow.flags, 0644);
	return NULL;
}

/* The directory goes into secret, and the key into the directory. */
static int move_both(const char *directory)
{
	char inside[80], key[96];

	(void)snprintf(inside, sizeof inside, "secret/%s", directory);
	(void)snprintf(key, sizeof key, "secret/%s/key", directory);
	return rename(directory, inside) == 0 && rename("secret/key", key) == 0;
}

static void move_back(const char *directory)
{
	char inside[80], key[96];

	(void)snprintf(inside, sizeof inside, "secret/%s", directory);
	(void)snprintf(key, sizeof key, "secret/%s/key", directory);
	(void)rename(key, "secret/key");
	(void)rename("t/key", "secret/key");
	(void)unlink(key);
	(void)rmdir(inside);
}

static int start_and_move(void *(*function)(void *), const char *directory, int delay)
{
	pthread_t thread;
	int moved;

	slow.begun = 0;
	if (pthread_create(&thread, NULL, function, NULL) != 0)
		return 0;
	while (!slow.begun)
		;
	(void)usleep((useconds_t)delay);
	moved = move_both(directory);
	(void)pthread_join(thread, NULL);
	return moved;
}

static int try_rename(int number)
{
	char directory[32];
	int fd, moved, read_it;

	(void)snprintf(directory, sizeof directory, "D%d", number);
	(void)snprintf(slow.old_name, sizeof slow.old_name, "%s/key", directory);
	(void)snprintf(slow.new_name, sizeof slow.new_name, "/proc/self/cwd/l0/key");
	(void)mkdir(directory, 0755);
	fd = open(slow.old_name, O_CREAT | O_WRONLY, 0644);
	(void)close(fd);
	moved = start_and_move(rename_slowly, directory, 1500);
	fd = open("t/key", O_RDONLY);
	read_it = has_secret(fd);
	(void)close(fd);
	move_back(directory);
	return moved ? 1 + read_it : 0;
}

static int try_open(int number)
{
	char directory[32];
	int moved, read_it;

	(void)snprintf(directory, sizeof directory, "D%d", number);
	(void)mkdir(directory, 0755);
	slow.directory = open(directory, O_RDONLY | O_DIRECTORY);
	moved = start_and_move(open_slowly, directory, 1000 + number * 37 % 1500);
	read_it = has_secret(slow.result);
	(void)close(slow.result);
	(void)close(slow.directory);
	move_back(directory);
	return moved ? 1 + read_it : 0;
}

/*
 * All that lies between the judgement and the act here is the kernel's own walk, through DEPTH
 * directories that take their time. The key goes to where that ends.
 */
static int try_absolute(int number)
{
	char directory[32], path[PATH_MAX], inside[64];
	int moved, leaf;
	pthread_t thread;

	(void)snprintf(directory, sizeof directory, "D%d", number);
	(void)snprintf(inside, sizeof inside, "secret/%s", directory);
	(void)getcwd(path, sizeof path - 400);
	(void)strcat(strcat(path, "/"), directory);
	(void)mkdir(path, 0755);
	for (int i = 0; i < DEPTH; i++)
		(void)mkdir(strcat(path, "/slow"), 0755);
	leaf = open(path, O_PATH);
	slow.directory = AT_FDCWD;
	slow.name = strcat(path, "/key");
	if (leaf < 0 || pthread_create(&thread, NULL, open_slowly, NULL) != 0)
		return 0;
	(void)usleep(30000);
	moved = rename(directory, inside) == 0 &&
		renameat(AT_FDCWD, "secret/key", leaf, "key") == 0;
	(void)pthread_join(thread, NULL);
	moved = moved && renameat(leaf, "key", AT_FDCWD, "secret/key") == 0;
	(void)close(leaf);
	return moved ? 1 + has_secret(slow.result) : 0;
}

static void take_descriptors(void)
{
	struct rlimit files;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < DESCRIPTORS; i++)
		if (dup2(0, 2 * LOW + i) < 0)
			break;
	files.rlim_cur = LOW;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int race(int (*attempt)(int number), int tries)
{
	int moved = 0;

	for (int i = 0; i < tries; i++) {
		int result = attempt(i);

		moved += result > 0;
		if (result == 2) {
			printf("read\n");
			return 1;
		}
	}
	printf("kept, %s\n", moved > 0 ? "moved" : "not moved");
	return 0;
}

/* A file that lives under such a name, in a directory that cannot be searched any more. */
static int deleted(const char *name)
{
	char path[64];
	int fd = open("secret/key", O_WRONLY);

	(void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (fd < 0 || rename("secret/key", name) < 0 || chmod(".", 0) < 0) {
		printf("cannot begin: %s\n", strerror(errno));
		return 1;
	}
	fd = open(path, O_RDONLY);
	printf("%s\n", has_secret(fd) ? "read" : "kept, moved");
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4 || chdir(argv[2]) < 0)
		return 2;
	if (strcmp(argv[1], "deleted") == 0)
		return deleted(argv[3]);
	if (strcmp(argv[1], "rename") == 0) {
		make_slow_links();
		return race(try_rename, atoi(argv[3]));
	}
	slow.flags = O_RDONLY;
	if (strcmp(argv[1], "absolute") == 0)
		return race(try_absolute, atoi(argv[3]));
	if (strcmp(argv[1], "create") == 0) {
		slow.flags = O_RDWR | O_CREAT;
		take_descriptors();
	}
	return race(try_open, atoi(argv[3]));
}
