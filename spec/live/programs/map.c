/*
 * Loads code in every way there is, and says what came of it: "ok", or the error's name.
 *
 *	map anonymous | mprotect | pkey | memfd | shm | personality [VALUE]
 *	map file FILE                   FILE as code
 *	map shared FILE                 mapped to be written, too
 *	map removed FILE                without a name by then
 *	map later FILE                  mapped to be read, and then as code
 *	map load LIBRARY                dlopen(3), and what the library says of itself
 *	map vfork LIBRARY               between vfork(2) and the end of the child
 *	map threads LIBRARY NUMBER      each thread as often as there are threads
 *	map loads LIBRARY NUMBER        how many microseconds one takes (median)
 *	map race GOOD BAD TRIES         a thread exchanges the open file meanwhile
 *	map race-mapping GOOD BAD TRIES while it is mapped, without a loader
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 4096, FORBIDDEN = 66, FAILED = 70, HANGING = 5 };

typedef int word_function(void);

static void say(const char *name, bool done)
{
	printf("%s %s\n", name, done ? "ok" : strerrorname_np(errno));
}

static int open_or_die(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC);

	if (fd < 0) {
		perror(path);
		exit(FAILED);
	}
	return fd;
}

/* ---- memory -------------------------------------------------------------------------------- */

static bool map(int protection, int flags, int fd)
{
	return mmap(NULL, SIZE, protection, flags, fd, 0) != MAP_FAILED;
}

