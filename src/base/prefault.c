#include "base/prefault.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* What a small policy and its filter need; a larger one goes on page by page. */
enum { HEAP = 640 * 1024 };

/* From the linker: the beginning of .data, the end of .bss. A shared object has no such names. */
extern char __data_start[] __attribute__((weak)); /* NOLINT(bugprone-reserved-identifier) */
extern char _end[] __attribute__((weak));         /* NOLINT(bugprone-reserved-identifier) */

static void populate(uintptr_t start, uintptr_t end)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t first = start & ~(page - 1);

#ifdef MADV_POPULATE_WRITE
	if (end > first)
		(void)madvise((void *)first, end - first, MADV_POPULATE_WRITE);
#else
	(void)first, (void)end;
#endif
}

void prefault(void)
{
	uintptr_t data_start = (uintptr_t)__data_start, data_end = (uintptr_t)_end;
	void *heap;

	/* So that what is allocated now is part of the heap, and stays so when it is freed. */
	(void)mallopt(M_MMAP_THRESHOLD, HEAP + 4096);
	(void)mallopt(M_TRIM_THRESHOLD, 4 * HEAP);
	heap = malloc(HEAP);
	if (heap != NULL)
		populate((uintptr_t)heap, (uintptr_t)heap + HEAP);
	free(heap);
	if (data_start != 0 && data_end > data_start)
		populate(data_start, data_end);
}
