#include "syscalls/decode.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "target/memory.h"

enum { HOW_FIRST_SIZE = 24, HOW_LIMIT = 4096 };

static bool all_zero(const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

int decode_open_how(struct call *call, uint64_t address, uint64_t size)
{
	unsigned char bytes[HOW_LIMIT];
	struct open_how how;
	int result;

	if (size < HOW_FIRST_SIZE)
		return -EINVAL;
	if (size > HOW_LIMIT)
		return -E2BIG;
	result = memory_read(&call->target, address, bytes, size);
	if (result < 0)
		return result;
	if (!all_zero(bytes + sizeof how, size - sizeof how))
		return -E2BIG;
	memcpy(&how, bytes, sizeof how);
	call->flags = how.flags;
	call->resolve = how.resolve;
	/* Only the low bits are a mode; the kernel refuses any other, and so does the validation.
	 */
	if (how.mode > UINT32_MAX)
		return -EINVAL;
	call->mode = (uint32_t)how.mode;
	return 0;
}

bool decode_is_openat2(const struct call *call)
{
	return call->row->arguments[2] == ARG_HOW;
}

static bool is_creat(const struct call *call)
{
	return call->row->arguments[1] == ARG_MODE;
}

/* Lets the kernel itself judge flags, mode and resolve: with an empty path it stops at ENOENT. */
static int validate(const struct call *call)
{
	struct open_how how = {.flags = call->flags, .mode = call->mode, .resolve = call->resolve};
	long result;

	if (decode_is_openat2(call))
		result = syscall(SYS_openat2, -1, "", &how, sizeof how);
	else
		result = syscall(SYS_openat, -1, "", (int)call->flags, call->mode);
	if (result >= 0)
		return -EACCES;
	return errno == ENOENT ? 0 : -errno;
}

/* Combinations that no kernel refuses: what nearly every open is. */
static bool is_ordinary(const struct call *call)
{
	const uint64_t harmless = O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC | O_APPEND | O_NONBLOCK |
				  O_NOCTTY | O_NOFOLLOW | O_CLOEXEC | O_NOATIME |
				  KERNEL_O_LARGEFILE;

	return !decode_is_openat2(call) && (call->flags & ~harmless) == 0;
}

int decode_open_flags(struct call *call)
{
	const uint64_t known = O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND |
			       O_NONBLOCK | O_SYNC | O_ASYNC | O_DIRECT | KERNEL_O_LARGEFILE |
			       O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH |
			       O_TMPFILE;
	int result;

	if (is_creat(call))
		call->flags = O_CREAT | O_WRONLY | O_TRUNC;
	if (!decode_is_openat2(call))
		call->flags = (call->flags & known) | KERNEL_O_LARGEFILE;
	result = is_ordinary(call) ? 0 : validate(call);
	if (result < 0)
		return result;
	if ((call->flags & O_PATH) != 0)
		call->flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	call->mode &= 07777;
	return 0;
}
