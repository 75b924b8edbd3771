#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/target.h"

/*
 * Reading the target's memory: process_vm_readv(2), never /proc/PID/mem, which reads (and writes)
 * pages that the target itself could not touch. Each function ends with target_check(), so what
 * it returns came from the right process.
 *
 * Errors of both:
 *   -ESRCH         not valid any more: the notification is gone; nothing may be done or answered
 *   -EFAULT        bad read: the address is not readable, as the kernel would say it
 *   -EACCES        the target's memory is closed to us (not dumpable, Yama): refuse the call
 */

/* Exactly `size` bytes from `address`. *buffer is undefined on failure. */
int memory_read(const struct target *target, uint64_t address, void *buffer, size_t size);

/*
 * All of `size` bytes to `address`, as copy_to_user() would: page protection holds. Only for a call
 * that somebody waits for: checked before. -EFAULT, also where only a part could be written.
 */
int memory_write(const struct target *target, uint64_t address, const void *buffer, size_t size);

/*
 * A NUL-terminated pathname, as getname_flags() in fs/namei.c: read page by page, so a string that
 * ends at the edge of a mapping is fine. Returns its length (0..PATH_MAX-1).
 *   -ENAMETOOLONG  bad path: no NUL within PATH_MAX bytes
 */
ssize_t memory_read_path(const struct target *target, uint64_t address, char buffer[PATH_MAX]);

/* The same for any string: -ENAMETOOLONG where there is no NUL within `size` bytes. */
ssize_t memory_read_string(
	const struct target *target, uint64_t address, char *buffer, size_t size);
