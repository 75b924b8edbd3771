#include "launch/filter.h"

#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "launch/plan.h"
#include "syscalls/perform.h"
#include "syscalls/table.h"

/* Newer than the headers of some. */
#ifndef SO_PEERPIDFD
#define SO_PASSPIDFD 76
#define SO_PEERPIDFD 77
#endif

static void release_context(scmp_filter_ctx *context)
{
	if (*context != NULL)
		seccomp_release(*context);
}
#define cleanup_context __attribute__((cleanup(release_context)))

/* (args[argument] & mask) == value */
static struct scmp_arg_cmp masked(unsigned argument, uint64_t mask, uint64_t value)
{
	return (struct scmp_arg_cmp){argument, SCMP_CMP_MASKED_EQ, mask, value};
}

static bool is_watched(const struct syscall_row *row)
{
	for (size_t i = 0; i < watch_table_size; i++)
		if (strcmp(watch_table[i].name, row->name) == 0)
			return true;
	return false;
}

/* One WATCH line. DIFFERENT compares all 64 bits: where only ignored ones differ, it asks in vain.
 */
static int add_watch(scmp_filter_ctx context, int number, const struct watch_row *watch)
{
	struct scmp_arg_cmp compare = masked(watch->argument, watch->mask, watch->value);

	if (watch->relation == DIFFERENT)
		compare = (struct scmp_arg_cmp){watch->argument, SCMP_CMP_NE, watch->value, 0};
	return seccomp_rule_add_array(context, SCMP_ACT_NOTIFY, number, 1, &compare);
}

static int notify_watched(scmp_filter_ctx context, int number, const struct syscall_row *row)
{
	int result = 0;

	for (size_t i = 0; i < watch_table_size && result == 0; i++)
		if (strcmp(watch_table[i].name, row->name) == 0)
			result = add_watch(context, number, &watch_table[i]);
	return result;
}

/* Any of these bits makes an open change something, or makes it possible. */
static int notify_changing_opens(scmp_filter_ctx context, int number, unsigned argument)
{
	static const uint64_t bits[] = {
		O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_TMPFILE & ~(uint64_t)O_DIRECTORY};
	int result = 0;

	for (size_t i = 0; i < sizeof bits / sizeof *bits && result == 0; i++) {
		struct scmp_arg_cmp compare = masked(argument, bits[i], bits[i]);

		result = seccomp_rule_add_array(context, SCMP_ACT_NOTIFY, number, 1, &compare);
	}
	return result;
}

static int add_row(scmp_filter_ctx context, const struct policy *policy,
	const struct syscall_row *row, struct filter *filter)
{
	int number = syscall_number(row), error;

	if (number < 0)
		return 0;
	switch (filter_disposition(policy, row, filter->setting, &error)) {
	case DISPOSITION_KERNEL:
		return 0;
	case DISPOSITION_ASKED_IF_CHANGING:
		filter->notified++;
		return notify_changing_opens(context, number, (unsigned)plan_flags_argument(row));
	case DISPOSITION_REFUSED:
		return seccomp_rule_add(context, SCMP_ACT_ERRNO((uint32_t)error), number, 0);
	case DISPOSITION_EXPLAINED:
	case DISPOSITION_ASKED:
		break;
	}
	filter->notified++;
	if (is_watched(row))
		return notify_watched(context, number, row);
	return seccomp_rule_add(context, SCMP_ACT_NOTIFY, number, 0);
}

static int add_scalar(
	scmp_filter_ctx context, const struct policy *policy, const struct scalar_row *row)
{
	const struct group_row *group = &group_table[row->group];
	int number = seccomp_syscall_resolve_name(row->name);
	struct scmp_arg_cmp compare = masked(row->argument, row->mask, row->value);

	int said = plan_ruling(policy, "", row->group);
	uint32_t action = SCMP_ACT_ERRNO((uint32_t)(said > 0 ? said : group->error));

	if (number < 0 || said == PLAN_OPEN)
		return 0;
	/* Only sockets: clone, ioctl and their like are probed for, or too frequent to be asked
	 * about. */
	if (said == PLAN_UNSAID && (group->flags & EXPLAINED) != 0 &&
		strcmp(row->name, "socket") == 0)
		action = SCMP_ACT_NOTIFY;
	return seccomp_rule_add_array(context, action, number, 1, &compare);
}

/* Pretend: see filter_build(). */
static int add_dumpable(scmp_filter_ctx context)
{
	struct scmp_arg_cmp compare[] = {
		masked(0, UINT32_MAX, PR_SET_DUMPABLE),
		masked(1, UINT64_MAX, 0),
	};

	return seccomp_rule_add_array(context, SCMP_ACT_ERRNO(0), SCMP_SYS(prctl), 2, compare);
}

