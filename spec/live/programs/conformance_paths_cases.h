#pragma once
/* The paths, and their products with calls, values and circumstances. */

#include "conformance_paths_calls.h"

/* Paths outside are for calls that only read, or that can only fail to make something there. */
enum whose { OURS, OUTSIDE, MAKING };

struct path {
	const char *text; /* $ at the start stands for the absolute tree */
	enum whose whose;
	enum held held;
};

static struct path paths[] = {
	{"file", 0, 0},
	{"none", 0, 0},
	{"setuid", 0, 0},
	{"readonly", 0, 0},
	{"empty", 0, 0},
	{"full", 0, 0},
	{"full/inside", 0, 0},
	{"full/sub", 0, 0},
	{"locked", 0, 0},
	{"locked/inside", 0, 0},
	{"setgid", 0, 0},
	{"setgid/new", 0, 0},
	{"acl", 0, 0},
	{"acl/new", 0, 0},
	{"pair/a", 0, 0},
	{"fifo", 0, 0},
	{"fifo/", 0, 0},
	{"socket", 0, 0},
	{"to_file", 0, 0},
	{"to_file/", 0, 0},
	{"to_file/new", 0, 0},
	{"to_full", 0, 0},
	{"to_full/", 0, 0},
	{"to_full/inside", 0, 0},
	{"to_full/new", 0, 0},
	{"to_full/..", 0, 0},
	{"dangling", 0, 0},
	{"dangling/", 0, 0},
	{"loop", 0, 0},
	{"loop/new", 0, 0},
	{"absolute", 0, 0},
	{"to_theirs", 0, 0},
	{"to_locked", 0, 0},
	{"to_dot", 0, 0},
	{"to_dot/to_dot/file", 0, 0},
	{"../theirs", 0, 0},
	{"../theirs/file", 0, 0},
	{"../theirs/hidden", 0, 0},
	{"../theirs/setuid", 0, 0},
	{"../theirs/group", 0, 0},
	{"../theirs/null", 0, 0},
	{"../theirs/link", 0, 0},
	{"../theirs/new", 0, 0},
	{"../theirs/open", 0, 0},
	{"../theirs/open/inside", 0, 0},
	{"../theirs/open/new", 0, 0},
	{"../theirs/setgid/new", 0, 0},
	{"../sticky", 0, 0},
	{"../sticky/theirs", 0, 0},
	{"../sticky/their_link", 0, 0},
	{"../sticky/mine", 0, 0},
	{"../sticky/my_directory", 0, 0},
	{"../sticky/new", 0, 0},
	{"new", 0, 0},
	{"new/", 0, 0},
	{"new//", 0, 0},
	{"new/.", 0, 0},
	{"new/..", 0, 0},
	{"missing/new", 0, 0},
	{"file/", 0, 0},
	{"file/.", 0, 0},
	{"file/..", 0, 0},
	{"file/new", 0, 0},
	{"full/", 0, 0},
	{"full//", 0, 0},
	{"full/.", 0, 0},
	{"full/..", 0, 0},
	{"full/../file", 0, 0},
	{"full/../new", 0, 0},
	{"full/./new", 0, 0},
	{"full//inside", 0, 0},
	{"full/new/", 0, 0},
	{"empty/", 0, 0},
	{"empty/.", 0, 0},
	{"empty/..", 0, 0},
	{"./file", 0, 0},
	{".//file", 0, 0},
	{"../work/file", 0, 0},
	{"../work/new", 0, 0},
	{"", 0, 0},
	{".", 0, 0},
	{"./", 0, 0},
	{"..", 0, 0},
	{"../", 0, 0},
	{"...", 0, 0},
	{"$/work/file", 0, 0},
	{"$/work/new", 0, 0},
	{"$/work/dangling", 0, 0},
	{"$/work/full/", 0, 0},
	{"$//work//full/..//file", 0, 0},
	{"file\001", 0, 0},
	{"\xff\xfe", 0, 0},
	{"new\nline", 0, 0},
	{"/proc/self/cwd", 0, 0},
	{"/proc/self/cwd/", 0, 0},
	{"/proc/self/cwd/file", 0, 0},
	{"/proc/self/cwd/new", 0, 0},
	{"/proc/self/cwd/../theirs/file", 0, 0},
	{"/proc/self/fd/50", 0, HELD_FILE},
	{"/proc/self/fd/50", 0, HELD_WRITABLE},
	{"/proc/self/fd/50", 0, HELD_PATH},
	{"/proc/self/fd/50", 0, HELD_DIRECTORY},
	{"/proc/self/fd/50", 0, HELD_LINK_PATH},
	{"/proc/self/fd/50", 0, HELD_SOCKET_PATH},
	{"/proc/self/fd/50", 0, HELD_FIFO},
	{"/proc/self/fd/50", 0, HELD_FOREIGN},
	{"/proc/self/fd/50", 0, HELD_PIPE},
	{"/proc/self/fd/50", 0, HELD_SOCKETPAIR},
	{"/proc/self/fd/50", 0, HELD_EVENTFD},
	{"/proc/self/fd/50", 0, HELD_MEMFD},
	{"/proc/self/fd/50", 0, HELD_SEALED_MEMFD},
	{"/proc/self/fd/50", 0, HELD_DELETED_FILE},
	{"/proc/self/fd/50", 0, HELD_DELETED_DIRECTORY},
	{"/proc/self/fd/50", 0, HELD_TMPFILE},
	{"/proc/self/fd/50/", 0, HELD_FILE},
	{"/proc/self/fd/50/", 0, HELD_DIRECTORY},
	{"/proc/self/fd/50/inside", 0, HELD_DIRECTORY},
	{"/proc/self/fd/50/new", 0, HELD_DIRECTORY},
	{"/proc/self/fd/50/new", 0, HELD_DELETED_DIRECTORY},
	{"/proc/self/fd/50/..", 0, HELD_DIRECTORY},
	{"/proc/self/fd/50/inside", 0, HELD_LOCKED_PATH},
	{"/proc/self/fd/999", 0, 0},
	{"/proc/thread-self/fd/50", 0, HELD_FILE},
	{"/dev/fd/50", 0, HELD_FILE},
	{"to_fd", 0, HELD_FILE},
	{"to_fd", 0, HELD_DIRECTORY},
	{"to_fd/new", 0, HELD_DIRECTORY},
	{"/", MAKING, 0},
	{"//", OUTSIDE, 0},
	{"/.", MAKING, 0},
	{"/..", OUTSIDE, 0},
	{"/proc", OUTSIDE, 0},
	{"/proc/version", MAKING, 0},
	{"/proc/new", MAKING, 0},
	{"/proc/self", MAKING, 0},
	{"/proc/self/", OUTSIDE, 0},
	{"/proc/self/new", MAKING, 0},
	{"/proc/self/fd/new", MAKING, 0},
	{"/proc/self/exe", OUTSIDE, 0},
	{"/proc/self/status", OUTSIDE, 0},
	{"/proc/self/fd", OUTSIDE, 0},
	{"/proc/self/ns/mnt", OUTSIDE, 0},
	{"/proc/self/root", OUTSIDE, 0},
	{"/proc/self/root/dev/null", OUTSIDE, 0},
	{"/proc/self/../self/comm", OUTSIDE, 0},
	{"/proc/thread-self", OUTSIDE, 0},
	{"/proc/1/status", OUTSIDE, 0},
	{"/proc/mounts", OUTSIDE, 0},
	{"/proc/net", OUTSIDE, 0},
	{"/proc/sys/kernel/ostype", OUTSIDE, 0},
	{"/dev", OUTSIDE, 0},
	{"/dev/null", OUTSIDE, 0},
	{"/dev/null/", OUTSIDE, 0},
	{"/dev/fd", OUTSIDE, 0},
	{"/dev/pts", OUTSIDE, 0},
	{"/sys", OUTSIDE, 0},
	{"/sys/missing", OUTSIDE, 0},
};

