#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "target/target.h"
#include "target/world.h"

/* What /proc/TID/status says. Costs 12 µs: never on the way of an open that does not create. */
struct process_status {
	pid_t tgid;
	pid_t parent, tracer; /* 0: nobody traces it */
	uid_t uid, euid, fsuid;
	gid_t gid, egid, fsgid;
	bool has_umask; /* a zombie has none */
	mode_t umask;
	uint64_t cap_permitted, cap_effective, cap_bounding;
	uint64_t signals_pending, signals_shared, signals_blocked, signals_ignored;
	int group_count;
	gid_t groups[1024]; /* more than this many: the read fails closed with -EACCES */
};

/* Any thread or process, by number; no cookie check. -ESRCH when it is gone. */
int process_status_of(const struct world *world, pid_t tid, struct process_status *ret);

/* Processor time that a thread has used, as of the last time the kernel looked (a tick at most). */
int process_time_used(const struct world *world, pid_t tid, uint64_t *ret_ns);

/* 'R', 'S', 'D', … of a thread, as /proc shows it; 0: it is gone. */
char process_state(const struct world *world, pid_t tid);

/*
 * Number of the system call that a thread waits in; LONG_MAX: it waits, and in none. -EBUSY: it
 * runs, or could; -ESRCH: it is gone.
 */
long process_waits_in(const struct world *world, pid_t tid);

/* The target's; checked. */
int process_status(
	const struct world *world, const struct target *target, struct process_status *ret);

/* O_PATH pins of the target's own, checked; the caller closes. */
int process_open_cwd(const struct world *world, const struct target *target);
int process_open_root(const struct world *world, const struct target *target);
/* -EBADF if the target has no such descriptor. O_PATH descriptors work too. */
int process_open_fd(const struct world *world, const struct target *target, int fd);

/*
 * The target's descriptor itself, the same open file description (pidfd_getfd(2), with the calling
 * thread's own table of descriptors). The caller closes. -EBADF; -EACCES: it is closed to us.
 * Checked.
 */
int process_take_fd(const struct world *world, const struct target *target, int fd);

/* Text of the link /proc/TID/<name> (exe, cwd), NUL-terminated; returns its length. Checked. */
ssize_t process_link(const struct world *world, const struct target *target, const char *name,
	char *buffer, size_t size);

/* comm(5) of a thread, possibly empty, unescaped. For messages; no cookie check. */
void process_comm(const struct world *world, pid_t tid, char ret[16]);

/* Whether `pid` (a process or thread) descends from the guard: one of the supervised tree. */
bool process_in_tree(const struct world *world, pid_t pid);

/*
 * Whether a signal, for the thread or for its process, or a stop of the process waits: what
 * natively ends a wait. 0 or a negative errno; checked.
 */
int process_is_signalled(const struct world *world, const struct target *target, bool *ret);

/* Its soft limit, RLIMIT_FSIZE, RLIMIT_STACK or RLIMIT_NOFILE. 0 or a negative errno; checked. */
int process_limit(const struct world *world, const struct target *target,
	__rlimit_resource_t resource, rlim_t *ret);

/*
 * True if the target's next open could not get a descriptor below RLIMIT_NOFILE, as far as the
 * number of its open descriptors tells (Linux 6.2; older kernels: always false).
 */
bool process_fds_exhausted(const struct world *world, const struct target *target);
