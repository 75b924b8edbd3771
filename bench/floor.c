/*
 * The floor: the least that a supervisor of each kind can do, in plain C. Nothing here decides
 * anything or protects anybody; it exists to be measured. Only openat,
 * or newfstatat, is filtered or notified.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/openat2.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

#if defined(__x86_64__)
#define NATIVE_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCH AUDIT_ARCH_AARCH64
#else
#error "bench/floor.c does not know this architecture's AUDIT_ARCH_ value"
#endif

struct supervisor {
	int listener;
	struct seccomp_notif *req;
	struct seccomp_notif_resp *resp;
	size_t req_size;
	size_t resp_size;
};

typedef void (*answer_fn)(struct supervisor *s);

struct mode {
	const char *name;
	uint32_t action; /* of the filter on the one call; 0: no filter at all */
	answer_fn answer;
	uint32_t number; /* of that call; 0: openat */
};

/* The only words that target and supervisor exchange. Once its filter is on, the child makes no
 * call but futex, which nobody has notified; spinning instead costs a time slice where both share a
 * CPU. */
struct handover {
	atomic_int listener; /* fd number in the child, plus one */
	atomic_int error;    /* errno of the child's failure */
	atomic_int go;
};

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "bench_floor: %s: %s\n", what, strerror(errno));
	exit(125);
}

/* Waits until *word is not 0, or for 10 ms: the other side may be dead. */
static void wait_word(atomic_int *word)
{
	struct timespec patience = {.tv_nsec = 10000000};
	syscall(SYS_futex, word, FUTEX_WAIT, 0, &patience, NULL, 0);
}

static void set_word(atomic_int *word, int value)
{
	atomic_store(word, value);
	syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* ---- answers ------------------------------------------------------------------------------- */

static void send_response(struct supervisor *s, int64_t value, int error, uint32_t flags)
{
	memset(s->resp, 0, s->resp_size);
	s->resp->id = s->req->id;
	s->resp->val = value;
	s->resp->error = error;
	s->resp->flags = flags;
	ioctl(s->listener, SECCOMP_IOCTL_NOTIF_SEND, s->resp);
}

static void answer_errno(struct supervisor *s)
{
	send_response(s, 0, -EACCES, 0);
}

/* Reads up to the end of a page, so that a string that ends just before an unmapped page works.
 * Returns 0 or a negative errno. */
static int read_path(const struct supervisor *s, char path[PATH_MAX])
{
	const size_t page = 4096;
	uint64_t address = s->req->data.args[1];
	size_t have = 0;

	while (have < PATH_MAX) {
		size_t chunk = page - (address + have) % page;
		if (chunk > PATH_MAX - have)
			chunk = PATH_MAX - have;
		struct iovec local = {path + have, chunk};
		struct iovec remote = {(void *)(uintptr_t)(address + have), chunk};
		ssize_t n = process_vm_readv((pid_t)s->req->pid, &local, 1, &remote, 1, 0);
		if (n <= 0)
			return -EFAULT;
		if (memchr(path + have, 0, (size_t)n))
			return 0;
		have += (size_t)n;
	}
	return -ENAMETOOLONG;
}

static void answer_continue(struct supervisor *s)
{
	char path[PATH_MAX];
	int error = read_path(s, path);
	if (error)
		send_response(s, 0, error, 0);
	else
		send_response(s, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static int open_path(const char *path, uint64_t flags, uint64_t mode)
{
	struct open_how how = {.flags = flags, .resolve = RESOLVE_NO_SYMLINKS};
	if (flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY)))
		how.mode = mode & 07777;
	long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	if (fd < 0 && errno == ELOOP) {
		/* A real supervisor walks here; programs must merely start. */
		how.resolve = 0;
		fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));
	}
	return fd < 0 ? -errno : (int)fd;
}

