/*
 * Runs a command inside a seccomp filter of somebody else.
 *
 *   nested plain COMMAND...                 one that permits everything, without a listener
 *   nested listener COMMAND...              … with a listener, that is never asked
 *   nested refuse NAME ERROR COMMAND...     one that refuses a system call: EPERM or ENOSYS
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned number;
} calls[] = {
	{"process_vm_readv", SYS_process_vm_readv},
	{"process_vm_writev", SYS_process_vm_writev},
	{"pidfd_getfd", SYS_pidfd_getfd},
	{"pidfd_open", SYS_pidfd_open},
	{"pidfd_send_signal", SYS_pidfd_send_signal},
	{"seccomp", SYS_seccomp},
	{"ptrace", SYS_ptrace},
	{"openat2", SYS_openat2},
	{"landlock_create_ruleset", SYS_landlock_create_ruleset},
	{"landlock_restrict_self", SYS_landlock_restrict_self},
	{"prctl", SYS_prctl},
	{"prlimit64", SYS_prlimit64},
	{"memfd_create", SYS_memfd_create},
	{"signalfd4", SYS_signalfd4},
	{"timerfd_create", SYS_timerfd_create},
	{"waitid", SYS_waitid},
	{"setfsuid", SYS_setfsuid},
	{"setgroups", SYS_setgroups},
	{"capset", SYS_capset},
	{"mmap", SYS_mmap},
	{"futex", SYS_futex},
	{"clone3", SYS_clone3},
	{"tgkill", SYS_tgkill},
	{"faccessat2", SYS_faccessat2},
	{"statx", SYS_statx},
	{"unshare", SYS_unshare},
	{"poll", SYS_poll},
	{"ppoll", SYS_ppoll},
	{"fchdir", SYS_fchdir},
	{"umask", SYS_umask},
	{"eventfd2", SYS_eventfd2},
	{"personality", SYS_personality},
	{"setresuid", SYS_setresuid},
};

static int install(unsigned number, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

static int refuse(const char *name, const char *error)
{
	unsigned with = strcmp(error, "ENOSYS") == 0 ? ENOSYS : EPERM;

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		if (strcmp(calls[i].name, name) == 0)
			return install(calls[i].number, SECCOMP_RET_ERRNO | with, 0);
	(void)fprintf(stderr, "nested: %s?\n", name);
	return -1;
}

/* Of the listener, until whoever runs the command is gone. */
static void keep(void)
{
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)close(STDOUT_FILENO);
	(void)close(STDERR_FILENO);
	for (;;)
		(void)pause();
}

int main(int argc, char **argv)
{
	const unsigned nothing = 0x3fffffff;
	int result = -1, command = 2;

	if (argc > 2 && strcmp(argv[1], "plain") == 0) {
		result = install(nothing, SECCOMP_RET_ALLOW, 0);
	} else if (argc > 2 && strcmp(argv[1], "listener") == 0) {
		result = install(nothing, SECCOMP_RET_ALLOW, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	} else if (argc > 4 && strcmp(argv[1], "refuse") == 0) {
		result = refuse(argv[2], argv[3]);
		command = 4;
	}
	if (result < 0)
		return 2;
	if (strcmp(argv[1], "listener") == 0 && fork() == 0)
		keep();
	(void)execvp(argv[command], argv + command);
	return 127;
}