static char component_255[256], component_256[257], bytes_4094[4095], bytes_4095[4096],
	bytes_4096[4097];

#define LONG_STRINGS \
	STRING(component_255), STRING(component_256), STRING(bytes_4094), STRING(bytes_4095), \
		STRING(bytes_4096)

static const struct value pointers[] = {{"NULL", 0, true}, {"1", 1, true}, V(KERNEL_ADDRESS),
	V(EDGE(EDGE_DOTS)), V(EDGE(EDGE_DOTS) - 1), V(EDGE(EDGE_DOTS) - 4095),
	V(EDGE(EDGE_DOTS) - 4096), V(EDGE(EDGE_DOTS) - 8192), V(AT_EDGE_FILE), V(AT_EDGE_ACROSS),
	V(AT_EDGE_EMPTY), LONG_STRINGS, END};

/* Met by every value of every other argument. */
static const struct value usual_paths[] = {STRING("file"), STRING("full"), STRING("to_file"),
	STRING("to_full"), STRING("new"), STRING("dangling"), STRING("file/"), STRING("fifo"),
	STRING("setuid"), STRING("acl"), STRING("locked/inside"), STRING("../theirs/file"),
	STRING("../sticky/mine"), STRING("missing/new"), STRING(""), {"NULL", 0, true}, END};

