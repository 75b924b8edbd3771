#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "target/place.h"

/* What walk.c and its other half, links.c, share. Nobody else includes this. */

enum { SYMLINK_LIMIT = 40 };

struct walk {
	const struct route *route;
	int root;        /* where '/' is; not owned */
	int start;       /* where the walk began; not owned */
	int current;     /* the directory reached; owned */
	bool root_known; /* to the kernel, which looks it up late: see move_to_root() */
	int links;       /* symlinks followed */
	uint64_t mount;  /* RESOLVE_NO_XDEV: the only mount allowed */
	char *rest;      /* text still to be walked; owned */
	size_t at;       /* where in it */
	struct place *place;
};

enum step { STEP_GO_ON, STEP_ARRIVED };

struct component {
	char name[NAME_MAX + 1];
	bool last;           /* nothing but slashes behind it */
	bool trailing_slash; /* at least one slash behind it */
};

/* A pin below `base`, or a negative errno. */
int walk_open(int base, const char *name, int flags);

static inline bool walk_resolves(const struct walk *walk, uint64_t flags)
{
	return (walk->route->resolve & flags) != 0;
}

/* The walk goes on from `pin`, which it owns from now on, also on failure. */
int walk_move(struct walk *walk, int pin);

/* The walk goes on from the target's root. */
int walk_move_to_root(struct walk *walk);

/* Puts a link's text before what is left to walk, and starts it where the text says. */
int walk_insert(struct walk *walk, const char *text);

/*
 * In between, the thread is the supervisor: to look at directories of /proc that the target may
 * have lost the rights to, and for what it may do with its own all the same.
 */
void walk_suspend(const struct walk *walk);
int walk_resume(const struct walk *walk);

/* Follows the symlink `link`, which `component` named: an enum step, or a negative errno. */
int walk_follow(struct walk *walk, int link, const struct component *component);
