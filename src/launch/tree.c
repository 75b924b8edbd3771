#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
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

#include "base/cleanup.h"
#include "launch/launch.h"

/*
 * The caller is a subreaper: whoever loses its parent becomes its child. So killing the children,
 * again and again, reaches every descendant, double forks and new sessions included.
 */

/* Children that the process had before it became a supervisor (`daemon & exec moongate …`). */
static struct pids {
	struct found {
		pid_t pid;
		uint64_t start; /* 0: a child of ours, so its number is its own until we reap it */
	} * all;
	size_t count, room;
	bool complete; /* nobody was missed for want of memory or descriptors */
} spared;
static pid_t spared_by; /* the guard is a child of its own kind, and spares nobody */

static bool is_spared(pid_t pid)
{
	for (size_t i = 0; spared_by == getpid() && i < spared.count; i++)
		if (spared.all[i].pid == pid)
			return true;
	return false;
}

/* ---- one of them ------------------------------------------------------------------------- */

/* proc_pid_stat(5). false: there is no such process, or it can't be told. */
static bool look_up(pid_t pid, pid_t *ret_parent, uint64_t *ret_start)
{
	char path[32], text[1024];
	const char *behind;
	cleanup_fd int fd = -1;
	ssize_t length;

	(void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
	if (length <= 0)
		return false;
	text[length] = '\0';
	behind = strrchr(text, ')'); /* the name before it may have any character */
	return behind != NULL && sscanf(behind + 1,
					 " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d "
					 "%*d %*d %*d %*d %*d %" SCNu64,
					 ret_parent, ret_start) == 2;
}

/* Whom nobody waits for meanwhile: the number may be given to a stranger at any moment. */
struct parent {
	pid_t pid;
	int pin; /* pidfd; -1: it is ourselves, or a child of ours */
};

static bool is_there(const struct parent *parent)
{
	return parent->pin < 0 || pidfd_send_signal(parent->pin, 0, NULL, 0) == 0 || errno == EPERM;
}

static bool pin(struct pids *pids, const struct found *found, struct parent *ret)
{
	pid_t parent;
	uint64_t start;

	*ret = (struct parent){found->pid, -1};
	if (found->start == 0)
		return true;
	ret->pin = pidfd_open(found->pid, 0);
	if (ret->pin < 0 && errno != ESRCH)
		pids->complete = false;
	return ret->pin >= 0 && look_up(found->pid, &parent, &start) && start == found->start;
}

/* ---- who there is -------------------------------------------------------------------------- */

static void add(struct pids *pids, pid_t pid, uint64_t start)
{
	if (pids->count == pids->room) {
		size_t room = 2 * pids->room + 64;
		struct found *more = reallocarray(pids->all, room, sizeof *more);

		if (more == NULL) {
			pids->complete = false;
			return;
		}
		pids->all = more;
		pids->room = room;
	}
	pids->all[pids->count++] = (struct found){pid, start};
}

/*
 * Another's child may have been reaped since it was listed. So it is pinned, and then looked at: it
 * is of the tree if its parent is the one it was listed under, which still is there, or ourselves.
 * Who has yet another parent is listed under that one.
 */
static void take_grandchild(struct pids *pids, const struct parent *from, pid_t pid, int signal)
{
	cleanup_fd int fd = pidfd_open(pid, 0);
	uint64_t start;
	pid_t parent;

	if (fd < 0) {
		pids->complete = pids->complete && errno == ESRCH;
		return;
	}
	if (!look_up(pid, &parent, &start) ||
		(parent != getpid() && (parent != from->pid || !is_there(from))))
		return;
	(void)pidfd_send_signal(fd, signal, NULL, 0);
	add(pids, pid, start);
}

static void take(struct pids *pids, const struct parent *from, pid_t pid, int signal)
{
	if (from->pid != getpid()) {
		take_grandchild(pids, from, pid, signal);
	} else if (!is_spared(pid)) {
		(void)kill(pid, signal);
		add(pids, pid, 0);
	}
}

/* Who has ended has left its children to us; that we have not, we know. */
static void note_failure(struct pids *pids, const struct parent *from)
{
	if ((errno != ENOENT && errno != ESRCH) || from->pid == getpid())
		pids->complete = false;
}

static void take_children_of(
	struct pids *pids, const struct parent *from, const char *tid, int signal)
{
	char path[300];
	FILE *file;
	int pid;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%s/children", from->pid, tid);
	file = fopen(path, "re");
	if (file == NULL) {
		note_failure(pids, from);
		return;
	}
	while (fscanf(file, "%d", &pid) == 1)
		take(pids, from, pid, signal);
	if (ferror(file) != 0)
		pids->complete = false;
	(void)fclose(file);
}

/* Those of every thread, each sent the signal (0: none) at once. */
static void take_children(struct pids *pids, const struct parent *from, int signal)
{
	char path[32];
	const struct dirent *entry;
	DIR *tasks;

	(void)snprintf(path, sizeof path, "/proc/%d/task", from->pid);
	tasks = opendir(path);
	if (tasks == NULL) {
		note_failure(pids, from);
		return;
	}
	for (errno = 0; (entry = readdir(tasks)) != NULL; errno = 0)
		if (entry->d_name[0] != '.')
			take_children_of(pids, from, entry->d_name, signal);
	if (errno != 0)
		note_failure(pids, from);
	(void)closedir(tasks);
}

/* Sends every descendant a signal as soon as it is found. */
static void signal_tree(struct pids *pids, int signal)
{
	const struct parent self = {getpid(), -1};

	pids->count = 0;
	pids->complete = true;
	take_children(pids, &self, signal);
	for (size_t i = 0; i < pids->count; i++) {
		const struct found found = pids->all[i];
		struct parent from;

		if (pin(pids, &found, &from))
			take_children(pids, &from, signal);
		close_fd(&from.pin);
	}
}

int launch_spare_children(struct error *err)
{
	const struct parent self = {getpid(), -1};
	struct pids pids = {0};
	char path[64];

	(void)snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid());
	if (access(path, R_OK) < 0)
		return error_errno(err, errno,
			"the kernel does not list a process's children (CONFIG_PROC_CHILDREN)\n"
			"without that nobody could end the program's processes for certain");
	spared_by = 0;
	pids.complete = true;
	take_children(&pids, &self, 0);
	if (!pids.complete) {
		free(pids.all);
		return error_set(err, ENOMEM, "cannot list the process's children");
	}
	free(spared.all);
	spared = pids;
	spared_by = getpid();
	return 0;
}

