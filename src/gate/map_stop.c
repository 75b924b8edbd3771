#include <errno.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gate/internal.h"
#include "syscalls/map.h"
#include "target/registers.h"

/*
 * A mapping of code that was approved, and what came of it: another thread may have exchanged the
 * descriptor, and moved away what it brought. So what the call has returned must be the file, all
 * of it; and whatever else the process has as code must have been approved, too. The thread has not
 * run since; others of its process could use what they brought before it is killed, or fork with
 * it, if they run code of their own already.
 */

static bool remember(void *context, const struct maps_file *file)
{
	return approved_add(context, file);
}

int gate_code_allowed(struct call *call, uint64_t address, uint64_t length)
{
	const struct worker *worker = call->worker;
	cleanup_approved struct approved found = APPROVED_NONE;
	int result = -ENOMEM;

	if (maps_visit_range(
		    &call->session->world, call->target.tid, address, length, remember, &found))
		result = target_check(&call->target);
	for (size_t i = 0; result == 0 && i < found.count; i++)
		if (!approved_add(&worker->gate->approved, &found.files[i]))
			result = -ENOMEM;
	return result;
}

struct search {
	struct approved *approved, missing;
};

static bool note_missing(void *context, const struct maps_file *file)
{
	struct search *search = context;

	return approved_has(search->approved, file) || approved_add(&search->missing, file);
}

static bool are_approved(struct approved *approved, const struct approved *some)
{
	for (size_t i = 0; i < some->count; i++)
		if (!approved_has(approved, &some->files[i]))
			return false;
	return true;
}

/* While another thread's mapping is under way, what is missing may come by that one's own stop. */
static bool await_approval(struct gate *gate, const struct approved *missing)
{
	enum { PATIENCE = 100 };
	const struct timespec moment = {.tv_nsec = 1000000L};
	bool others = true;

	for (int i = 0; i < PATIENCE && others; i++) {
		others = gate->mapping > 1;
		if (are_approved(&gate->approved, missing))
			return true;
		if (others)
			(void)nanosleep(&moment, NULL);
	}
	return false;
}

/* Whether all that the process has as code was approved. */
static bool all_is_approved(const struct worker *worker, pid_t pid)
{
	struct gate *gate = worker->gate;
	struct search search = {&gate->approved, APPROVED_NONE};
	bool result = maps_visit_code(&gate->session->world, pid, note_missing, &search) &&
		      await_approval(gate, &search.missing);

	approved_release(&search.missing);
	return result;
}

static const char *object(struct worker *worker, pid_t pid, int event, const void *context)
{
	static const char other[] =
		"what was mapped as code is not what the policy approved; it was killed";
	const struct session *session = worker->gate->session;
	const struct answer *answer = context;
	struct approved *approved = &worker->gate->approved;
	struct maps_file file;
	int64_t address;
	int result = registers_result(pid, &address);

	(void)event;
	if (result == -ESRCH)
		return NULL; /* it was killed meanwhile */
	if (result < 0)
		return "what was mapped as code could not be verified; it was killed";
	if (answer->fd < 0) {
		(void)maps_visit_range(&session->world, pid, (uint64_t)address,
			worker->call.arguments[1], remember, approved);
		return NULL;
	}
	if (address >= 0 || address < -4095) {
		if (!maps_have(&session->world, pid, (uint64_t)address, worker->call.arguments[1],
			    answer->fd, &file) ||
			!approved_add(approved, &file))
			return other;
	}
	/* Whoever may have memory as code may have any code. */
	if (map_may_be_any(&worker->call) || all_is_approved(worker, pid))
		return NULL;
	return other;
}

/*
 * What was judged, before it is there: another thread's look may find it before our own does. By
 * the name that stat(2) gives it; where /proc/PID/maps has another, await_approval() waits.
 */
static void approve(struct worker *worker, int pin)
{
	struct maps_file file;
	struct stat st;

	if (pin < 0 || fstat(pin, &st) < 0)
		return;
	file = (struct maps_file){st.st_dev, st.st_ino};
	(void)approved_add(&worker->gate->approved, &file);
}

void map_stop(struct worker *worker, const struct answer *answer)
{
	approve(worker, answer->fd);
	worker->gate->mapping++;
	if (stop_seize(worker, 0,
		    "code can't be loaded by a process that is being traced: what it loads could "
		    "not be verified"))
		stop_verify(worker, object, answer);
	worker->gate->mapping--;
}

bool map_approve_image(const struct worker *worker, pid_t pid)
{
	return maps_visit_code(
		&worker->gate->session->world, pid, remember, &worker->gate->approved);
}
