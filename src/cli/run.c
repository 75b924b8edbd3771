#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/prefault.h"
#include "base/text.h"
#include "cli/color.h"
#include "cli/command.h"
#include "cli/program.h"
#include "cli/report.h"
#include "cli/run_notes.h"
#include "cli/session.h"
#include "cli/supervise.h"
#include "gate/gate.h"
#include "launch/filter.h"
#include "launch/landlock.h"
#include "launch/launch.h"
#include "launch/probe.h"
#include "lua/host.h"
#include "target/identity.h"

/* moongate run: from the command line to the command's exit status. */

struct run {
	struct policy_options policies;
	struct report_options report_options;
	bool without_landlock, unscoped; /* as asked for; as it is */
	char *const *command;
	char program[PATH_MAX];

	struct report *report;
	struct lua_host *host;
	struct policy *policy;
	struct filter filter;
	struct session *session;
	struct launched launched;
	bool forked;
	struct world world;
	struct gate *gate;
	struct witness witness;
	sigset_t mask; /* as we were started with: the target's */
};

/* ---- options ------------------------------------------------------------------------------- */

static const char usage[] =
	"usage: moongate run -p POLICY [-p POLICY ...] [-D NAME=VALUE ...] [--] COMMAND [ARG ...]\n"
	"\n"
	"Runs COMMAND; the policies decide what it may open, make and run.\n"
	"\n"
	"  -p, --policy POLICY   a file, or the name of a policy: build, readonly, workspace, ...\n"
	"  -D NAME=VALUE         a parameter of a policy\n"
	"      --log FILE        append the decisions, one JSON object a line\n"
	"  -q, --quiet           say nothing about denials\n"
	"      --color WHEN      auto, always or never\n"
	"      --without-landlock\n"
	"                        as on a kernel that has no Landlock with scopes: for tests\n"
	"  -h, --help            this text\n"
	"\n"
	"Exit status: COMMAND's own; 128+n when it died of signal n; 126 it cannot be executed;\n"
	"127 it was not found; 125 Moongate could not;\n"
	"124 it took longer than the policy lets it (limits: wall).\n"
	"\n"
	"example: moongate run -p workspace -D dir=$PWD -- make\n";

enum { OPTION_LOG = 256, OPTION_COLOR, OPTION_WITHOUT_LANDLOCK };

static const struct option options[] = {
	{"policy", required_argument, NULL, 'p'},
	{"log", required_argument, NULL, OPTION_LOG},
	{"quiet", no_argument, NULL, 'q'},
	{"color", required_argument, NULL, OPTION_COLOR},
	{"without-landlock", no_argument, NULL, OPTION_WITHOUT_LANDLOCK},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* -1: go on; else the exit status. */
static int take_option(struct run *run, int option)
{
	switch (option) {
	case 'p':
	case 'D':
		return policy_options_add(&run->policies, option, optarg) ? -1 : EXIT_OURS;
	case 'q':
		run->report_options.quiet = true;
		return -1;
	case OPTION_LOG:
		run->report_options.log = optarg;
		return is_option_value("--log", "the name of a file", optarg) ? -1 : EXIT_OURS;
	case OPTION_COLOR:
		return color_parse(optarg, &run->report_options.color) ? -1 : EXIT_OURS;
	case OPTION_WITHOUT_LANDLOCK:
		run->without_landlock = true;
		return -1;
	case 'h':
		(void)fputs(usage, stdout);
		return 0;
	default:
		complain("moongate run --help lists the options");
		return EXIT_OURS;
	}
}

static int parse(struct run *run, int argc, char **argv)
{
	int option;

	run->report_options.color = color_wanted(stderr);
	optind = 1;
	while ((option = getopt_long(argc, argv, "+p:D:qh", options, NULL)) != -1) {
		int status = take_option(run, option);

		if (status >= 0)
			return status;
	}
	if (run->policies.name_count == 0) {
		complain("no policy\nsay which with -p, for example: moongate run -p workspace -- "
			 "make");
		return EXIT_OURS;
	}
	if (optind >= argc) {
		complain("no command\nusage: moongate run -p POLICY -- COMMAND [ARG ...]");
		return EXIT_OURS;
	}
	run->command = argv + optind;
	return -1;
}

/* ---- before anything runs ------------------------------------------------------------------ */

static int load_policy(struct run *run, struct error *err)
{
	int result = report_open(&run->report_options, &run->report, err);

	if (result < 0)
		return result;
	run->host = policy_options_load(&run->policies, report_message, run->report);
	if (run->host == NULL)
		return -EINVAL; /* it has been said */
	run->policy = lua_host_policy(run->host);
	return 0;
}

static unsigned setting_of(const struct run *run)
{
	unsigned setting = 0;

	if (run->session->world.privileged)
		setting |= FILTER_PRIVILEGED;
	if (!run->session->scoped)
		setting |= FILTER_UNSCOPED;
	return setting;
}

static int prepare(struct run *run, struct error *err)
{
	int result = load_policy(run, err);

	if (result < 0)
		return result;
	run->session = session_new(run->host, run->report, &run->world, !run->unscoped, err);
	if (run->session == NULL)
		return err->code;
	result = launch_probe(run->session->judges_exec || filter_judges_map(run->policy), err);
	return result < 0 ? result : filter_build(run->policy, setting_of(run), &run->filter, err);
}

/* ---- start, wait, end ---------------------------------------------------------------------- */

/* After the fork: none of this may reach the target. */
static void settle_supervisor(const struct run *run)
{
	struct rlimit files;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	/* stdin and stdout are the command's: a pipe must see its end when the command closes it.
	 */
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)close(null);
	}
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	/* No core file with what targets gave us; and no way in for others of the same user. */
	if (!run->session->world.privileged)
		(void)prctl(PR_SET_DUMPABLE, 0);
}

