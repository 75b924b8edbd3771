#pragma once
/* Cases of particular calls: with two paths, and products of their own. */

#include "conformance_paths_cases.h"

static const struct value sources[] = {STRING("file"), STRING("none"), STRING("setuid"),
	STRING("empty"), STRING("full"), STRING("full/inside"), STRING("locked"),
	STRING("locked/inside"), STRING("setgid"), STRING("pair/a"), STRING("to_file"),
	STRING("to_full"), STRING("to_full/"), STRING("to_full/inside"), STRING("dangling"),
	STRING("loop"), STRING("fifo"), STRING("socket"), STRING("missing"), STRING("missing/x"),
	STRING("file/"), STRING("empty/"), STRING("full/."), STRING("."), STRING(".."), STRING(""),
	STRING("../theirs/file"), STRING("../theirs/hidden"), STRING("../theirs/null"),
	STRING("../theirs/open/inside"), STRING("../sticky/theirs"), STRING("../sticky/mine"),
	STRING("../sticky/my_directory"), STRING("/proc/self/cwd/file"), V(AT_EDGE_FILE),
	STRING(component_256), STRING(bytes_4095), {"NULL", 0, true}, {"1", 1, true}, END};

static const struct value destinations[] = {STRING("new"), STRING("new/"), STRING("file"),
	STRING("setuid"), STRING("empty"), STRING("full"), STRING("full/new"),
	STRING("full/inside"), STRING("full/sub/deeper"), STRING("empty/new"), STRING("to_file"),
	STRING("to_full"), STRING("to_full/new"), STRING("dangling"), STRING("loop"),
	STRING("socket"), STRING("missing/x"), STRING("file/x"), STRING("file/"), STRING("empty/"),
	STRING("empty/."), STRING("."), STRING(".."), STRING(""), STRING("setgid/new"),
	STRING("acl/new"), STRING("pair/b"), STRING("locked/new"), STRING("../theirs/new"),
	STRING("../theirs/file"), STRING("../theirs/open/new"), STRING("../theirs/setgid/new"),
	STRING("../sticky/new"), STRING("../sticky/theirs"), STRING("../sticky/mine"),
	STRING("/proc/self/cwd/new"), STRING("/proc/new"), V(AT_EDGE_FILE), STRING(component_255),
	STRING(component_256), STRING(bytes_4096), {"NULL", 0, true}, {"1", 1, true}, END};

static void two_paths(visitor *visit, const char *name, int first, int second, int flags, int count)
{
	for (size_t i = 0; sources[i].label != NULL; i++)
		for (size_t j = 0; destinations[j].label != NULL; j++)
			for (int k = 0; k < count; k++) {
				struct attempt attempt = usual(row_of(name));

				attempt.arguments[first] = sources[i];
				attempt.arguments[second] = destinations[j];
				if (flags >= 0)
					attempt.arguments[flags] = attempt.row->lists[flags][k];
				visit(&attempt);
			}
}

static void two_paths_flags(visitor *visit, const struct row *row)
{
	static const struct value first[] = {STRING("file"), STRING("to_file"), STRING("full"),
		STRING("missing"), STRING(""), {"NULL", 0, true}};
	static const struct value second[] = {STRING("new"), STRING("setuid"), STRING("empty"),
		STRING("full/sub"), STRING("."), {"NULL", 0, true}};

	for (size_t flag = 0; row->lists[4][flag].label != NULL; flag++)
		for (size_t i = 0; i < COUNT(first) * COUNT(second); i++) {
			struct attempt attempt = usual(row);

			attempt.arguments[1] = first[i / COUNT(second)];
			attempt.arguments[3] = second[i % COUNT(second)];
			attempt.arguments[4] = row->lists[4][flag];
			visit(&attempt);
		}
}

static void two_directories(visitor *visit, const struct row *row)
{
	static const struct value names[] = {
		STRING("inside"), STRING("file"), STRING(""), {"NULL", 0, true}};
	size_t count = length_of(directories);
	static const enum held helds[] = {HELD_NOTHING, HELD_FILE, HELD_DIRECTORY,
		HELD_DIRECTORY_PATH, HELD_LINK_PATH, HELD_LOCKED_PATH, HELD_FOREIGN_DIRECTORY,
		HELD_DELETED_DIRECTORY, HELD_PIPE};

	for (size_t i = 0; i < count * count * COUNT(helds) * COUNT(names); i++) {
		struct attempt attempt = usual(row);
		size_t circumstances = i / COUNT(names) / COUNT(helds);

		attempt.held = helds[i / COUNT(names) % COUNT(helds)];
		attempt.arguments[0] = directories[circumstances / count];
		attempt.arguments[1] = names[i % COUNT(names)];
		attempt.arguments[2] = directories[circumstances % count];
		attempt.arguments[3] = (struct value)STRING("new");
		if (attempt.held == HELD_NOTHING || attempt.arguments[0].bits == DESCRIPTOR ||
			attempt.arguments[2].bits == DESCRIPTOR)
			visit(&attempt);
	}
}

