#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <linux/audit.h>
#include <linux/btrfs.h>
#include <linux/f2fs.h>
#include <linux/fiemap.h>
#include <linux/filter.h>
#include <linux/fs.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <seccomp.h>

#include <cmocka.h>

#include "launch/filter.h"
#include "syscalls/table.h"

/* The filter, run by a small interpreter of classic BPF: no kernel is asked. */

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	assert_true(offset + sizeof word <= sizeof *data);
	memcpy(&word, (const char *)data + offset, sizeof word);
	return word;
}

static bool jumps(uint16_t code, uint32_t value, uint32_t operand)
{
	switch (BPF_OP(code)) {
	case BPF_JEQ:
		return value == operand;
	case BPF_JGT:
		return value > operand;
	case BPF_JGE:
		return value >= operand;
	case BPF_JSET:
		return (value & operand) != 0;
	default:
		return true; /* BPF_JA is handled by its offset */
	}
}

static uint32_t interpret(const struct sock_fprog *program, const struct seccomp_data *data)
{
	uint32_t value = 0;

	for (unsigned at = 0; at < program->len; at++) {
		const struct sock_filter *code = &program->filter[at];

		switch (BPF_CLASS(code->code)) {
		case BPF_LD:
			value = load(data, code->k);
			break;
		case BPF_ALU:
			assert_int_equal(BPF_OP(code->code), BPF_AND);
			value &= code->k;
			break;
		case BPF_JMP:
			if (BPF_OP(code->code) == BPF_JA)
				at += code->k;
			else
				at += jumps(code->code, value, code->k) ? code->jt : code->jf;
			break;
		case BPF_RET:
			return code->k;
		default:
			fail_msg("instruction %u is of no known class", at);
		}
	}
	fail_msg("the program ran off its end");
	return 0;
}

static uint32_t run(const struct filter *filter, int number, uint64_t a0, uint64_t a1, uint64_t a2)
{
	struct seccomp_data data = {
		.nr = number, .arch = seccomp_arch_native(), .args = {a0, a1, a2}};

	return interpret(&filter->program, &data);
}

static struct policy *new_policy(const char *const *opened)
{
	struct policy *policy = policy_new();

	assert_non_null(policy);
	for (; opened != NULL && *opened != NULL; opened++)
		assert_int_equal(
			policy_add_syscall_rule(policy, false, *opened, 0, "p.lua", 1, NULL), 0);
	return policy;
}

static struct filter build(const char *const *opened, bool privileged)
{
	struct policy *policy = new_policy(opened);
	struct filter filter;

	assert_int_equal(filter_build(policy, privileged, &filter, NULL), 0);
	policy_free(policy);
	return filter;
}

#define ERRNO_ACTION(error) (SECCOMP_RET_ERRNO | (error))

static void every_number_that_libseccomp_knows_has_a_row(void **state)
{
	(void)state;
	for (int number = 0; number < 1024; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
		const struct syscall_row *row = syscall_by_number(number);

		if (name != NULL && row == NULL)
			fail_msg("%s (%d) has no row in table.def", name, number);
		if (name != NULL)
			assert_string_equal(name, row->name);
		free(name);
	}
}

static void names_in_the_table_are_unique_and_resolve(void **state)
{
	(void)state;
	for (size_t i = 0; i < syscall_table_size; i++) {
		int number = syscall_number(&syscall_table[i]);

		if (number >= 0)
			assert_ptr_equal(syscall_by_number(number), &syscall_table[i]);
	}
}

static void hot_calls_are_never_notified(void **state)
{
	static const int hot[] = {SYS_read, SYS_write, SYS_close, SYS_mmap, SYS_futex, SYS_wait4,
		SYS_clone, SYS_fork, SYS_vfork, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
		SYS_sendmsg, SYS_poll};
	struct filter filter = build(NULL, true);

	(void)state;
	for (size_t i = 0; i < sizeof hot / sizeof *hot; i++)
		assert_int_equal(run(&filter, hot[i], 0, 0, 0), SECCOMP_RET_ALLOW);
	filter_free(&filter);
}