/* What to run where it turns out to be a text file; the caller frees it. NULL: no memory. */
static char **shell_arguments(struct run *run)
{
	static char shell[] = "/bin/sh";
	size_t count = 0;
	char **words;

	while (run->command[count] != NULL)
		count++;
	words = calloc(count + 2, sizeof *words);
	if (words == NULL)
		return NULL;
	words[0] = shell;
	words[1] = run->program;
	for (size_t i = 1; i < count; i++)
		words[i + 1] = run->command[i];
	return words;
}

/* Now, while there is little to copy: the first target waits for its filter. */
static int fork_early(struct run *run, struct error *err)
{
	char **shell = shell_arguments(run);
	const struct launch launch = {
		.program = run->program,
		.arguments = run->command,
		.shell_arguments = shell,
		.unscoped = run->unscoped,
	};
	sigset_t all;
	int result;

	if (shell == NULL)
		return error_set(err, ENOMEM, "out of memory");
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	result = launch_prepare(&launch, &run->mask, &run->launched, err);
	run->forked = result == 0;
	free(shell); /* the target has a copy of its own */
	return result;
}

/* What the target gives up its supervisor does not use on its behalf. */
static int settle_credentials(const struct launch_terms *terms, struct error *err)
{
	int result = launch_drops_resource(terms) ? launch_drop_resource_capability() : 0;

	if (result == 0)
		result = identity_remember_own();
	return result < 0 ? error_errno(err, result, "cannot settle the supervisor's credentials")
			  : 0;
}

static int start(struct run *run, struct error *err)
{
	const struct launch_terms terms = {
		.filter = &run->filter,
		.limits = policy_limits(run->policy),
		.judges_map = filter_judges_map(run->policy),
		.no_core = !policy_always_allows(
			run->policy, OPERATION_OPEN, RIGHT_CREATE | RIGHT_MODIFY),
	};
	int result = settle_credentials(&terms, err);

	if (result == 0)
		result = launch_start(&run->launched, &terms, err);
	if (result < 0)
		return result;
	run->session->world.guard = run->launched.guard;
	run->session->killable = run->launched.killable;
	result = gate_start(run->session, &run->gate, err);
	if (result == 0)
		result = launch_take(&run->launched, &terms, err);
	if (result < 0)
		return result;
	settle_supervisor(run);
	gate_open(run->gate, run->launched.listener);
	launch_go(&run->launched);
	return 0;
}

