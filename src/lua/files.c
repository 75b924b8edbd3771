#include "lua/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "lua/state.h"

enum {
	SIZE_LIMIT = 1024 * 1024,
	NOBODY = 65534, /* whoever a user namespace does not know */
};

/* The bytes of one file, in memory of their own until Lua has a copy. */
struct text {
	char *bytes;
	size_t size;
	dev_t device;
	ino_t inode;
};

static int check_file(const char *path, const struct stat *facts, struct error *err)
{
	if (!S_ISREG(facts->st_mode))
		return error_set(err, EINVAL, "%s is not a regular file", path);
	if (facts->st_mode & S_IWOTH)
		return error_set(err, EPERM,
			"%s can be written by everybody, so it is not believed; chmod o-w it",
			path);
	if (facts->st_uid != 0 && facts->st_uid != geteuid())
		return error_set(err, EPERM,
			"%s belongs to user %u, neither you nor root%s, so it is not believed; "
			"copy it or chown it",
			path, (unsigned)facts->st_uid,
			facts->st_uid == NOBODY ? " (or to somebody outside this user namespace)"
						: "");
	if (facts->st_size > SIZE_LIMIT)
		return error_set(err, EFBIG, "%s is larger than a policy can be (%d bytes)", path,
			SIZE_LIMIT);
	return 0;
}

/* Until the end or `size` bytes; how many came, or a negative errno. */
static ssize_t read_all(int fd, char *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, bytes + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

static int read_file(const char *path, struct text *ret, struct error *err)
{
	cleanup_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	cleanup_free char *bytes = NULL;
	struct stat facts;
	ssize_t size;
	int r;

	if (fd < 0 || fstat(fd, &facts) < 0)
		return error_errno(err, errno, "cannot read the policy %s", path);
	r = check_file(path, &facts, err);
	if (r < 0)
		return r;
	bytes = malloc(SIZE_LIMIT + 1);
	if (bytes == NULL)
		return error_errno(err, ENOMEM, "cannot read the policy %s", path);
	size = read_all(fd, bytes, SIZE_LIMIT + 1);
	if (size < 0)
		return error_errno(err, (int)size, "cannot read the policy %s", path);
	if (size > SIZE_LIMIT)
		return error_set(err, EFBIG, "%s is larger than a policy can be", path);
	*ret = (struct text){steal_pointer(&bytes), (size_t)size, facts.st_dev, facts.st_ino};
	return 0;
}

static int free_text(lua_State *L)
{
	struct text *text = lua_touserdata(L, 1);

	free(text->bytes);
	text->bytes = NULL;
	return 0;
}

/* An empty text that is freed with the userdata, whatever is raised in between. */
static struct text *push_text(lua_State *L)
{
	struct text *text = lua_newuserdatauv(L, sizeof *text, 0); /* text */

	*text = (struct text){0};
	if (luaL_newmetatable(L, "moongate.text")) { /* text metatable */
		lua_pushcfunction(L, free_text);     /* text metatable gc */
		lua_setfield(L, -2, "__gc");         /* text metatable */
	}
	lua_setmetatable(L, -2); /* text */
	return text;
}

int files_read(lua_State *L)
{
	const char *path = luaL_checkstring(L, 1);
	struct text *text = push_text(L); /* path text */
	struct error err;
	int r = read_file(path, text, &err);

	if (r < 0) {
		luaL_pushfail(L);                                  /* … nil */
		lua_pushstring(L, err.text);                       /* … nil sentence */
		lua_pushboolean(L, r == -ENOENT || r == -ENOTDIR); /* … nil sentence missing */
		return 3;
	}
	lua_pushlstring(L, text->bytes, text->size);           /* path text string */
	lua_pushfstring(L, "%I:%I", (LUAI_UACINT)text->device, /* path text string identity */
		(LUAI_UACINT)text->inode);
	return 2;
}
