/*
 * Thousands of ways to make the calls that take a path and give no descriptor, each with its result
 * and what became of the objects, one line each: two runs of it can be compared line by line.
 *
 *	conformance_paths DIRECTORY IDENTITY [STRIDE [CALL]]
 *
 * makes one of STRIDE attempts (of CALL) in a small tree below DIRECTORY. The identity "prepare"
 * makes the tree only: an ordinary user meets objects of root's if root has done that before.
 */
#include "conformance_paths_more.h"
#include "conformance_paths_result.h"

#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/wait.h>

static enum identity identity;
static unsigned long stride = 1, visited;
static const char *only;
static struct text *result_text; /* shared with the process that makes the attempt */
static struct picture pictures[3], *before = &pictures[0], *after = &pictures[1];
static struct text line;
static volatile sig_atomic_t signalled;

static void note_signal(int number)
{
	signalled = number;
}

static void set_limit(enum limit limit)
{
	struct rlimit size = {100, 100};

	if (limit == NO_LIMIT)
		return;
	setrlimit(RLIMIT_FSIZE, &size);
	signal(SIGXFSZ, limit == LIMIT_IGNORED   ? SIG_IGN
			: limit == LIMIT_HANDLED ? note_signal
						 : SIG_DFL);
}

static void perform(const struct attempt *attempt)
{
	const struct value *arguments = attempt->arguments;

	errno = 0;
	long result = syscall(attempt->row->number, arguments[0].bits, arguments[1].bits,
		arguments[2].bits, arguments[3].bits, arguments[4].bits, arguments[5].bits);
	say_result(result_text, attempt, result);
	if (signalled != 0)
		say(result_text, " signal %d", signalled);
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

static void child(struct attempt attempt)
{
	pthread_t thread;

	alarm(5);
	if (chdir("work") != 0)
		say(result_text, "no tree: ");
	if (!attempt.held_late)
		hold(attempt.held);
	set_limit(attempt.limit);
	if (identity == THREAD) {
		if (attempt.held_late)
			hold(attempt.held);
		umask(0123);
		pthread_create(&thread, NULL, perform_in_thread, &attempt);
		pthread_join(thread, NULL);
		_exit(0);
	}
	if (go_to(attempt.place) != 0)
		say(result_text, "not there: ");
	umask(attempt.umask);
	if (become(identity) != 0)
		say(result_text, "not that: ");
	if (attempt.held_late)
		hold(attempt.held);
	perform(&attempt);
	_exit(0);
}

static void mend_tree(void)
{
	struct picture *pristine = &pictures[2], *other = before;

	mend(pristine, after);
	take_picture(other);
	if (other->text.length != pristine->text.length ||
		memcmp(other->text.bytes, pristine->text.bytes, other->text.length) != 0) {
		fprintf(stderr, "%.*s\nspoiled the tree beyond repair\n%.*s\n", (int)line.length,
			line.bytes, (int)other->text.length, other->text.bytes);
		exit(3);
	}
}

/* Scattered, as every STRIDE-th attempt may be about the same object each time. */
static bool chosen(unsigned long number)
{
	return (uint32_t)(number * 2654435761u) / 256 % ((stride + weight - 1) / weight) == 0;
}

static void attempt_it(const struct attempt *attempt)
{
	int status;

	if ((only != NULL && strcmp(only, attempt->row->name) != 0) || !chosen(visited++))
		return;
	line.length = result_text->length = 0;
	say_attempt(&line, attempt);
	pid_t pid = fork();
	if (pid == 0)
		child(*attempt);
	waitpid(pid, &status, 0);
	say(&line, " => %.*s", (int)result_text->length, result_text->bytes);
	if (WIFSIGNALED(status))
		say(&line, " killed by signal %d", WTERMSIG(status));
	take_picture(after);
	if (say_differences(&line, before, after))
		mend_tree();
	printf("%.*s\n", (int)line.length, line.bytes);
}

/* Whether two changes within the same tick of the clock can be told apart: Linux 6.13. */
static bool times_are_fine(void)
{
	struct stat status[2];
	int file = open("../scratch/times", O_CREAT | O_RDWR, 0600), fine = 0;

	for (int i = 0; i < 50; i++) {
		fstat(file, &status[0]);
		fchmod(file, 0600);
		fstat(file, &status[1]);
		fine += status[0].st_ctim.tv_nsec != status[1].st_ctim.tv_nsec;
	}
	close(file);
	unlink("../scratch/times");
	return fine == 50;
}

static void make_tree(void)
{
	bool wanted[COUNT(objects)];
	struct stat status;

	mkdir("tree", 0755);
	mkdir("scratch", 0777);
	chmod("scratch", 0777);
	if (chdir("tree") != 0) {
		perror("tree");
		exit(2);
	}
	fine_times = times_are_fine();
	/* What root has prepared stays as it is. */
	bool prepared = geteuid() != 0 && lstat("theirs", &status) == 0 && status.st_uid == 0;
	for (size_t i = 0; i < COUNT(objects); i++) {
		wanted[i] = !(objects[i].owner == 0 && prepared);
		if (wanted[i] && objects[i].kind != CONTAINER)
			remove_all(objects[i].name);
	}
	build(wanted);
}

int main(int count, char **arguments)
{
	if (count < 3)
		return 2;
	identity = identity_named(arguments[2]);
	if (identity == IDENTITIES)
		return 2;
	if (count > 3)
		stride = strtoul(arguments[3], NULL, 10);
	if (count > 4)
		only = arguments[4];
	if (chdir(arguments[1]) != 0 || getcwd(base, sizeof base) == NULL) {
		perror(arguments[1]);
		return 2;
	}
	started = time(NULL);
	close_range(3, ~0U, 0);
	setsid();
	umask(0);
	map_edges();
	expand_paths();
	memset(out, 0xa5, sizeof out);
	result_text = mmap(NULL, sizeof *result_text, PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	make_tree();
	if (identity == PREPARE)
		return 0;
	take_picture(&pictures[2]);
	take_picture(before);
	for (size_t i = 0; i < before->count; i++)
		printf("%.*s\n", (int)before->items[i].length,
			before->text.bytes + before->items[i].start);
	every_attempt(attempt_it);
	printf("%lu attempts\n", visited);
	return 0;
}
