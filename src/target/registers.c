#include "target/registers.h"

#include <elf.h>
#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#include "target/memory.h"

int registers_result(pid_t tid, int64_t *ret)
{
	struct user_regs_struct registers;
	struct iovec area = {&registers, sizeof registers};

	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &area) < 0)
		return -errno;
#if defined __x86_64__
	*ret = (int64_t)registers.rax;
#elif defined __aarch64__
	*ret = (int64_t)registers.regs[0];
#else
	return -EOPNOTSUPP;
#endif
	return 0;
}

#ifdef __x86_64__

enum {
	RED_ZONE = 128, /* of the System V ABI */
	RESTART_SYS = 512,
	RESTART_NOINTR = 513, /* include/linux/errno.h */
};

/* It stands still; others that share its memory may write there, and harm themselves. */
static int check_nothing(const struct target *target)
{
	(void)target;
	return 0;
}

static struct target stopped(pid_t tid)
{
	return (struct target){.tid = tid, .check = check_nothing};
}

static int get(pid_t tid, struct user_regs_struct *ret)
{
	return ptrace(PTRACE_GETREGS, tid, NULL, ret) < 0 ? -errno : 0;
}

static int set(pid_t tid, const struct user_regs_struct *registers)
{
	return ptrace(PTRACE_SETREGS, tid, NULL, registers) < 0 ? -errno : 0;
}

static unsigned long long *argument_of(struct user_regs_struct *registers, size_t argument)
{
	return argument == 0 ? &registers->rdi : &registers->rsi;
}

static bool begins_anew(const struct user_regs_struct *registers)
{
	long long result = (long long)registers->rax;

	return (long long)registers->orig_rax >= 0 &&
	       (result == -RESTART_NOINTR || result == -RESTART_SYS);
}

static int put_text(pid_t tid, const char *text, struct registers *ret)
{
	const struct target target = stopped(tid);
	int result;

	ret->size = strlen(text) + 1;
	ret->address = (ret->before.rsp - RED_ZONE - ret->size) & ~15ull;
	if (ret->size > sizeof ret->covered || ret->address > ret->before.rsp)
		return -EFAULT;
	result = memory_read(&target, ret->address, ret->covered, ret->size);
	return result < 0 ? result : memory_write(&target, ret->address, text, ret->size);
}

static int take_back(pid_t tid, const struct registers *registers)
{
	const struct target target = stopped(tid);

	return memory_write(&target, registers->address, registers->covered, registers->size);
}

int registers_exchange(pid_t tid, size_t argument, const char *text, struct registers *ret)
{
	struct user_regs_struct changed;
	int result = get(tid, &ret->before);

	if (result < 0)
		return result;
	if (!begins_anew(&ret->before))
		return -EINVAL;
	ret->argument = argument;
	result = put_text(tid, text, ret);
	if (result < 0)
		return result;
	changed = ret->before;
	changed.rax = (unsigned long long)-RESTART_NOINTR;
	*argument_of(&changed, argument) = ret->address;
	return set(tid, &changed);
}

int registers_undo(pid_t tid, const struct registers *registers)
{
	struct user_regs_struct before = registers->before;

	before.rax = (unsigned long long)-RESTART_NOINTR;
	(void)take_back(tid, registers);
	return set(tid, &before);
}

int registers_finish(pid_t tid, const struct registers *registers)
{
	struct user_regs_struct now, before = registers->before;
	int result = get(tid, &now);

	if (result < 0)
		return result;
	if (now.rip != before.rip)
		return -EINVAL;
	*argument_of(&now, registers->argument) = *argument_of(&before, registers->argument);
	(void)take_back(tid, registers);
	return set(tid, &now);
}

int registers_fail(pid_t tid, int error)
{
	struct user_regs_struct registers;
	int result = get(tid, &registers);

	if (result < 0)
		return result;
	registers.rax = (unsigned long long)-error;
	registers.orig_rax = (unsigned long long)-1;
	return set(tid, &registers);
}

#else

int registers_exchange(pid_t tid, size_t argument, const char *text, struct registers *ret)
{
	(void)tid, (void)argument, (void)text, (void)ret;
	return -EOPNOTSUPP;
}

int registers_undo(pid_t tid, const struct registers *registers)
{
	(void)tid, (void)registers;
	return -EOPNOTSUPP;
}

int registers_finish(pid_t tid, const struct registers *registers)
{
	(void)tid, (void)registers;
	return -EOPNOTSUPP;
}

int registers_fail(pid_t tid, int error)
{
	(void)tid, (void)error;
	return -EOPNOTSUPP;
}

#endif
