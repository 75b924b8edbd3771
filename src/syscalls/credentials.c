#include <stdatomic.h>

#include <errno.h>

#include "syscalls/perform.h"

/*
 * Judged by nobody: a target may give up what it has. But from now on a target may be somebody
 * else than the supervisor, and every act must look. The mark is set before the kernel does it.
 */
void credentials_perform(struct call *call, struct answer *answer)
{
	call->session->world.credentials_vary = true;
	answer->kind = ANSWER_CONTINUE;
}

void refuse_perform(struct call *call, struct answer *answer)
{
	enum syscall_group group = syscall_refusing_group(call->row, call->arguments);
	int error = group_table[group].error;

	answer_refusal(call, answer, error > 0 ? error : EPERM, NULL);
}
