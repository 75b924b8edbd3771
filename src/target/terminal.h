#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "target/target.h"
#include "target/world.h"

/* /dev/tty (5:0), by whatever name: it means the terminal of whoever opens it. */
bool terminal_is_alias(const struct stat *st);

/*
 * Pins the target's controlling terminal: `alias` itself (duplicated) where target and supervisor
 * have the same one, else the device. -ENXIO: it has none, or none that can be found. Checked.
 */
int terminal_pin(const struct world *world, const struct target *target, int alias);
