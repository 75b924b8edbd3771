#pragma once

#include <stddef.h>

/*
 * Messages that wait until they can be logged without holding up anybody: NUL-terminated, one
 * after the other. Bounded; what does not fit is dropped and counted.
 */
struct messages {
	char *bytes;
	size_t used, room;
	size_t dropped;
};

void messages_add(struct messages *messages, const char *text);

/* Gives each to log(), frees everything. */
void messages_flush(
	struct messages *messages, void (*log)(void *context, const char *message), void *context);
