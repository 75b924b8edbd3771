#include "lua/messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 8192, QUEUE_MAX = 64 * 1024 };

static char *make_room(struct messages *messages, size_t size)
{
	size_t room = messages->used + size;
	char *bytes;

	if (room > QUEUE_MAX)
		return NULL;
	if (room <= messages->room)
		return messages->bytes + messages->used;
	room = room * 2 < QUEUE_MAX ? room * 2 : QUEUE_MAX;
	bytes = realloc(messages->bytes, room);
	if (bytes == NULL)
		return NULL;
	messages->bytes = bytes;
	messages->room = room;
	return bytes + messages->used;
}

void messages_add(struct messages *messages, const char *text)
{
	size_t len = strnlen(text, MESSAGE_MAX);
	char *place = make_room(messages, len + 1);

	if (place == NULL) {
		messages->dropped++;
		return;
	}
	memcpy(place, text, len);
	place[len] = '\0';
	messages->used += len + 1;
}

static void report_dropped(
	size_t count, void (*log)(void *context, const char *message), void *context)
{
	char text[64];

	(void)snprintf(text, sizeof text, "%zu more messages of the policy were dropped", count);
	log(context, text);
}

void messages_flush(
	struct messages *messages, void (*log)(void *context, const char *message), void *context)
{
	if (log != NULL) {
		for (size_t at = 0; at < messages->used; at += strlen(messages->bytes + at) + 1)
			log(context, messages->bytes + at);
		if (messages->dropped > 0)
			report_dropped(messages->dropped, log, context);
	}
	free(messages->bytes);
	*messages = (struct messages){0};
}