static const struct value bad_paths[] = {STRING("missing/new"), STRING("file/new"), STRING(""),
	{"NULL", 0, true}, {"1", 1, true}, END};

static const struct value directories[] = {V(AT_FDCWD), V(DESCRIPTOR), BAD(-1), BAD(UNUSED),
	V(0xffffff9c), V((long)0xf0000000ffffff9c), V(0x7fffffff00000000 | DESCRIPTOR), END};

static void fill(char *string, size_t size, const char *end)
{
	size_t length = size - 1 - strlen(end);

	memset(string, *end == '\0' ? 'm' : '/', length);
	strcpy(string + length, end);
}

/* Once, as addresses must be those of the tables. */
static void expand_paths(void)
{
	char *absolute;

	for (size_t i = 0; i < COUNT(paths); i++)
		if (paths[i].text[0] == '$' &&
			asprintf(&absolute, "%s/tree%s", base, paths[i].text + 1) > 0)
			paths[i].text = absolute;
	fill(component_255, sizeof component_255, "");
	fill(component_256, sizeof component_256, "");
	fill(bytes_4094, sizeof bytes_4094, "file");
	fill(bytes_4095, sizeof bytes_4095, "file");
	fill(bytes_4096, sizeof bytes_4096, "file");
	bytes_4094[0] = bytes_4095[0] = bytes_4096[0] = '.';
}

typedef void visitor(const struct attempt *attempt);

/* How much oftener the coming attempts are chosen: what a supervisor gets wrong more easily. */
static unsigned weight = 1;

static struct value number(const char *label, long bits)
{
	return (struct value){label, bits, false};
}

static struct attempt usual(const struct row *row)
{
	struct attempt attempt = {.row = row, .umask = 022};

	for (int i = 0; i < 6 && row->lists[i] != NULL; i++) {
		if (row->lists[i] == P)
			attempt.arguments[i] = usual_paths[0];
		else if (row->lists[i] == D)
			attempt.arguments[i] = directories[0];
		else if (row->lists[i] == F)
			attempt.arguments[i] = number("50", DESCRIPTOR);
		else
			attempt.arguments[i] = row->lists[i][0];
	}
	if (row->lists[0] == F)
		attempt.held = row->shows == EVENTS ? HELD_INOTIFY : HELD_FILE;
	return attempt;
}

static const struct value *values_of(const struct row *row, int argument)
{
	const struct value *list = row->lists[argument];

	return list == P ? bad_paths : list == D || list == F ? directories : list;
}

static size_t length_of(const struct value *list)
{
	size_t length = 0;

	while (list[length].label != NULL)
		length++;
	return length;
}

/* With the first values of the argument that matters the most. */
static void main_values(visitor *visit, const struct row *row, struct attempt *attempt)
{
	if (row->lists[row->main] == P || row->lists[row->main] == F) {
		visit(attempt);
		return;
	}
	for (int i = 0; i < row->crossed; i++) {
		attempt->arguments[row->main] = row->lists[row->main][i];
		visit(attempt);
	}
}

static void every_path(visitor *visit, const struct row *row, int argument)
{
	for (size_t i = 0; i < COUNT(paths); i++) {
		const struct path *path = &paths[i];
		struct attempt attempt = usual(row);

		if ((path->whose == OUTSIDE && row->effect != READS) ||
			(path->whose == MAKING && row->effect == CHANGES) ||
			(row->shows == EVENTS && path->held != HELD_NOTHING))
			continue;
		attempt.arguments[argument] = (struct value)STRING(path->text);
		attempt.outside = path->whose != OURS;
		if (path->held != HELD_NOTHING)
			attempt.held = path->held;
		main_values(visit, row, &attempt);
	}
	for (size_t i = 0; pointers[i].label != NULL; i++) {
		struct attempt attempt = usual(row);

		attempt.arguments[argument] = pointers[i];
		main_values(visit, row, &attempt);
	}
}

