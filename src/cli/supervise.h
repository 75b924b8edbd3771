#pragma once

#include "launch/launch.h"

/*
 * The main thread's work while the target runs: signals, job control, and the end. Returns the
 * status (waitpid(2)) of the first target once the last process of the tree is gone; -ECHILD if the
 * guard died and took the tree with it.
 */
int supervise(const struct launched *launched, const sigset_t *signals, int *ret_status);

/* The signals that a supervisor receives itself, for sigprocmask and supervise(). */
void supervise_signals(sigset_t *ret);
