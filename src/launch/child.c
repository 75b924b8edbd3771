#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/futex.h"
#include "launch/landlock.h"
#include "launch/launch.h"

/*
 * The target before it is the target: everything between fork and exec. Once the filter is in
 * place this makes no system call but futex and execve: another might be notified while nobody
 * receives.
 */

static void fail(struct launch_page *page, enum launch_stage stage, int error)
{
	page->error = error;
	page->stage = stage;
	_exit(125);
}

static void enter_domain(struct launch_page *page)
{
	int ruleset = landlock_ruleset();

	if (ruleset < 0)
		fail(page, STAGE_LANDLOCK, -ruleset);
	if (landlock_enforce(ruleset) < 0)
		fail(page, STAGE_LANDLOCK, errno);
	(void)close(ruleset);
}

void child_run(const struct launch *launch, struct launch_page *page, const sigset_t *mask,
	unsigned long filter_flags, pid_t guard)
{
	struct sock_fprog program;
	long listener;
	int limited;

	/* Dies with the guard, whatever happens to the supervisor. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fail(page, STAGE_PRIVILEGES, errno);
	/* It may have died before that: then nobody would tell us. */
	if (getppid() != guard)
		fail(page, STAGE_GUARD, ECHILD);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail(page, STAGE_PRIVILEGES, errno);
	if (!launch->unscoped)
		enter_domain(page);
	while (page->ready == 0)
		futex_wait(&page->ready, 0, NULL);
	if (page->judges_map)
		(void)personality((unsigned)personality(UINT32_MAX) & ~(unsigned)READ_IMPLIES_EXEC);
	limited = page->drops_resource ? launch_drop_resource_capability() : 0;
	if (limited < 0)
		fail(page, STAGE_LIMITS, -limited);
	if (sigprocmask(SIG_SETMASK, mask, NULL) < 0)
		fail(page, STAGE_PRIVILEGES, errno);
	program = (struct sock_fprog){.len = page->length, .filter = page->code};
	listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter_flags, &program);
	if (listener < 0)
		fail(page, STAGE_FILTER, errno);
	page->listener = (int)listener;
	/* futex is never notified; a policy that refuses it makes this a busy wait. */
	futex_wake(&page->listener);
	while (page->go == 0)
		futex_wait(&page->go, 0, NULL);
	(void)execve(launch->program, launch->arguments, environ);
	if (errno == ENOEXEC) {
		(void)execve("/bin/sh", launch->shell_arguments, environ);
		errno = ENOEXEC;
	}
	page->exec_error = errno;
	_exit(page->exec_error == ENOENT ? 127 : 126);
}
