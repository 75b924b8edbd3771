#include "syscalls/script.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"

static ssize_t read_start(const struct call *call, int pin, char buffer[SCRIPT_LINE_SIZE])
{
	char name[16];
	cleanup_fd int fd = -1;

	(void)snprintf(name, sizeof name, "%d", pin);
	fd = openat(call->session->world.fds, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -1 : pread(fd, buffer, SCRIPT_LINE_SIZE, 0);
}

int script_interpreter(const struct call *call, int pin, char ret[SCRIPT_LINE_SIZE])
{
	char line[SCRIPT_LINE_SIZE + 1];
	ssize_t size = read_start(call, pin, line);
	size_t start, length;

	if (size < 2 || line[0] != '#' || line[1] != '!')
		return 0;
	line[size] = '\0';
	start = 2 + strspn(line + 2, " \t");
	length = strcspn(line + start, " \t\n");
	/* A name that the buffer cuts off is none. */
	if (length == 0 || start + length >= SCRIPT_LINE_SIZE)
		return 0;
	memcpy(ret, line + start, length);
	ret[length] = '\0';
	return 1;
}
