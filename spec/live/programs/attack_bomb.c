/*
 * attack_bomb SECONDS FILE [DEPTH]: forks as fast as it can, from orphan to orphan, below so many
 * generations that wait. Whoever lives after so many seconds makes FILE, and ends.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc >= 3 ? atoi(argv[1]) : 0);

	if (argc < 3)
		return 2;
	(void)signal(SIGCHLD, SIG_IGN);
	(void)setsid();
	for (int depth = argc > 3 ? atoi(argv[3]) : 0; depth > 0; depth--)
		while (fork() != 0)
			(void)pause();
	while (time(NULL) < end)
		if (fork() == 0 && fork() > 0)
			_exit(0);
	(void)close(open(argv[2], O_CREAT | O_WRONLY, 0644));
	return 0;
}
