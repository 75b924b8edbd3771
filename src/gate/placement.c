#include <sched.h>
#include <time.h>

#include "gate/internal.h"

/*
 * On an idle machine every ADDFD wakes the target on another CPU, where its next call wakes the
 * worker, and so the two change places call by call: 20 to 50 µs each instead of 6. A worker that
 * sees itself do that confines *itself* to the CPU it is on, for a while. The target's affinity is
 * its own business and never touched.
 */

enum { HOPS = 2, CALLS = 256, NANOSECONDS = 100 * 1000 * 1000 };

static void confine(struct placement *placement, int cpu)
{
	cpu_set_t one;

	if (sched_getaffinity(0, sizeof placement->own, &placement->own) < 0)
		return;
	CPU_ZERO(&one);
	CPU_SET((unsigned)cpu, &one);
	if (sched_setaffinity(0, sizeof one, &one) < 0)
		return;
	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &placement->until);
	placement->until.tv_nsec += NANOSECONDS;
	placement->calls = CALLS;
}

static bool is_over(const struct timespec *until)
{
	struct timespec now;
	long long left;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	left = (until->tv_sec - now.tv_sec) * 1000000000LL + until->tv_nsec - now.tv_nsec;
	return left <= 0;
}

int placement_begin(const struct placement *placement)
{
	return placement->calls > 0 ? -1 : sched_getcpu();
}

void placement_end(struct placement *placement, int cpu)
{
	if (placement->calls > 0) {
		if (--placement->calls == 0 || is_over(&placement->until))
			placement_release(placement);
		return;
	}
	placement->hops = sched_getcpu() == cpu ? 0 : placement->hops + 1;
	if (placement->hops < HOPS)
		return;
	placement->hops = 0;
	confine(placement, sched_getcpu());
}

void placement_release(struct placement *placement)
{
	placement->hops = 0;
	if (placement->calls == 0)
		return;
	placement->calls = 0;
	(void)sched_setaffinity(0, sizeof placement->own, &placement->own);
}
