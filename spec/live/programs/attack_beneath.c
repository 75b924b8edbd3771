#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <linux/openat2.h>

/*
 * attack_beneath SECONDS: opens a/d/../../secret beneath jail again and again, while another
 * process moves d out of the jail and back: ".." then leads above it.
 */

static void move_for_ever(void)
{
	for (;;) {
		(void)rename("jail/a/d", "out/d");
		(void)rename("out/d", "jail/a/d");
	}
}

static void make_ground(void)
{
	static const char *const directories[] = {"jail", "jail/a", "jail/a/d", "out"};

	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		(void)mkdir(directories[i], 0777);
	(void)close(open("secret", O_CREAT | O_WRONLY, 0644));
}

/* Whether an open file lies outside the jail. */
static int is_outside(int fd)
{
	char link[64], name[PATH_MAX];
	ssize_t length;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	length = readlink(link, name, sizeof name - 1);
	name[length > 0 ? length : 0] = '\0';
	return strstr(name, "/jail/") == NULL;
}

int main(int argc, char **argv)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CREAT, .mode = 0644, .resolve = RESOLVE_BENEATH};
	long opened = 0, outside = 0;
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 1);
	pid_t mover;
	int jail;

	make_ground();
	jail = open("jail", O_PATH | O_DIRECTORY);
	mover = fork();
	if (mover == 0)
		move_for_ever();
	while (time(NULL) < end) {
		int fd = (int)syscall(
			SYS_openat2, jail, "a/d/././././../../secret", &how, sizeof how);

		if (fd < 0)
			continue;
		opened++;
		outside += is_outside(fd);
		(void)close(fd);
	}
	(void)kill(mover, SIGKILL);
	(void)printf("%ld opened, %ld outside\n", opened, outside);
	return 0;
}
