#include "target/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/cleanup.h"
#include "target/process.h"

static int sysctl_value(const char *path)
{
	char text[16] = "";
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, text, sizeof text - 1) <= 0)
		return 0;
	return atoi(text);
}

static int open_directory(int base, const char *path, struct error *err)
{
	int fd = openat(base, path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 ? fd : error_errno(err, errno, "cannot open %s", path);
}

static bool shows_ourselves(int proc)
{
	char number[16] = "";

	return readlinkat(proc, "self", number, sizeof number - 1) > 0 && atoi(number) == getpid();
}

static int open_proc(struct error *err)
{
	cleanup_fd int fd = open_directory(AT_FDCWD, "/proc", err);
	struct statfs fs;

	if (fd < 0)
		return fd;
	if (fstatfs(fd, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
		return error_set(err, ENOENT,
			"/proc is not the proc file system\n"
			"Moongate reads its targets through it: mount -t proc proc /proc");
	if (!shows_ourselves(fd))
		return error_set(err, ENOENT,
			"/proc belongs to another pid namespace\n"
			"mount this one's: mount -t proc proc /proc (unshare has --mount-proc)");
	return steal_fd(&fd);
}

static bool has_capabilities(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};

	if (syscall(SYS_capget, &header, data) < 0)
		return true;
	return data[0].permitted != 0 || data[1].permitted != 0;
}

static bool has_several_ids(void)
{
	uid_t ruid, euid, suid;
	gid_t rgid, egid, sgid;

	if (getresuid(&ruid, &euid, &suid) < 0 || getresgid(&rgid, &egid, &sgid) < 0)
		return true;
	return ruid != euid || euid != suid || rgid != egid || egid != sgid;
}

/* Whether exec gives a target less than the supervisor has; then they differ from the start. */
static bool exec_takes_capabilities(const struct world *world)
{
	struct process_status status;

	if (!world->privileged)
		return false;
	if (process_status_of(world, world->supervisor, &status) < 0 || status.uid != 0 ||
		status.euid != 0 || prctl(PR_GET_SECUREBITS) != 0)
		return true;
	return status.cap_effective != status.cap_bounding;
}

int world_open(struct world *ret, struct error *err)
{
	cleanup_fd int proc = open_proc(err), fds = -1, root = -1;

	if (proc < 0)
		return proc;
	fds = open_directory(proc, "self/fd", err);
	if (fds < 0)
		return fds;
	root = open_directory(AT_FDCWD, "/", err);
	if (root < 0)
		return root;
	*ret = (struct world){
		.proc = steal_fd(&proc),
		.fds = steal_fd(&fds),
		.root = steal_fd(&root),
		.supervisor = getpid(),
		.privileged = has_capabilities() || has_several_ids(),
		.protected_symlinks = sysctl_value("/proc/sys/fs/protected_symlinks"),
		.protected_fifos = sysctl_value("/proc/sys/fs/protected_fifos"),
		.protected_regular = sysctl_value("/proc/sys/fs/protected_regular"),
	};
	ret->credentials_vary = exec_takes_capabilities(ret);
	return 0;
}

void world_close(struct world *world)
{
	close_fd(&world->proc);
	close_fd(&world->fds);
	close_fd(&world->root);
}
