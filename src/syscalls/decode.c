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
	/* Only the low bits are a mode; the kernel refuses any other, and so does the validation. */
	if (how.mode > UINT32_MAX)
		return -EINVAL;
	call->mode = (uint32_t)how.mode;
	return 0;
}

int decode_validate_open(const struct call *call)
{
	struct open_how how = {.flags = call->flags, .mode = call->mode, .resolve = call->resolve};
	long result;

	if (strcmp(call->row->name, "openat2") == 0)
		result = syscall(SYS_openat2, -1, "", &how, sizeof how);
	else
		result = syscall(SYS_openat, -1, "", (int)call->flags, call->mode);
	/* An empty path is ENOENT; anything before that is the kernel's word on the flags. */
	return result < 0 && errno == ENOENT ? 0 : result < 0 ? -errno : -EINVAL;
}
