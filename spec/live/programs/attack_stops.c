/*
 * Second looks that are disturbed.
 *
 *	attack_stops decoy GOOD EVIL COUNT  another thread exchanges the descriptor,
 *		moves away what was mapped, and puts the good file in its place
 *	attack_stops exit FILE COUNT        processes end while a thread maps code
 *	attack_stops kill PROGRAM COUNT     children are killed while they execute
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 8192, PATIENCE_MS = 10000 };
#define PLACE ((char *)0x700000000000UL)

static struct {
	const char *good_name, *evil_name;
	int good, evil, mapped, spins;
	atomic_int go;
} attack;

/* How a child ended, or -1: it does not. */
static int wait_for(pid_t pid)
{
	const struct timespec moment = {.tv_nsec = 1000000};

	for (int i = 0; i < PATIENCE_MS; i++) {
		int status;

		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		(void)nanosleep(&moment, NULL);
	}
	return -1;
}

/* ---- decoy --------------------------------------------------------------------------------- */

static void *exchange(void *unused)
{
	unsigned char present;

	while (!attack.go)
		;
	for (volatile int i = 0; i < attack.spins; i++)
		;
	(void)dup2(attack.evil, attack.mapped);
	for (long i = 0; i < 3000000 && mincore(PLACE, SIZE / 2, &present) < 0; i++)
		;
	(void)mremap(PLACE, SIZE, SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, PLACE + 0x100000);
	(void)mmap(PLACE, SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, attack.good, 0);
	return unused;
}

static int has_evil_code(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[4096];
	int found = 0;

	while (maps != NULL && fgets(line, sizeof line, maps) != NULL)
		found = found || (strstr(line, attack.evil_name) && strstr(line, " r-xp "));
	return found;
}

/* 42: it has what it must not have, and lives. */
static _Noreturn void map_with_decoy(int spins)
{
	pthread_t thread;

	attack.spins = spins;
	attack.good = open(attack.good_name, O_RDONLY);
	attack.evil = open(attack.evil_name, O_RDONLY);
	attack.mapped = dup(attack.good);
	(void)pthread_create(&thread, NULL, exchange, NULL);
	(void)usleep(1000);
	attack.go = 1;
	if (mmap(PLACE, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, attack.mapped, 0) ==
		MAP_FAILED)
		_exit(1);
	(void)pthread_join(thread, NULL);
	_exit(has_evil_code() ? 42 : 0);
}

static int decoy(int count)
{
	int escaped = 0, killed = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			map_with_decoy(i * 7919 % 300000);
		status = wait_for(pid);
		escaped += WIFEXITED(status) && WEXITSTATUS(status) == 42;
		killed += WIFSIGNALED(status);
	}
	printf("%d escaped, %s killed\n", escaped, killed > 0 ? "some" : "none");
	return 0;
}

/* ---- what ends meanwhile ------------------------------------------------------------------- */

static void *map_again_and_again(void *name)
{
	int fd = open(name, O_RDONLY);

	for (;;) {
		void *code = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);

		if (code != MAP_FAILED)
			(void)munmap(code, SIZE);
	}
	return NULL;
}

static _Noreturn void map_and_exit(char *name, int delay)
{
	pthread_t thread;

	(void)pthread_create(&thread, NULL, map_again_and_again, name);
	(void)usleep((useconds_t)delay);
	_exit(0);
}

static _Noreturn void execute(char *program)
{
	char *arguments[] = {program, NULL};

	(void)execv(program, arguments);
	_exit(1);
}

static int end_meanwhile(char *name, int count, int kills)
{
	int hung = 0;

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid == 0 && kills)
			execute(name);
		if (pid == 0)
			map_and_exit(name, i * 37 % 3000);
		if (kills) {
			(void)usleep((useconds_t)(i * 31 % 1500));
			(void)kill(pid, SIGKILL);
		}
		hung += wait_for(pid) == -1;
	}
	printf("%d hung\n", hung);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	if (strcmp(argv[1], "decoy") == 0) {
		attack.good_name = argv[2];
		attack.evil_name = argv[3];
		return decoy(atoi(argv[4]));
	}
	return end_meanwhile(argv[2], atoi(argv[3]), strcmp(argv[1], "kill") == 0);
}
