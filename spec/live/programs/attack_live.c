#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/*
 * attack_live FILE: a child leaves the session and the process group, and then opens a file and
 * appends to FILE ten times a second, for ten seconds at most.
 */
int main(int argc, char **argv)
{
	int beat;

	if (argc < 2)
		return 1;
	if (fork() != 0) {
		(void)sleep(10);
		return 0;
	}
	(void)setsid();
	beat = open(argv[1], O_CREAT | O_WRONLY | O_APPEND, 0666);
	for (int i = 0; i < 100; i++) {
		int fd = open("/etc/hostname", O_RDONLY);

		if (fd >= 0 && write(beat, ".", 1) == 1)
			(void)close(fd);
		(void)usleep(100000);
	}
	return 0;
}
