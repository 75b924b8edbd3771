#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/decision_log.h"
#include "cli/describe.h"
#include "cli/log_rate.h"

enum {
	FAILURE_LIMIT = 32,
	DISTINCT_LIMIT = 512, /* shown and remembered; more are only counted */
	LINE_SIZE = 3 * PATH_MAX,
};

struct denial {
	uint64_t key;
	uint64_t count;
	bool mendable; /* `line` would allow it; else it is what was refused by intent */
	char *line;    /* escaped */
};

struct report {
	struct report_options options;
	int log;
	pthread_mutex_t lock;
	struct denial denials[DISTINCT_LIMIT];
	size_t distinct;
	uint64_t failures[FAILURE_LIMIT]; /* of handlers, said already */
	size_t failure_count;
	uint64_t key; /* random: a target that could find collisions could hide a denial */
	uint64_t total, beyond;    /* denials, and those of them that found the table full */
	_Atomic uint64_t unlogged; /* decisions that could not be written */
	struct log_rate rate;
};

/*
 * A FIFO that nobody reads is not waited for much longer than a reader takes that was started
 * together with us: our signals are blocked by now.
 */
static int open_log(const char *path, struct error *err)
{
	const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	const struct timespec moment = {.tv_nsec = 50000000L};
	int fd;

	for (int i = 0; (fd = open(path, flags, 0600)) < 0 && errno == ENXIO && i < 40; i++)
		(void)nanosleep(&moment, NULL);
	if (fd < 0)
		return error_errno(err, errno,
			errno == ENXIO ? "cannot open the log %s: nobody has it open for reading"
				       : "cannot open the log %s",
			path);
	(void)fcntl(fd, F_SETFL, O_APPEND);
	return fd;
}

int report_open(const struct report_options *options, struct report **ret, struct error *err)
{
	struct report *report = calloc(1, sizeof *report);
	int result;

	if (report == NULL)
		return error_set(err, ENOMEM, "out of memory");
	report->options = *options;
	if (getrandom(&report->key, sizeof report->key, 0) != sizeof report->key)
		report->key = (uint64_t)time(NULL);
	(void)pthread_mutex_init(&report->lock, NULL);
	log_rate_init(&report->rate);
	result = options->log != NULL ? open_log(options->log, err) : -1;
	if (options->log != NULL && result < 0) {
		free(report);
		return result;
	}
	report->log = result;
	*ret = report;
	return 0;
}

/* ---- one denial ---------------------------------------------------------------------------- */

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ ((const unsigned char *)bytes)[i]) * 1099511628211u;
	return hash;
}

/*
 * The same rule (or handler, or default) about the same object and the same rights. A handler that
 * fails does so whatever the object is.
 */
static uint64_t key_of(const struct report *report, const struct observation *observation)
{
	const struct request *request = observation->request;
	const struct verdict *verdict = observation->verdict;
	uint64_t hash = hash_bytes(report->key, &verdict->source, sizeof verdict->source);

	hash = hash_bytes(hash, &verdict->file, sizeof verdict->file);
	hash = hash_bytes(hash, &verdict->line, sizeof verdict->line);
	if (verdict->source == SOURCE_FAILURE)
		return hash_bytes(hash, verdict->why, strlen(verdict->why));
	hash = hash_bytes(hash, &observation->call->row, sizeof observation->call->row);
	hash = hash_bytes(hash, &verdict->kind, sizeof verdict->kind);
	hash = hash_bytes(hash, &request->rights, sizeof request->rights);
	if (request->operation == OPERATION_NONE)
		hash = hash_bytes(hash, observation->call->arguments, sizeof(uint64_t));
	hash = hash_bytes(hash, &request->signal, sizeof request->signal);
	hash = hash_bytes(hash, &request->to, sizeof request->to);
	if (request->newpath != NULL)
		hash = hash_bytes(hash, request->newpath, request->newpath_len + 1);
	return hash_bytes(hash, request->path, request->path_len);
}