/*
 * The owner of a descriptor gets its signals, any signal, from the kernel: nobody asks about it
 * again. Without a Landlock domain it could be anybody of the same user, and a terminal's is the
 * foreground group; with one it could be somebody whom on.kill protects.
 */
static int refuse_signal_driven(scmp_filter_ctx context)
{
	static const struct {
		int number;
		unsigned command;
		uint64_t flags; /* of the third argument; 0: whatever it is */
	} rows[] = {
		{SCMP_SYS(fcntl), F_SETOWN, 0},
		{SCMP_SYS(fcntl), F_SETOWN_EX, 0},
		{SCMP_SYS(fcntl), F_SETSIG, 0},
		{SCMP_SYS(fcntl), F_SETFL, O_ASYNC},
		{SCMP_SYS(ioctl), FIOSETOWN, 0},
		{SCMP_SYS(ioctl), SIOCSPGRP, 0},
		{SCMP_SYS(ioctl), FIOASYNC, 0},
	};
	int result = 0;

	for (size_t i = 0; i < sizeof rows / sizeof *rows && result == 0; i++) {
		struct scmp_arg_cmp compare[] = {
			masked(1, UINT32_MAX, rows[i].command),
			masked(2, rows[i].flags, rows[i].flags),
		};

		result = seccomp_rule_add_array(context, SCMP_ACT_ERRNO(EPERM), rows[i].number,
			rows[i].flags != 0 ? 2 : 1, compare);
	}
	return result;
}

/*
 * Without a Landlock domain: pidfd_open(2) and directories of /proc are judged, but a socket tells
 * its other end's pidfd. Answered as before Linux 6.5.
 */
static int refuse_foreign_pidfds(scmp_filter_ctx context)
{
	const struct scmp_arg_cmp peer[] = {
		masked(1, UINT32_MAX, SOL_SOCKET), masked(2, UINT32_MAX, SO_PEERPIDFD)};
	const struct scmp_arg_cmp pass[] = {
		masked(1, UINT32_MAX, SOL_SOCKET), masked(2, UINT32_MAX, SO_PASSPIDFD)};
	int result = seccomp_rule_add_array(
		context, SCMP_ACT_ERRNO(ENOPROTOOPT), SCMP_SYS(getsockopt), 2, peer);

	if (result == 0)
		result = seccomp_rule_add_array(
			context, SCMP_ACT_ERRNO(ENOPROTOOPT), SCMP_SYS(setsockopt), 2, pass);
	return result;
}

/* Shared memory as code: no file, and no second look. */
static int refuse_shared_code(scmp_filter_ctx context)
{
	struct scmp_arg_cmp compare = masked(2, SHM_EXEC, SHM_EXEC);

	return seccomp_rule_add_array(context, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(shmat), 1, &compare);
}

static int highest_number(void)
{
	int highest = 0;

	for (size_t i = 0; i < syscall_table_size; i++) {
		int number = syscall_number(&syscall_table[i]);

		if (number > highest)
			highest = number;
	}
	return highest;
}

static int add_rules(scmp_filter_ctx context, const struct policy *policy, struct filter *filter)
{
	int result = 0;

	for (size_t i = 0; i < syscall_table_size && result == 0; i++)
		result = add_row(context, policy, &syscall_table[i], filter);
	for (size_t i = 0; i < scalar_table_size && result == 0; i++)
		result = add_scalar(context, policy, &scalar_table[i]);
	if (result == 0 && (filter->setting & FILTER_PRIVILEGED) == 0)
		result = add_dumpable(context);
	if (result == 0 && ((filter->setting & FILTER_UNSCOPED) != 0 ||
				   policy_has_handler(policy, OPERATION_KILL)))
		result = refuse_signal_driven(context);
	if (result == 0 && (filter->setting & FILTER_UNSCOPED) != 0)
		result = refuse_foreign_pidfds(context);
	if (result == 0 && filter_judges_map(policy) && filter_opens(policy, "shmat", GROUP_IPC))
		result = refuse_shared_code(context);
	return result;
}

/*
 * A prologue before libseccomp's program: numbers without a row (above the table's, so x32's too,
 * and those below that the kernel may have one day) get ENOSYS. libseccomp cannot express a range.
 * Its jumps are relative, so its program stays as it is.
 */
struct prologue {
	struct sock_filter code[64];
	unsigned length;
};

static void emit(struct prologue *prologue, struct sock_filter instruction)
{
	if (prologue->length < sizeof prologue->code / sizeof *prologue->code)
		prologue->code[prologue->length] = instruction;
	prologue->length++;
}

/* first <= number && number <= last: ENOSYS. */
static void emit_range(struct prologue *prologue, int first, int last)
{
	emit(prologue,
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, (uint32_t)first, 0, 2));
	emit(prologue,
		(struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, (uint32_t)last, 1, 0));
	emit(prologue, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
}

