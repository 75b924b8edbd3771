#pragma once

#include "syscalls/call.h"

/*
 * struct open_how of openat2(2), by the size rules of copy_struct_from_user(): shorter than the
 * first version -EINVAL, longer than a page or with anything set that we don't know -E2BIG.
 * Fills flags, mode and resolve.
 */
int decode_open_how(struct call *call, uint64_t address, uint64_t size);

/*
 * Brings the flags of the open family to what the kernel acts on: bits that open(2) ignores are
 * dropped, creat(2) gets its own, O_LARGEFILE is set where the kernel sets it. -EINVAL and the like
 * where the kernel refuses the combination.
 */
int decode_open_flags(struct call *call);

/* True for the one call that takes its flags strictly. */
bool decode_is_openat2(const struct call *call);

/* O_LARGEFILE as the kernel has it: C libraries of 64-bit systems call it 0. */
enum { KERNEL_O_LARGEFILE = 0100000 };
