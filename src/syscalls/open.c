#include "syscalls/open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "syscalls/decode.h"
#include "syscalls/perform.h"
#include "target/procfs.h"

unsigned open_rights(uint64_t flags)
{
	static const unsigned by_access[4] = {
		[O_RDONLY] = RIGHT_READ,
		[O_WRONLY] = RIGHT_MODIFY,
		[O_RDWR] = RIGHT_READ | RIGHT_MODIFY,
		[O_ACCMODE] =
			RIGHT_READ | RIGHT_MODIFY, /* neither, but ioctls work: open(2) NOTES */
	};
	unsigned rights = by_access[flags & O_ACCMODE];

	if ((flags & O_PATH) != 0)
		return RIGHT_READ;
	if ((flags & O_TRUNC) != 0)
		rights |= RIGHT_MODIFY;
	if ((flags & O_TMPFILE) == O_TMPFILE)
		rights |= RIGHT_CREATE;
	return rights;
}

void open_answer(struct open_job *job, int result)
{
	answer_result(job->answer, result);
	if (result < 0)
		return;
	job->answer->kind = ANSWER_FD;
	job->answer->fd = result;
	job->answer->cloexec = open_wants(job, O_CLOEXEC);
}

void open_settle(
	struct open_job *job, const struct question *question, const struct verdict *verdict)
{
	question_observe(question, verdict);
	if (answer_verdict(job->answer, verdict))
		return;
	if (open_wants(job, O_PATH))
		/* Such descriptors can't be injected, so nothing can be put in the object's place.
		 */
		answer_refusal(job->call, job->answer, EACCES,
			"an O_PATH descriptor can be allowed or refused, not replaced");
	else if (verdict->kind == VERDICT_REDIRECT)
		open_redirected(job, verdict);
	else
		open_content(job, verdict);
}

static int redirect(struct open_job *job, const char *path)
{
	struct opening opening = {
		.base = AT_FDCWD,
		.name = path,
		.flags = job->call->flags,
		.mode = job->call->mode,
		/* The target may be able to put a symlink there: it must not lead further. */
		.resolve = RESOLVE_NO_SYMLINKS,
	};

	if (open_wants(job, O_CREAT) || open_wants(job, O_TMPFILE)) {
		int result = act_take_umask(job->call);

		if (result < 0)
			return result;
	}
	return act_open(job->call, &opening);
}

void open_redirected(struct open_job *job, const struct verdict *verdict)
{
	cleanup_fd int fd = redirect(job, verdict->data);

	if (fd == -ELOOP)
		answer_refusal(job->call, job->answer, EACCES,
			"the path given to redirect() has a symlink in it: write the resolved "
			"path");
	else if (fd >= 0 && procfs_holds(fd))
		answer_refusal(job->call, job->answer, EACCES,
			"redirect() cannot lead into /proc, which the supervisor sees as itself");
	else
		open_answer(job, fd >= 0 ? steal_fd(&fd) : fd);
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size > 0) {
		ssize_t done = write(fd, bytes, size);

		if (done < 0)
			return -errno;
		bytes += done;
		size -= (size_t)done;
	}
	return 0;
}

/* A memory file that nobody can change, opened for reading. */
static int sealed_file(struct open_job *job, const struct verdict *verdict)
{
	cleanup_fd int memory = memfd_create("moongate", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	char name[16];
	int result, fd;

	if (memory < 0)
		return -errno;
	result = write_all(memory, verdict->data, verdict->data_len);
	if (result < 0)
		return result;
	if (fcntl(memory, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) <
		0)
		return -errno;
	(void)snprintf(name, sizeof name, "%d", memory);
	fd = openat(job->call->session->world.fds, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

void open_content(struct open_job *job, const struct verdict *verdict)
{
	if ((open_rights(job->call->flags) & ~(unsigned)RIGHT_READ) != 0)
		answer_result(job->answer, -EACCES);
	else if (open_wants(job, O_DIRECTORY))
		answer_result(job->answer, -ENOTDIR);
	else
		open_answer(job, sealed_file(job, verdict));
}

void open_perform(struct call *call, struct answer *answer)
{
	cleanup_fd int base = -1;
	struct open_job job = {.call = call, .answer = answer, .base = -1};
	int result = call_base(call, &base);

	if (result < 0) {
		answer_result(answer, result);
		return;
	}
	job.base = base;
	if (!open_directly(&job))
		open_resolved(&job);
}