/* Links to what a descriptor holds: through /proc, and by an empty path. */
static void held_links(visitor *visit)
{
	static const struct value names[] = {STRING("/proc/self/fd/50"), STRING("to_fd"),
		STRING("/dev/fd/50"), STRING("/proc/thread-self/fd/50"), STRING(""),
		{"NULL", 0, false}};

	for (int held = 0; held < HELD_COUNT; held++)
		for (size_t i = 0; i < COUNT(names); i++)
			for (int flag = 0; flag < 5; flag++)
				for (int late = 0; late < 2; late++) {
					struct attempt attempt = usual(row_of("linkat"));

					attempt.held = (enum held)held;
					attempt.held_late = late != 0;
					attempt.arguments[0] = directories[i < 4 ? 0 : 1];
					attempt.arguments[1] = names[i];
					attempt.arguments[3] = (struct value)STRING("new");
					attempt.arguments[4] = follow_flags[flag];
					visit(&attempt);
				}
}

/* Modes of what is made, under umasks and default ACLs. */
static void made_modes(visitor *visit)
{
	static const struct value names[] = {STRING("new"), STRING("acl/new"), STRING("setgid/new"),
		STRING("../theirs/setgid/new"), STRING("../theirs/open/new")};
	static const unsigned masks_[] = {0, 022, 077, 0777};

	for (size_t i = 0; i < COUNT(names) * COUNT(masks_); i++)
		for (size_t j = 0; makes[j].label != NULL; j++) {
			struct attempt attempt = usual(row_of("mknod"));

			attempt.arguments[0] = names[i / COUNT(masks_)];
			attempt.arguments[1] = makes[j];
			attempt.umask = masks_[i % COUNT(masks_)];
			visit(&attempt);
		}
}

static void owners_of(visitor *visit, const char *name, int path)
{
	static const struct value names[] = {STRING("file"), STRING("setuid"), STRING("to_file"),
		STRING("absolute"), STRING("setgid"), STRING("../theirs/setuid"), STRING("pair/a")};

	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; owners[j].label != NULL; j++)
			for (size_t k = 0; owners[k].label != NULL; k++) {
				struct attempt attempt = usual(row_of(name));

				attempt.arguments[path] = names[i];
				attempt.arguments[path + 1] = owners[j];
				attempt.arguments[path + 2] = owners[k];
				visit(&attempt);
			}
}

static void modes_of(visitor *visit, const char *name, int path)
{
	static const struct value names[] = {STRING("file"), STRING("setuid"), STRING("none"),
		STRING("to_full"), STRING("setgid"), STRING("acl"), STRING("pair/a"),
		STRING("../theirs/setuid"), STRING("../sticky/mine"), STRING("fifo"),
		STRING("socket"), STRING("locked")};

	for (size_t i = 0; i < COUNT(names); i++)
		for (size_t j = 0; modes[j].label != NULL; j++) {
			struct attempt attempt = usual(row_of(name));

			attempt.arguments[path] = names[i];
			attempt.arguments[path + 1] = modes[j];
			attempt.umask = i % 2 ? 077 : 022;
			visit(&attempt);
		}
}

/* Truncation: what is too long for RLIMIT_FSIZE, and what privileges it takes from a file. */
static void cut(visitor *visit)
{
	static const struct value names[] = {STRING("file"), STRING("setuid"), STRING("none"),
		STRING("to_file"), STRING("full"), STRING("../theirs/file")};
	static const enum held helds[] = {HELD_WRITABLE, HELD_SETUID, HELD_FILE, HELD_PATH,
		HELD_MEMFD, HELD_SEALED_MEMFD, HELD_DELETED_FILE, HELD_TMPFILE, HELD_DIRECTORY,
		HELD_PIPE, HELD_FIFO};

	for (size_t i = 0; lengths[i].label != NULL; i++)
		for (int limit = 0; limit < LIMITS; limit++) {
			struct attempt attempt = usual(row_of("truncate"));

			attempt.limit = (enum limit)limit;
			attempt.arguments[1] = lengths[i];
			for (size_t j = 0; j < COUNT(names); j++) {
				attempt.arguments[0] = names[j];
				visit(&attempt);
			}
			attempt.row = row_of("ftruncate");
			attempt.arguments[0] = number("50", DESCRIPTOR);
			for (size_t j = 0; j < COUNT(helds); j++) {
				attempt.held = helds[j];
				visit(&attempt);
			}
		}
}

