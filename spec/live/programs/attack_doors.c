/*
 * attack_doors FILE: ways around a filter of path names. Each line: what was tried and its errno,
 * or what was reached. Each try is a process of its own, because some of them are killed.
 */
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <linux/userfaultfd.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "attack.h"

static const char *file;
static char *low; /* the file's name below 4 GiB, where 32 bits reach it */

#define HIGH 0x5a5a5a5a00000000L

static long i386(long number, long one, long two, long three)
{
	long result;

	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(number), "b"(one), "c"(two), "d"(three)
			 : "memory", "r8", "r9", "r10", "r11");
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

static long i386_open(void)
{
	return i386(5, (long)low, O_RDONLY, 0);
}

static long i386_openat(void)
{
	return i386(295, AT_FDCWD, (long)low, O_RDONLY);
}

static long i386_mkdir(void)
{
	return i386(39, (long)low, 0755, 0);
}

static long i386_getpid(void)
{
	return i386(20, 0, 0, 0);
}

static long x32_open(void)
{
	return syscall(0x40000000L | SYS_open, file, O_RDONLY, 0);
}

static long x32_openat(void)
{
	return syscall(0x40000000L | SYS_openat, AT_FDCWD, file, O_RDONLY, 0);
}

static long open_high_number(void)
{
	return syscall(HIGH | SYS_open, file, O_RDONLY, 0);
}

static long number_unknown(void)
{
	return syscall(390, file, 0, 0);
}

static long number_new(void)
{
	return syscall(480, file, 0, 0);
}

static long number_newest(void)
{
	return syscall(511, file, 0, 0);
}

static long number_negative(void)
{
	return syscall(-1L);
}

static long uring(void)
{
	struct io_uring_params parameters = {0};

	return syscall(SYS_io_uring_setup, 4, &parameters);
}

static long uring_enter(void)
{
	return syscall(SYS_io_uring_enter, 0, 1, 0, 0, NULL, 0);
}

static long uring_register(void)
{
	return syscall(SYS_io_uring_register, -1, 0, NULL, 0);
}

