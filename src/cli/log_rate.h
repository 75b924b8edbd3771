#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * How fast a log may grow. A program in a loop of refused calls must not fill the disk: of the same
 * decision (the key tells) so many are written in a second, and so many of all together; and, as
 * names may be long, so many bytes. What is left out is counted.
 */
enum {
	LOG_EQUAL_LIMIT = 100,     /* equal decisions a second */
	LOG_ALL_LIMIT = 20000,     /* decisions a second */
	LOG_SHORT = 1024,          /* bytes of a line that is always written within these two */
	LOG_BYTES_LIMIT = 8 << 20, /* a second, of lines that are longer */
	LOG_RATE_SLOTS = 1024,
};

struct log_rate {
	pthread_mutex_t lock;
	int64_t second; /* CLOCK_MONOTONIC */
	unsigned all;
	uint64_t bytes;
	uint64_t dropped; /* not yet said */
	struct {
		uint64_t key;
		unsigned count;
	} slots[LOG_RATE_SLOTS];
};

void log_rate_init(struct log_rate *rate);

/* Whether this decision is to be written; `second` as log_rate.second, `bytes` of its line. */
bool log_rate_permits(struct log_rate *rate, uint64_t key, int64_t second, size_t bytes);

/*
 * How many have been left out in seconds that are over; then they count as said. `over`: the last
 * one is, too.
 */
uint64_t log_rate_take_dropped(struct log_rate *rate, int64_t second, bool over);
