#pragma once

#include <stdbool.h>

#include "syscalls/call.h"

/*
 * Whether rules alone, asked silently, allow memory as code, and with it any code, to everybody.
 * Not where a handler decides: that one knows the call at hand, not the one that it allowed before.
 */
bool map_may_be_any(struct call *call);