static void judged_calls_are_notified(void **state)
{
	static const int judged[] = {SYS_open, SYS_openat, SYS_creat, SYS_openat2, SYS_mkdir,
		SYS_mkdirat, SYS_execve, SYS_execveat};
	struct filter filter = build(NULL, false);

	(void)state;
	for (size_t i = 0; i < sizeof judged / sizeof *judged; i++)
		assert_int_equal(run(&filter, judged[i], 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	filter_free(&filter);
}

static void unknown_and_x32_numbers_do_not_exist(void **state)
{
	struct filter filter = build(NULL, false);

	(void)state;
	assert_int_equal(run(&filter, 335, 0, 0, 0), ERRNO_ACTION(ENOSYS)); /* a hole */
	assert_int_equal(run(&filter, 470, 0, 0, 0), ERRNO_ACTION(ENOSYS));
	assert_int_equal(run(&filter, 100000, 0, 0, 0), ERRNO_ACTION(ENOSYS));
	assert_int_equal(run(&filter, -1, 0, 0, 0), ERRNO_ACTION(ENOSYS));
	assert_int_equal(run(&filter, 0x40000000 | SYS_openat, 0, 0, 0), ERRNO_ACTION(ENOSYS));
	filter_free(&filter);
}

static void other_architectures_are_killed(void **state)
{
	struct filter filter = build(NULL, false);
	struct seccomp_data data = {.nr = 5, .arch = AUDIT_ARCH_I386};

	(void)state;
	assert_int_equal(interpret(&filter.program, &data), SECCOMP_RET_KILL_PROCESS);
	data.arch = AUDIT_ARCH_AARCH64;
	assert_int_equal(interpret(&filter.program, &data), SECCOMP_RET_KILL_PROCESS);
	filter_free(&filter);
}

static void dangerous_calls_are_refused_in_the_kernel(void **state)
{
	struct filter filter = build(NULL, true);

	(void)state;
	assert_int_equal(run(&filter, SYS_io_uring_setup, 0, 0, 0), ERRNO_ACTION(ENOSYS));
	assert_int_equal(run(&filter, SYS_io_uring_enter, 0, 0, 0), ERRNO_ACTION(ENOSYS));
	assert_int_equal(run(&filter, SYS_clone3, 0, 0, 0), ERRNO_ACTION(ENOSYS));
	assert_int_equal(run(&filter, SYS_userfaultfd, 0, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_open_by_handle_at, 0, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_bpf, 0, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_perf_event_open, 0, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_keyctl, 0, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(
		run(&filter, SYS_landlock_create_ruleset, 0, 0, 0), ERRNO_ACTION(EOPNOTSUPP));
	filter_free(&filter);
}

static void refusals_that_are_explained_are_notified(void **state)
{
	static const int explained[] = {SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev,
		SYS_mount, SYS_setns, SYS_kexec_load, SYS_init_module};
	struct filter filter = build(NULL, false);

	(void)state;
	for (size_t i = 0; i < sizeof explained / sizeof *explained; i++)
		assert_int_equal(run(&filter, explained[i], 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	filter_free(&filter);
}

static void scalars_are_compared_as_the_kernel_truncates_them(void **state)
{
	const uint64_t garbage = 0xdeadbeef00000000u;
	struct filter filter = build(NULL, false);

	(void)state;
	assert_int_equal(run(&filter, SYS_ioctl, 0, TIOCSTI, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_ioctl, 0, garbage | TIOCSTI, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_ioctl, 0, TCGETS, 0), SECCOMP_RET_ALLOW);
	/* Sockets are refused with an explanation. */
	assert_int_equal(run(&filter, SYS_socket, garbage | AF_INET, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_socket, AF_PACKET, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_socketpair, AF_UNIX, garbage | SOCK_DGRAM, 0),
		ERRNO_ACTION(EACCES));
	assert_int_equal(run(&filter, SYS_socketpair, AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
		SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_clone, CLONE_NEWUSER, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_clone, garbage | CLONE_NEWNS | SIGCHLD, 0, 0),
		ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_unshare, CLONE_NEWUSER, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(
		run(&filter, SYS_unshare, CLONE_FS | CLONE_FILES, 0, 0), SECCOMP_RET_ALLOW);
	filter_free(&filter);
}

/* On descriptors for reading, whatever rules say of the file. */
static const uint32_t ioctls_refused[] = {FS_IOC_SETFLAGS, FS_IOC32_SETFLAGS, FS_IOC_FSSETXATTR,
	FS_IOC_SETVERSION, FS_IOC_SETFSLABEL, FITRIM, FIFREEZE, FITHAW,
	_IOW('X', 125, uint32_t) /* FS_IOC_SHUTDOWN */,
	/* ext4 */
	_IO('f', 9), _IO('f', 12), _IOW('f', 7, long), _IOW('f', 8, char[40]),
	_IOW('f', 16, uint64_t), _IO('f', 17), _IOW('f', 43, uint32_t), _IOW('f', 44, uint64_t),
	_IOW('f', 46, char[232]),
	/* what is not given out yet */
	_IO('f', 50), _IOW('f', 100, int), _IO('f', 255), _IO(0x94, 64), _IO(0x94, 200),
	/* btrfs */
	BTRFS_IOC_SNAP_CREATE, BTRFS_IOC_SUBVOL_SETFLAGS, BTRFS_IOC_TREE_SEARCH,
	BTRFS_IOC_TREE_SEARCH_V2, BTRFS_IOC_INO_LOOKUP, BTRFS_IOC_INO_LOOKUP_USER,
	BTRFS_IOC_INO_PATHS, BTRFS_IOC_LOGICAL_INO, BTRFS_IOC_LOGICAL_INO_V2, BTRFS_IOC_SEND,
	BTRFS_IOC_RESIZE, BTRFS_IOC_BALANCE_CTL, BTRFS_IOC_QGROUP_LIMIT, BTRFS_IOC_SET_FEATURES,
	BTRFS_IOC_RM_DEV_V2, BTRFS_IOC_SNAP_DESTROY_V2,
	/* f2fs, xfs, nilfs2, bcachefs */
	F2FS_IOC_SET_PIN_FILE, F2FS_IOC_WRITE_CHECKPOINT, F2FS_IOC_COMPRESS_FILE,
	_IOWR('X', 107, char[40]), _IOWR('X', 108, char[40]), _IOR('X', 127, char[24]),
	_IOW('X', 110, char[16]), _IOW('n', 0x8b, uint64_t), _IOW(0xbc, 16, char[24])};
static const uint32_t ioctls_usual[] = {FS_IOC_GETFLAGS, FS_IOC_GETVERSION, FS_IOC_FSGETXATTR,
	FS_IOC_GETFSLABEL, FS_IOC_FIEMAP, FICLONE, FICLONERANGE, FIDEDUPERANGE, FIBMAP, FIGETBSZ,
	FIONREAD, FIOCLEX, BLKGETSIZE64, BLKSSZGET, TCGETS, TCSETSW, TIOCGWINSZ, TIOCSCTTY,
	BTRFS_IOC_SYNC, BTRFS_IOC_FS_INFO, BTRFS_IOC_SPACE_INFO, BTRFS_IOC_GET_FEATURES,
	BTRFS_IOC_SUBVOL_GETFLAGS, F2FS_IOC_GET_FEATURES, F2FS_IOC_START_ATOMIC_WRITE,
	_IOWR('f', 16, char[96]) /* PAGEMAP_SCAN */, _IOWR('f', 17, char[104]) /* PROCMAP_QUERY */,
	_IOR('f', 44, uint64_t) /* EXT4_IOC_GETFSUUID */, SIOCGIFINDEX};

static void what_changes_a_file_system_by_ioctl_is_refused(void **state)
{
	struct filter filter = build(NULL, false);

	(void)state;
	for (size_t i = 0; i < sizeof ioctls_refused / sizeof *ioctls_refused; i++)
		if (run(&filter, SYS_ioctl, 3, ioctls_refused[i], 0) != ERRNO_ACTION(EPERM))
			fail_msg("ioctl %#x is not refused", ioctls_refused[i]);
	for (size_t i = 0; i < sizeof ioctls_usual / sizeof *ioctls_usual; i++)
		if (run(&filter, SYS_ioctl, 3, ioctls_usual[i], 0) != SECCOMP_RET_ALLOW)
			fail_msg("ioctl %#x is refused", ioctls_usual[i]);
	filter_free(&filter);
}

static void groups_are_opened_by_name(void **state)
{
	static const char *const opened[] = {"@file-change", "@inet", "@debug", NULL};
	struct filter filter = build(opened, false);

	(void)state;
	assert_int_equal(run(&filter, SYS_ptrace, 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_socket, AF_INET6, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_socket, AF_UNIX, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_mount, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_ioctl, 3, FS_IOC_SETFLAGS, 0), SECCOMP_RET_ALLOW);
	filter_free(&filter);
}

static const int changing[] = {SYS_unlink, SYS_unlinkat, SYS_rmdir, SYS_rename, SYS_renameat,
	SYS_renameat2, SYS_link, SYS_linkat, SYS_symlink, SYS_symlinkat, SYS_mknod, SYS_mknodat,
	SYS_chmod, SYS_fchmod, SYS_fchmodat, 452 /* fchmodat2 */, SYS_chown, SYS_lchown, SYS_fchown,
	SYS_fchownat, SYS_truncate, SYS_utime, SYS_utimes, SYS_futimesat, SYS_utimensat,
	SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, SYS_removexattr, SYS_lremovexattr,
	SYS_fremovexattr, SYS_mkdir, SYS_mkdirat};
static const int looks[] = {SYS_stat, SYS_lstat, SYS_newfstatat, SYS_statx, SYS_statfs, SYS_access,
	SYS_faccessat, 439 /* faccessat2 */, SYS_readlink, SYS_readlinkat, SYS_getxattr,
	SYS_lgetxattr, SYS_listxattr, SYS_llistxattr, SYS_name_to_handle_at, SYS_chdir, SYS_fchdir,
	SYS_fstat, SYS_fstatfs, SYS_fgetxattr, SYS_flistxattr};
static const int lists[] = {SYS_getdents, SYS_getdents64};

static void check_all(
	const struct filter *filter, const int *numbers, size_t count, uint32_t expected)
{
	for (size_t i = 0; i < count; i++)
		if (run(filter, numbers[i], 0, 0, 0) != expected)
			fail_msg("%s: %#x", syscall_by_number(numbers[i])->name,
				run(filter, numbers[i], 0, 0, 0));
}

#define CHECK_ALL(filter, numbers, expected) \
	check_all(filter, numbers, sizeof(numbers) / sizeof *(numbers), expected)

static void no_group_opens_what_rules_judge(void **state)
{
	static const char *const opened[] = {"@file-change", "unlink", NULL};
	struct filter shut = build(NULL, false), open = build(opened, false);

	(void)state;
	CHECK_ALL(&shut, changing, SECCOMP_RET_USER_NOTIF);
	CHECK_ALL(&open, changing, SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&shut, SYS_ioctl, 3, FS_IOC_SETFLAGS, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&shut, SYS_inotify_add_watch, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	filter_free(&shut);
	filter_free(&open);
}

static void add_rule(
	struct policy *policy, bool deny, bool hides, unsigned rights, const char *pattern)
{
	const struct rule_spec spec = {.deny = deny,
		.hides = hides,
		.rights = rights,
		.right_word = "x",
		.file = "p.lua",
		.line = 1,
		.patterns = &pattern,
		.pattern_count = 1};

	assert_int_equal(policy_add_rule(policy, &spec, NULL), 0);
}

static struct filter build_policy(struct policy *policy)
{
	struct filter filter;

	assert_int_equal(filter_build(policy, false, &filter, NULL), 0);
	policy_free(policy);
	return filter;
}

static void looking_is_the_kernels_until_a_rule_speaks_of_it(void **state)
{
	struct policy *policy = new_policy(NULL);
	struct filter filter;

	(void)state;
	add_rule(policy, false, false, RIGHT_READ | RIGHT_WRITE, "/w/**");
	add_rule(policy, true, false, RIGHT_READ | RIGHT_WRITE, "/w/x");
	filter = build_policy(policy);
	CHECK_ALL(&filter, looks, SECCOMP_RET_ALLOW);
	CHECK_ALL(&filter, lists, SECCOMP_RET_ALLOW);
	filter_free(&filter);
	for (int deny = 0; deny < 2; deny++) {
		policy = new_policy(NULL);
		add_rule(policy, deny == 1, false, RIGHT_STAT, "/w/x");
		filter = build_policy(policy);
		CHECK_ALL(&filter, looks, SECCOMP_RET_USER_NOTIF);
		CHECK_ALL(&filter, lists, SECCOMP_RET_ALLOW);
		filter_free(&filter);
	}
}

static void a_handler_is_asked_about_its_own_operation(void **state)
{
	struct policy *policy = new_policy(NULL);
	struct filter filter;

	(void)state;
	assert_int_equal(policy_set_default(policy, true, 0, "p.lua", 1, NULL), 0);
	policy_note_handler(policy, OPERATION_ACCESS);
	policy_note_handler(policy, OPERATION_REMOVE);
	filter = build_policy(policy);
	assert_int_equal(run(&filter, SYS_access, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_stat, 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_unlink, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_rename, 0, 0, 0), SECCOMP_RET_ALLOW);
	filter_free(&filter);
}

static void what_is_hidden_is_asked_about_by_every_call(void **state)
{
	struct policy *policy = new_policy(NULL);
	struct filter filter;

	(void)state;
	assert_int_equal(policy_set_default(policy, true, 0, "p.lua", 1, NULL), 0);
	add_rule(policy, true, true, RIGHT_ALL, "/w/x/**");
	filter = build_policy(policy);
	CHECK_ALL(&filter, looks, SECCOMP_RET_USER_NOTIF);
	CHECK_ALL(&filter, lists, SECCOMP_RET_USER_NOTIF);
	CHECK_ALL(&filter, changing, SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_openat, 0, 0, O_RDONLY), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_inotify_add_watch, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	filter_free(&filter);
}

static void what_is_always_allowed_is_the_kernels(void **state)
{
	struct policy *policy = new_policy(NULL);
	struct filter filter;

	(void)state;
	assert_int_equal(policy_set_default(policy, true, 0, "p.lua", 1, NULL), 0);
	filter = build_policy(policy);
	CHECK_ALL(&filter, changing, SECCOMP_RET_ALLOW);
	filter_free(&filter);
	policy = new_policy(NULL);
	assert_int_equal(policy_set_default(policy, true, 0, "p.lua", 1, NULL), 0);
	add_rule(policy, true, false, RIGHT_READ, "/w/x");
	filter = build_policy(policy);
	assert_int_equal(run(&filter, SYS_unlink, 0, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_chmod, 0, 0, 0), SECCOMP_RET_ALLOW);
	/* With another name it could be read. */
	assert_int_equal(run(&filter, SYS_rename, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_linkat, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	filter_free(&filter);
}

static void deny_beats_allow(void **state)
{
	static const char *const opened[] = {"@file-change", NULL};
	struct policy *policy = new_policy(opened);
	struct filter filter;

	(void)state;
	assert_int_equal(
		policy_add_syscall_rule(policy, true, "unlink", ENOENT, "p.lua", 2, NULL), 0);
	assert_int_equal(policy_add_syscall_rule(policy, true, "getpid", 0, "p.lua", 3, NULL), 0);
	assert_int_equal(filter_build(policy, false, &filter, NULL), 0);
	assert_int_equal(run(&filter, SYS_unlink, 0, 0, 0), ERRNO_ACTION(ENOENT));
	assert_int_equal(run(&filter, SYS_getpid, 0, 0, 0), ERRNO_ACTION(EPERM));
	assert_int_equal(run(&filter, SYS_rmdir, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	filter_free(&filter);
	policy_free(policy);
}

static void reading_everywhere_is_left_to_the_kernel(void **state)
{
	const char *const everything[] = {"/**"};
	const struct rule_spec spec = {.rights = RIGHT_READ,
		.right_word = "read",
		.file = "p.lua",
		.line = 1,
		.patterns = everything,
		.pattern_count = 1};
	struct policy *policy = new_policy(NULL);
	struct filter filter;
	const uint64_t garbage = 0x1000000000000u;

	(void)state;
	assert_int_equal(policy_add_rule(policy, &spec, NULL), 0);
	assert_int_equal(filter_build(policy, false, &filter, NULL), 0);
	assert_int_equal(run(&filter, SYS_openat, 0, 0, O_RDONLY | O_CLOEXEC), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_openat, 0, 0, O_PATH), SECCOMP_RET_ALLOW);
	for (unsigned bit = 0; bit < 32; bit++) {
		uint64_t flags = garbage | 1u << bit;
		bool changes = (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC |
						(O_TMPFILE & ~O_DIRECTORY))) != 0;

		assert_int_equal(run(&filter, SYS_openat, 0, 0, flags),
			changes ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
	}
	assert_int_equal(run(&filter, SYS_openat2, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_creat, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	filter_free(&filter);
	policy_free(policy);
}

static void reaching_into_other_processes_is_asked_about(void **state)
{
	struct filter filter = build(NULL, false);

	(void)state;
	assert_int_equal(run(&filter, SYS_prlimit64, 0, 7, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_prlimit64, 1234, 7, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_sched_setaffinity, 0, 8, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_sched_setaffinity, 1, 8, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_setpriority, 0, 0, 5), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_setpriority, 1, 0, 5), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_setpriority, 0, 99, 5), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&filter, SYS_ioprio_set, 1, 0, 5), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&filter, SYS_ioprio_set, 2, 0, 5), SECCOMP_RET_USER_NOTIF);
	filter_free(&filter);
}

static void only_a_privileged_supervisor_watches_credentials(void **state)
{
	struct filter privileged = build(NULL, true), ordinary = build(NULL, false);

	(void)state;
	assert_int_equal(run(&privileged, SYS_setresuid, 0, 0, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&ordinary, SYS_setresuid, 0, 0, 0), SECCOMP_RET_ALLOW);
	/* Pretended, not done: an undumpable target could not be looked after. */
	assert_int_equal(run(&ordinary, SYS_prctl, PR_SET_DUMPABLE, 0, 0), ERRNO_ACTION(0));
	assert_int_equal(run(&ordinary, SYS_prctl, PR_SET_DUMPABLE, 1, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(run(&privileged, SYS_prctl, PR_SET_DUMPABLE, 0, 0), SECCOMP_RET_ALLOW);
	assert_int_equal(
		run(&privileged, SYS_prctl, PR_CAPBSET_DROP, 1, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&privileged, SYS_prctl, 0xf00000000u + PR_SET_SECUREBITS, 1, 0),
		SECCOMP_RET_USER_NOTIF);
	assert_int_equal(run(&ordinary, SYS_prctl, PR_CAPBSET_DROP, 1, 0), SECCOMP_RET_ALLOW);
	filter_free(&privileged);
	filter_free(&ordinary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_number_that_libseccomp_knows_has_a_row),
		cmocka_unit_test(names_in_the_table_are_unique_and_resolve),
		cmocka_unit_test(hot_calls_are_never_notified),
		cmocka_unit_test(judged_calls_are_notified),
		cmocka_unit_test(unknown_and_x32_numbers_do_not_exist),
		cmocka_unit_test(other_architectures_are_killed),
		cmocka_unit_test(dangerous_calls_are_refused_in_the_kernel),
		cmocka_unit_test(refusals_that_are_explained_are_notified),
		cmocka_unit_test(scalars_are_compared_as_the_kernel_truncates_them),
		cmocka_unit_test(what_changes_a_file_system_by_ioctl_is_refused),
		cmocka_unit_test(groups_are_opened_by_name),
		cmocka_unit_test(no_group_opens_what_rules_judge),
		cmocka_unit_test(looking_is_the_kernels_until_a_rule_speaks_of_it),
		cmocka_unit_test(a_handler_is_asked_about_its_own_operation),
		cmocka_unit_test(what_is_hidden_is_asked_about_by_every_call),
		cmocka_unit_test(what_is_always_allowed_is_the_kernels),
		cmocka_unit_test(deny_beats_allow),
		cmocka_unit_test(reading_everywhere_is_left_to_the_kernel),
		cmocka_unit_test(reaching_into_other_processes_is_asked_about),
		cmocka_unit_test(only_a_privileged_supervisor_watches_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
