/* attack_zombie ENTRY...: opens these entries of a child that has ended and was not waited for. */
#include <sys/wait.h>

#include "attack.h"

int main(int argc, char **argv)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	(void)alarm(5);
	(void)waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
	for (int i = 1; i < argc; i++) {
		char name[128], text[4] = "";
		int fd;

		(void)snprintf(name, sizeof name, "/proc/%d/%s", pid, argv[i]);
		fd = open(name, O_RDONLY);
		if (fd >= 0 && read(fd, text, sizeof text) < 0)
			(void)close(fd);
		(void)printf("%s %s\n", argv[i], fd < 0 ? strerrorname_np(errno) : "ok");
	}
	return 0;
}
