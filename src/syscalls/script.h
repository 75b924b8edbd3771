#pragma once

#include "syscalls/call.h"

/*
 * The interpreter that a file names in its first line, as load_script() in fs/binfmt_script.c reads
 * it. 1: *ret is its path; 0: the file is no script, or the kernel would not take it for one, or it
 * can't be read.
 */
enum { SCRIPT_LINE_SIZE = 256 };
int script_interpreter(const struct call *call, int pin, char ret[SCRIPT_LINE_SIZE]);
