#pragma once

#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC, in ms. */
static inline int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}
