#include "syscalls/script.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/act.h"

/*
 * As the supervisor: a script need not be readable to be run. Where another process holds a write
 * lease on the file, the kernel, too, waits until it has been given back.
 */
static int open_pin(struct call *call, int pin)
{
	char name[16];
	struct opening opening = {.base = call->session->world.fds,
		.name = name,
		.flags = O_RDONLY,
		.known_to_block = true};
	int fd;

	(void)snprintf(name, sizeof name, "%d", pin);
	fd = openat(opening.base, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0 && errno == EWOULDBLOCK)
		return act_open_as_self(call, &opening);
	return fd < 0 ? -errno : fd;
}

/* What is behind the end of the file is zero, as in the kernel's buffer. */
static ssize_t read_start(struct call *call, int pin, char buffer[SCRIPT_LINE_SIZE])
{
	cleanup_fd int fd = open_pin(call, pin);

	memset(buffer, 0, SCRIPT_LINE_SIZE);
	if (fd < 0)
		return fd == -EACCES || fd == -EPERM ? 0 : fd;
	return pread(fd, buffer, SCRIPT_LINE_SIZE, 0) < 0 ? 0 : SCRIPT_LINE_SIZE;
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t';
}

/* Where the line ends: at its newline, or, with none, at the buffer's end, if a name ends before.
 */
static size_t find_end(const char line[SCRIPT_LINE_SIZE])
{
	const char *newline = memchr(line, '\n', SCRIPT_LINE_SIZE);
	const size_t last = SCRIPT_LINE_SIZE - 1;
	size_t at = 2;

	if (newline != NULL)
		return (size_t)(newline - line);
	while (at < last && is_blank(line[at]))
		at++;
	while (at < last && !is_blank(line[at]) && line[at] != '\0')
		at++;
	return at < last ? last : 0;
}

int script_read(struct call *call, int pin, struct script *ret)
{
	char line[SCRIPT_LINE_SIZE];
	ssize_t size = read_start(call, pin, line);
	size_t end, start = 2, stop;

	if (size < 0)
		return (int)size;
	if (line[0] != '#' || line[1] != '!')
		return 0;
	end = find_end(line);
	while (end > 2 && is_blank(line[end - 1]))
		end--;
	while (start < end && is_blank(line[start]))
		start++;
	stop = start;
	while (stop < end && !is_blank(line[stop]) && line[stop] != '\0')
		stop++;
	if (stop == start)
		return 0;
	*ret = (struct script){0};
	memcpy(ret->interpreter, line + start, stop - start);
	if (stop == end || line[stop] == '\0')
		return 1;
	while (stop < end && is_blank(line[stop]))
		stop++;
	memcpy(ret->argument, line + stop, strnlen(line + stop, end - stop));
	return 1;
}
