#include "gate/gate.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gate/internal.h"

enum { STACK_SIZE = 512 * 1024, STOP_SECONDS = 1 };

/* ---- the lead -------------------------------------------------------------------------------- */

/* Waits until the lead is free, and takes it. false: the gate is closing. */
static bool take_lead(struct worker *worker)
{
	struct gate *gate = worker->gate;

	(void)pthread_mutex_lock(&gate->lock);
	gate->idle++;
	while (gate->leader != NULL && !gate->stopping)
		(void)pthread_cond_wait(&gate->lead_free, &gate->lock);
	gate->idle--;
	if (!gate->stopping)
		gate->leader = worker;
	(void)pthread_mutex_unlock(&gate->lock);
	return !gate->stopping;
}

/*
 * Whoever waits receives from now on; without anybody, the monitor makes a worker (not we: a new
 * thread would inherit the identity that we may have borrowed). false: there are too many already.
 */
bool gate_pass_lead(struct worker *worker)
{
	struct gate *gate = worker->gate;
	bool possible;

	(void)pthread_mutex_lock(&gate->lock);
	possible = gate->leader != worker || gate->idle > 0 || gate->worker_count < WORKERS_LIMIT;
	if (possible && gate->leader == worker) {
		gate->leader = NULL;
		(void)pthread_cond_signal(&gate->lead_free);
	}
	(void)pthread_mutex_unlock(&gate->lock);
	return possible;
}

static void close_gate(struct gate *gate)
{
	(void)pthread_mutex_lock(&gate->lock);
	gate->stopping = true;
	(void)pthread_cond_broadcast(&gate->lead_free);
	(void)pthread_mutex_unlock(&gate->lock);
	gate_end_monitor(gate);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static bool is_waiting(int listener)
{
	struct pollfd polled = {.fd = listener, .events = POLLIN};

	return poll(&polled, 1, 0) > 0 && (polled.revents & POLLIN) != 0;
}

/* Under the lock, because the lead may change hands between two calls. */
static bool take_from_queue(struct gate *gate, struct seccomp_notif *ret)
{
	bool found;

	(void)pthread_mutex_lock(&gate->lock);
	found = gate->queue_count > 0;
	if (found) {
		*ret = gate->queue[gate->queue_first];
		gate->queue_first = (gate->queue_first + 1) % QUEUE_SIZE;
		gate->queue_count--;
	}
	(void)pthread_mutex_unlock(&gate->lock);
	return found;
}

static void put_in_queue(struct gate *gate, const struct seccomp_notif *notification)
{
	unsigned last;

	(void)pthread_mutex_lock(&gate->lock);
	last = (gate->queue_first + gate->queue_count) % QUEUE_SIZE;
	gate->queue[last] = *notification;
	gate->queue_count++;
	(void)pthread_mutex_unlock(&gate->lock);
}

/* Room is kept for what another thread may be receiving that has just lost the lead. */
static bool may_queue(const struct worker *worker)
{
	const struct gate *gate = worker->gate;

	return gate->leader == worker && gate->queue_count < QUEUE_SIZE / 2;
}

/*
 * Several threads ask at once: receive all of them before the first is handled, since a signal
 * makes a call fail with EINTR only while it has not been received. With a single thread nothing
 * can be waiting, and the look would cost more than a tenth of the call.
 */
static void receive_the_others(struct worker *worker, pid_t tid)
{
	struct gate *gate = worker->gate;

	if (tid == gate->last_tid && gate->queue_count == 0)
		return;
	gate->last_tid = tid;
	while (may_queue(worker) && is_waiting(gate->listener))
		if (notify_receive(gate->listener, &worker->buffers) == 0)
			put_in_queue(gate, worker->buffers.request);
}

/* The next notification for this worker; false: none this time. */
static bool receive(struct worker *worker, struct seccomp_notif *ret)
{
	struct gate *gate = worker->gate;

	if (gate->queue_count == 0) {
		if (notify_receive(gate->listener, &worker->buffers) < 0) {
			if (notify_is_over(gate->listener))
				close_gate(gate);
			return false;
		}
		*ret = *worker->buffers.request;
	} else if (!take_from_queue(gate, ret)) {
		return false;
	}
	receive_the_others(worker, (pid_t)ret->pid);
	return true;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct gate *gate = worker->gate;
	struct seccomp_notif notification;

	worker->tid = (pid_t)syscall(SYS_gettid);
	/* A umask of our own. */
	if (unshare(CLONE_FS) < 0)
		abort();
	while (take_lead(worker))
		while (gate->leader == worker && !gate->stopping)
			if (receive(worker, &notification))
				gate_handle(worker, &notification);
	return NULL;
}

/* ---- starting and stopping --------------------------------------------------------------------
 */

static int start_thread(pthread_t *ret, void *(*function)(void *), void *argument)
{
	pthread_attr_t attributes;
	int result = pthread_attr_init(&attributes);

	if (result == 0) {
		(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
		result = pthread_create(ret, &attributes, function, argument);
		(void)pthread_attr_destroy(&attributes);
	}
	return -result;
}

static void free_worker(struct worker *worker)
{
	notify_buffers_free(&worker->buffers);
	free(worker);
}

int gate_add_worker(struct gate *gate, struct error *err)
{
	struct worker *worker = calloc(1, sizeof *worker);
	int result;

	if (worker == NULL)
		return error_set(err, ENOMEM, "out of memory");
	worker->gate = gate;
	result = notify_buffers_init(&worker->buffers, err);
	if (result < 0) {
		free(worker);
		return result;
	}
	(void)pthread_mutex_lock(&gate->lock);
	result = gate->worker_count < WORKERS_LIMIT ? start_thread(&worker->thread, work, worker)
						    : -EAGAIN;
	if (result == 0)
		gate->workers[gate->worker_count++] = worker;
	(void)pthread_mutex_unlock(&gate->lock);
	if (result == 0)
		return 0;
	free_worker(worker);
	return error_errno(err, result, "cannot start a thread");
}

static int start_threads(struct gate *gate, struct error *err)
{
	int result = notify_buffers_init(&gate->monitor_buffers, err);

	/* One: the monitor sees to it that there is always a spare. */
	if (result == 0)
		result = gate_add_worker(gate, err);
	if (result == 0)
		result = start_thread(&gate->monitor, gate_monitor, gate);
	return result < 0 ? error_errno(err, result, "cannot start the supervisor's threads") : 0;
}

int gate_start(int listener, bool wait_killable, struct session *session, struct gate **ret,
	struct error *err)
{
	struct gate *gate = calloc(1, sizeof *gate);
	int result;

	if (gate == NULL)
		return error_set(err, ENOMEM, "out of memory");
	gate->session = session;
	gate->listener = listener;
	gate->wait_killable = wait_killable;
	(void)pthread_mutex_init(&gate->lock, NULL);
	(void)pthread_cond_init(&gate->lead_free, NULL);
	session->blocking_begin = gate_blocking_begin;
	session->blocking_end = gate_blocking_end;
	gate_prepare_signals();
	notify_set_synchronous(listener);
	result = start_threads(gate, err);
	if (result < 0)
		return result; /* the caller ends; threads may run until then */
	*ret = gate;
	return 0;
}

void gate_stop(struct gate *gate)
{
	struct timespec until;

	close_gate(gate);
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += STOP_SECONDS;
	(void)pthread_timedjoin_np(gate->monitor, NULL, &until);
	for (unsigned i = 0; i < gate->worker_count; i++)
		(void)pthread_timedjoin_np(gate->workers[i]->thread, NULL, &until);
}
