/*
 * death_storm VICTIM COUNT SEED DIRECTORY COMMAND [ARG...]: starts COMMAND, a `moongate run` that
 * writes DIRECTORY/log, COUNT times, kills VICTIM (supervisor, guard or command) each time at
 * another moment, and looks at what is left:
 *
 *   hung       COMMAND has not ended after some seconds
 *   survived   … but one of its descendants has not, some seconds later
 *   torn       a line of the log is not one JSON object
 *   lost       the program was told that it had made a directory, and the log does not say so
 *   ended      COMMAND ended with status 0: nobody noticed
 *
 * A descriptor, 9, of DIRECTORY/record is COMMAND's. This is a subreaper, so none gets away. Odd
 * runs are an ordinary user's where STORM_USER is set: its number.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { RECORD = 9, PATIENCE = 5 /* s */, STEP = 500, MOMENTS = 20000 /* µs */ };

static const char *directory, *victim;
static char **command;
static struct tally {
	unsigned runs, before, hung, survived, torn, lost, ended, told;
} tally;

/* ---- processes ----------------------------------------------------------------------------- */

static pid_t first_child(pid_t pid, const char *name)
{
	char path[64], comm[32];
	pid_t found = -1, child;
	FILE *list, *file;

	(void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, pid);
	list = fopen(path, "r");
	while (list != NULL && found < 0 && fscanf(list, "%d", &child) == 1) {
		(void)snprintf(path, sizeof path, "/proc/%d/comm", child);
		file = fopen(path, "r");
		if (file != NULL && fgets(comm, sizeof comm, file) != NULL &&
			(name == NULL || strcmp(comm, name) == 0))
			found = child;
		if (file != NULL)
			(void)fclose(file);
	}
	if (list != NULL)
		(void)fclose(list);
	return found;
}

static pid_t find(pid_t supervisor)
{
	pid_t guard;

	if (strcmp(victim, "supervisor") == 0)
		return supervisor;
	guard = first_child(supervisor, "moongate-guard\n");
	return strcmp(victim, "guard") == 0 || guard < 0 ? guard : first_child(guard, NULL);
}

/* It may not be there yet. */
static void strike(pid_t supervisor)
{
	pid_t pid = -1;

	for (unsigned waited = 0; pid < 0 && waited < 4000; waited++) {
		pid = find(supervisor);
		if (pid < 0)
			(void)usleep(STEP);
	}
	if (pid > 0)
		(void)kill(pid, SIGKILL);
}

/* ---- the log ------------------------------------------------------------------------------- */

static char *contents(const char *name, size_t *ret)
{
	char path[4096], *text;
	struct stat st;
	int fd;
	ssize_t got;

	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0) {
		*ret = 0;
		return calloc(1, 1);
	}
	text = calloc(1, (size_t)st.st_size + 1);
	got = text == NULL ? -1 : read(fd, text, (size_t)st.st_size);
	*ret = got < 0 ? 0 : (size_t)got;
	(void)close(fd);
	return text;
}

/* Past a string's closing quote; NULL: there is none. */
static const char *skip_string(const char *text)
{
	for (text++; *text != '"'; text++) {
		if (*text == '\\')
			text++;
		if ((unsigned char)*text < ' ')
			return NULL;
	}
	return text + 1;
}

/* One object without objects in it: what lies between its strings is marks and numbers. */
static const char *skip_object(const char *text)
{
	if (*text++ != '{')
		return NULL;
	while (*text != '}') {
		if (*text == '"')
			text = skip_string(text);
		else if (strchr("[],:0123456789-", *text) != NULL && *text != '\0')
			text++;
		else
			return NULL;
		if (text == NULL)
			return NULL;
	}
	return text + 1;
}

static bool is_torn(const char *log)
{
	for (;;) {
		log += strspn(log, " ");
		if (*log == '\0')
			return false;
		log = skip_object(log);
		if (log == NULL || *log++ != '\n')
			return true;
	}
}

