#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "target/words.h"
#include "target/world.h"

/*
 * A program that the kernel has just put into a process, before its first instruction: the caller
 * traces it and holds it in its exec stop. Nobody else can change what is here.
 */

/* Whether what it runs is this file. */
bool image_is(const struct world *world, pid_t pid, dev_t device, ino_t inode);

/* Whether its argv, or its environment, is exactly this. false also where it cannot be read. */
bool image_has_argv(const struct world *world, pid_t pid, const struct words *argv);
/* Whether its argv begins with these words. */
bool image_starts_with(const struct world *world, pid_t pid, const struct words *words);
bool image_has_environment(const struct world *world, pid_t pid, const struct words *env);

/*
 * Takes variables out of its environment: the pointers to them, and their bytes. `sp` is its stack
 * pointer, at which the kernel has put argc, argv, envp and the auxiliary vector
 * (create_elf_tables() in fs/binfmt_elf.c); words of 64 bits. `keeps` says whether a variable
 * stays. 0 or a negative errno: then it must not run.
 */
int image_strip_environment(pid_t pid, uint64_t sp,
	bool (*keeps)(void *context, const char *name, size_t length), void *context);
