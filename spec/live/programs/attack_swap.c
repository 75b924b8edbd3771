/*
 * Opens or makes a path while a thread changes what the names on the way mean.
 *
 *   attack_swap exchange CALL PATH ONE OTHER SECONDS    ONE and OTHER change places
 *   attack_swap leaf CALL PATH NAME TARGET SECONDS      NAME is a symlink to TARGET, or missing
 *   attack_swap descriptor CALL PATH ONE OTHER SECONDS  PATH is relative to a descriptor that is
 *                                                       now the directory ONE, now OTHER
 *   attack_swap cwd CALL PATH ONE OTHER SECONDS         the current directory, likewise
 */
#include <linux/fs.h>
#include <pthread.h>

#include "attack.h"

enum { DIRECTORY = 100 };

static const char *one, *other;
static int fd_one, fd_other;
static volatile int stop;

static void *exchange(void *unused)
{
	for (unsigned i = 0; !stop; i++) {
		if (syscall(SYS_renameat2, AT_FDCWD, one, AT_FDCWD, other, RENAME_EXCHANGE) < 0) {
			perror("renameat2");
			exit(2);
		}
		pause_a_little(i);
	}
	return unused;
}

static void *blink(void *unused)
{
	for (unsigned i = 0; !stop; i++) {
		if (symlink(other, one) < 0 && errno != EEXIST) {
			perror("symlink");
			exit(2);
		}
		pause_a_little(i);
		(void)unlink(one);
		pause_a_little(i + 31);
	}
	return unused;
}

static void *turn(void *unused)
{
	for (unsigned i = 0; !stop; i++) {
		(void)dup2((i & 1) == 0 ? fd_other : fd_one, DIRECTORY);
		pause_a_little(i);
	}
	return unused;
}

static void *walk_about(void *unused)
{
	for (unsigned i = 0; !stop; i++) {
		(void)!chdir((i & 1) == 0 ? other : one);
		pause_a_little(i);
	}
	return unused;
}

static void start(const char *method, pthread_t *thread)
{
	static const struct {
		const char *name;
		void *(*function)(void *);
	} methods[] = {
		{"exchange", exchange}, {"leaf", blink}, {"descriptor", turn}, {"cwd", walk_about}};

	if (strcmp(method, "descriptor") == 0) {
		/* To open OTHER is refused; it comes as a descriptor from before the launch. */
		fd_one = open(one, O_PATH | O_DIRECTORY);
		fd_other = atoi(other);
		(void)dup2(fd_one, DIRECTORY);
	} else if (strcmp(method, "cwd") == 0) {
		(void)!chdir(one);
	}
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(method, methods[i].name) == 0)
			(void)pthread_create(thread, NULL, methods[i].function, NULL);
}

static int relative(const char *call, const char *path)
{
	if (strcmp(call, "mkdir") == 0)
		return mkdirat(DIRECTORY, path, 0755) == 0 ? MADE : -1;
	return openat(DIRECTORY, path, flags_of(call), 0644);
}

int main(int argc, char **argv)
{
	struct open_how how = {.flags = O_RDONLY};
	struct tally tally = {0};
	pthread_t thread;
	char path[4096];
	double begin;
	bool turns;

	if (argc != 7)
		return 2;
	turns = strcmp(argv[1], "descriptor") == 0;
	one = argv[4];
	other = argv[5];
	(void)alarm(20);
	start(argv[1], &thread);
	begin = seconds_now();
	for (int i = 0; goes_on(&tally, begin, atof(argv[6])); i++) {
		write_path(path, argv[3], i);
		count(&tally, turns ? relative(argv[2], path) : perform(argv[2], path, &how));
	}
	stop = 1;
	(void)pthread_join(thread, NULL);
	print_tally(&tally);
	return 0;
}
