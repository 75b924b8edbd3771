#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "launch/launch.h"

/*
 * The caller is a subreaper: whoever loses its parent becomes its child. So killing the children,
 * again and again, reaches every descendant, double forks and new sessions included.
 */

/* Children that the process had before it became a supervisor (`daemon & exec moongate …`). */
static pid_t *spared;
static size_t spared_count;

static bool is_spared(pid_t pid)
{
	for (size_t i = 0; i < spared_count; i++)
		if (spared[i] == pid)
			return true;
	return false;
}

/* ---- one of them ------------------------------------------------------------------------- */

/* 0: it can't be told, or there is no such process. */
static pid_t parent_of(pid_t pid)
{
	char path[32], line[256];
	int parent = 0;
	FILE *file;

	(void)snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		if (sscanf(line, "PPid: %d", &parent) == 1)
			break;
	if (file != NULL)
		(void)fclose(file);
	return parent;
}

static bool is_descendant(pid_t pid)
{
	enum { DEPTH = 64 }; /* who is deeper is reached when its parents are gone */
	const pid_t own = getpid();

	for (int i = 0; i < DEPTH && pid > 1; i++) {
		pid = parent_of(pid);
		if (pid == own)
			return true;
	}
	return false;
}

/*
 * A child of ours stays a zombie until we reap it; whoever is another's child may have been reaped
 * since it was listed, and its number given to a stranger. So it is pinned, and then looked at.
 */
static void send(pid_t pid, bool is_child, int signal)
{
	int fd;

	if (is_child) {
		(void)kill(pid, signal);
		return;
	}
	fd = pidfd_open(pid, 0);
	if (fd < 0)
		return;
	if (is_descendant(pid))
		(void)pidfd_send_signal(fd, signal, NULL, 0);
	(void)close(fd);
}

/* ---- who there is -------------------------------------------------------------------------- */

struct pids {
	pid_t *all;
	size_t count, room;
};

static bool add(struct pids *pids, pid_t pid)
{
	if (pids->count == pids->room) {
		size_t room = 2 * pids->room + 64;
		pid_t *more = reallocarray(pids->all, room, sizeof *more);

		if (more == NULL)
			return false;
		pids->all = more;
		pids->room = room;
	}
	pids->all[pids->count++] = pid;
	return true;
}

/* Adds the children of one thread but the spared ones, and sends each a signal, if it is not 0. */
static bool add_children_of(struct pids *pids, const char *process, const char *tid, int signal)
{
	const bool is_child = strcmp(process, "self") == 0;
	char path[600];
	FILE *file;
	int pid;
	bool added = true;

	(void)snprintf(path, sizeof path, "/proc/%s/task/%s/children", process, tid);
	file = fopen(path, "re");
	if (file == NULL)
		return true; /* it has ended: then its children are ours */
	while (added && fscanf(file, "%d", &pid) == 1) {
		if (is_spared(pid))
			continue;
		if (signal != 0)
			send(pid, is_child, signal);
		added = add(pids, pid);
	}
	(void)fclose(file);
	return added;
}

static bool add_children(struct pids *pids, const char *process, int signal)
{
	char path[300];
	const struct dirent *entry;
	bool added = true;
	DIR *tasks;

	(void)snprintf(path, sizeof path, "/proc/%s/task", process);
	tasks = opendir(path);
	if (tasks == NULL)
		return true;
	while (added && (entry = readdir(tasks)) != NULL)
		if (entry->d_name[0] != '.')
			added = add_children_of(pids, process, entry->d_name, signal);
	(void)closedir(tasks);
	return added;
}

/* Sends every descendant a signal, at once when it is found; how many there are. */
static size_t signal_tree(struct pids *pids, int signal)
{
	bool added;

	pids->count = 0;
	added = add_children(pids, "self", signal);
	for (size_t i = 0; added && i < pids->count; i++) {
		char process[16];

		(void)snprintf(process, sizeof process, "%d", pids->all[i]);
		added = add_children(pids, process, signal);
	}
	return pids->count;
}

int launch_spare_children(struct error *err)
{
	char path[64];
	struct pids pids = {0};

	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	if (access(path, R_OK) < 0)
		return error_errno(err, errno,
			"the kernel does not list a process's children (CONFIG_PROC_CHILDREN)\n"
			"without that nobody could end the program's processes for certain");
	if (!add_children(&pids, "self", 0)) {
		free(pids.all);
		return error_set(err, ENOMEM, "out of memory");
	}
	spared = pids.all;
	spared_count = pids.count;
	return 0;
}

/* ---- the end ------------------------------------------------------------------------------- */

/*
 * Whoever is stopped forks no more, and takes a place below the limit of processes, which a killed
 * one would free for the next: so even who forks as fast as it can comes to an end. Who is sent
 * SIGCONT by others is stopped again.
 */
static void stop_tree(struct pids *pids)
{
	enum { ROUNDS = 30 };
	size_t before = 0;

	for (int i = 0; i < ROUNDS && signal_tree(pids, SIGSTOP) != before; i++)
		before = pids->count;
}

/* Reaps until nothing has ended for a while, or `count` have. false: no child is left. */
static bool reap(size_t count)
{
	enum { PATIENCE = 20 };
	const struct timespec moment = {.tv_nsec = 1000000L};

	for (int idle = 0; idle < PATIENCE && count > 0;) {
		pid_t pid = waitpid(-1, NULL, __WALL | WNOHANG);

		if (pid < 0 && errno == ECHILD)
			return false;
		if (pid > 0) {
			idle = 0;
			count--;
		} else {
			idle++;
			(void)nanosleep(&moment, NULL);
		}
	}
	return true;
}

/* Before those who are to be ended; a wish, without privileges in vain. */
static void run_first(void)
{
	const struct sched_param lowest = {.sched_priority = 1};

	(void)sched_setscheduler(0, SCHED_FIFO, &lowest);
}

void launch_kill_tree(void)
{
	struct pids pids = {0};

	run_first();
	stop_tree(&pids);
	while (signal_tree(&pids, SIGKILL) > 0 && reap(pids.count))
		;
	free(pids.all);
}
