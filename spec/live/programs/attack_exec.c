/*
 * Executes what a path names while another thread puts something else there.
 *
 *   attack_exec METHOD GOOD BAD MARK TRIES
 *
 * GOOD and BAD are programs whose paths have the same length; BAD, run as "BAD MARK", makes the
 * file MARK. METHOD "text" rewrites the path in memory; "shared" does it from another process, in
 * MAP_SHARED memory, "vm" from one that shares all memory (CLONE_VM). "link" executes GOOD.link, a
 * symlink that leads to one or the other, "script" a script that names one or the other. With
 * METHOD "word", "pointer" and "variable" it is GOOD that is run, as "GOOD MARK" or with MARK in
 * the environment's FILE, where MARK changes between that and BAD, in place or by its pointer.
 * Prints how often something ran, was refused, was killed.
 */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "attack.h"

struct race {
	const char *good, *bad;
	char path[4096], link[4096], spare[4096];
	char word[4096], variable[4096 + 8];
	char *arguments[3], *variables[2];
	unsigned turns;
} __attribute__((aligned(4096))); /* whole pages: they may become shared ones */

enum { TURNS = 3000, STACK = 65536 };
static struct race race;
static atomic_uint *attempts; /* in memory that everybody shares */

/* Whether it is still the attempt that this one began in; and who nobody can stop ends by itself.
 */
static bool is_attempt(unsigned begun)
{
	return *attempts == begun;
}

static bool has_turns(unsigned begun)
{
	return is_attempt(begun) && race.turns++ < TURNS;
}

static void *rewrite_text(void *unused)
{
	const unsigned begun = *attempts;
	size_t length = strlen(race.good);

	while (has_turns(begun)) {
		memcpy(race.path, race.bad, length);
		sched_yield();
		memcpy(race.path, race.good, length);
	}
	return unused;
}

static void *exchange_link(void *unused)
{
	const unsigned begun = *attempts;
	const char *targets[] = {race.bad, race.good};

	for (unsigned i = 0; is_attempt(begun); i++) {
		(void)unlink(race.spare);
		if (symlink(targets[i & 1], race.spare) == 0)
			(void)rename(race.spare, race.link);
	}
	return unused;
}

/* Opened anew each time: nothing is executed while somebody has it open to be written. */
static void *rewrite_script(void *unused)
{
	const unsigned begun = *attempts;
	const char *interpreters[] = {race.bad, race.good};

	for (unsigned i = 0; has_turns(begun); i++) {
		int fd = open(race.link, O_WRONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		(void)!pwrite(fd, interpreters[i & 1], strlen(race.good), 2);
		(void)close(fd);
		sched_yield();
	}
	return unused;
}

/* What is at `place` changes between BAD and MARK, of the same length. */
static void change_text(char *place, const char *mark)
{
	const unsigned begun = *attempts;
	size_t length = strlen(mark);

	while (is_attempt(begun)) {
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
	const unsigned begun = *attempts;
	char *volatile *place = &race.arguments[1];

	while (is_attempt(begun)) {
		*place = mark;
		sched_yield();
		*place = race.word;
	}
	return NULL;
}

/* ---- who does it --------------------------------------------------------------------------- */

static void start_thread(void *(*attack)(void *), char *mark)
{
	pthread_t thread;

	(void)pthread_create(&thread, NULL, attack, mark);
}

static void start_process(void *(*attack)(void *), char *mark)
{
	if (fork() == 0) {
		(void)attack(mark);
		_exit(0);
	}
}

static int rewrite_text_elsewhere(void *unused)
{
	(void)rewrite_text(unused);
	return 0;
}

static void start_sharer(void *(*attack)(void *), char *mark)
{
	static char stack[STACK] __attribute__((aligned(16)));

	(void)attack;
	(void)clone(rewrite_text_elsewhere, stack + sizeof stack, CLONE_VM, mark);
}

static const struct method {
	const char *name;
	void *(*attack)(void *mark);
	void (*start)(void *(*attack)(void *), char *mark);
	bool by_link, changes_words;
} methods[] = {
	{"text", rewrite_text, start_thread, false, false},
	{"shared", rewrite_text, start_process, false, false},
	{"vm", rewrite_text, start_sharer, false, false},
	{"link", exchange_link, start_thread, true, false},
	{"script", rewrite_script, start_thread, true, false},
	{"word", change_word, start_thread, false, true},
	{"pointer", change_pointer, start_thread, false, true},
	{"variable", change_variable, start_thread, false, true},
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

static int attempt(const struct method *method, char *mark)
{
	pid_t pid;
	int status;

	race.turns = 0;
	++*attempts;
	pid = fork();
	if (pid == 0) {
		method->start(method->attack, mark);
		sched_yield();
		(void)execve(race.path, race.arguments, race.variables);
		_exit(100);
	}
	(void)waitpid(pid, &status, 0);
	++*attempts;
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

/* What GOOD.link is at first: 0, or what went wrong. */
static int make_link(const struct method *method)
{
	FILE *script;

	(void)unlink(race.link);
	if (method->attack == exchange_link)
		return symlink(race.good, race.link);
	script = fopen(race.link, "w");
	if (script == NULL || fprintf(script, "#!%s\n", race.good) < 0 || fclose(script) != 0)
		return -1;
	return chmod(race.link, 0755);
}

int main(int argc, char **argv)
{
	unsigned ran = 0, refused = 0, killed = 0;
	const struct method *method = argc == 6 ? find_method(argv[1]) : NULL;
	int tries = argc == 6 ? atoi(argv[5]) : 0;

	if (tries == 0 || method == NULL)
		return 2;
	if (method->start == start_process &&
		mmap(&race, sizeof race, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		return 2;
	attempts = mmap(
		NULL, sizeof *attempts, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (attempts == MAP_FAILED)
		return 2;
	race.good = argv[2];
	race.bad = argv[3];
	(void)snprintf(race.link, sizeof race.link, "%s.link", race.good);
	(void)snprintf(race.spare, sizeof race.spare, "%s.spare", race.good);
	(void)strcpy(race.path, method->by_link ? race.link : race.good);
	prepare_words(method->changes_words, argv[4]);
	if (method->by_link && make_link(method) < 0)
		return 2;
	for (int i = 0; i < tries; i++) {
		int status = attempt(method, argv[4]);

		ran += WIFEXITED(status) && WEXITSTATUS(status) == 0;
		refused += WIFEXITED(status) && WEXITSTATUS(status) == 100;
		killed += WIFSIGNALED(status);
	}
	(void)printf("opened=%u refused=%u killed=%u\n", ran, refused, killed);
	return access(argv[4], F_OK) == 0 ? 1 : 0;
}
