#include "gate/gate.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "gate/internal.h"

enum { STACK_SIZE = 1024 * 1024, STOP_SECONDS = 1 };

/* ---- the lead ------------------------------------------------------------------------------ */

/* Waits until the lead is free, and takes it. false: the gate is closing. */
static bool take_lead(struct worker *worker)
{
	struct gate *gate = worker->gate;

	(void)pthread_mutex_lock(&gate->lock);
	gate->idle++;
	while ((gate->leader != NULL || !gate->open) && !gate->stopping)
		(void)pthread_cond_wait(&gate->lead_free, &gate->lock);
	gate->idle--;
	if (!gate->stopping)
		gate->leader = worker;
	(void)pthread_mutex_unlock(&gate->lock);
	return !gate->stopping;
}

bool gate_pass_lead(struct worker *worker, bool waiting)
{
	struct gate *gate = worker->gate;
	bool possible = true;

	(void)pthread_mutex_lock(&gate->lock);
	if (gate->leader == worker && (waiting || !worker->receiving)) {
		/* A new one is made by the monitor: a thread of ours would inherit a borrowed
		 * identity. */
		possible = gate->idle > 0 ||
			   (gate->worker_count < gate->workers_limit && !gate->barren);
		if (possible) {
			gate->leader = NULL;
			(void)pthread_cond_signal(&gate->lead_free);
		}
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

/* ---- receiving ----------------------------------------------------------------------------- */

static bool is_waiting(int listener)
{
	struct pollfd polled = {.fd = listener, .events = POLLIN};

	return poll(&polled, 1, 0) > 0 && (polled.revents & POLLIN) != 0;
}

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

/* false: the lead was lost meanwhile, and whoever has it knows nothing of this call. */
static bool put_in_queue(struct worker *worker, const struct seccomp_notif *notification)
{
	struct gate *gate = worker->gate;
	bool leads;

	(void)pthread_mutex_lock(&gate->lock);
	leads = gate->leader == worker && gate->queue_count < QUEUE_SIZE;
	if (leads) {
		unsigned last = (gate->queue_first + gate->queue_count) % QUEUE_SIZE;

		gate->queue[last] = *notification;
		gate->queue_count++;
	}
	(void)pthread_mutex_unlock(&gate->lock);
	return leads;
}

/* Only the leader enters RECV, and while it is there the lead is not taken from it lightly. */
static bool set_receiving(struct worker *worker, bool receiving)
{
	struct gate *gate = worker->gate;
	bool leads;

	(void)pthread_mutex_lock(&gate->lock);
	leads = gate->leader == worker;
	worker->receiving = receiving && leads;
	(void)pthread_mutex_unlock(&gate->lock);
	return leads;
}

static int receive_as_leader(struct worker *worker)
{
	int result;

	if (!set_receiving(worker, true))
		return -EAGAIN;
	result = notify_receive(worker->gate->listener, &worker->buffers);
	(void)set_receiving(worker, false);
	atomic_fetch_add_explicit(&worker->gate->received, 1, memory_order_relaxed);
	return result;
}

/*
 * Several threads ask at once: receive all of them before the first is handled, since a signal
 * makes a call fail with EINTR only while it has not been received. All wait in the queue, where
 * any leader finds them: what poll saw may vanish before RECV, and then this thread waits with what
 * it has.
 */
static void receive_the_others(struct worker *worker)
{
	struct gate *gate = worker->gate;

	gate_wake_monitor(gate);
	while (gate->queue_count < QUEUE_SIZE / 2 && is_waiting(gate->listener)) {
		int result = receive_as_leader(worker);

		if (result == -EAGAIN)
			return;
		if (result == 0 && !put_in_queue(worker, worker->buffers.request)) {
			gate_handle(worker, worker->buffers.request);
			return;
		}
	}
}

/* Receives one call, alone or together with those that came at the same time; false: not for us. */
static bool receive_new(struct worker *worker, struct seccomp_notif *ret)
{
	struct gate *gate = worker->gate;
	int result = receive_as_leader(worker);
	pid_t before = gate->last_tid;

	if (result < 0) {
		if (result != -EAGAIN && notify_is_over(gate->listener))
			close_gate(gate);
		return false;
	}
	*ret = *worker->buffers.request;
	gate->last_tid = (pid_t)ret->pid;
	/* With a single thread nothing can be waiting, and the look costs a tenth of the call. */
	if (before == gate->last_tid || !put_in_queue(worker, ret))
		return true;
	receive_the_others(worker);
	return false;
}

/* The next call for this worker; false: none this time. */
static bool receive(struct worker *worker, struct seccomp_notif *ret)
{
	struct gate *gate = worker->gate;

	if (gate->queue_count > 0)
		return take_from_queue(gate, ret);
	return receive_new(worker, ret);
}

/*
 * A call that nobody has received yet fails with EINTR when a signal comes: so a worker that is
 * woken is to run soon, also where every processor is busy. A short slice says so (Linux 6.12), to
 * those with privileges priority does. Both are wishes.
 */
static void ask_to_run_soon(void)
{
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period; /* ns */
	} attributes = {.size = sizeof attributes, .runtime = 100000};

	attributes.nice = getpriority(PRIO_PROCESS, 0);
	(void)syscall(SYS_sched_setattr, 0, &attributes, 0);
	(void)setpriority(PRIO_PROCESS, 0, attributes.nice - 10);
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct gate *gate = worker->gate;
	struct seccomp_notif notification;

	worker->tid = (pid_t)syscall(SYS_gettid);
	ask_to_run_soon();
	/* A umask of our own. */
	if (unshare(CLONE_FS) < 0)
		abort();
	while (take_lead(worker))
		while (gate->leader == worker && !gate->stopping)
			if (receive(worker, &notification))
				gate_handle(worker, &notification);
	return NULL;
}

/* ---- starting and stopping ----------------------------------------------------------------- */

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
	result = gate->worker_count < gate->workers_limit
			 ? start_thread(&worker->thread, work, worker)
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

	/* One to lead and one to spare: later the target may have used up the user's processes. */
	for (int i = 0; i < 2 && result == 0; i++)
		result = gate_add_worker(gate, err);
	if (result == 0)
		result = start_thread(&gate->monitor, gate_monitor, gate);
	return result < 0 ? error_errno(err, result,
				    "cannot start the supervisor's threads\nis the limit of "
				    "processes (ulimit -u) or of memory (ulimit -v) too low, or "
				    "does a sandbox around Moongate refuse clone3(2)?")
			  : 0;
}

