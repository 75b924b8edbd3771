#include "launch/probe.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Each call is made so that it does nothing: it fails, or has nothing to do. A sandbox that refuses
 * it says EPERM, ENOSYS or the like, which the call itself would not say.
 */
static const struct call {
	const char *name;
	long number;
	long arguments[5];
	bool for_stops; /* needed only where what is executed or mapped is verified */
	int fallback;   /* with this error the C library does something else */
} calls[] = {
	{"seccomp", SYS_seccomp, {SECCOMP_SET_MODE_FILTER}, false, 0},
	{"prctl", SYS_prctl, {PR_GET_NO_NEW_PRIVS}, false, 0},
	{"faccessat2", SYS_faccessat2, {-1, 0, -1}, false, ENOSYS},
	{"pidfd_open", SYS_pidfd_open, {0}, false, 0},
	{"pidfd_getfd", SYS_pidfd_getfd, {-1, -1}, false, 0},
	{"pidfd_send_signal", SYS_pidfd_send_signal, {-1}, false, 0},
	{"process_vm_readv", SYS_process_vm_readv, {0}, false, 0},
	{"process_vm_writev", SYS_process_vm_writev, {0}, false, 0},
	{"openat2", SYS_openat2, {-1}, false, 0},
	{"memfd_create", SYS_memfd_create, {0, -1}, false, 0},
	{"signalfd4", SYS_signalfd4, {-1}, false, 0},
	{"waitid", SYS_waitid, {0}, false, 0},
	{"unshare", SYS_unshare, {0}, false, 0},
	{"prlimit64", SYS_prlimit64, {0}, false, 0},
#ifdef SYS_poll
	{"poll", SYS_poll, {0}, false, 0},
#endif
	{"ptrace", SYS_ptrace, {PTRACE_SEIZE}, true, 0},
};

static bool is_refused(const struct call *call)
{
	const long *a = call->arguments;

	if (syscall(call->number, a[0], a[1], a[2], a[3], a[4], 0) >= 0 || errno == call->fallback)
		return false;
	return errno == EPERM || errno == EACCES || errno == ENOSYS;
}

int launch_probe(bool stops, struct error *err)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if ((calls[i].for_stops && !stops) || !is_refused(&calls[i]))
			continue;
		return error_errno(err, errno,
			"%s(2) is refused here, by a sandbox around Moongate or by the kernel's "
			"configuration\n"
			"without it nothing can be supervised: the sandbox must permit it\n"
			"if that is another moongate: one process tree can have one supervisor: "
			"give one run several policies, -p ONE -p OTHER",
			calls[i].name);
	}
	return 0;
}