/* true: seen before. */
static bool count_denial(struct report *report, uint64_t key, struct denial **ret)
{
	*ret = NULL;
	report->total++;
	for (size_t i = 0; i < report->distinct; i++)
		if (report->denials[i].key == key) {
			report->denials[i].count++;
			return true;
		}
	if (report->distinct == DISTINCT_LIMIT) {
		report->beyond++;
		return true;
	}
	*ret = &report->denials[report->distinct++];
	**ret = (struct denial){.key = key, .count = 1};
	return false;
}

/* What is remembered for the summary: the mend, or what was refused by intent. */
static char *summary_line(const struct observation *observation, const char *mend)
{
	char line[2 * LINE_SIZE + 64], object[2 * LINE_SIZE];
	const struct request *request = observation->request;

	if (mend[0] != '\0')
		return strdup(mend);
	if (observation->verdict->source == SOURCE_FAILURE) {
		text_print(line, sizeof line, "%s:%d: the policy failed",
			observation->verdict->file, observation->verdict->line);
		return strdup(line);
	}
	if (request->operation == OPERATION_NONE)
		return strdup(request->syscall);
	describe_object(request, object, sizeof object);
	text_print(line, sizeof line, "%s %s", request->syscall, object);
	return strdup(line);
}

static void print_denial(
	const struct report *report, const struct observation *observation, const char *suggestion)
{
	char text[2 * LINE_SIZE];
	const char *bold = report->options.color ? "\033[1;31m" : "";
	const char *plain = report->options.color ? "\033[0m" : "";

	describe_denial(observation, text, sizeof text);
	/* One call, so that the lines of two denials do not mix. */
	(void)fprintf(stderr, "%smoongate: denied%s %s\n%s%s%s", bold, plain, text,
		suggestion[0] != '\0' ? "  to allow it: " : "", suggestion,
		suggestion[0] != '\0' ? "\n" : "");
}

/* Remembers it; true: it is new, and to be told. */
static bool remember_denial(
	struct report *report, const struct observation *observation, const char *mend)
{
	struct denial *fresh;

	if (count_denial(report, key_of(report, observation), &fresh))
		return false;
	fresh->mendable = mend[0] != '\0';
	fresh->line = summary_line(observation, mend);
	return true;
}

/* Told outside the lock: a terminal that takes nothing holds up this call alone. */
static void report_denial(struct report *report, const struct observation *observation)
{
	char mend[LINE_SIZE];
	bool fresh;

	describe_mend(observation, mend, sizeof mend);
	(void)pthread_mutex_lock(&report->lock);
	fresh = remember_denial(report, observation, mend);
	(void)pthread_mutex_unlock(&report->lock);
	if (fresh && !report->options.quiet)
		print_denial(report, observation, mend);
}

