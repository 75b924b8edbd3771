/* attack_logged LOG PATH...: after each answer, looks whether the log already has its record. */
#include "attack.h"

/* Fewer than the equal decisions that the log takes in a second. */
enum { ROUNDS = 80 };

static off_t size_of(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ? -1 : st.st_size;
}

int main(int argc, char **argv)
{
	int log = argc < 3 ? -1 : open(argv[1], O_RDONLY), found = 0;

	if (log < 0)
		return 2;
	for (int i = 0; i < ROUNDS; i++)
		for (int j = 2; j < argc; j++) {
			off_t before = size_of(log);

			(void)close(open(argv[j], O_RDONLY));
			found += size_of(log) > before;
		}
	(void)printf("%d records were there\n", found);
	return 0;
}