static bool map_anonymous(void)
{
	return map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static bool protect(int (*function)(void *area))
{
	void *area = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return function(area) == 0;
}

static int make_code(void *area)
{
	return mprotect(area, SIZE, PROT_READ | PROT_EXEC);
}

static int make_code_with_key(void *area)
{
	return (int)syscall(SYS_pkey_mprotect, area, SIZE, PROT_READ | PROT_EXEC, -1);
}

static bool map_memfd(void)
{
	int fd = memfd_create("code", MFD_CLOEXEC);

	return ftruncate(fd, SIZE) == 0 && map(PROT_READ | PROT_EXEC, MAP_PRIVATE, fd);
}

static bool attach(void)
{
	int id = shmget(IPC_PRIVATE, SIZE, IPC_CREAT | 0700);
	bool done = id >= 0 && shmat(id, NULL, SHM_EXEC) != (void *)-1;
	int error = errno;

	if (id >= 0)
		(void)shmctl(id, IPC_RMID, NULL);
	errno = error;
	return done;
}

static bool try_memory(const char *name)
{
	if (strcmp(name, "anonymous") == 0)
		say(name, map_anonymous());
	else if (strcmp(name, "mprotect") == 0)
		say(name, protect(make_code));
	else if (strcmp(name, "pkey") == 0)
		say(name, protect(make_code_with_key));
	else if (strcmp(name, "memfd") == 0)
		say(name, map_memfd());
	else if (strcmp(name, "shm") == 0)
		say(name, attach());
	else if (strcmp(name, "personality") == 0)
		say(name, personality(READ_IMPLIES_EXEC) >= 0);
	else if (strcmp(name, "personality-asked") == 0)
		say(name, personality(UINT32_MAX) >= 0);
	else if (strcmp(name, "personality-other") == 0)
		say(name, personality(ADDR_NO_RANDOMIZE) >= 0);
	else
		return false;
	return true;
}

/* ---- files --------------------------------------------------------------------------------- */

static bool map_later(int fd)
{
	void *area = mmap(NULL, SIZE, PROT_READ, MAP_PRIVATE, fd, 0);

	return area != MAP_FAILED && make_code(area) == 0;
}

static bool map_removed(const char *file, int fd)
{
	return unlink(file) == 0 && map(PROT_READ | PROT_EXEC, MAP_PRIVATE, fd);
}

static bool try_file(const char *name, const char *file)
{
	const int code = PROT_READ | PROT_EXEC;

	if (strcmp(name, "file") == 0)
		say(name, map(code, MAP_PRIVATE, open_or_die(file, O_RDONLY)));
	else if (strcmp(name, "copied") == 0)
		say(name, map(code | PROT_WRITE, MAP_PRIVATE, open_or_die(file, O_RDONLY)));
	else if (strcmp(name, "shared") == 0)
		say(name, map(code | PROT_WRITE, MAP_SHARED, open_or_die(file, O_RDWR)));
	else if (strcmp(name, "removed") == 0)
		say(name, map_removed(file, open_or_die(file, O_RDONLY)));
	else if (strcmp(name, "later") == 0)
		say(name, map_later(open_or_die(file, O_RDONLY)));
	else if (strcmp(name, "closed") == 0)
		say(name, map(code, MAP_PRIVATE, 99));
	else
		return false;
	return true;
}

/* ---- libraries ----------------------------------------------------------------------------- */

/* What it says of itself; -1: it can't be loaded. */
static int load(const char *library)
{
	void *handle = dlopen(library, RTLD_NOW);
	word_function *word = handle == NULL ? NULL : (word_function *)dlsym(handle, "the_word");
	int result = word == NULL ? -1 : word();

	if (handle != NULL)
		(void)dlclose(handle);
	return result;
}

static void load_between(const char *library)
{
	volatile int word = 0;

	if (vfork() == 0) {
		word = load(library);
		_exit(0);
	}
	(void)wait(NULL);
	printf("%d\n", word);
}

struct crowd {
	const char *library;
	int number;
};

static void *load_often(void *argument)
{
	const struct crowd *crowd = argument;
	long sum = 0;

	for (int i = 0; i < crowd->number; i++)
		sum += load(crowd->library);
	return (void *)sum;
}

static void load_in_threads(const char *library, int number)
{
	struct crowd crowd = {library, number};
	pthread_t threads[64];
	long sum = 0;

	for (int i = 0; i < number; i++)
		(void)pthread_create(&threads[i], NULL, load_often, &crowd);
	for (int i = 0; i < number; i++) {
		void *result;

		(void)pthread_join(threads[i], &result);
		sum += (long)result;
	}
	printf("%ld\n", sum);
}

static int compare_times(const void *one, const void *other)
{
	double a = *(const double *)one, b = *(const double *)other;

	return (a > b) - (a < b);
}

static void measure_loads(const char *library, int number)
{
	enum { MOST = 10000 };
	static double times[MOST];
	struct timespec start, end;

	for (int i = 0; i < number && i < MOST; i++) {
		(void)clock_gettime(CLOCK_MONOTONIC, &start);
		(void)load(library);
		(void)clock_gettime(CLOCK_MONOTONIC, &end);
		times[i] = (double)(end.tv_sec - start.tv_sec) * 1e6 +
			   (double)(end.tv_nsec - start.tv_nsec) / 1e3;
	}
	qsort(times, (size_t)number, sizeof *times, compare_times);
	printf("%.1f\n", times[number / 2]);
}

/* ---- races --------------------------------------------------------------------------------- */

static const char *good, *bad;

struct swapper {
	int bad, slot; /* the descriptor that is exchanged, once something is there */
	unsigned pause;
};

/* The library is opened as the lowest free descriptor: another file is put there. */
static void *swap_once(void *argument)
{
	const struct swapper *swapper = argument;

	while (fcntl(swapper->slot, F_GETFD) < 0)
		continue;
	for (volatile unsigned i = 0; i < swapper->pause; i++)
		continue;
	(void)dup2(swapper->bad, swapper->slot);
	return argument;
}

static void *swap_always(void *argument)
{
	const struct swapper *swapper = argument;
	int other = dup(swapper->slot);

	for (unsigned i = 0;; i++) {
		(void)dup2((i & 1) != 0 ? other : swapper->bad, swapper->slot);
		for (volatile unsigned j = 0; j < swapper->pause; j++)
			continue;
	}
	return argument;
}

/* Of every order of magnitude below 2^bits, in few tries as in many. */
static unsigned some_pause(unsigned try, unsigned bits)
{
	const unsigned magnitude = 1U << try % bits;

	return magnitude + try * 7919 % magnitude;
}

static int race_loader(unsigned try)
{
	struct swapper swapper = {.bad = open_or_die(bad, O_RDONLY), .pause = some_pause(try, 20)};
	pthread_t thread;
	int word;

	swapper.slot = swapper.bad + 1;
	if (pthread_create(&thread, NULL, swap_once, &swapper) != 0)
		return FAILED;
	word = load(good);
	return word < 0 ? FAILED : word;
}

/* Where the_word() is in the file: both have it at the same place. */
static size_t find_word(void)
{
	void *handle = dlopen(good, RTLD_NOW);
	void *word = handle == NULL ? NULL : dlsym(handle, "the_word");
	Dl_info info;

	if (word == NULL || dladdr(word, &info) == 0)
		exit(FAILED);
	return (size_t)((char *)word - (char *)info.dli_fbase);
}

static int race_mapping(unsigned try)
{
	const size_t offset = find_word(), page = offset & ~(size_t)(SIZE - 1);
	struct swapper swapper = {.bad = open_or_die(bad, O_RDONLY), .pause = some_pause(try, 11)};
	pthread_t thread;
	char *code;
	word_function *word;

	swapper.slot = open_or_die(good, O_RDONLY);
	if (pthread_create(&thread, NULL, swap_always, &swapper) != 0)
		return FAILED;
	code = mmap(NULL, SIZE, PROT_READ | PROT_EXEC, MAP_PRIVATE, swapper.slot, (off_t)page);
	if (code == MAP_FAILED)
		return FAILED;
	word = (word_function *)(void *)(code + (offset - page));
	return word();
}

/* In a process of its own: it may be killed. */
static int status_of(int (*race)(unsigned try), unsigned try)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)alarm(HANGING);
		_exit(race(try));
	}
	if (waitpid(pid, &status, 0) != pid)
		return FAILED;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void race_often(int (*race)(unsigned try), unsigned tries)
{
	unsigned allowed = 0, forbidden = 0, refused = 0, killed = 0, other = 0;

	for (unsigned i = 0; i < tries; i++) {
		int status = status_of(race, i);

		allowed += status == 1;
		forbidden += status == FORBIDDEN;
		refused += status == FAILED;
		killed += status == 128 + SIGKILL;
		other += status == 128 + SIGALRM;
	}
	printf("allowed=%u forbidden=%u refused=%u killed=%u hung=%u\n", allowed, forbidden,
		refused, killed, other);
}

static bool try_library(const char *name, char **arguments)
{
	if (strcmp(name, "load") == 0)
		printf("%d\n", load(arguments[0]));
	else if (strcmp(name, "vfork") == 0)
		load_between(arguments[0]);
	else if (strcmp(name, "threads") == 0)
		load_in_threads(arguments[0], atoi(arguments[1]));
	else if (strcmp(name, "loads") == 0)
		measure_loads(arguments[0], atoi(arguments[1]));
	else
		return false;
	return true;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (argc == 5 && strncmp(name, "race", 4) == 0) {
		good = argv[2];
		bad = argv[3];
		race_often(strcmp(name, "race") == 0 ? race_loader : race_mapping,
			(unsigned)atoi(argv[4]));
		return 0;
	}
	if (try_memory(name) || (argc == 3 && try_file(name, argv[2])))
		return 0;
	return argc > 2 && try_library(name, argv + 2) ? 0 : 2;
}
