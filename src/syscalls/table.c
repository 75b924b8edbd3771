#include "syscalls/table.h"

#include <errno.h>
#include <linux/btrfs.h>
#include <linux/f2fs.h>
#include <linux/fs.h>
#include <linux/fscrypt.h>
#include <linux/fsverity.h>
#include <linux/kd.h>
#include <linux/msdos_fs.h>
#include <linux/nilfs2_api.h>
#include <linux/sched.h>
#include <linux/tiocl.h>
#include <pthread.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "syscalls/perform.h"

/* A new time namespace is unshare's alone: its bit is part of clone's signal number. */
#define CLONE_NAMESPACES \
	(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | \
		CLONE_NEWPID | CLONE_NEWNET)

/* Of an ioctl: its type and number, without the size and direction of its argument. */
#define NUMBER_OF(request) ((request)&UINT16_MAX)

#define ANY (-1)
#define GROUP_OF(group) GROUP_##group
#define UNPACK(...) __VA_ARGS__

/* Names of argument kinds as the table writes them. */
#define ARGS(...) \
	{ \
		MAP_ARGUMENTS(__VA_ARGS__) \
	}
#define MAP_ARGUMENTS(...) __VA_OPT__(MAP_1(__VA_ARGS__))
#define MAP_1(first, ...) ARG_##first __VA_OPT__(, MAP_2(__VA_ARGS__))
#define MAP_2(first, ...) ARG_##first __VA_OPT__(, MAP_3(__VA_ARGS__))
#define MAP_3(first, ...) ARG_##first __VA_OPT__(, MAP_4(__VA_ARGS__))
#define MAP_4(first, ...) ARG_##first __VA_OPT__(, MAP_5(__VA_ARGS__))
#define MAP_5(first, ...) ARG_##first __VA_OPT__(, MAP_6(__VA_ARGS__))
#define MAP_6(first) ARG_##first

