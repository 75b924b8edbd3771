/*
 * Executes what a path names while another thread puts something else there.
 *
 *   attack_exec METHOD GOOD BAD MARK TRIES
 *
 * GOOD and BAD are programs whose paths have the same length; BAD, run as "BAD MARK", makes the
 * file MARK. METHOD "text" rewrites the path in memory, "link" executes GOOD.link, a symlink that
 * leads to one or the other. Prints how often something ran, was refused, was killed.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "attack.h"

struct race {
	const char *good, *bad;
	char path[4096], link[4096], spare[4096];
	atomic_bool stop;
};

static struct race race;

static void *rewrite_text(void *unused)
{
	size_t length = strlen(race.good);

	while (!race.stop) {
		memcpy(race.path, race.bad, length);
		sched_yield();
		memcpy(race.path, race.good, length);
	}
	return unused;
}

static void *exchange_link(void *unused)
{
	const char *targets[] = {race.bad, race.good};

	for (unsigned i = 0; !race.stop; i++) {
		(void)unlink(race.spare);
		if (symlink(targets[i & 1], race.spare) == 0)
			(void)rename(race.spare, race.link);
	}
	return unused;
}

static int attempt(void *(*attack)(void *), const char *mark)
{
	char *arguments[] = {race.path, (char *)mark, NULL};
	pid_t pid = fork();
	pthread_t thread;
	int status;

	if (pid == 0) {
		(void)pthread_create(&thread, NULL, attack, NULL);
		sched_yield();
		(void)execv(race.path, arguments);
		_exit(100);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

int main(int argc, char **argv)
{
	unsigned ran = 0, refused = 0, killed = 0;
	bool by_link = argc == 6 && strcmp(argv[1], "link") == 0;
	int tries = argc == 6 ? atoi(argv[5]) : 0;

	if (tries == 0)
		return 2;
	race.good = argv[2];
	race.bad = argv[3];
	(void)snprintf(race.link, sizeof race.link, "%s.link", race.good);
	(void)snprintf(race.spare, sizeof race.spare, "%s.spare", race.good);
	(void)strcpy(race.path, by_link ? race.link : race.good);
	(void)unlink(race.link);
	if (by_link && symlink(race.good, race.link) < 0)
		return 2;
	for (int i = 0; i < tries; i++) {
		int status = attempt(by_link ? exchange_link : rewrite_text, argv[4]);

		ran += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		refused += WIFEXITED(status) && WEXITSTATUS(status) == 100;
		killed += WIFSIGNALED(status);
	}
	(void)printf("opened=%u refused=%u killed=%u\n", ran, refused, killed);
	return access(argv[4], F_OK) == 0 ? 1 : 0;
}