/* Opens what the target asked for. Returns an fd, or -1 after having answered. */
static int perform_open(struct supervisor *s)
{
	char path[PATH_MAX];
	const __u64 *args = s->req->data.args;
	uint64_t flags = args[2] & 0x7fffffff;
	int error = read_path(s, path);
	if (error) {
		send_response(s, 0, error, 0);
		return -1;
	}
	/* O_PATH cannot be injected, and other directories are not this program's business. */
	if ((flags & O_PATH) || (path[0] != '/' && (int)args[0] != AT_FDCWD)) {
		send_response(s, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		return -1;
	}
	int fd = open_path(path, flags | O_CLOEXEC, args[3]);
	if (fd < 0) {
		send_response(s, 0, fd, 0);
		return -1;
	}
	return fd;
}

static int inject(struct supervisor *s, int fd, uint32_t flags)
{
	struct seccomp_notif_addfd addfd = {
		.id = s->req->id,
		.flags = flags,
		.srcfd = (uint32_t)fd,
		.newfd_flags = s->req->data.args[2] & O_CLOEXEC,
	};
	int installed = ioctl(s->listener, SECCOMP_IOCTL_NOTIF_ADDFD, &addfd);
	return installed < 0 ? -errno : installed;
}

/* Two steps: nothing of ours refers to the file any more when the target runs on. */
static void answer_addfd(struct supervisor *s)
{
	int fd = perform_open(s);
	if (fd < 0)
		return;
	int installed = inject(s, fd, 0);
	close(fd);
	if (installed < 0)
		send_response(s, 0, installed, 0);
	else
		send_response(s, installed, 0, 0);
}

static void answer_one_step(struct supervisor *s)
{
	int fd = perform_open(s);
	if (fd < 0)
		return;
	int installed = inject(s, fd, SECCOMP_ADDFD_FLAG_SEND);
	close(fd);
	if (installed < 0)
		send_response(s, 0, installed, 0);
}

/* Looks for the target and writes the result into its memory. Answers with 0 or an errno. */
static int perform_stat(struct supervisor *s, const char *path)
{
	struct stat st;
	struct iovec local = {&st, sizeof(st)};
	struct iovec remote = {(void *)(uintptr_t)s->req->data.args[2], sizeof(st)};
	int fd = open_path(path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return fd;
	int result = fstat(fd, &st) < 0 ? -errno : 0;
	close(fd);
	if (result == 0 &&
		process_vm_writev((pid_t)s->req->pid, &local, 1, &remote, 1, 0) != sizeof(st))
		result = -EFAULT;
	return result;
}

static void answer_stat(struct supervisor *s)
{
	char path[PATH_MAX];
	int error = read_path(s, path);
	/* Descriptors and other directories are not this program's business. */
	if (!error && path[0] != '/')
		send_response(s, 0, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
	else
		send_response(s, 0, error ? error : perform_stat(s, path), 0);
}

static const struct mode modes[] = {
	{"none", 0, NULL, 0},
	{"allow", SECCOMP_RET_ALLOW, NULL, 0},
	{"errno", SECCOMP_RET_ERRNO | EACCES, NULL, 0},
	{"answer", SECCOMP_RET_USER_NOTIF, answer_errno, 0},
	{"continue", SECCOMP_RET_USER_NOTIF, answer_continue, 0},
	{"addfd", SECCOMP_RET_USER_NOTIF, answer_addfd, 0},
	{"one-step", SECCOMP_RET_USER_NOTIF, answer_one_step, 0},
	{"stat", SECCOMP_RET_USER_NOTIF, answer_stat, SYS_newfstatat},
};

/* ---- the child ----------------------------------------------------------------------------- */

/* Returns the listener, or 0 where the mode needs none. */
static int install_filter(const struct mode *mode)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCH, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, mode->number ? mode->number : SYS_openat, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, mode->action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};
	unsigned long flags = 0;
	if (mode->answer)
		flags = SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -1;
	long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
	if (listener < 0 && errno == EINVAL && mode->answer)
		listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	return (int)listener;
}

static _Noreturn void run_target(const struct mode *mode, struct handover *page, char **command)
{
	int listener = mode->action ? install_filter(mode) : 0;
	if (listener >= 0 && mode->answer) {
		set_word(&page->listener, listener + 1);
		while (!atomic_load(&page->go))
			wait_word(&page->go);
	}
	if (listener >= 0)
		execvp(command[0], command);
	atomic_store(&page->error, errno);
	_exit(127);
}

/* ---- the supervisor ------------------------------------------------------------------------ */

static void allocate_buffers(struct supervisor *s)
{
	struct seccomp_notif_sizes sizes;
	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) < 0)
		fail("this kernel has no seccomp notifications");
	s->req_size = sizes.seccomp_notif;
	s->resp_size = sizes.seccomp_notif_resp;
	if (s->req_size < sizeof(*s->req))
		s->req_size = sizeof(*s->req);
	if (s->resp_size < sizeof(*s->resp))
		s->resp_size = sizeof(*s->resp);
	s->req = malloc(s->req_size);
	s->resp = malloc(s->resp_size);
	if (!s->req || !s->resp)
		fail("memory");
}

