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
	QUIET_TICKS = 20,    /* then it sleeps */
	LOOK_TICKS = 10,     /* a blocked call's target is looked at this often */
	END_TICKS = 500,     /* how long the end waits for blocked calls */
	ABANDON_LOOKS = 100, /* interrupted in vain so often: answered without its worker */
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

static void interrupt(struct worker *worker, unsigned turn)
{
	worker->call.cancelled = turn;
	(void)syscall(SYS_tgkill, getpid(), worker->tid, gate_cancel_signal());
}

/* ---- the lead ------------------------------------------------------------------------------ */

static void refuse_as_crowded(struct worker *worker)
{
	if (worker->section == worker->seen_turn) {
		worker->call.crowded = worker->seen_turn;
		interrupt(worker, worker->seen_turn);
	}
}

/*
 * A leader seen in the same call at two ticks lets somebody else receive; so does one that waits to
 * receive while calls are in the queue (what it was told of vanished before it could be received).
 */
static void take_lead_from_slow(struct gate *gate)
{
	struct worker *leader = gate->leader;

	if (leader == NULL || leader->seen_turn != leader->turn)
		return;
	if (!is_handling(leader)) {
		if (gate->queue_count > 0 && leader->waiting_ticks++ > 0)
			(void)gate_pass_lead(leader, true);
		return;
	}
	if (gate_pass_lead(leader, false))
		return;
	/* Nobody is left to receive: this call is refused, so that the others are served. */
	refuse_as_crowded(leader);
}

static void keep_one_spare(struct gate *gate)
{
	bool wanted;

	(void)pthread_mutex_lock(&gate->lock);
	wanted = gate->idle == 0 && gate->worker_count < gate->workers_limit;
	(void)pthread_mutex_unlock(&gate->lock);
	/* A failure (too many processes) is tried again at the next tick; until then none can be
	 * had. */
	if (wanted)
		gate->barren = gate_add_worker(gate, NULL) < 0;
}

/*
 * The lead was passed to a worker that could not be made: one that blocks is to take it. A file
 * system may let one wait on, so each time another is asked.
 */
static void find_a_leader(struct gate *gate)
{
	bool wanted;

	(void)pthread_mutex_lock(&gate->lock);
	wanted = gate->leader == NULL && gate->open && gate->idle == 0;
	(void)pthread_mutex_unlock(&gate->lock);
	if (!wanted || !gate->barren)
		return;
	if (gate->ask_pause > 0) {
		gate->ask_pause--;
		return;
	}
	for (unsigned i = 0; i < gate->worker_count; i++) {
		struct worker *worker = gate->workers[++gate->asked % gate->worker_count];

		if (worker->section != 0 && worker->section == worker->seen_turn) {
			refuse_as_crowded(worker);
			gate->ask_pause = LOOK_TICKS; /* for that one to come back */
			return;
		}
	}
}

/* ---- blocked calls ------------------------------------------------------------------------- */

enum sight { SIGHT_WAIT, SIGHT_GONE, SIGHT_SIGNAL };

/* Whether the target would have been interrupted natively. */
static enum sight look_at(struct gate *gate, struct worker *worker, const struct target *target)
{
	bool signalled;

	if (target_check(target) < 0)
		return SIGHT_GONE;
	if (process_is_signalled(&gate->session->world, target, &signalled) < 0)
		return SIGHT_WAIT;
	/* It may be another thread's: only if it stays is it for this one. */
	worker->pending = signalled ? worker->pending + 1 : 0;
	return worker->pending >= 2 ? SIGHT_SIGNAL : SIGHT_WAIT;
}

/*
 * A file system that answers no more holds its worker for good (FUSE): the target must not wait
 * with it. Whatever the worker does later finds the notification gone. Not where it changes
 * something: a file system that is only slow would do it all the same, after the target was told
 * that it was interrupted.
 */
static void abandon(struct gate *gate, const struct target *target)
{
	stop_restart(target, &gate->monitor_buffers);
}

static void look_after(struct gate *gate, struct worker *worker)
{
	const struct target target = worker->call.target; /* counts if the section still stands */
	unsigned section = worker->section;
	enum sight sight;

	if (section == 0 || section != worker->seen_turn) {
		worker->ticks = worker->pending = worker->interrupts = 0;
		return;
	}
	/* The more there are, the more seldom each is looked at. */
	if (++worker->ticks % (LOOK_TICKS + gate->worker_count / 4) != 0)
		return;
	sight = look_at(gate, worker, &target);
	if (sight == SIGHT_WAIT || worker->section != section)
		return;
	interrupt(worker, section);
	if (sight == SIGHT_SIGNAL && !worker->call.changes &&
		++worker->interrupts > ABANDON_LOOKS && worker->section == section)
		abandon(gate, &target);
}

/* ---- the round ----------------------------------------------------------------------------- */

/* True if there was anything to see. */
static bool make_round(struct gate *gate)
{
	bool busy = false;

	take_lead_from_slow(gate);
	keep_one_spare(gate);
	find_a_leader(gate);
	for (unsigned i = 0; i < gate->worker_count; i++) {
		struct worker *worker = gate->workers[i];
		unsigned turn = worker->turn;

		look_after(gate, worker);
		busy = busy || is_handling(worker) || worker->seen_turn != turn;
		if (worker->seen_turn != turn)
			worker->waiting_ticks = 0;
		worker->seen_turn = turn;
	}
	return busy || gate->queue_count > 0;
}

static bool anybody_handles(const struct gate *gate)
{
	if (gate->queue_count > 0)
		return true;
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
				interrupt(gate->workers[j], gate->workers[j]->section);
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
