#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int negative(int code)
{
	return code == 0 ? -EIO : -abs(code);
}

__attribute__((format(printf, 3, 0))) static int fill(
	struct error *err, int code, const char *format, va_list arguments)
{
	code = negative(code);
	if (err == NULL)
		return code;
	err->code = code;
	(void)vsnprintf(err->text, sizeof err->text, format, arguments);
	return code;
}

int error_set(struct error *err, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	code = fill(err, code, format, arguments);
	va_end(arguments);
	return code;
}

/* Behind the first line: what follows is what to do. */
static void add_reason(char *text, size_t size, const char *reason)
{
	size_t first = strcspn(text, "\n"), length = strlen(text), room;

	room = size - 1 - first;
	if (strlen(reason) + 2 >= room)
		return;
	room -= strlen(reason) + 2;
	if (length - first > room)
		text[length = first + room] = '\0';
	memmove(text + first + 2 + strlen(reason), text + first, length - first + 1);
	memcpy(text + first, ": ", 2);
	memcpy(text + first + 2, reason, strlen(reason));
}

int error_errno(struct error *err, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	code = fill(err, code, format, arguments);
	va_end(arguments);
	if (err == NULL)
		return code;
	add_reason(err->text, sizeof err->text, strerror(-code));
	return code;
}
