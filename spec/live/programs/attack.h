#pragma once

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* What the racing programs share: a call by name, and what it brought. */

enum { MADE = 1000000 }; /* the result of a mkdir that worked, which is no descriptor */

struct tally {
	int opened, refused, leaked, failed;
};

/* The path with the round's number in the place of "#", so that every round makes a new name. */
static inline void write_path(char *to, const char *text, int round)
{
	for (; *text != '\0'; text++)
		if (*text == '#')
			to += sprintf(to, "%06d", round);
		else
			*to++ = *text;
	*to = '\0';
}

/* An O_PATH descriptor is harmless only if every later use of it is judged. */
static inline int use_pin(int pin)
{
	char name[64];
	int fd;

	if (pin < 0)
		return pin;
	(void)snprintf(name, sizeof name, "/proc/self/fd/%d", pin);
	fd = open(name, O_RDONLY);
	(void)close(pin);
	return fd;
}

static inline int use_directory(int pin)
{
	int fd;

	if (pin < 0)
		return pin;
	fd = openat(pin, "data", O_RDONLY);
	(void)close(pin);
	return fd;
}

static inline int flags_of(const char *call)
{
	static const struct {
		const char *name;
		int flags;
	} opens[] = {{"open", O_RDONLY}, {"open-or-create", O_RDWR | O_CREAT},
		{"create", O_WRONLY | O_CREAT | O_EXCL}, {"truncate", O_WRONLY | O_TRUNC},
		{"write", O_RDWR}};

	for (size_t i = 0; i < sizeof opens / sizeof *opens; i++)
		if (strcmp(call, opens[i].name) == 0)
			return opens[i].flags;
	return -1;
}

static inline int perform(const char *call, const char *path, const struct open_how *how)
{
	int flags = flags_of(call);

	if (flags >= 0)
		return (int)syscall(SYS_open, path, flags, 0644);
	if (strcmp(call, "openat") == 0)
		return (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY, 0);
	if (strcmp(call, "openat2") == 0)
		return (int)syscall(SYS_openat2, AT_FDCWD, path, how, sizeof *how);
	if (strcmp(call, "creat") == 0)
		return (int)syscall(SYS_creat, path, 0644);
	if (strcmp(call, "mkdir") == 0)
		return syscall(SYS_mkdir, path, 0755) == 0 ? MADE : -1;
	if (strcmp(call, "mkdirat") == 0)
		return syscall(SYS_mkdirat, AT_FDCWD, path, 0755) == 0 ? MADE : -1;
	if (strcmp(call, "pin") == 0)
		return use_pin(open(path, O_PATH));
	if (strcmp(call, "pin-directory") == 0)
		return use_directory(open(path, O_PATH | O_DIRECTORY));
	(void)fprintf(stderr, "no such call: %s\n", call);
	exit(2);
}

static inline bool is_secret(int fd)
{
	char text[6] = "";

	return fd < MADE && pread(fd, text, sizeof text, 0) == (ssize_t)sizeof text &&
	       memcmp(text, "SECRET", sizeof text) == 0;
}

/* What is written must not arrive where writing is refused: the specs look there. */
static inline void count(struct tally *tally, int fd)
{
	if (fd < 0) {
		bool refused = errno == EACCES || errno == EPERM;

		tally->refused += refused;
		tally->failed += !refused;
		return;
	}
	tally->opened++;
	tally->leaked += is_secret(fd);
	if (fd < MADE) {
		(void)!write(fd, "written", 7);
		(void)close(fd);
	}
}

static inline void print_tally(const struct tally *tally)
{
	(void)printf("opened=%d refused=%d failed=%d leaked=%d\n", tally->opened, tally->refused,
		tally->failed, tally->leaked);
}

static inline double seconds_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* At least so many seconds, and on until both sides of the race were seen; three are enough. */
static inline bool goes_on(const struct tally *tally, double start, double seconds)
{
	double gone = seconds_now() - start;

	return gone < seconds ||
	       (gone < 3 && (tally->opened + tally->failed < 5 || tally->refused < 5));
}

/* Not always the same distance between two changes: the window moves with the machine's load. */
static inline void pause_a_little(unsigned round)
{
	for (volatile unsigned i = 0; i < (round * 7 % 97) * 20; i++)
		;
}
