#pragma once

#include "syscalls/call.h"

/*
 * One decision about one call that changes or shows an object, and what follows from it that is the
 * same for every family.
 */
enum judgement {
	JUDGED_ANSWERED, /* the answer is filled */
	JUDGED_ALLOW,
	JUDGED_REDIRECT, /* verdict->data is the other path */
};

/*
 * Asks, and logs what was decided. `otherwise` < 0: nothing can come of the call but this errno.
 * Then the default has nothing to protect, and a rule that allows nothing to add: the errno is the
 * answer, silently. The verdict is the caller's to clear.
 */
enum judgement judge(
	const struct question *question, struct answer *answer, int otherwise, struct verdict *ret);
