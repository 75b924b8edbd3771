#include "target/memory.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

enum { PAGE = 4096 }; /* the smallest page of any architecture: smaller steps are only slower */

/* Bytes read (at least 1), or a negative errno. */
static ssize_t read_some(const struct target *target, uint64_t address, void *buffer, size_t size)
{
	struct iovec local = {buffer, size};
	struct iovec remote = {(void *)(uintptr_t)address, size};
	ssize_t got = process_vm_readv(target->tid, &local, 1, &remote, 1, 0);

	if (got > 0)
		return got;
	if (got == 0)
		return -EFAULT;
	return errno == EPERM ? -EACCES : -errno;
}

/* The error that counts: a dead target explains every failed read. */
static int failure(const struct target *target, int error)
{
	if (target_check(target) < 0)
		return -ESRCH;
	return error == -ESRCH ? -EACCES : error;
}

int memory_read(const struct target *target, uint64_t address, void *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t got = read_some(target, address + done, (char *)buffer + done, size - done);

		if (got < 0)
			return failure(target, (int)got);
		done += (size_t)got;
	}
	return target_check(target);
}

/* As much as is useful at once: never over a page boundary, and few bytes first. */
static size_t next_chunk(uint64_t address, size_t done, size_t size)
{
	size_t chunk = PAGE - (address + done) % PAGE;
	size_t room = size - done;

	return chunk < room ? chunk : room;
}

ssize_t memory_read_string(const struct target *target, uint64_t address, char *buffer, size_t size)
{
	size_t done = 0;

	while (done < size) {
		size_t chunk = next_chunk(address, done, size);
		ssize_t got = read_some(target, address + done, buffer + done, chunk);
		const char *end;

		if (got < 0)
			return failure(target, (int)got);
		end = memchr(buffer + done, '\0', (size_t)got);
		if (end != NULL)
			return target_check(target) < 0 ? -ESRCH : end - buffer;
		done += (size_t)got;
	}
	return failure(target, -ENAMETOOLONG);
}

ssize_t memory_read_path(const struct target *target, uint64_t address, char buffer[PATH_MAX])
{
	return memory_read_string(target, address, buffer, PATH_MAX);
}

int memory_write(const struct target *target, uint64_t address, const void *buffer, size_t size)
{
	struct iovec local = {(void *)(uintptr_t)buffer, size};
	struct iovec remote = {(void *)(uintptr_t)address, size};
	ssize_t put;
	int result = target_check(target);

	if (result < 0)
		return result;
	put = process_vm_writev(target->tid, &local, 1, &remote, 1, 0);
	if (put == (ssize_t)size)
		return 0;
	return failure(target, put < 0 && errno == EPERM ? -EACCES : -EFAULT);
}