static int64_t now_s(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static void note_unlogged(struct report *report, int error, uint64_t count)
{
	if (atomic_fetch_add(&report->unlogged, count) == 0)
		complain("cannot write the log: %s", strerror(error));
}

/* What a storm had left out, as soon as its second is over. */
static void log_dropped(struct report *report, int64_t second, bool over)
{
	uint64_t dropped = log_rate_take_dropped(&report->rate, second, over);
	int result = dropped > 0 ? decision_log_write_dropped(report->log, dropped) : 0;

	if (result < 0)
		note_unlogged(report, -result, dropped);
}

/* What a name takes in a line: what is escaped is there in hex, too. */
static size_t length_in_log(const char *name, size_t length)
{
	enum { ESCAPED = 7 };

	for (size_t i = 0; i < length; i++)
		if (name[i] < ' ' || name[i] > '~' || name[i] == '\\' || name[i] == '"')
			return ESCAPED * length;
	return length;
}

static size_t line_length(const struct request *request)
{
	enum { REST = 400 };

	return REST + length_in_log(request->path, request->path_len) +
	       (request->newpath != NULL ? length_in_log(request->newpath, request->newpath_len)
					 : 0);
}

/* Before the answer, so a crash loses no decision that took effect. */
static void log_decision(struct report *report, const struct observation *observation)
{
	int64_t second = now_s();
	int result = 0;

	log_dropped(report, second, false);
	if (log_rate_permits(&report->rate, key_of(report, observation), second,
		    line_length(observation->request)))
		result = decision_log_write(report->log, observation);
	if (result < 0)
		note_unlogged(report, -result, 1);
}

static bool is_refusal(const struct verdict *verdict)
{
	return verdict->kind == VERDICT_DENY || verdict->kind == VERDICT_KILL;
}

void report_observe(void *context, const struct observation *observation)
{
	struct report *report = context;

	if (report->log >= 0)
		log_decision(report, observation);
	if (is_refusal(observation->verdict))
		report_denial(report, observation);
}

/* A handler that fails, fails often: the same words are said once. print() says all it is told to.
 */
static bool is_repeated_failure(struct report *report, const char *message)
{
	uint64_t key = hash_bytes(report->key, message, strlen(message));
	bool repeated = false;

	if (strstr(message, "stack traceback:") == NULL)
		return false;
	(void)pthread_mutex_lock(&report->lock);
	for (size_t i = 0; i < report->failure_count && !repeated; i++)
		repeated = report->failures[i] == key;
	if (!repeated && report->failure_count < FAILURE_LIMIT)
		report->failures[report->failure_count++] = key;
	else
		repeated = true;
	(void)pthread_mutex_unlock(&report->lock);
	return repeated;
}

void report_message(void *context, const char *message)
{
	struct report *report = context;

	if (!is_repeated_failure(report, message))
		complain("%s", message);
}

/* ---- the summary --------------------------------------------------------------------------- */

static void print_summary_line(const struct denial *denial)
{
	const char *line = denial->line != NULL ? denial->line : "";

	if (denial->count > 1)
		(void)fprintf(
			stderr, "    %s  (%llu times)\n", line, (unsigned long long)denial->count);
	else
		(void)fprintf(stderr, "    %s\n", line);
}

/* Two denials may ask for the same line: a pattern of /proc stands for every process. */
static void join_equal_lines(struct report *report)
{
	for (size_t i = 0; i < report->distinct; i++)
		for (size_t j = i + 1; j < report->distinct; j++) {
			struct denial *one = &report->denials[i], *other = &report->denials[j];

			if (one->count == 0 || one->mendable != other->mendable ||
				one->line == NULL || other->line == NULL ||
				strcmp(one->line, other->line) != 0)
				continue;
			one->count += other->count;
			other->count = 0;
		}
}

static void print_summary_part(const struct report *report, bool mendable, const char *heading)
{
	enum { SHOWN = 40 };
	size_t found = 0;

	for (size_t i = 0; i < report->distinct; i++) {
		if (report->denials[i].mendable != mendable || report->denials[i].count == 0)
			continue;
		if (found++ == 0)
			(void)fprintf(stderr, "%s\n", heading);
		if (found <= SHOWN)
			print_summary_line(&report->denials[i]);
	}
	if (found > SHOWN)
		(void)fprintf(stderr, "    … and %zu more\n", found - SHOWN);
}

static void print_summary(struct report *report)
{
	join_equal_lines(report);
	(void)fprintf(stderr, "moongate: %llu denial%s\n", (unsigned long long)report->total,
		report->total == 1 ? "" : "s");
	print_summary_part(report, false, "  refused by a rule or handler:");
	print_summary_part(report, true, "  to allow these, add:");
	if (report->beyond > 0)
		(void)fprintf(stderr,
			"  … and %llu that were not recorded one by one: --log FILE has them\n",
			(unsigned long long)report->beyond);
}

void report_finish(struct report *report)
{
	if (report->log >= 0)
		log_dropped(report, 0, true);
	(void)pthread_mutex_lock(&report->lock);
	if (report->total > 0 && !report->options.quiet)
		print_summary(report);
	if (report->unlogged > 0)
		complain("%llu decisions are missing in the log",
			(unsigned long long)report->unlogged);
	(void)pthread_mutex_unlock(&report->lock);
}
