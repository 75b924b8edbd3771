#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * What a run may use: limits { … } of a policy. With each: what it counts, and how it is enforced.
 *
 *   processes  of the whole tree, threads not counted; the supervisor counts at every fork
 *   files      open descriptors of each process: RLIMIT_NOFILE
 *   memory     bytes of address space of each process: RLIMIT_AS
 *   cpu        milliseconds of processor time of each process, whole seconds: RLIMIT_CPU
 *   wall       milliseconds from the start, for the whole tree
 *   filesize   bytes of each file written: RLIMIT_FSIZE
 */
#define RUN_LIMITS(X) \
	X(PROCESSES, "processes", COUNT) \
	X(FILES, "files", COUNT) \
	X(MEMORY, "memory", SIZE) \
	X(CPU, "cpu", TIME) \
	X(WALL, "wall", TIME) \
	X(FILESIZE, "filesize", SIZE)

enum run_limit {
#define X(id, name, unit) RUN_LIMIT_##id,
	RUN_LIMITS(X)
#undef X
		RUN_LIMIT_COUNT
};

/* "processes", …, and of what kind it is: "count", "size" (bytes), "time" (milliseconds). */
const char *run_limit_name(enum run_limit limit);
const char *run_limit_unit(enum run_limit limit);

/* UINT64_MAX: none. */
struct run_limits {
	uint64_t values[RUN_LIMIT_COUNT];
};

/* Any of them. */
bool run_limits_any(const struct run_limits *limits);

bool run_limits_have(const struct run_limits *limits, enum run_limit limit);
