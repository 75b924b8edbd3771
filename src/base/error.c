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

int error_errno(struct error *err, int code, const char *format, ...)
{
	va_list arguments;
	size_t used;

	va_start(arguments, format);
	code = fill(err, code, format, arguments);
	va_end(arguments);
	if (err == NULL)
		return code;
	used = strlen(err->text);
	(void)snprintf(err->text + used, sizeof err->text - used, ": %s", strerror(-code));
	return code;
}
