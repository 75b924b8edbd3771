#pragma once

#include <stddef.h>

/*
 * Bytes from a target, made fit for a terminal and a log: printable UTF-8 stays, everything else
 * (control and format characters, invalid sequences) becomes \xHH a byte, and \ becomes \\, so the
 * text is unambiguous. Always NUL-terminated; cut off with "…" where it does not fit. Returns the
 * length of the text.
 */
size_t text_escape(char *buffer, size_t size, const char *bytes, size_t length);

/* As above with double quotes around, and " escaped. */
size_t text_quote(char *buffer, size_t size, const char *bytes, size_t length);

/* snprintf(3) for messages, where being cut off is fine. */
void text_print(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