static int target_is_gone(pid_t pid)
{
	siginfo_t info = {.si_pid = 0};
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid;
}

static int take_listener(pid_t pid, struct handover *page)
{
	int theirs;
	while (!(theirs = atomic_load(&page->listener))) {
		if (target_is_gone(pid))
			return -1;
		wait_word(&page->listener);
	}
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	int listener = (int)syscall(SYS_pidfd_getfd, pidfd, theirs - 1, 0);
	if (pidfd < 0 || listener < 0) {
		kill(pid, SIGKILL);
		fail("cannot take the listener over");
	}
	close(pidfd);
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return listener;
}

/* Kernels before 6.11 do not end a RECV when the last target is gone; SIGCHLD does. One that
 * arrives just before RECV blocks would be lost, so it is repeated. */
static void on_child(int signal_number)
{
	(void)signal_number;
	alarm(1);
}

static void watch_child(void)
{
	struct sigaction action = {.sa_handler = on_child};
	sigaction(SIGCHLD, &action, NULL);
	sigaction(SIGALRM, &action, NULL);
}

static void serve(struct supervisor *s, answer_fn answer, pid_t pid)
{
	for (;;) {
		memset(s->req, 0, s->req_size);
		if (ioctl(s->listener, SECCOMP_IOCTL_NOTIF_RECV, s->req) == 0)
			answer(s);
		else if (target_is_gone(pid))
			return;
	}
}

static int wait_for(pid_t pid, const struct handover *page, const char *command)
{
	int status;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			fail("waitpid");
	errno = atomic_load(&page->error);
	if (errno)
		fail(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int supervise(const struct mode *mode, char **command)
{
	struct supervisor s = {.listener = -1};
	struct handover *page = mmap(
		NULL, sizeof(*page), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		fail("mmap");
	pid_t pid = fork();
	if (pid < 0)
		fail("fork");
	if (pid == 0)
		run_target(mode, page, command);
	if (mode->answer) {
		allocate_buffers(&s);
		watch_child();
		s.listener = take_listener(pid, page);
		set_word(&page->go, 1);
		if (s.listener >= 0)
			serve(&s, mode->answer, pid);
	}
	return wait_for(pid, page, command[0]);
}

static const struct mode *find_mode(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, name))
			return &modes[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct mode *mode = argc > 3 ? find_mode(argv[1]) : NULL;
	if (!mode || strcmp(argv[2], "--")) {
		fprintf(stderr, "usage: bench_floor MODE -- COMMAND [ARG...]\nMODE is one of");
		for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
			fprintf(stderr, " %s", modes[i].name);
		fprintf(stderr, "\n");
		return 2;
	}
	return supervise(mode, argv + 3);
}
