#include "base/text.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct writer {
	char *buffer;
	size_t size, used;
	bool full;
};

static const char ellipsis[] = "\xe2\x80\xa6";
enum { RESERVE = sizeof ellipsis + 1 }; /* the mark, a closing quote */

static void put(struct writer *writer, const char *text, size_t length)
{
	if (writer->full)
		return;
	if (writer->used + length + RESERVE > writer->size) {
		writer->full = true;
		text = ellipsis;
		length = sizeof ellipsis - 1;
		if (writer->used + length + 1 > writer->size)
			return;
	}
	memcpy(writer->buffer + writer->used, text, length);
	writer->used += length;
}

/* Characters that change how others are shown: bidirectional controls, invisible ones. */
static bool is_deceptive(uint32_t code)
{
	return code < 0xa0 || code == 0xad || code == 0x061c || code == 0xfeff ||
	       (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	       (code >= 0x2060 && code <= 0x206f) || (code >= 0xd800 && code <= 0xf8ff) ||
	       (code >= 0xfff0 && code <= 0xffff) || code >= 0xe0000;
}

/* Length of a valid UTF-8 sequence of 2 to 4 bytes that may be shown as it is; else 0. */
static size_t shown_sequence(const unsigned char *at, size_t left)
{
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = at[0] >= 0xf0 ? 4 : at[0] >= 0xe0 ? 3 : 2;
	uint32_t code = at[0] & (0xffu >> (length + 1));

	if (at[0] < 0xc2 || at[0] > 0xf4 || length > left)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	return code < smallest[length] || code > 0x10ffff || is_deceptive(code) ? 0 : length;
}

static size_t put_one(struct writer *writer, const unsigned char *at, size_t left, bool quoted)
{
	char hex[8];
	size_t length = 1;

	if (at[0] == '\\' || (quoted && at[0] == '"')) {
		char pair[2] = {'\\', (char)at[0]};

		put(writer, pair, 2);
	} else if (at[0] >= 0x20 && at[0] < 0x7f) {
		put(writer, (const char *)at, 1);
	} else if (at[0] >= 0x80 && (length = shown_sequence(at, left)) > 0) {
		put(writer, (const char *)at, length);
	} else {
		(void)snprintf(hex, sizeof hex, "\\x%02x", at[0]);
		put(writer, hex, 4);
		length = 1;
	}
	return length;
}

static void put_all(struct writer *writer, const char *bytes, size_t length, bool quoted)
{
	for (size_t i = 0; i < length && !writer->full;)
		i += put_one(writer, (const unsigned char *)bytes + i, length - i, quoted);
}

static size_t finish(const struct writer *writer)
{
	writer->buffer[writer->used] = '\0';
	return writer->used;
}

size_t text_escape(char *buffer, size_t size, const char *bytes, size_t length)
{
	struct writer writer = {buffer, size, 0, false};

	if (size == 0)
		return 0;
	put_all(&writer, bytes, length, false);
	return finish(&writer);
}

size_t text_quote(char *buffer, size_t size, const char *bytes, size_t length)
{
	struct writer writer = {buffer, size, 0, false};

	if (size < 16)
		return size == 0 ? 0 : finish(&writer);
	put(&writer, "\"", 1);
	put_all(&writer, bytes, length, true);
	writer.buffer[writer.used++] = '"';
	return finish(&writer);
}

void text_print(char *buffer, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(buffer, size, format, arguments);
	va_end(arguments);
}
