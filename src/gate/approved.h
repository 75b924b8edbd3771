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

void approved_init(struct approved *approved);

/* Remembers a file, once. false: no memory. */
bool approved_add(struct approved *approved, const struct maps_file *file);
bool approved_has(struct approved *approved, const struct maps_file *file);
