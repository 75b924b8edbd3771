/*
 * Thousands of ways to call open and mkdir, each with its result, what the descriptor is and what
 * became of the tree, one line each: two runs of it can be compared line by line.
 *
 *	conformance_open IDENTITY [STRIDE]
 *
 * works in the directory "conformance", which is removed; every STRIDE-th attempt is made.
 */
#include "conformance_attempt.h"
#include "conformance_cases.h"

#include <signal.h>

static enum identity identity;
static unsigned long stride = 1, visited;
static struct text *result_text; /* shared with the process that makes the attempt */
static struct text before, after, line;
static const char *const beside[] = {"readonly", "nosymfollow", "nodev"};

static void perform(const struct attempt *attempt)
{
	long result = make_call(attempt);
	say_result(result_text, attempt, result);
}

/* A thread with its own current directory and umask; the others' must not be taken. */
static void *perform_in_thread(void *argument)
{
	const struct attempt *attempt = argument;

	if (unshare(CLONE_FS) != 0)
		say(result_text, "no own directory: ");
	if (go_to(attempt->place) != 0)
		say(result_text, "not there: ");
	umask(attempt->umask);
	perform(attempt);
	return NULL;
}

static void child(struct attempt *attempt)
{
	pthread_t thread;

	alarm(5);
	if (chdir("tree") != 0)
		say(result_text, "no tree: ");
	hold(attempt->held);
	if (identity == THREAD) {
		pthread_create(&thread, NULL, perform_in_thread, attempt);
		pthread_join(thread, NULL);
		_exit(0);
	}
	if (go_to(attempt->place) != 0)
		say(result_text, "not there: ");
	umask(attempt->umask);
	if (become(identity) != 0)
		say(result_text, "not that: ");
	perform(attempt);
	_exit(0);
}

static void picture(struct text *text)
{
	text->length = 0;
	say_tree(text, "tree");
}

static void attempt_it(struct attempt *attempt)
{
	int status;

	if (visited++ % stride != 0)
		return;
	line.length = result_text->length = 0;
	say_attempt(&line, attempt);
	pid_t pid = fork();
	if (pid == 0)
		child(attempt);
	waitpid(pid, &status, 0);
	say(&line, " => %.*s", (int)result_text->length, result_text->bytes);
	if (WIFSIGNALED(status))
		say(&line, " killed by signal %d", WTERMSIG(status));
	picture(&after);
	if (after.length != before.length || memcmp(after.bytes, before.bytes, after.length) != 0) {
		say_missing(&line, "-", &before, &after);
		say_missing(&line, "+", &after, &before);
		remove_below("tree");
		build_tree();
	}
	printf("%.*s\n", (int)line.length, line.bytes);
}

static void static_links(void)
{
	char name[64], target[64];

	remove_below("chain");
	mkdir("chain", 0777);
	for (int length = 1; length <= 41; length++) {
		snprintf(name, sizeof name, "chain/file%d", length);
		snprintf(
			target, sizeof target, length == 1 ? "../tree/file" : "file%d", length - 1);
		if (symlink(target, name) != 0)
			perror(name);
		snprintf(name, sizeof name, "chain/directory%d", length);
		snprintf(target, sizeof target, length == 1 ? "../tree/directory" : "directory%d",
			length - 1);
		if (symlink(target, name) != 0)
			perror(name);
	}
}

int main(int count, char **arguments)
{
	if (count < 2)
		return 2;
	identity = identity_named(arguments[1]);
	if (identity == IDENTITIES)
		return 2;
	if (count > 2)
		stride = strtoul(arguments[2], NULL, 10);
	result_text = mmap(NULL, sizeof *result_text, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	mkdir("conformance", 0777);
	if (chdir("conformance") != 0 || getcwd(base, sizeof base) == NULL)
		return 2;
	close_range(3, ~0U, 0);
	/* Nobody's terminal, as the rest of the session would decide what /dev/tty gives. */
	setsid();
	umask(0);
	remove_below("tree");
	static_links();
	/* Mount points, where whoever starts this may mount; else plain directories. */
	for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
		mkdir(beside[i], 0777);
	build_tree();
	picture(&before);
	printf("%.*s", (int)before.length, before.bytes);
	every_attempt(attempt_it);
	remove_below(base);
	printf("%lu attempts\n", visited);
	return 0;
}
