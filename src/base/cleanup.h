#pragma once

#include <stdlib.h>
#include <unistd.h>

/*
 * The one vocabulary for giving things back. Declare with a cleanup attribute and the harmless
 * value; hand over with steal_fd() or steal_pointer().
 *
 * These run when a scope is left, not when Lua raises an error through it: a Lua binding
 * must not hold one across a call that can raise.
 */
static inline void cleanup_fd_function(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_free_function(void *pointer)
{
	free(*(void **)pointer);
}

#define cleanup_fd __attribute__((cleanup(cleanup_fd_function)))
#define cleanup_free __attribute__((cleanup(cleanup_free_function)))

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}

#define steal_pointer(pointer) \
	({ \
		__auto_type stolen_pointer = *(pointer); \
		*(pointer) = NULL; \
		stolen_pointer; \
	})

/* Closes *fd now and forgets it, so that the cleanup at the end of the scope is a no-op. */
static inline void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}
