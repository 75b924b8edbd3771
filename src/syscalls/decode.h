#pragma once

#include "syscalls/call.h"

/*
 * struct open_how of openat2(2), by the size rules of copy_struct_from_user(): shorter than the
 * first version -EINVAL, longer than a page or with anything set that we don't know -E2BIG.
 * Fills flags, mode and resolve.
 */
int decode_open_how(struct call *call, uint64_t address, uint64_t size);

/*
 * Lets the kernel itself judge flags, mode and resolve, with an empty path: 0 where it gets as
 * far as the path, else -EINVAL and the like.
 */
int decode_validate_open(const struct call *call);
