#include "cli/decision_log.h"

#include <errno.h>
#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "policy/errname.h"
#include "policy/signame.h"
#include "target/process.h"

/* The smallest of any machine: each larger one ends where one of these ends. */
#define PAGE 4096

static void set(json_t *object, const char *key, const char *text)
{
	char escaped[4 * PATH_MAX];

	(void)text_escape(escaped, sizeof escaped, text, strlen(text));
	(void)json_object_set_new(object, key, json_string(escaped));
}

static void set_number(json_t *object, const char *key, long long number)
{
	(void)json_object_set_new(object, key, json_integer(number));
}

static void set_hex(json_t *object, const char *key, const char *bytes, size_t length)
{
	char hex[2 * PATH_MAX + 1];

	for (size_t i = 0; i < length && i < PATH_MAX; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", (unsigned char)bytes[i]);
	(void)json_object_set_new(object, key, json_string(hex));
}

static void set_path(
	json_t *object, const char *key, const char *key_hex, const char *path, size_t path_len)
{
	char escaped[4 * PATH_MAX];
	size_t length = text_escape(escaped, sizeof escaped, path, path_len);

	(void)json_object_set_new(object, key, json_string(escaped));
	if (length != path_len || memcmp(escaped, path, length) != 0)
		set_hex(object, key_hex, path, path_len);
}

static void set_time(json_t *object)
{
	struct timespec now;
	struct tm parts;
	char text[64];
	size_t used;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &parts);
	used = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
	(void)snprintf(text + used, sizeof text - used, ".%06ldZ", now.tv_nsec / 1000);
	set(object, "time", text);
}

static json_t *rights_array(unsigned rights)
{
	json_t *array = json_array();

	for (int i = 0; i < RIGHT_COUNT; i++)
		if ((rights & (1u << i)) != 0)
			(void)json_array_append_new(
				array, json_string(right_name((enum right_index)i)));
	return array;
}

static void set_verdict(json_t *object, const struct verdict *verdict)
{
	const char *name = errname_of(verdict->error);

	set(object, "verdict", verdict_kind_name(verdict->kind));
	if (verdict->kind == VERDICT_DENY)
		set(object, "errno", name != NULL ? name : "EACCES");
	if (verdict->kind == VERDICT_REDIRECT && verdict->data != NULL)
		set(object, "redirect", verdict->data);
	set(object, "source", verdict_source_name(verdict->source));
	if (verdict->file != NULL && verdict->line > 0) {
		set(object, "file", verdict->file);
		set_number(object, "line", verdict->line);
	}
	if (verdict->rule != NULL)
		set(object, "rule", verdict->rule->words);
	if (verdict->why[0] != '\0')
		set(object, "why", verdict->why);
}

static void set_names(json_t *object, const struct request *request)
{
	set_path(object, "path", "path_hex", request->path, request->path_len);
	(void)json_object_set_new(object, "rights", rights_array(request->rights));
	if (request->newpath == NULL)
		return;
	set_path(object, "newpath", "newpath_hex", request->newpath, request->newpath_len);
	(void)json_object_set_new(object, "new_rights", rights_array(request->new_rights));
}

static void set_signal(json_t *object, const struct request *request)
{
	char name[SIGNAME_SIZE];

	set(object, "signal", signame_of(request->signal, name));
	set_number(object, "to", request->to);
}

static json_t *describe(const struct observation *observation)
{
	const struct request *request = observation->request;
	const struct call *call = observation->call;
	json_t *object = json_object();
	char comm[16];

	set_time(object);
	set_number(object, "tid", call->target.tid);
	process_comm(&call->session->world, call->target.tid, comm);
	set(object, "comm", comm);
	set(object, "syscall", request->syscall);
	if (request->operation == OPERATION_KILL)
		set_signal(object, request);
	else if (request->operation != OPERATION_NONE)
		set_names(object, request);
	set_verdict(object, observation->verdict);
	if (observation->note != NULL)
		set(object, "note", observation->note);
	return object;
}

/*
 * Blanks that a line needs before it to lie within one page of its file: SIGKILL ends a write
 * between two pages (generic_perform_write in mm/filemap.c looks for it before each), never within
 * one. A line longer than a page has none, and another run that appends to the file may come
 * between.
 */
static size_t blanks_before(int fd, size_t length)
{
	struct stat st;
	size_t used;

	if (length > PAGE || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	used = (size_t)st.st_size % PAGE;
	return used + length > PAGE ? PAGE - used : 0;
}

/* A short write would tear a line: there is nothing to do but to say so. */
static int write_line(int fd, char *line, size_t length)
{
	static pthread_mutex_t end_of_file = PTHREAD_MUTEX_INITIALIZER;
	static char blanks[PAGE];
	struct iovec parts[] = {{.iov_base = blanks}, {.iov_base = line, .iov_len = length}};
	ssize_t written;
	int result = 0;

	(void)pthread_mutex_lock(&end_of_file);
	parts[0].iov_len = blanks_before(fd, length);
	(void)memset(blanks, ' ', parts[0].iov_len);
	do
		written = writev(fd, parts, 2);
	while (written < 0 && errno == EINTR);
	if (written != (ssize_t)(parts[0].iov_len + length))
		result = written < 0 ? -errno : -ENOSPC;
	(void)pthread_mutex_unlock(&end_of_file);
	return result;
}

/* Takes the object over. */
static int write_object(int fd, json_t *object)
{
	size_t length = json_dumpb(object, NULL, 0, JSON_COMPACT);
	char *line = malloc(length + 1);
	int result = -ENOMEM;

	if (length > 0 && line != NULL) {
		(void)json_dumpb(object, line, length, JSON_COMPACT);
		line[length] = '\n';
		result = write_line(fd, line, length + 1);
	}
	free(line);
	json_decref(object);
	return result;
}

int decision_log_write(int fd, const struct observation *observation)
{
	return write_object(fd, describe(observation));
}

int decision_log_write_dropped(int fd, uint64_t count)
{
	json_t *object = json_object();

	set_time(object);
	set_number(object, "dropped", (long long)count);
	return write_object(fd, object);
}