/* A call that blocks holds some descriptors, and those of the supervisor are limited. */
static unsigned workers_limit(void)
{
	enum { RESERVED = 64, EACH = 5, FEWEST = 2 };
	struct rlimit files;
	rlim_t limit = WORKERS_LIMIT;

	/* The hard limit: it will be the soft one. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 &&
		files.rlim_max < RESERVED + (rlim_t)EACH * WORKERS_LIMIT)
		limit = files.rlim_max < RESERVED ? 0 : (files.rlim_max - RESERVED) / EACH;
	return limit < FEWEST ? FEWEST : (unsigned)limit;
}

int gate_start(struct session *session, struct gate **ret, struct error *err)
{
	struct gate *gate = calloc(1, sizeof *gate);
	int result;

	if (gate == NULL)
		return error_set(err, ENOMEM, "out of memory");
	gate->session = session;
	gate->listener = -1;
	gate->workers_limit = workers_limit();
	(void)pthread_mutex_init(&gate->lock, NULL);
	(void)pthread_cond_init(&gate->lead_free, NULL);
	session->blocking_begin = gate_blocking_begin;
	session->blocking_end = gate_blocking_end;
	session->code_allowed = gate_code_allowed;
	approved_init(&gate->approved);
	gate_prepare_signals();
	result = start_threads(gate, err);
	if (result < 0)
		return result; /* the caller ends; threads may run until then */
	*ret = gate;
	return 0;
}

void gate_open(struct gate *gate, int listener)
{
	notify_set_synchronous(listener);
	(void)pthread_mutex_lock(&gate->lock);
	gate->listener = listener;
	gate->open = true;
	(void)pthread_cond_signal(&gate->lead_free);
	(void)pthread_mutex_unlock(&gate->lock);
}

bool gate_is_stuck(struct gate *gate)
{
	unsigned long received = atomic_load(&gate->received);
	bool moved = received != gate->seen_received;

	gate->seen_received = received;
	return !moved && is_waiting(gate->listener);
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
