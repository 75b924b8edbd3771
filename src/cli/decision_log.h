#pragma once

#include "syscalls/call.h"

/*
 * One decision as one JSON object on one line, written with one write(2). Texts from the target are
 * escaped as base/text.h does; `path_hex` has the bytes where that changed anything. 0 or -errno.
 */
int decision_log_write(int fd, const struct observation *observation);

/* A line { time, dropped } that stands for `count` decisions that were left out. 0 or -errno. */
int decision_log_write_dropped(int fd, uint64_t count);