static void acls(visitor *visit, const char *name)
{
	static const struct value objects_[] = {STRING("file"), STRING("full"), STRING("acl"),
		STRING("to_file"), STRING("to_full"), STRING("fifo"), STRING("../theirs/file"),
		STRING("../theirs/open"), STRING("setgid")};
	static const struct value names[] = {STRING("system.posix_acl_access"),
		STRING("system.posix_acl_default"), STRING("trusted.new"), STRING("user.new"),
		STRING("user.one")};
	static const long sizes[] = {0, 4, 28, 43, 44};
	const struct row *row = row_of(name);

	for (size_t i = 0; i < COUNT(objects_) * COUNT(names); i++)
		for (size_t j = 0; j < COUNT(sizes) * 2; j++) {
			struct attempt attempt = usual(row);

			attempt.arguments[0] = objects_[i / COUNT(names)];
			attempt.arguments[1] = names[i % COUNT(names)];
			if (row->effect == READS || row->lists[2] == NULL) {
				visit(&attempt);
				break;
			}
			attempt.arguments[2] = number("acl", (long)long_acl);
			attempt.arguments[3] =
				(struct value[]){V(0), V(4), V(28), V(43), V(44)}[j / 2];
			attempt.arguments[4] = attribute_flags[j % 2 * 2];
			visit(&attempt);
		}
}

/* Times together with flags, without a path, and on what is not ours. */
static void times_and_flags(visitor *visit)
{
	static const struct value names[] = {STRING("file"), STRING("to_file"), STRING("dangling"),
		STRING("../theirs/open"), STRING("../theirs/file"), STRING("none"),
		{"NULL", 0, true}, STRING(""), STRING("missing/new")};
	static const enum held helds[] = {HELD_NOTHING, HELD_FILE, HELD_PATH, HELD_LINK_PATH,
		HELD_DIRECTORY, HELD_FOREIGN, HELD_MEMFD, HELD_PIPE};

	for (size_t i = 0; timespecs[i].label != NULL; i++)
		for (int flag = 0; flag < 3; flag++)
			for (size_t j = 0; j < COUNT(names) * COUNT(helds); j++) {
				struct attempt attempt = usual(row_of("utimensat"));
				bool pathless = j / COUNT(helds) == 6 || j / COUNT(helds) == 7;

				attempt.held = helds[j % COUNT(helds)];
				attempt.arguments[0] = directories[attempt.held ? 1 : 0];
				attempt.arguments[1] = names[j / COUNT(helds)];
				attempt.arguments[2] = timespecs[i];
				attempt.arguments[3] = at_flags[flag];
				if (pathless || attempt.held == HELD_NOTHING)
					visit(&attempt);
			}
}

static void masks_and_objects(visitor *visit)
{
	static const struct value names[] = {STRING("file"), STRING("full"), STRING("to_file"),
		STRING("fifo"), STRING("socket"), STRING("../theirs/null"), STRING("acl"),
		STRING("setuid"), STRING("/"), STRING("/dev/null")};

	for (size_t i = 0; masks[i].label != NULL; i++)
		for (size_t j = 0; j < COUNT(names) * 2; j++) {
			struct attempt attempt = usual(row_of("statx"));

			attempt.arguments[1] = names[j / 2];
			attempt.arguments[2] = at_flags[j % 2];
			attempt.arguments[3] = masks[i];
			visit(&attempt);
		}
}

static void every_attempt(visitor *visit)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		int path = place_of(row, P), directory = place_of(row, D);

		if (row->number == SYS_rename || row->number == SYS_renameat ||
			row->number == SYS_renameat2 || row->number == SYS_link ||
			row->number == SYS_linkat) {
			if (directory >= 0)
				two_directories(visit, row);
			if (row->lists[4] != NULL)
				two_paths_flags(visit, row);
			continue;
		}
		every_value(visit, row, path);
		every_mistake(visit, row);
		if (row->lists[0] == F)
			every_descriptor(visit, row);
		if (path < 0)
			continue;
		every_path(visit, row, path);
		every_place(visit, row, path);
		if (directory >= 0)
			every_directory(visit, row, directory, path);
	}
	two_paths(visit, "rename", 0, 1, -1, 1);
	two_paths(visit, "renameat2", 1, 3, 4, 4);
	two_paths(visit, "link", 0, 1, -1, 1);
	two_paths(visit, "linkat", 1, 3, 4, 2);
	made_modes(visit);
	owners_of(visit, "chown", 0);
	owners_of(visit, "lchown", 0);
	owners_of(visit, "fchownat", 1);
	modes_of(visit, "chmod", 0);
	modes_of(visit, "fchmodat", 1);
	acls(visit, "setxattr");
	acls(visit, "getxattr");
	acls(visit, "removexattr");
	times_and_flags(visit);
	masks_and_objects(visit);
	weight = 8;
	held_links(visit);
	cut(visit);
}
