#pragma once

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "gate/approved.h"
#include "gate/gate.h"
#include "gate/notify.h"

/* The parts of the gate that its own files share. */

enum {
	WORKERS_LIMIT = 256, /* calls that may block at the same time */
	QUEUE_SIZE = 64,
};

/* Where a worker runs: placement.c. */
struct placement {
	unsigned hops;  /* calls in a row that ended on another CPU than they began on */
	unsigned calls; /* left until the worker may go where it likes again; 0: it may */
	cpu_set_t own;  /* its affinity, while it is confined */
	struct timespec until;
};

struct worker {
	struct gate *gate;
	pthread_t thread;
	pid_t tid;
	struct notify_buffers buffers;
	struct call call;
	/* Odd while a call is handled; so "the same odd number" is "the same call". */
	atomic_uint turn;
	struct placement placement;
	bool receiving; /* in RECV; under the gate's lock */
	/* The thread that it makes execute another program; 0: none. */
	_Atomic pid_t redirects;
	/* A section in which the monitor may interrupt: 0, or the turn it belongs to. */
	atomic_uint section;
	/* The monitor's notes on this worker. */
	unsigned seen_turn;
	unsigned ticks;         /* how long it has been in the same section */
	unsigned pending;       /* looks in a row at which a signal was waiting for its target */
	unsigned interrupts;    /* how often it was interrupted in this section */
	unsigned waiting_ticks; /* how long it has led without handling while calls are queued */
};

struct gate {
	struct session *session;
	int listener;

	pthread_mutex_t lock; /* protects what follows, up to the queue */
	pthread_cond_t lead_free;
	bool open;                       /* there is a listener */
	_Atomic(struct worker *) leader; /* read without the lock */
	struct worker *workers[WORKERS_LIMIT];
	unsigned workers_limit; /* of this run */
	unsigned worker_count, idle;
	bool barren;    /* no thread could be made the last time */
	unsigned asked; /* who was asked last to lead instead of waiting */
	int ask_pause;  /* ticks */
	atomic_bool stopping;

	/* Received, not handled yet; the leader's. */
	struct seccomp_notif queue[QUEUE_SIZE];
	unsigned queue_first;
	atomic_uint queue_count;
	pid_t last_tid;
	atomic_ulong received;       /* how many, ever */
	unsigned long seen_received; /* the watchdog's note */

	struct approved approved; /* where what is loaded as code is judged */
	atomic_uint mapping;      /* how many are being let map it */

	pthread_t monitor;
	struct notify_buffers monitor_buffers;
	atomic_int monitor_asleep; /* futex: 1 asleep, 0 awake, -1 it is to end */
};

/* gate.c */
int gate_add_worker(struct gate *gate, struct error *err);
/*
 * Lets somebody else lead. false: there is nobody, and nobody can be made. A worker that waits in
 * RECV keeps the lead unless `waiting`: with two receivers a call may be taken from under one's
 * nose.
 */
bool gate_pass_lead(struct worker *worker, bool waiting);

/* handle.c: decode, perform, answer what worker->buffers.request holds. */
void gate_handle(struct worker *worker, const struct seccomp_notif *notification);

/* exec_stop.c: lets the kernel execute, and verifies what then is there. */
void exec_stop(struct worker *worker, const struct answer *answer);
/*
 * stop.c: lets a call go on, and has the thread stop before its next instruction. options: as
 * PTRACE_SEIZE takes them, but for EXITKILL, which is always there.
 */
/* false: it is traced by somebody else; it has been answered, with `why` in the log. */
bool stop_seize(struct worker *worker, long options, const char *why);
/* NULL: it may go on; else why it is killed. `event`: of the stop, or 0: a signal. */
typedef const char *stop_objection(
	struct worker *worker, pid_t pid, int event, const void *context);
void stop_verify(struct worker *worker, stop_objection *object, const void *context);
/*
 * Answers that the call was interrupted, for certain: the kernel's own number for that reaches a
 * program whose thread no signal has been chosen for, unless something stops the thread.
 */
void stop_restart(const struct target *target, struct notify_buffers *buffers);

/* map_stop.c: lets the kernel map a file, and verifies that it was the one. */
void map_stop(struct worker *worker, const struct answer *answer);
/* What is mapped there now is approved: struct session. */
int gate_code_allowed(struct call *call, uint64_t address, uint64_t length);
/* In the exec stop: what a new program has as code, itself and its loader, is approved with it. */
bool map_approve_image(const struct worker *worker, pid_t pid);

/* In the exec stop: whether it may run what is there; else it has been said why not. */
bool exec_is_approved(struct worker *worker, pid_t pid, const struct exec_plan *plan);

/* exec_redirect.c: the same with another program; the thread has been seized. */
void exec_redirect(struct worker *worker, const struct exec_plan *plan);
/* Whether a call is the second one that a redirected thread was made to make. */
bool gate_is_redirected(const struct gate *gate, const struct call *call);

/* section.c: the session's hooks. */
void gate_blocking_begin(struct call *call, bool known);
void gate_blocking_end(struct call *call);
void gate_prepare_signals(void);
int gate_cancel_signal(void);

/* placement.c */
int placement_begin(const struct placement *placement);
void placement_end(struct placement *placement, int cpu);
void placement_release(struct placement *placement);

/* monitor.c */
void *gate_monitor(void *gate);
void gate_wake_monitor(struct gate *gate);
void gate_end_monitor(struct gate *gate);
