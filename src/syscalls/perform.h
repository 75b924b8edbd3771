#pragma once

#include "syscalls/call.h"

/* The functions that rows of table.def name: syscalls/<family>.c. */
void open_perform(struct call *call, struct answer *answer);
void mkdir_perform(struct call *call, struct answer *answer);
void exec_perform(struct call *call, struct answer *answer);
void credentials_perform(struct call *call, struct answer *answer);
void process_perform(struct call *call, struct answer *answer);
void priority_perform(struct call *call, struct answer *answer);
void ioprio_perform(struct call *call, struct answer *answer);

/* Rows of a group that is not open, and not performed by anything. */
void refuse_perform(struct call *call, struct answer *answer);
