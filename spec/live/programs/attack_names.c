/*
 * Tries every call on every spelling of a name.
 *
 *   attack_names [-1] [-n] GROUND SPARE WAY...
 *
 * GROUND is the directory with the objects, which are made again before each call, where that is
 * allowed; SPARE one where everything is allowed. A WAY is a way to write GROUND:
 *
 *   PREFIX       the path PREFIX/NAME        PREFIX|SUFFIX   PREFIX/NAMESUFFIX
 *   =N:PREFIX    the same relative to descriptor N; without :PREFIX it is just NAME
 *   @DIR:PREFIX  the same relative to an O_PATH descriptor of DIR
 *   %DIR:PREFIX  the same in the current directory, which is DIR
 *   ^PATH        a whole path to the file, for calls that follow a link
 *
 * -1: with every bit set that the kernel ignores; -n: nothing is made, and what a call made goes.
 */
#include "attack_calls.h"

struct way {
	const char *text, *suffix;
	char start[4096], prefix[4096];
	int d, home;
};

static const char *ground;
static bool nothing_there;

/* The part before `mark`, which is cut off; what is behind it, or "". */
static const char *split(char *text, char mark)
{
	char *at = strchr(text, mark);

	if (at == NULL)
		return "";
	*at = '\0';
	return at + 1;
}

static void enter(struct way *way)
{
	char kind = way->text[0];

	way->d = AT_FDCWD;
	way->home = -1;
	if (kind == '=')
		way->d = atoi(way->start + 1);
	else if (kind == '@')
		way->d = open(way->start + 1, O_PATH | O_DIRECTORY);
	if (kind != '%')
		return;
	way->home = open(".", O_PATH | O_DIRECTORY);
	if (chdir(way->start + 1) < 0)
		exit(3);
}

static void leave(const struct way *way)
{
	if (way->text[0] == '@')
		(void)close(way->d);
	if (way->home >= 0 && fchdir(way->home) < 0)
		exit(3);
	if (way->home >= 0)
		(void)close(way->home);
}

static void parse(const char *text, struct way *way)
{
	way->text = text;
	(void)snprintf(way->start, sizeof way->start, "%s", text);
	way->suffix = split(way->start, '|');
	if (strchr("=@%", text[0]) != NULL)
		(void)snprintf(way->prefix, sizeof way->prefix, "%s", split(way->start, ':'));
	else
		(void)snprintf(way->prefix, sizeof way->prefix, "%s", way->start);
}

static void spell(const struct way *way, const char *leaf, char path[4096])
{
	int length;

	if (way->text[0] == '^')
		length = snprintf(path, 4096, "%s", way->prefix + 1);
	else
		length = snprintf(path, 4096, "%s%s%s%s", way->prefix,
			way->prefix[0] == '\0' ? "" : "/", leaf, way->suffix);
	if (length >= 4096)
		exit(3);
}

/* Objects that a call has changed. */
static bool used[THERE + 1], spare_used = true;

static void restore_ground(enum object object)
{
	int d;

	if (spare_used)
		restore_spare();
	spare_used = false;
	if (nothing_there || !used[object])
		return;
	used[object] = false;
	d = open(ground, O_PATH | O_DIRECTORY);
	if (d < 0)
		return;
	restore(object, d, leaf_of(object));
	(void)close(d);
}

static void note_use(const struct call *call)
{
	for (int object = 0; object <= THERE; object++)
		if (strcmp(leaf_of(object), leaf_of(call->object)) == 0)
			used[object] = true;
	spare_used = true;
}

static void remove_again(const struct call *call)
{
	int d = open(ground, O_PATH | O_DIRECTORY);

	make_nothing(d, leaf_of(call->object));
	(void)close(d);
}

static void try(const struct way *way, const struct call *call)
{
	char path[4096];
	uint64_t wanted = high;
	long result;

	if (way->d != AT_FDCWD && call->plain)
		return;
	if (way->text[0] == '^' && !is_followed(call->object))
		return;
	high = 0;
	restore_ground(call->object);
	high = wanted;
	spell(way, leaf_of(call->object), path);
	result = attempt(call, way->d, path);
	(void)printf(
		"%s %s %s\n", way->text, call->name, result < 0 ? strerrorname_np(errno) : "ok");
	if (result >= 0 && !looks(call))
		note_use(call);
	if (result >= 0 && !looks(call) && nothing_there)
		remove_again(call);
}

int main(int argc, char **argv)
{
	struct way way;
	int option;

	while ((option = getopt(argc, argv, "+1n")) != -1) {
		if (option == '?')
			return 2;
		if (option == '1')
			high = 0x5a5a5a5a00000000;
		nothing_there = nothing_there || option == 'n';
	}
	if (argc - optind < 3)
		return 2;
	ground = argv[optind];
	begin(argv[optind + 1]);
	(void)umask(0);
	for (int object = 0; object <= THERE; object++)
		used[object] = true;
	for (int i = optind + 2; i < argc; i++) {
		parse(argv[i], &way);
		enter(&way);
		for (size_t j = 0; j < CALL_COUNT; j++)
			try(&way, &calls[j]);
		leave(&way);
	}
	return 0;
}
