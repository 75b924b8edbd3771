/*
 * storm THREADS SECONDS PATH: so many threads open PATH in a loop, whatever comes of it. Prints how
 * often they did.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static atomic_bool over;
static atomic_ulong opens;
static const char *path;

static void *open_again(void *unused)
{
	while (!over) {
		int fd = open(path, O_RDONLY);

		if (fd >= 0)
			(void)close(fd);
		opens++;
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc != 4)
		return 2;
	path = argv[3];
	for (int i = 0; i < atoi(argv[1]); i++)
		if (pthread_create(&thread, NULL, open_again, NULL) != 0)
			return 2;
	(void)sleep((unsigned)atoi(argv[2]));
	over = 1;
	(void)printf("%lu\n", opens);
	return 0;
}
