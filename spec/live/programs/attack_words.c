/*
 * attack_words: programs with so many words that reading them takes long. Prints what became of
 * each, and how long another exec had to wait meanwhile, in tenths of a second.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 24, PAGE = 4096, MIB = 1 << 20, WIDE = 6000 };

static char *none[] = {NULL};

static double now(void)
{
	struct timespec time;

	(void)clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void report(const char *what, char **argv, char **env)
{
	int status, error;
	pid_t pid = vfork();

	if (pid == 0) {
		(void)execve("/bin/true", argv, env);
		_exit(errno);
	}
	(void)waitpid(pid, &status, 0);
	error = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	(void)printf("%s: %s\n", what, error == 0 ? "ran" : strerror(error));
	(void)fflush(stdout);
}

/* Pointers to "", all of them in 16 MiB of memory that is mapped again and again. */
static char **endless(size_t count)
{
	size_t size = count * sizeof(char *) / CHUNK * CHUNK + 2 * (size_t)CHUNK;
	char *area = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = memfd_create("words", MFD_CLOEXEC);
	char *page[PAGE / sizeof(char *)];

	for (size_t i = 0; i < PAGE / sizeof(char *); i++)
		page[i] = "";
	for (int i = 0; i < CHUNK / PAGE; i++)
		if (write(fd, page, PAGE) != PAGE)
			exit(2);
	for (size_t at = 0; at + CHUNK < size; at += CHUNK)
		(void)mmap(area + at, CHUNK, PROT_READ, MAP_PRIVATE | MAP_FIXED, fd, 0);
	(void)mmap(area + size - CHUNK, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		-1, 0);
	return (char **)(void *)area;
}

static char **repeated(size_t count, char *word, size_t step)
{
	char **words = calloc(count + 1, sizeof *words);

	for (size_t i = 0; i < count; i++)
		words[i] = word + i * step;
	return words;
}

static void attack(size_t count)
{
	char **words = endless(count);
	double start;
	pid_t pid;

	for (int i = 0; i < 4; i++)
		if (fork() == 0) {
			(void)execve("/bin/true", words, none);
			(void)printf("endless: %s\n", strerror(errno));
			(void)fflush(stdout);
			_exit(0);
		}
	(void)usleep(50000);
	start = now();
	pid = vfork();
	if (pid == 0) {
		(void)execl("/bin/true", "true", (char *)NULL);
		_exit(1);
	}
	(void)waitpid(pid, NULL, 0);
	(void)printf("waited: %d\n", (int)((now() - start) * 10));
	while (wait(NULL) > 0)
		;
}

int main(void)
{
	struct rlimit stack = {.rlim_cur = 64 * MIB, .rlim_max = RLIM_INFINITY};
	char *zeros =
		mmap(NULL, (size_t)PAGE * WIDE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *word = malloc(2 * MIB);

	(void)getrlimit(RLIMIT_STACK, &stack);
	memset(word, 'w', 2 * MIB);
	word[131071] = '\0';
	report("8 MiB of stack, 2 MiB of words", repeated(233000, "", 0), none);
	report("8 MiB of stack, and more", repeated(233100, "", 0), none);
	report("in two halves", repeated(116000, "", 0), repeated(116500, "", 0));
	report("and more", repeated(117000, "", 0), repeated(116500, "", 0));
	report("the longest", repeated(15, word, 0), none);
	report("one too many", repeated(16, word, 0), none);
	word[131071] = 'w';
	word[131072] = '\0';
	report("a longer one", repeated(1, word, 0), none);
	stack.rlim_cur = 64 * MIB;
	(void)setrlimit(RLIMIT_STACK, &stack);
	report("64 MiB, words without end", repeated(699000, "", 0), none);
	report("64 MiB, and more", repeated(699100, "", 0), none);
	report("each on its own page", repeated(WIDE, zeros, PAGE), none);
	attack(7000000);
	return 0;
}