static void every_value(visitor *visit, const struct row *row, int path)
{
	for (int i = 0; i < 6 && row->lists[i] != NULL; i++) {
		const struct value *list = row->lists[i];

		if (list == P || list == D || list == F)
			continue;
		for (size_t j = 0; list[j].label != NULL; j++)
			for (size_t k = 0; usual_paths[k].label != NULL; k++) {
				struct attempt attempt = usual(row);

				attempt.arguments[i] = list[j];
				if (path >= 0)
					attempt.arguments[path] = usual_paths[k];
				else if (k > 0)
					break;
				visit(&attempt);
			}
	}
}

/* What a descriptor is matters where it is used; with another number in the upper half, once. */
static bool worth_holding(const struct value *directory, enum held held)
{
	if (held == HELD_NOTHING)
		return true;
	return directory->bits == DESCRIPTOR ||
	       ((int)directory->bits == DESCRIPTOR && held == HELD_DIRECTORY);
}

static void every_directory(visitor *visit, const struct row *row, int directory, int path)
{
	static const struct value names[] = {STRING("inside"), STRING("new"), STRING("file"),
		STRING(""), STRING("."), STRING(".."), STRING("sub/"), STRING("../to_file"),
		{"NULL", 0, false}, {"1", 1, false}, STRING("/proc/self/cwd/file")};

	for (size_t i = 0; directories[i].label != NULL; i++)
		for (int held = 0; held < HELD_COUNT; held++) {
			struct attempt attempt = usual(row);

			if (!worth_holding(&directories[i], (enum held)held))
				continue;
			attempt.arguments[directory] = directories[i];
			attempt.held = (enum held)held;
			for (size_t j = 0; j < COUNT(names); j++) {
				attempt.arguments[path] = names[j];
				main_values(visit, row, &attempt);
				/* "" and NULL mean something with one flag. */
				for (int k = 0; k < 6; k++)
					if (row->lists[k] == at_flags) {
						struct attempt empty = attempt;

						empty.arguments[k] = at_flags[2];
						visit(&empty);
					}
			}
		}
}

static void every_descriptor(visitor *visit, const struct row *row)
{
	for (size_t i = 0; directories[i].label != NULL; i++)
		for (int held = 0; held < HELD_COUNT; held++) {
			struct attempt attempt = usual(row);

			if (!worth_holding(&directories[i], (enum held)held))
				continue;
			attempt.arguments[0] = directories[i];
			attempt.held = (enum held)held;
			main_values(visit, row, &attempt);
			attempt.held_late = held != HELD_NOTHING;
			main_values(visit, row, &attempt);
		}
}

/* Two wrong arguments at once: which of them is told? */
static void every_mistake(visitor *visit, const struct row *row)
{
	for (int a = 0; a < 6 && row->lists[a] != NULL; a++)
		for (int b = a + 1; b < 6 && row->lists[b] != NULL; b++) {
			const struct value *list_a = values_of(row, a), *list_b = values_of(row, b);
			size_t count = length_of(list_b);

			for (size_t i = 0; i < length_of(list_a) * count; i++) {
				struct attempt attempt = usual(row);

				attempt.arguments[a] = list_a[i / count];
				attempt.arguments[b] = list_b[i % count];
				if ((attempt.arguments[a].bad || list_a == bad_paths) &&
					(attempt.arguments[b].bad || list_b == bad_paths))
					visit(&attempt);
			}
		}
}

static void every_place(visitor *visit, const struct row *row, int path)
{
	static const struct value names[] = {STRING("inside"), STRING("new"), STRING(""),
		STRING("."), STRING(".."), STRING("../file"), STRING("sub/"),
		STRING("/proc/self/cwd"), STRING("/proc/self/cwd/inside")};

	for (int place = IN_FULL; place < PLACES; place++)
		for (size_t i = 0; i < COUNT(names); i++) {
			struct attempt attempt = usual(row);

			attempt.arguments[path] = names[i];
			attempt.place = (enum place)place;
			main_values(visit, row, &attempt);
		}
}

static const struct row *row_of(const char *name)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	abort();
}
