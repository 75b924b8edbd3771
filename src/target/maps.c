#include "target/maps.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"

/* A line of /proc/PID/maps. */
struct area {
	uint64_t start, end;
	dev_t device;
	uint64_t inode; /* 0: no file */
};

static bool parse(const char *line, struct area *ret)
{
	unsigned major, minor;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %*x %x:%x %" SCNu64, &ret->start, &ret->end,
		    &major, &minor, &ret->inode) != 5)
		return false;
	ret->device = makedev(major, minor);
	return true;
}

/* `entry`: "PID/maps". false: nothing is there. */
static bool find(const struct world *world, const char *entry, uint64_t address, struct area *ret)
{
	cleanup_fd int fd = openat(world->proc, entry, O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[8192]; /* a name that is longer goes on in the next, which then is none */
	bool found = false;

	if (file == NULL)
		return false;
	(void)steal_fd(&fd);
	while (!found && fgets(line, sizeof line, file) != NULL)
		found = parse(line, ret) && ret->start <= address && address < ret->end;
	(void)fclose(file);
	return found;
}

/*
 * What the kernel calls the file in such a list: on overlays and the like not what stat(2) says. So
 * it is mapped here, too.
 */
static bool find_own(const struct world *world, int pin, struct area *ret)
{
	char name[32];
	cleanup_fd int fd = -1;
	void *page;
	bool found;

	(void)snprintf(name, sizeof name, "%d", pin);
	fd = openat(world->fds, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	page = fd < 0 ? MAP_FAILED : mmap(NULL, 1, PROT_READ, MAP_PRIVATE, fd, 0);
	if (page == MAP_FAILED)
		return false;
	(void)snprintf(name, sizeof name, "%d/maps", getpid());
	found = find(world, name, (uint64_t)(uintptr_t)page, ret);
	(void)munmap(page, 1);
	return found;
}

bool maps_have(const struct world *world, pid_t pid, uint64_t address, int pin)
{
	struct area there, own;
	struct stat st;
	char name[32];

	(void)snprintf(name, sizeof name, "%d/maps", pid);
	if (!find(world, name, address, &there) || there.inode == 0 || fstat(pin, &st) < 0)
		return false;
	if (there.device == st.st_dev && there.inode == st.st_ino)
		return true;
	return find_own(world, pin, &own) && there.device == own.device && there.inode == own.inode;
}