/* From now on its number may be anybody's. */
static void forget_spared(pid_t pid)
{
	for (size_t i = 0; i < spared.count; i++)
		if (spared.all[i].pid == pid)
			spared.all[i--] = spared.all[--spared.count];
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
	size_t before = SIZE_MAX;

	for (int i = 0; i < ROUNDS; i++) {
		signal_tree(pids, SIGSTOP);
		if (pids->count == before)
			return;
		before = pids->count;
	}
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
			forget_spared(pid);
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

/* A subreaper has no descendant when it has no child. Whoever spares some must believe the list. */
static bool is_end(const struct pids *pids)
{
	return spared_by == getpid() && spared.count > 0 && pids->count == 0 && pids->complete;
}

void launch_kill_descendants(void)
{
	struct pids pids = {0};

	run_first();
	/* Stopped again each time: who was missed before has run on. */
	do {
		stop_tree(&pids);
		signal_tree(&pids, SIGKILL);
	} while (!is_end(&pids) && reap(pids.count + 1));
	free(pids.all);
}

/*
 * The guard knows the tree from what else has become our child: orphans of spared ones. Without it
 * they are not told apart.
 */
void launch_kill_tree(const struct launched *launched)
{
	if (launched->guard == 0)
		return;
	launch_end(launched);
	if (!launch_await_guard(launched) || !launch_ended_well(launched))
		launch_kill_descendants();
}