const struct syscall_row syscall_table[] = {
#define SYSCALL(name, number, group, operation, arguments, perform) \
	{#name, number, GROUP_OF(group), OPERATION_##operation, arguments, perform},
#include "syscalls/table.def"
};
const size_t syscall_table_size = sizeof syscall_table / sizeof *syscall_table;

const struct scalar_row scalar_table[] = {
#define SCALAR(name, argument, mask, value, group) \
	{#name, argument, mask, (uint64_t)(value) & (mask), GROUP_OF(group)},
#include "syscalls/table.def"
};
const size_t scalar_table_size = sizeof scalar_table / sizeof *scalar_table;

const struct watch_row watch_table[] = {
#define WATCH(name, argument, mask, relation, value) {#name, argument, mask, relation, value},
#include "syscalls/table.def"
};
const size_t watch_table_size = sizeof watch_table / sizeof *watch_table;

const struct group_row group_table[GROUP_COUNT] = {
#define GROUP(id, name, error, flags, help, refusal) \
	[GROUP_##id] = {name, error, flags, help, refusal},
#include "syscalls/table.def"
};

/* Groups of groups: what people mean more often than one of them. */
static const struct union_row {
	const char *name, *help;
	enum syscall_group members[16]; /* ends with GROUP_NONE */
} union_table[] = {
	{"@file-change",
		"everything that changes file system objects by name (rules decide), and "
		"@file-ioctl",
		{GROUP_REMOVE, GROUP_RENAME, GROUP_LINK, GROUP_SYMLINK, GROUP_MKNOD, GROUP_CHMOD,
			GROUP_CHOWN, GROUP_TRUNCATE, GROUP_UTIME, GROUP_XATTR, GROUP_FILE_IOCTL,
			GROUP_DEVICE}},
	{"@network", "sockets of the usual families",
		{GROUP_UNIX, GROUP_INET, GROUP_NETLINK, GROUP_BIND}},
	/* Words of groups that bring another with them; their help stands there. */
	{"@chmod", NULL, {GROUP_FILE_IOCTL}},
	{"@mknod", NULL, {GROUP_DEVICE}},
	{"@remove", NULL, {GROUP_FILE_IOCTL}},
	{"@unix", NULL, {GROUP_BIND}},
	{"@inet", NULL, {GROUP_BIND}},
	{"@netlink", NULL, {GROUP_BIND}},
	{"@rare-sockets", NULL, {GROUP_BIND}},
};
enum { UNION_COUNT = sizeof union_table / sizeof *union_table };

int syscall_number(const struct syscall_row *row)
{
	int number = row->number;

	if (number < 0)
		number = seccomp_syscall_resolve_name(row->name);
	return number < 0 ? -1 : number; /* libseccomp's pseudo numbers are negative */
}

enum { NUMBER_LIMIT = 1024 };
static const struct syscall_row *by_number[NUMBER_LIMIT];

static void index_rows(void)
{
	for (size_t i = 0; i < syscall_table_size; i++) {
		int number = syscall_number(&syscall_table[i]);

		if (number >= 0 && number < NUMBER_LIMIT)
			by_number[number] = &syscall_table[i];
	}
}

const struct syscall_row *syscall_by_number(int number)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, index_rows);
	return number >= 0 && number < NUMBER_LIMIT ? by_number[number] : NULL;
}

enum syscall_group syscall_refusing_group(
	const struct syscall_row *row, const uint64_t arguments[6])
{
	if (row->group != GROUP_NONE && row->operation == OPERATION_NONE)
		return row->group;
	for (size_t i = 0; i < scalar_table_size; i++) {
		const struct scalar_row *scalar = &scalar_table[i];

		if (strcmp(scalar->name, row->name) == 0 &&
			(arguments[scalar->argument] & scalar->mask) == scalar->value)
			return scalar->group;
	}
	return GROUP_NONE;
}

/* ---- words --------------------------------------------------------------------------------- */

enum { WORD_LIMIT = 640 };
static struct vocabulary_word words[WORD_LIMIT];
static struct vocabulary vocabulary = {words, 0};

static void add_word(const char *name, const char *help, const char *refusal)
{
	if (vocabulary.count < WORD_LIMIT)
		words[vocabulary.count++] = (struct vocabulary_word){name, help, refusal};
}

static void collect_words(void)
{
	for (size_t i = GROUP_NONE + 1; i < GROUP_COUNT; i++)
		add_word(group_table[i].name, group_table[i].help, group_table[i].refusal);
	for (size_t i = 0; i < UNION_COUNT; i++)
		if (union_table[i].help != NULL)
			add_word(union_table[i].name, union_table[i].help, NULL);
	for (size_t i = 0; i < syscall_table_size; i++) {
		const struct group_row *group = &group_table[syscall_table[i].group];

		add_word(syscall_table[i].name, group->help, group->refusal);
	}
}

const struct vocabulary *syscall_vocabulary(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, collect_words);
	return &vocabulary;
}

static bool union_covers(const struct union_row *row, enum syscall_group group)
{
	for (size_t i = 0; row->members[i] != GROUP_NONE; i++)
		if (row->members[i] == group)
			return true;
	return false;
}

bool syscall_word_covers(const char *word, const char *name, enum syscall_group group)
{
	if (word[0] != '@')
		return strcmp(word, name) == 0;
	if (group == GROUP_NONE)
		return false;
	if (strcmp(word, group_table[group].name) == 0)
		return true;
	for (size_t i = 0; i < UNION_COUNT; i++)
		if (strcmp(word, union_table[i].name) == 0 && union_covers(&union_table[i], group))
			return true;
	return false;
}

bool syscall_word_is_unjudged(const char *word)
{
	for (size_t i = 0; i < syscall_table_size; i++)
		if ((group_table[syscall_table[i].group].flags & UNJUDGED) != 0 &&
			syscall_word_covers(word, syscall_table[i].name, syscall_table[i].group))
			return true;
	for (size_t i = 0; i < scalar_table_size; i++)
		if ((group_table[scalar_table[i].group].flags & UNJUDGED) != 0 &&
			syscall_word_covers(word, "", scalar_table[i].group))
			return true;
	return false;
}
