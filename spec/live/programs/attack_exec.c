/*
 * Executes what a path names while another thread puts something else there.
 *
 *   attack_exec METHOD GOOD BAD MARK TRIES
 *
 * GOOD and BAD are programs whose paths have the same length; BAD, run as "BAD MARK", makes the
 * file MARK. METHOD "text" rewrites the path in memory, "link" executes GOOD.link, a symlink that
 * leads to one or the other. With METHOD "word", "pointer" and "variable" it is GOOD that is run,
 * as "GOOD MARK" or with MARK in the environment's FILE, where MARK changes between that and BAD,
 * in place or by its pointer. Prints how often something ran, was refused, was killed.
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
	char word[4096], variable[4096 + 8];
	char *arguments[3], *variables[2];
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

/* What is at `place` changes between BAD and MARK, of the same length. */
static void change_text(char *place, const char *mark)
{
	size_t length = strlen(mark);

	while (!race.stop) {
		memcpy(place, mark, length);
		sched_yield();
		memcpy(place, race.bad, length);
	}
}

static void *change_word(void *mark)
{
	change_text(race.word, mark);
	return NULL;
}

static void *change_variable(void *mark)
{
	change_text(race.variable + strlen("FILE="), mark);
	return NULL;
}

static void *change_pointer(void *mark)
{
	char *volatile *place = &race.arguments[1];

	while (!race.stop) {
		*place = mark;
		sched_yield();
		*place = race.word;
	}
	return NULL;
}

static const struct method {
	const char *name;
	void *(*attack)(void *mark);
} methods[] = {
	{"text", rewrite_text},
	{"link", exchange_link},
	{"word", change_word},
	{"pointer", change_pointer},
	{"variable", change_variable},
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static int attempt(void *(*attack)(void *), char *mark)
{
	pid_t pid = fork();
	pthread_t thread;
	int status;

	if (pid == 0) {
		(void)pthread_create(&thread, NULL, attack, mark);
		sched_yield();
		(void)execve(race.path, race.arguments, race.variables);
		_exit(100);
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

static void prepare_words(bool changes_words, char *mark)
{
	(void)strcpy(race.word, race.bad);
	(void)snprintf(race.variable, sizeof race.variable, "FILE=%s", race.bad);
	race.arguments[0] = race.path;
	race.arguments[1] = changes_words ? race.word : mark;
	race.variables[0] = race.variable;
}

int main(int argc, char **argv)
{
	unsigned ran = 0, refused = 0, killed = 0;
	const struct method *method = argc == 6 ? find_method(argv[1]) : NULL;
	bool by_link = method != NULL && method->attack == exchange_link;
	int tries = argc == 6 ? atoi(argv[5]) : 0;

	if (tries == 0 || method == NULL)
		return 2;
	race.good = argv[2];
	race.bad = argv[3];
	(void)snprintf(race.link, sizeof race.link, "%s.link", race.good);
	(void)snprintf(race.spare, sizeof race.spare, "%s.spare", race.good);
	(void)strcpy(race.path, by_link ? race.link : race.good);
	prepare_words(method - methods >= 2, argv[4]);
	(void)unlink(race.link);
	if (by_link && symlink(race.good, race.link) < 0)
		return 2;
	for (int i = 0; i < tries; i++) {
		int status = attempt(method->attack, argv[4]);

		ran += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		refused += WIFEXITED(status) && WEXITSTATUS(status) == 100;
		killed += WIFSIGNALED(status);
	}
	(void)printf("opened=%u refused=%u killed=%u\n", ran, refused, killed);
	return access(argv[4], F_OK) == 0 ? 1 : 0;
}
