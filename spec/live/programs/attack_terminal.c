/*
 * attack_terminal: as a session leader without a terminal, opens a pseudo-terminal's other end,
 * with and without O_NOCTTY, and /dev/tty before and after. What the kernel gives to whoever opens
 * must not be given to somebody who opens for us. Prints what came of each.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "attack.h"

static void report(const char *what, int fd)
{
	int error = errno;

	(void)printf("%s: %s\n", what, fd < 0 ? strerrorname_np(error) : "ok");
}

static void lead(const char *other)
{
	int fd;

	(void)setsid();
	report("/dev/tty of nobody", open("/dev/tty", O_RDWR));
	fd = open(other, O_RDWR | O_NOCTTY);
	report("the other end", fd);
	report("/dev/tty after O_NOCTTY", open("/dev/tty", O_RDWR));
	report("TIOCSCTTY", ioctl(fd, TIOCSCTTY, 0));
	report("/dev/tty of our own", open("/dev/tty", O_RDWR));
	report("/dev/tty to read", open("/dev/tty", O_RDONLY | O_NONBLOCK));
	(void)fflush(stdout);
	_exit(0);
}

int main(void)
{
	char name[64], text[8] = "";
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), number, locked = 0, fd;
	pid_t pid;

	report("/dev/ptmx", master);
	if (ioctl(master, TIOCSPTLCK, &locked) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
		return 1;
	(void)snprintf(name, sizeof name, "/dev/pts/%d", number);
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0)
		lead(name);
	(void)waitpid(pid, NULL, 0);
	fd = open(name, O_RDWR | O_NOCTTY);
	report("again", fd);
	(void)!write(fd, "through", 7);
	(void)!read(master, text, 7);
	(void)printf("%s\n", text);
	return 0;
}
