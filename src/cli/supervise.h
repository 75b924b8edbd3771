#pragma once

#include "launch/launch.h"

/*
 * The main thread's work while the target runs: signals, job control, and the end. Returns the
 * status (waitpid(2)) of the first target once the last process of the tree is gone; -ECHILD if the
 * guard died and took the tree with it.
 */
int supervise(const struct launched *launched, int *ret_status);
