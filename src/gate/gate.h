#pragma once

#include "base/error.h"
#include "syscalls/call.h"

/*
 * The gate: every notification goes through it. Read gate.c first.
 *
 * One thread at a time holds the lead. It receives, and handles what it received itself, from
 * decoding to the answer: handing a call to another thread costs more than the whole call. What is
 * handed over is the lead: before a section known to block, or when the monitor sees the leader in
 * one call for longer than a millisecond. So somebody always receives, and only what has been
 * received is safe from spurious interruption (reference: seccomp(2), WAIT_KILLABLE_RECV).
 */
struct gate;

/*
 * Starts the threads; they wait until the gate is opened. The caller has all signals blocked.
 * `session` outlives the gate; its hooks blocking_begin, blocking_end and code_allowed are set
 * here.
 */
int gate_start(struct session *session, struct gate **ret, struct error *err);

/* From now on calls are received. `listener` stays the caller's. */
void gate_open(struct gate *gate, int listener);

/*
 * For a watchdog that looks now and then: whether a call waits, and none has been received since
 * the last look.
 */
bool gate_is_stuck(struct gate *gate);

/* After the last target is gone: ends the threads, and waits a moment for them. Frees nothing. */
void gate_stop(struct gate *gate);