static unsigned count_lost(const char *log, char *told)
{
	unsigned lost = 0;
	char wanted[128];
	const char *from = log;

	for (char *name = strtok(told, "\n"); name != NULL; name = strtok(NULL, "\n")) {
		const char *line;

		(void)snprintf(wanted, sizeof wanted, "/%s\",\"rights\":[\"create\"]", name);
		/* In both files they stand in nearly the same order. */
		line = strstr(from, wanted);
		if (line == NULL)
			line = strstr(log, wanted);
		if (line == NULL)
			fprintf(stderr, "not in the log: %s\n", name);
		lost += line == NULL;
		tally.told++;
	}
	return lost;
}

static void check_log(void)
{
	size_t length, told_length;
	char *log = contents("log", &length), *told = contents("record", &told_length);

	if (is_torn(log)) {
		fprintf(stderr, "torn: …%s\n", log + (length > 600 ? length - 600 : 0));
		tally.torn++;
	}
	tally.lost += count_lost(log, told);
	tally.before += told_length == 0;
	free(log);
	free(told);
}

/* ---- a run --------------------------------------------------------------------------------- */

static void start(bool as_user)
{
	char path[4096];
	const char *user = getenv("STORM_USER");
	int fd;

	(void)snprintf(path, sizeof path, "%s/record", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd < 0 || dup2(fd, RECORD) < 0)
		_exit(99);
	if (fd != RECORD)
		(void)close(fd);
	if (as_user && user != NULL && (setgid((gid_t)atoi(user)) < 0 || setuid((uid_t)atoi(user))))
		_exit(99);
	(void)execv(command[0], command);
	_exit(99);
}

static void forget_files(void)
{
	char path[4096];

	(void)snprintf(path, sizeof path, "%s/log", directory);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s/record", directory);
	(void)unlink(path);
}

/* false: it is still there, after some patience. pid -1: whoever is left. */
static bool await(pid_t pid, int *status)
{
	for (unsigned i = 0; i < PATIENCE * (1000000 / STEP); i++) {
		pid_t found = waitpid(pid, status, WNOHANG | __WALL);

		if (found < 0 || (found > 0 && pid > 0))
			return true;
		if (found == 0)
			(void)usleep(STEP);
	}
	return false;
}

static void end_all(void)
{
	for (pid_t pid; (pid = first_child(getpid(), NULL)) > 0;) {
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, __WALL);
	}
}

static void await_record(pid_t supervisor)
{
	char path[4096];
	struct stat st = {0};

	(void)snprintf(path, sizeof path, "%s/record", directory);
	for (unsigned i = 0; i < 4000 && st.st_size == 0; i++) {
		siginfo_t info = {0};

		(void)usleep(STEP);
		(void)stat(path, &st);
		if (waitid(P_PID, (id_t)supervisor, &info, WEXITED | WNOHANG | WNOWAIT) < 0 ||
			info.si_pid != 0)
			return;
	}
}

static void run_once(unsigned number)
{
	pid_t supervisor = fork();
	int status = 0, ignored;

	if (supervisor == 0)
		start(number % 2 == 1);
	/* Every fourth dies at some moment of the launch, the others under load. */
	if (number % 8 > 1)
		await_record(supervisor);
	(void)usleep((useconds_t)random() % MOMENTS);
	strike(supervisor);
	tally.runs++;
	if (!await(supervisor, &status))
		tally.hung++;
	else if (!await(-1, &ignored))
		tally.survived++;
	tally.ended += WIFEXITED(status) && WEXITSTATUS(status) == 0;
	end_all();
	check_log();
}

int main(int argc, char **argv)
{
	unsigned count;

	if (argc < 6)
		return 2;
	victim = argv[1];
	count = (unsigned)atoi(argv[2]);
	srandom((unsigned)atoi(argv[3]));
	directory = argv[4];
	command = argv + 5;
	(void)prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (unsigned i = 0; i < count; i++) {
		forget_files();
		run_once(i);
	}
	printf("runs=%u before=%u hung=%u survived=%u torn=%u lost=%u ended=%u told=%u\n",
		tally.runs, tally.before, tally.hung, tally.survived, tally.torn, tally.lost,
		tally.ended, tally.told);
	return 0;
}
