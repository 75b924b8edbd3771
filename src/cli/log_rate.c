#include "cli/log_rate.h"

#include <string.h>

void log_rate_init(struct log_rate *rate)
{
	*rate = (struct log_rate){0};
	(void)pthread_mutex_init(&rate->lock, NULL);
}

/* Two keys may share a slot: then both are counted anew, and more is written, not less. */
static bool is_one_too_many(struct log_rate *rate, uint64_t key)
{
	size_t slot = key % LOG_RATE_SLOTS;

	if (rate->slots[slot].key != key) {
		rate->slots[slot].key = key;
		rate->slots[slot].count = 0;
	}
	return rate->slots[slot].count++ >= LOG_EQUAL_LIMIT;
}

/* Reserves room for a line. Short ones need none: long ones must not keep them out of the log. */
static bool has_room(struct log_rate *rate, size_t bytes)
{
	if (bytes <= LOG_SHORT)
		return true;
	if (rate->bytes + bytes > LOG_BYTES_LIMIT)
		return false;
	rate->bytes += bytes;
	return true;
}

bool log_rate_permits(struct log_rate *rate, uint64_t key, int64_t second, size_t bytes)
{
	bool permitted;

	(void)pthread_mutex_lock(&rate->lock);
	if (second != rate->second) {
		rate->second = second;
		rate->all = 0;
		rate->bytes = 0;
		memset(rate->slots, 0, sizeof rate->slots);
	}
	permitted =
		!is_one_too_many(rate, key) && rate->all < LOG_ALL_LIMIT && has_room(rate, bytes);
	if (permitted)
		rate->all++;
	else
		rate->dropped++;
	(void)pthread_mutex_unlock(&rate->lock);
	return permitted;
}

uint64_t log_rate_take_dropped(struct log_rate *rate, int64_t second, bool over)
{
	uint64_t dropped = 0;

	(void)pthread_mutex_lock(&rate->lock);
	if (over || second != rate->second) {
		dropped = rate->dropped;
		rate->dropped = 0;
	}
	(void)pthread_mutex_unlock(&rate->lock);
	return dropped;
}
