#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/world.h"

/*
 * Whether what a process has at this address is the file that `pin` pins (/proc/PID/maps). The
 * process is stopped, or what is said is of one moment. false also where it cannot be told.
 */
bool maps_have(const struct world *world, pid_t pid, uint64_t address, int pin);
