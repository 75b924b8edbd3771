#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/world.h"

/* A file as /proc/PID/maps knows it: on overlays and the like not what stat(2) says. */
struct maps_file {
	dev_t device;
	uint64_t inode;
};

/*
 * Whether a process has, from this address on and for so many bytes, executable and in one piece,
 * the file that `pin` pins. *ret is the file. false also where it cannot be told.
 */
bool maps_have(const struct world *world, pid_t pid, uint64_t address, uint64_t length, int pin,
	struct maps_file *ret);

/* Calls `visit` for every file that is mapped in this range, as code or not; the same result. */
bool maps_visit_range(const struct world *world, pid_t pid, uint64_t address, uint64_t length,
	bool (*visit)(void *context, const struct maps_file *file), void *context);

/* Calls `visit` for every file that the process has mapped as code, until one says false. false:
 * one did, or it cannot be read. */
bool maps_visit_code(const struct world *world, pid_t pid,
	bool (*visit)(void *context, const struct maps_file *file), void *context);
