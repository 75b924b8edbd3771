#pragma once

#include <sys/stat.h>

#include "syscalls/act.h"

/*
 * A name in a directory, for the calls that make, move and remove names: the directory is pinned,
 * the last component is text. What is judged is the directory's resolved name and that text.
 */
struct entry {
	struct place place; /* parent; path is the name judged */
	int dirfd;          /* with `name`: what a *at call takes; not owned */
	const char *name;   /* as the program wrote it, with slashes behind it; borrowed */
	bool special;       /* "/", ".", "..": such calls fail in the kernel, whatever they are */
	bool exists;
	bool too_long;  /* says its file system: no more is known of it */
	struct stat st; /* if it exists; of the name itself, no link is followed */
};

#define ENTRY_NOWHERE ((struct entry){.place = PLACE_NOWHERE, .dirfd = -1})

void entry_clear(struct entry *entry);
#define cleanup_entry __attribute__((cleanup(entry_clear)))

/*
 * Pins the directory of `path`, which starts at `base` (-1: it is absolute) and outlives the entry.
 * 0, or a negative errno; with -ENOENT place.path may be the name whose directory is missing.
 */
int entry_find(
	const struct call *call, int base, const char *path, size_t length, struct entry *ret);

/*
 * Whether its directory still has the name that was judged. Between moves_hold() and
 * moves_release() that stays so, as far as the run itself is concerned.
 */
bool entry_is_where_it_was(const struct call *call, const struct entry *entry);
/* The same of a place at which nothing is, or was. */
bool place_is_where_it_was(const struct call *call, const struct place *place);

/* Its mount, or its file system, is read-only. */
bool entry_is_read_only(const struct entry *entry);

/*
 * The same for the path of redirect(), as the target, without following a link anywhere; not
 * judged.
 */
int entry_find_redirected(const struct call *call, const char *path, struct entry *ret);
