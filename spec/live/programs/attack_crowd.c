/*
 * attack_crowd COUNT FIFO FILE: so many processes block in opening FIFO; FILE must still open. Then
 * all are killed.
 */
#include <signal.h>
#include <sys/wait.h>

#include "attack.h"

int main(int argc, char **argv)
{
	pid_t *all;
	int count, served = 0;
	double start;

	if (argc != 4)
		return 2;
	count = atoi(argv[1]);
	all = calloc((size_t)count, sizeof *all);
	for (int i = 0; i < count; i++) {
		all[i] = fork();
		if (all[i] == 0)
			_exit(open(argv[2], O_RDONLY) < 0);
		if (all[i] < 0)
			count = i; /* as many as there may be */
	}
	start = seconds_now();
	while (seconds_now() < start + 2) {
		int fd = open(argv[3], O_RDONLY);

		served += fd >= 0;
		(void)close(fd);
		(void)usleep(1000);
	}
	(void)puts(served > 100 ? "served while they waited" : "not served");
	(void)fflush(stdout);
	for (int i = 0; i < count; i++)
		(void)kill(all[i], SIGKILL);
	for (int i = 0; i < count; i++)
		(void)waitpid(all[i], NULL, 0);
	(void)puts("all ended");
	return 0;
}
