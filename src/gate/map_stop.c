#include "gate/internal.h"
#include "target/maps.h"
#include "target/registers.h"

/*
 * A mapping of code that was approved, and what came of it: another thread may have exchanged the
 * descriptor. What the call has returned says where it is. The thread has not run since; others of
 * its process could jump there before it is killed, if they run code of their own already.
 */

static const char *object(const struct worker *worker, pid_t pid, int event, const void *context)
{
	const struct answer *answer = context;
	int64_t address;

	(void)event;
	if (registers_result(pid, &address) < 0)
		return "what was mapped as code could not be verified; it was killed";
	if (address < 0 && address > -4096)
		return NULL; /* it failed */
	if (!maps_have(&worker->gate->session->world, pid, (uint64_t)address, answer->fd))
		return "what was mapped as code is not what the policy approved; it was killed";
	return NULL;
}

void map_stop(struct worker *worker, const struct answer *answer)
{
	if (stop_seize(worker, 0,
		    "code can't be loaded by a process that is being traced: what it loads could "
		    "not be verified"))
		stop_verify(worker, object, answer);
}