static int exit_status(const struct run *run, int status)
{
	int error = launch_exec_error(&run->launched);

	if (error != 0) {
		complain("cannot run %s: %s", run->program, strerror(error));
		return error == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE;
	}
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Both are asked each time: each remembers what it saw. */
static bool is_stuck(void *context)
{
	const struct run *run = context;
	bool gate = gate_is_stuck(run->gate), host = lua_host_is_stuck(run->host);

	return gate || host;
}

static void leave(int signal)
{
	(void)signal;
	_exit(EXIT_OURS);
}

/*
 * The guard has killed the tree. What is left may need a lock that a thread which does nothing any
 * more holds, malloc(3)'s included, and no signal but a handler's ends waiting for that.
 */
static void leave_in_time(struct run *run)
{
	enum { LAST_WORDS_SECONDS = 5 };
	const struct sigaction action = {.sa_handler = leave};
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	(void)sigaction(SIGALRM, &action, NULL);
	(void)pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	(void)sigdelset(&run->mask, SIGALRM);
	(void)alarm(LAST_WORDS_SECONDS);
}

static int wait_for_end(struct run *run)
{
	const struct supervision supervision = {
		.launched = &run->launched,
		.witness = &run->witness,
		.wall_ms = policy_limits(run->policy)->values[RUN_LIMIT_WALL],
		.is_stuck = is_stuck,
		.context = run,
	};
	int status, end = supervise(&supervision, &status);

	if (end == RUN_ENDED)
		return exit_status(run, status);
	launch_kill_tree(&run->launched);
	if (end == RUN_STUCK)
		leave_in_time(run);
	switch (end) {
	case RUN_OUT_OF_TIME:
		complain("the run took longer than the policy lets it (limits: wall), and was "
			 "killed");
		return EXIT_OUT_OF_TIME;
	case RUN_INTERRUPTED:
		complain("interrupted twice: every process of the run was killed");
		return 128 + SIGINT;
	case RUN_STUCK:
		complain("the supervisor did not answer any more, and so the whole tree was "
			 "killed\nthis is an error in Moongate: please report it");
		return EXIT_OURS;
	default:
		complain("the guard process died, and so the whole tree was killed");
		return EXIT_OURS;
	}
}

/* A reader of our messages that is gone, or a limit of file sizes, must not end us. */
static void add_writing_signals(sigset_t *set)
{
	(void)sigaddset(set, SIGPIPE);
	(void)sigaddset(set, SIGXFSZ);
}

static void block_writing_signals(struct run *run)
{
	sigset_t set;

	(void)sigemptyset(&set);
	add_writing_signals(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &run->mask);
}

/*
 * Frees nothing: the process ends, and takes everything with it. A thread that is stuck in a dead
 * file system may still use any of it.
 */
static void finish(const struct run *run)
{
	if (run->gate != NULL)
		gate_stop(run->gate);
	/* What is left is to say something; who waits for a terminal that takes nothing may end us.
	 */
	if (run->gate != NULL) {
		sigset_t mask = run->mask;

		add_writing_signals(&mask);
		(void)pthread_sigmask(SIG_SETMASK, &mask, NULL);
	}
	if (run->report != NULL)
		report_finish(run->report);
}

static int prepare_and_start(struct run *run, struct error *err)
{
	int result = launch_probe(false, err);

	if (result == 0)
		result = world_open(&run->world, err);
	if (result == 0)
		result = fork_early(run, err);
	if (result < 0)
		return result;
	prefault();
	result = prepare(run, err);
	if (result < 0)
		return result;
	if (!run->report_options.quiet) {
		run_note_unjudged(run->policy);
		run_note_writable_policies(run->policy, &run->policies);
	}
	run_note_writable_log(run->host, run->report_options.log);
	return start(run, err);
}

static int run_command_line(int argc, char **argv)
{
	static struct run run;
	struct error err = {0};
	int status;

	block_writing_signals(&run);
	status = parse(&run, argc, argv);

	if (status < 0)
		status = program_find(run.command[0], run.program);
	if (status >= 0)
		return status;
	run.unscoped = run.without_landlock || !landlock_has_scopes();
	witness_start(&run.witness);
	status = prepare_and_start(&run, &err);
	if (status == 0)
		status = wait_for_end(&run);
	else if (err.text[0] != '\0')
		complain("%s", err.text);
	if (status < 0 && run.forked)
		launch_kill_tree(&run.launched);
	finish(&run);
	return status < 0 ? EXIT_OURS : status;
}

const struct command run_command = {
	.name = "run",
	.summary = "run a command under a policy",
	.usage = usage,
	.run = run_command_line,
};