static void emit_holes(struct prologue *prologue)
{
	int highest = highest_number();

	for (int first = 0; first <= highest; first++) {
		int last = first;

		if (syscall_by_number(first) != NULL)
			continue;
		while (syscall_by_number(last + 1) == NULL && last < highest)
			last++;
		emit_range(prologue, first, last);
		first = last;
	}
	emit_range(prologue, highest + 1, -1);
}

/* false: this architecture has more holes than there is room for. */
static bool write_prologue(struct prologue *prologue)
{
	unsigned jump;

	emit(prologue, (struct sock_filter)BPF_STMT(
			       BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
	jump = prologue->length;
	emit(prologue, (struct sock_filter)BPF_JUMP(
			       BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 0, 0));
	emit(prologue, (struct sock_filter)BPF_STMT(
			       BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	emit_holes(prologue);
	/* Another architecture: libseccomp's program refuses it. */
	prologue->code[jump].jf = (uint8_t)(prologue->length - jump - 1);
	return prologue->length <= sizeof prologue->code / sizeof *prologue->code;
}

/* A memory file is a file for RLIMIT_FSIZE, too: as much of it as may be had, for the moment. */
static int allow_size(struct rlimit *ret_before, struct error *err)
{
	enum { ENOUGH = 256 * 1024 };
	struct rlimit more;

	if (getrlimit(RLIMIT_FSIZE, ret_before) < 0)
		return error_errno(err, errno, "cannot read the limit of file sizes");
	more = *ret_before;
	more.rlim_cur = more.rlim_max;
	if (more.rlim_max < ENOUGH)
		return error_set(err, EFBIG,
			"the limit of file sizes (ulimit -f) is too low to build the filter\n"
			"let it be at least 256 KiB, and lower it in the command");
	return setrlimit(RLIMIT_FSIZE, &more) < 0 ? error_errno(err, errno, "cannot raise a limit")
						  : 0;
}

/* A memfd, not a pipe: libseccomp writes once and does not look at short writes. */
static int export(scmp_filter_ctx context, struct filter *filter, struct error *err)
{
	cleanup_fd int memory = memfd_create("filter", MFD_CLOEXEC);
	struct prologue prologue = {.length = 0};
	struct rlimit before;
	struct sock_filter *code;
	struct stat st;
	size_t count;
	int result;

	if (memory < 0)
		return error_errno(err, errno, "cannot create a memory file");
	result = allow_size(&before, err);
	if (result < 0)
		return result;
	result = seccomp_export_bpf(context, memory);
	(void)setrlimit(RLIMIT_FSIZE, &before);
	if (result < 0 || fstat(memory, &st) < 0)
		return error_errno(err, result, "libseccomp cannot export the filter");
	count = (size_t)st.st_size / sizeof *code;
	if (!write_prologue(&prologue))
		return error_set(err, E2BIG, "the table of system calls has too many gaps");
	if (prologue.length + count > BPF_MAXINSNS)
		return error_set(err, E2BIG, "the filter has %zu instructions, the kernel takes %d",
			prologue.length + count, BPF_MAXINSNS);
	code = calloc(prologue.length + count, sizeof *code);
	if (code == NULL)
		return error_set(err, ENOMEM, "out of memory");
	memcpy(code, prologue.code, prologue.length * sizeof *code);
	if (pread(memory, code + prologue.length, count * sizeof *code, 0) !=
		(ssize_t)(count * sizeof *code)) {
		free(code);
		return error_set(err, EIO, "cannot read the filter back");
	}
	filter->program = (struct sock_fprog){
		.len = (unsigned short)(prologue.length + count), .filter = code};
	return 0;
}

static int set_attributes(scmp_filter_ctx context)
{
	int result = seccomp_attr_set(context, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

	if (result == 0)
		result = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0);
	/* A binary tree of numbers instead of a chain of comparisons. */
	if (result == 0)
		result = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	return result;
}

int filter_build(
	const struct policy *policy, unsigned setting, struct filter *ret, struct error *err)
{
	struct filter filter = {.setting = setting};
	cleanup_context scmp_filter_ctx context = seccomp_init(SCMP_ACT_ALLOW);
	int result;

	if (context == NULL)
		return error_set(err, ENOMEM, "libseccomp cannot start a filter");
	result = set_attributes(context);
	if (result == 0)
		result = add_rules(context, policy, &filter);
	if (result < 0)
		return error_errno(err, result, "libseccomp refuses a rule of the filter");
	result = export(context, &filter, err);
	if (result == 0)
		*ret = filter;
	return result;
}

void filter_free(struct filter *filter)
{
	free(filter->program.filter);
	filter->program = (struct sock_fprog){0, NULL};
}
