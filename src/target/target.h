#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * One supervised thread during one notification.
 *
 * The tid may be reused the moment the thread dies, and nothing tells us. So whatever was learned
 * by tid (a /proc entry opened, memory read) counts only after target_check() has said that the
 * notification is still alive: then it was the right thread all along.
 */
struct target {
	pid_t tid;
	int (*check)(const struct target *target); /* 0, or -ESRCH */
	uint64_t id;                               /* the notification's cookie */
	int listener;
};

/* 0 while the notification is unanswered and its thread alive, else -ESRCH. */
static inline int target_check(const struct target *target)
{
	return target->check(target);
}
