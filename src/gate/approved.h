#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "target/maps.h"

/* Files that the policy has approved as code in this run, and those of programs that it approved.
 */
struct approved {
	pthread_mutex_t lock;
	struct maps_file *files;
	size_t count, room;
};

#define APPROVED_NONE \
	{ \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

void approved_init(struct approved *approved);
void approved_release(struct approved *approved);
#define cleanup_approved __attribute__((cleanup(approved_release)))

/* Remembers a file, once. false: no memory. */
bool approved_add(struct approved *approved, const struct maps_file *file);
bool approved_has(struct approved *approved, const struct maps_file *file);
