#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/futex.h"
#include "gate/internal.h"
#include "target/process.h"

/*
 * The monitor: looks at the workers once a millisecond while there is something to see, and sleeps
 * while there is not. It makes workers, takes the lead from one that is held up, and interrupts
 * one whose target's call is gone or whose target has a signal to handle.
 */

enum {
	TICK_NS = 1000 * 1000,
	QUIET_TICKS = 20,     /* then it sleeps */
	LOOK_TICKS = 10,      /* a blocked call's target is looked at this often */
	END_TICKS = 500,      /* how long the end waits for blocked calls */
	ABANDON_TICKS = 1000, /* interrupted in vain for so long: answered without its worker */
};

void gate_wake_monitor(struct gate *gate)
{
	if (gate->monitor_asleep == 0)
		return;
	gate->monitor_asleep = 0;
	futex_wake(&gate->monitor_asleep);
}

void gate_end_monitor(struct gate *gate)
{
	gate->monitor_asleep = -1;
	futex_wake(&gate->monitor_asleep);
}

static bool is_handling(const struct worker *worker)
{
	return (worker->turn & 1) != 0;
}

static void interrupt(struct worker *worker)
{
	worker->call.cancelled = true;
	(void)syscall(SYS_tgkill, getpid(), worker->tid, gate_cancel_signal());
}

/* ---- the lead -------------------------------------------------------------------------------- */

/* A leader seen in the same call at two ticks lets somebody else receive. */
static void take_lead_from_slow(struct gate *gate)
{
	struct worker *leader = gate->leader;

	if (leader == NULL || !is_handling(leader) || leader->seen_turn != leader->turn)
		return;
	if (gate_pass_lead(leader))
		return;
	/* Nobody is left to receive: this call is refused, so that the others are served. */
	if (leader->section == leader->seen_turn) {
		leader->call.crowded = true;
		interrupt(leader);
	}
}

static void keep_one_spare(struct gate *gate)
{
	bool wanted;

	(void)pthread_mutex_lock(&gate->lock);
	wanted = gate->idle == 0 && gate->worker_count < WORKERS_LIMIT;
	(void)pthread_mutex_unlock(&gate->lock);
	/* A failure is tried again at the next tick; until then calls wait, none is let through. */
	if (wanted)
		(void)gate_add_worker(gate, NULL);
}

/* ---- blocked calls --------------------------------------------------------------------------- */

enum sight { SIGHT_WAIT, SIGHT_GONE, SIGHT_SIGNAL };

/* Whether the target would have been interrupted natively. */
static enum sight look_at(struct gate *gate, struct worker *worker)
{
	const struct target *target = &worker->call.target;
	struct process_status status;
	uint64_t deliverable;

	if (target_check(target) < 0)
		return SIGHT_GONE;
	if (process_status_of(&gate->session->world, target->tid, &status) < 0)
		return SIGHT_WAIT;
	deliverable = ~status.signals_blocked & ~status.signals_ignored;
	if ((status.signals_pending & deliverable) != 0)
		return SIGHT_SIGNAL;
	/* One for the whole process may be another thread's: only if it stays is it for this one.
	 */
	if ((status.signals_shared & deliverable) == 0)
		worker->pending = 0;
	else if (++worker->pending >= 2)
		return SIGHT_SIGNAL;
	return SIGHT_WAIT;
}

/*
 * A file system that answers no more holds its worker for good (FUSE): the target must not wait
 * with it. Whatever the worker does later finds the notification gone.
 */
static void abandon(struct gate *gate, struct worker *worker)
{
	const struct target *target = &worker->call.target;

	(void)notify_send_error(
		gate->listener, &gate->monitor_buffers, target->id, INTERNAL_ERESTARTSYS);
}

static void look_after(struct gate *gate, struct worker *worker)
{
	unsigned section = worker->section;
	enum sight sight;

	if (section == 0 || section != worker->seen_turn) {
		worker->ticks = worker->pending = 0;
		return;
	}
	if (++worker->ticks % LOOK_TICKS != 0)
		return;
	sight = look_at(gate, worker);
	/* The section may have ended meanwhile, and the notes may be about another call. */
	if (sight == SIGHT_WAIT || worker->section != section)
		return;
	interrupt(worker);
	if (sight == SIGHT_SIGNAL && worker->ticks > ABANDON_TICKS)
		abandon(gate, worker);
}

/* ---- the round ------------------------------------------------------------------------------- */

/* True if there was anything to see. */
static bool make_round(struct gate *gate)
{
	bool busy = false;

	take_lead_from_slow(gate);
	keep_one_spare(gate);
	for (unsigned i = 0; i < gate->worker_count; i++) {
		struct worker *worker = gate->workers[i];
		unsigned turn = worker->turn;

		look_after(gate, worker);
		busy = busy || is_handling(worker) || worker->seen_turn != turn;
		worker->seen_turn = turn;
	}
	return busy;
}

static bool anybody_handles(const struct gate *gate)
{
	for (unsigned i = 0; i < gate->worker_count; i++)
		if (is_handling(gate->workers[i]))
			return true;
	return false;
}

static void sleep_until_woken(struct gate *gate)
{
	int awake = 0;

	if (!atomic_compare_exchange_strong(&gate->monitor_asleep, &awake, 1))
		return;
	/* Whoever began before it could see the flag is seen here. */
	if (!anybody_handles(gate) && !gate->stopping)
		futex_wait(&gate->monitor_asleep, 1, NULL);
	awake = 1;
	(void)atomic_compare_exchange_strong(&gate->monitor_asleep, &awake, 0);
}

/* No target is left: whoever is still blocked for one comes back, if its file system lets it. */
static void release_all(struct gate *gate)
{
	const struct timespec tick = {.tv_nsec = TICK_NS};
	bool blocked = true;

	for (int i = 0; i < END_TICKS && blocked; i++) {
		blocked = false;
		for (unsigned j = 0; j < gate->worker_count; j++)
			if (gate->workers[j]->section != 0) {
				blocked = true;
				interrupt(gate->workers[j]);
			}
		if (blocked)
			(void)nanosleep(&tick, NULL);
	}
}

void *gate_monitor(void *argument)
{
	struct gate *gate = argument;
	const struct timespec tick = {.tv_nsec = TICK_NS};
	unsigned quiet = 0;

	while (!gate->stopping) {
		quiet = make_round(gate) ? 0 : quiet + 1;
		if (quiet < QUIET_TICKS)
			futex_wait(&gate->monitor_asleep, 0, &tick);
		else
			sleep_until_woken(gate);
	}
	release_all(gate);
	return NULL;
}
