#pragma once

#include "syscalls/call.h"

enum { SCRIPT_LINE_SIZE = 256 /* BINPRM_BUF_SIZE */ };

/* What a "#!" line says. */
struct script {
	char interpreter[SCRIPT_LINE_SIZE];
	char argument[SCRIPT_LINE_SIZE]; /* empty: there is none */
};

/*
 * The first line of the pinned file, as load_script() in fs/binfmt_script.c reads it. 1; 0: the
 * file is no script, or the kernel would not take it for one, or it is closed to us; or a negative
 * errno, as act_open().
 */
int script_read(struct call *call, int pin, struct script *ret);
