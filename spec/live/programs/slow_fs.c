/*
 * A slow file system, as if over a network: slow_fs BACKING MOUNTPOINT
 *
 * It has what is below BACKING, but looking up a name "slow" takes its time, listing or reading
 * "slowest" takes seconds, and nothing is remembered. It serves until it is unmounted or killed.
 */
#define FUSE_USE_VERSION 31
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOKUP_US = 5000, READ_S = 2, LISTING_S = 3 };

static int backing;

static const char *below(const char *path)
{
	return path[1] == '\0' ? "." : path + 1;
}

static int outcome(int result)
{
	return result < 0 ? -errno : 0;
}

static void *start(struct fuse_conn_info *connection, struct fuse_config *config)
{
	(void)connection;
	config->use_ino = 1;
	config->entry_timeout = 0;
	config->attr_timeout = 0;
	config->negative_timeout = 0;
	return NULL;
}

static int slow_getattr(const char *path, struct stat *st, struct fuse_file_info *file)
{
	(void)file;
	if (strcmp(strrchr(path, '/') + 1, "slow") == 0)
		(void)usleep(LOOKUP_US);
	return outcome(fstatat(backing, below(path), st, AT_SYMLINK_NOFOLLOW));
}

static int slow_open(const char *path, struct fuse_file_info *file)
{
	int fd = openat(backing, below(path), file->flags & ~O_NOFOLLOW);

	if (fd < 0)
		return -errno;
	file->fh = (uint64_t)fd;
	file->direct_io = 1;
	return 0;
}

static int slow_create(const char *path, mode_t mode, struct fuse_file_info *file)
{
	int fd = openat(backing, below(path), file->flags | O_CREAT, mode);

	if (fd < 0)
		return -errno;
	file->fh = (uint64_t)fd;
	return 0;
}

static int slow_read(
	const char *path, char *buffer, size_t size, off_t offset, struct fuse_file_info *file)
{
	ssize_t length = pread((int)file->fh, buffer, size, offset);

	if (strcmp(strrchr(path, '/') + 1, "slowest") == 0)
		(void)sleep(READ_S);
	return length < 0 ? -errno : (int)length;
}

static int slow_write(const char *path, const char *buffer, size_t size, off_t offset,
	struct fuse_file_info *file)
{
	ssize_t length = pwrite((int)file->fh, buffer, size, offset);

	(void)path;
	return length < 0 ? -errno : (int)length;
}

static int slow_release(const char *path, struct fuse_file_info *file)
{
	(void)path;
	return outcome(close((int)file->fh));
}

static int slow_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
	struct fuse_file_info *file, enum fuse_readdir_flags flags)
{
	int fd = openat(backing, below(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	(void)offset;
	(void)file;
	(void)flags;
	if (directory == NULL)
		return -errno;
	if (strcmp(strrchr(path, '/') + 1, "slowest") == 0)
		(void)sleep(LISTING_S);
	while ((entry = readdir(directory)) != NULL)
		(void)fill(buffer, entry->d_name, NULL, 0, 0);
	(void)closedir(directory);
	return 0;
}

static int slow_mkdir(const char *path, mode_t mode)
{
	return outcome(mkdirat(backing, below(path), mode));
}

static int slow_rmdir(const char *path)
{
	return outcome(unlinkat(backing, below(path), AT_REMOVEDIR));
}

static int slow_unlink(const char *path)
{
	return outcome(unlinkat(backing, below(path), 0));
}

static int slow_rename(const char *oldpath, const char *newpath, unsigned flags)
{
	return outcome(renameat2(backing, below(oldpath), backing, below(newpath), flags));
}

static const struct fuse_operations operations = {
	.init = start,
	.getattr = slow_getattr,
	.open = slow_open,
	.create = slow_create,
	.read = slow_read,
	.write = slow_write,
	.release = slow_release,
	.readdir = slow_readdir,
	.mkdir = slow_mkdir,
	.rmdir = slow_rmdir,
	.unlink = slow_unlink,
	.rename = slow_rename,
};

int main(int argc, char **argv)
{
	char foreground[] = "-f";
	char *words[] = {argv[0], foreground, argc > 2 ? argv[2] : NULL, NULL};

	if (argc != 3)
		return 2;
	backing = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (backing < 0) {
		perror(argv[1]);
		return 1;
	}
	return fuse_main(3, words, &operations, NULL);
}
