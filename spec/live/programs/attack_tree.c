/*
 * attack_tree FILE READY stay|leave: descendants of every kind that keep opening FILE: a child, one
 * in a session of its own, one forked twice with all signals ignored and PDEATHSIG cleared,
 * threads, one that is blocked in a FIFO ("FILE.fifo"), one that is stopped. READY is made when all
 * have opened.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "attack.h"

enum { OPENERS = 5 };

static const char *file;
static volatile int *opened;

static void open_for_ever(int number)
{
	for (;;) {
		int fd = open(file, O_RDONLY);

		opened[number] = 1;
		if (fd >= 0)
			(void)close(fd);
		(void)usleep(1000);
	}
}

static void *thread(void *unused)
{
	open_for_ever(3);
	return unused;
}

static void become_hard_to_kill(void)
{
	(void)setsid();
	if (fork() != 0)
		_exit(0);
	(void)prctl(PR_SET_PDEATHSIG, 0);
	for (int number = 1; number < 65; number++)
		(void)signal(number, SIG_IGN);
}

static void block(void)
{
	char name[4096];

	(void)snprintf(name, sizeof name, "%s.fifo", file);
	(void)open(name, O_RDONLY);
	_exit(0);
}

static void become(int kind)
{
	pthread_t other;

	if (kind == 1)
		(void)setsid();
	if (kind == 2)
		become_hard_to_kill();
	if (kind == 3)
		(void)pthread_create(&other, NULL, thread, NULL);
	if (kind == 5)
		block();
	if (kind == 6) {
		(void)raise(SIGSTOP);
		_exit(0);
	}
	open_for_ever(kind);
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	file = argv[1];
	opened = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (int kind = 0; kind < OPENERS + 2; kind++)
		if (fork() == 0)
			become(kind);
	for (int kind = 0; kind < OPENERS; kind++)
		while (!opened[kind])
			(void)usleep(1000);
	(void)close(open(argv[2], O_CREAT | O_WRONLY, 0600));
	if (strcmp(argv[3], "leave") == 0)
		return 7;
	for (;;)
		(void)pause();
}
