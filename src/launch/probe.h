#pragma once

#include <stdbool.h>

#include "base/error.h"

/*
 * Whether the calls can be made that Moongate cannot do without: a sandbox around it may refuse
 * some. It is better to say so than to find out when a program runs. `stops`: whether what is
 * executed or mapped as code will be verified.
 */
int launch_probe(bool stops, struct error *err);