static long clone3(void)
{
	struct {
		uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, rest[6];
	} arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
	long pid = syscall(SYS_clone3, &arguments, sizeof arguments);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long handle(void)
{
	struct {
		struct file_handle head;
		char rest[128];
	} name = {.head = {.handle_bytes = 128}};
	int mount;

	if (name_to_handle_at(AT_FDCWD, file, &name.head, &mount, 0) < 0)
		return -1;
	return open_by_handle_at(AT_FDCWD, &name.head, O_RDONLY);
}

static long faults(void)
{
	return syscall(SYS_userfaultfd, UFFD_USER_MODE_ONLY);
}

static long trace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long read_memory(void)
{
	char byte;
	struct iovec mine = {&byte, 1}, its = {(void *)(uintptr_t)file, 1};

	return process_vm_readv(getppid(), &mine, 1, &its, 1, 0);
}

static long write_memory(void)
{
	char byte = 0;
	struct iovec mine = {&byte, 1}, its = {low + 4000, 1};

	return process_vm_writev(getppid(), &mine, 1, &its, 1, 0);
}

static long type_ahead(void)
{
	return ioctl(0, TIOCSTI, "x");
}

static long type_ahead_high(void)
{
	return syscall(SYS_ioctl, 0L, HIGH | TIOCSTI, "x");
}

static long console_high(void)
{
	char subcode = 2;

	return syscall(SYS_ioctl, HIGH, HIGH | TIOCLINUX, &subcode);
}

static long hang_up_high(void)
{
	return syscall(SYS_ioctl, 0L, HIGH | 0x5437 /* TIOCVHANGUP */);
}

static long landlock(void)
{
	struct landlock_ruleset_attr attributes = {.handled_access_fs = 1};

	return syscall(SYS_landlock_create_ruleset, &attributes, 8, 0);
}

static long user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static long user_namespace_high(void)
{
	return syscall(SYS_unshare, HIGH | CLONE_NEWUSER | CLONE_NEWNS);
}

static long mount_namespace(void)
{
	return unshare(CLONE_NEWNS);
}

static long cloned(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return pid;
}

static long clone_user(void)
{
	return cloned(CLONE_NEWUSER);
}

static long clone_all_high(void)
{
	return cloned(HIGH | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
}

static long set_namespace(void)
{
	return setns(open("/proc/self/ns/mnt", O_RDONLY), 0);
}

static long open_mount(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, file, 0);
}

static long clone_mount(void)
{
	return syscall(SYS_open_tree, AT_FDCWD, "/", 1);
}

static long mounts(void)
{
	return syscall(SYS_mount, "/", "/mnt", NULL, 4096L, NULL);
}

static long programs(void)
{
	return syscall(SYS_bpf, 0, NULL, 0);
}

static long modules(void)
{
	return syscall(SYS_finit_module, -1, "", 0);
}

static long root_directory(void)
{
	return syscall(SYS_chroot, "/");
}

static long second_listener(void)
{
	struct sock_filter allow = {0x06, 0, 0, SECCOMP_RET_ALLOW};
	struct sock_fprog program = {1, &allow};

	return syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

static long old_uselib(void)
{
	return syscall(SYS_uselib, file);
}

static long move_brk(void)
{
	return syscall(SYS_prctl, HIGH | PR_SET_MM, PR_SET_MM_EXE_FILE, 0L, 0L, 0L);
}

static const struct {
	const char *name;
	long (*attempt)(void);
} attempts[] = {{"int 0x80 getpid", i386_getpid}, {"int 0x80 open", i386_open},
	{"int 0x80 openat", i386_openat}, {"int 0x80 mkdir", i386_mkdir}, {"x32 open", x32_open},
	{"x32 openat", x32_openat}, {"open, high bits in the number", open_high_number},
	{"number 390", number_unknown}, {"number 480", number_new}, {"number 511", number_newest},
	{"number -1", number_negative}, {"io_uring_setup", uring}, {"io_uring_enter", uring_enter},
	{"io_uring_register", uring_register}, {"clone3", clone3}, {"open_by_handle_at", handle},
	{"userfaultfd", faults}, {"ptrace", trace}, {"process_vm_readv", read_memory},
	{"process_vm_writev", write_memory}, {"TIOCSTI", type_ahead},
	{"TIOCSTI, high bits", type_ahead_high}, {"TIOCLINUX, high bits", console_high},
	{"TIOCVHANGUP, high bits", hang_up_high}, {"landlock_create_ruleset", landlock},
	{"unshare user", user_namespace}, {"unshare user, high bits", user_namespace_high},
	{"unshare mount", mount_namespace}, {"clone user", clone_user},
	{"clone user, high bits", clone_all_high}, {"setns", set_namespace},
	{"open_tree", open_mount}, {"open_tree clone", clone_mount}, {"mount", mounts},
	{"bpf", programs}, {"finit_module", modules}, {"chroot", root_directory},
	{"second listener", second_listener}, {"uselib", old_uselib},
	{"PR_SET_MM, high bits", move_brk}};

static void attempt(long (*function)(void))
{
	long result = function();
	int error = errno;

	(void)printf("%s\n",
		result >= 0 ? is_secret((int)result) ? "LEAKED" : "DONE" : strerrorname_np(error));
	(void)fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	size_t count = sizeof attempts / sizeof *attempts;

	if (argc != 2 && argc != 3)
		return 2;
	if (argc == 3 && (size_t)atoi(argv[2]) < count)
		count = (size_t)atoi(argv[2]);
	file = argv[1];
	low = mmap(
		NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	(void)strcpy(low, file);
	for (size_t i = 0; i < count; i++) {
		pid_t pid;
		int status;

		(void)printf("%s: ", attempts[i].name);
		(void)fflush(stdout);
		pid = fork();
		if (pid == 0)
			attempt(attempts[i].attempt);
		(void)waitpid(pid, &status, 0);
		if (WIFSIGNALED(status))
			(void)printf("killed by %s\n", sigabbrev_np(WTERMSIG(status)));
	}
	return 0;
}
