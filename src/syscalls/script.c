#include "syscalls/script.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What is behind the end of the file is zero, as in the kernel's buffer. */
static ssize_t read_start(const struct call *call, int pin, char buffer[SCRIPT_LINE_SIZE])
{
	char name[16];
	cleanup_fd int fd = -1;

	memset(buffer, 0, SCRIPT_LINE_SIZE);
	(void)snprintf(name, sizeof name, "%d", pin);
	fd = openat(call->session->world.fds, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -1 : pread(fd, buffer, SCRIPT_LINE_SIZE, 0);
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

bool script_read(const struct call *call, int pin, struct script *ret)
{
	char line[SCRIPT_LINE_SIZE];
	ssize_t size = read_start(call, pin, line);
	size_t end, start = 2, stop;

	if (size < 2 || line[0] != '#' || line[1] != '!')
		return false;
	end = find_end(line);
	while (end > 2 && is_blank(line[end - 1]))
		end--;
	while (start < end && is_blank(line[start]))
		start++;
	stop = start;
	while (stop < end && !is_blank(line[stop]) && line[stop] != '\0')
		stop++;
	if (stop == start)
		return false;
	*ret = (struct script){0};
	memcpy(ret->interpreter, line + start, stop - start);
	if (stop == end || line[stop] == '\0')
		return true;
	while (stop < end && is_blank(line[stop]))
		stop++;
	memcpy(ret->argument, line + stop, strnlen(line + stop, end - stop));
	return true;
}
