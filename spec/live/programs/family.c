/*
 * family ROUNDS: at the end of a chain of parents that end one by one, sends its own child no
 * signal (kill(2) with 0) 400 times. Prints how often that failed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GENERATIONS = 40, TRIES = 400 };

static void try_child(int *failures)
{
	pid_t child = fork();

	if (child == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			(void)pause();
	}
	for (int i = 0; i < TRIES; i++)
		if (kill(child, 0) < 0)
			++*failures;
	(void)kill(child, SIGKILL);
	(void)waitpid(child, NULL, 0);
	_exit(0);
}

/* The older, the later they end: all within the time that the youngest takes. */
static void descend(int *failures)
{
	for (int i = 0; i < GENERATIONS; i++)
		if (fork() > 0) {
			(void)usleep((useconds_t)(1000 + rand() % 20000 + (GENERATIONS - i) * 300));
			_exit(0);
		} else {
			srand((unsigned)getpid());
		}
	try_child(failures);
}

int main(int argc, char **argv)
{
	const int rounds = argc > 1 ? atoi(argv[1]) : 1;
	int *failures = mmap(
		NULL, sizeof *failures, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (int i = 0; i < rounds; i++) {
		if (fork() == 0)
			descend(failures);
		while (waitpid(-1, NULL, 0) > 0)
			;
	}
	(void)printf("%d of %d\n", *failures, rounds * TRIES);
	return 0;
}
