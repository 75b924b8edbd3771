#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "cli/witness.h"
#include "launch/launch.h"

/* How a run came to its end. */
enum run_end {
	RUN_ENDED,       /* the last process of the tree is gone */
	RUN_GUARD_DIED,  /* killed, as the tree is then */
	RUN_OUT_OF_TIME, /* the tree was killed: it had its time */
	RUN_INTERRUPTED, /* the tree was killed: Ctrl-C, twice */
	RUN_STUCK,       /* the tree was killed: the supervisor did not work any more */
};

struct supervision {
	const struct launched *launched;
	struct witness *witness; /* ended with the run */
	uint64_t wall_ms;        /* how long the run may take; UINT64_MAX: as long as it likes */
	/* Called once a second: whether nothing has moved since the last call that should have. */
	bool (*is_stuck)(void *context);
	void *context;
};

/*
 * The main thread's work while the target runs: signals, job control, time, and the end.
 * *ret_status is the status (waitpid(2)) of the first target; only after RUN_ENDED. A negative
 * errno where it cannot be done.
 */
int supervise(const struct supervision *supervision, int *ret_status);
