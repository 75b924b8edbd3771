/* Stops every thread of a process but its first, and holds them until the process ends: freeze PID
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[64];
	DIR *tasks;
	const struct dirent *task;
	int frozen = 0;

	if (argc != 2)
		return 2;
	(void)snprintf(path, sizeof path, "/proc/%s/task", argv[1]);
	tasks = opendir(path);
	while (tasks != NULL && (task = readdir(tasks)) != NULL) {
		pid_t tid = atoi(task->d_name);

		if (tid > 0 && tid != atoi(argv[1]) && ptrace(PTRACE_SEIZE, tid, NULL, NULL) == 0 &&
			ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) == 0)
			frozen++;
	}
	(void)printf("%d frozen\n", frozen);
	(void)fflush(stdout);
	/* When the process is killed, its threads are gone for others when we have waited for them.
	 */
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	return 0;
}
