/*
 * Makes every call on objects of many owners, after giving privileges up.
 *
 *   attack_whose HOW
 *
 * It works in the current directory. A keeper, a process that keeps its privileges, makes the
 * objects, makes them again when a call has changed them, and tells what became of them. HOW: see
 * `ways`; "exec WAY" starts anew after that, "thread WAY" gives up what one thread has.
 */
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>

#include "attack_calls.h"

enum { ME = 2001, OTHER = 3000, GROUP = 4000 };

/* ---- the objects --------------------------------------------------------------------------- */

static const struct {
	const char *path;
	uid_t uid;
	gid_t gid;
	mode_t mode;
} directories[] = {{"root", 0, 0, 0755}, {"sticky", 0, 0, 01777}, {"setgid", 0, GROUP, 02777},
	{"theirs", OTHER, OTHER, 0755}, {"mine", ME, ME, 0755}, {"closed", 0, 0, 0700},
	{"searchable", 0, 0, 0711}, {"unsearchable", 0, 0, 0744}, {"open", 0, 0, 0777},
	{"spare", 0, 0, 0777}};

static const struct thing {
	const char *path;
	enum object object;
	uid_t uid;
	gid_t gid;
	mode_t mode;
	int flags;
} things[] = {{"root/file", REGULAR, 0, 0, 0644, 0}, {"root/all", REGULAR, 0, 0, 0666, 0},
	{"root/secret", REGULAR, 0, 0, 0600, 0}, {"root/inner", EMPTY, 0, 0, 0755, 0},
	{"root/link", LINK, 0, 0, 0, 0}, {"root/new", NEW, 0, 0, 0, 0},
	{"sticky/theirs", REGULAR, OTHER, OTHER, 0666, 0},
	{"sticky/mine", REGULAR, ME, ME, 0644, 0}, {"sticky/inner", EMPTY, OTHER, OTHER, 0777, 0},
	{"sticky/new", NEW, 0, 0, 0, 0}, {"setgid/grouped", REGULAR, 0, GROUP, 0660, 0},
	{"setgid/mine", REGULAR, ME, GROUP, 02775, 0}, {"setgid/new", NEW, 0, 0, 0, 0},
	{"theirs/file", REGULAR, OTHER, OTHER, 0644, 0},
	{"theirs/all", REGULAR, OTHER, OTHER, 0777, 0}, {"theirs/new", NEW, 0, 0, 0, 0},
	{"mine/file", REGULAR, ME, ME, 0600, 0}, {"mine/readonly", REGULAR, ME, ME, 0444, 0},
	{"mine/foreign", REGULAR, 0, 0, 0644, 0}, {"mine/setuid", REGULAR, ME, ME, 06755, 0},
	{"mine/inner", EMPTY, 0, 0, 0700, 0}, {"mine/new", NEW, 0, 0, 0, 0},
	{"mine/fixed", REGULAR, ME, ME, 0666, FS_IMMUTABLE_FL},
	{"mine/appended", REGULAR, ME, ME, 0666, FS_APPEND_FL},
	{"closed/file", REGULAR, ME, ME, 0666, 0}, {"searchable/file", REGULAR, 0, 0, 0644, 0},
	{"unsearchable/file", REGULAR, 0, 0, 0644, 0}, {"open/file", REGULAR, 0, 0, 0644, 0},
	{"open/new", NEW, 0, 0, 0, 0}};

enum { THINGS = sizeof things / sizeof *things };

static void set_flags(const char *path, int flags)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);

	if (fd >= 0)
		(void)ioctl(fd, FS_IOC_SETFLAGS, &flags);
	if (fd >= 0)
		(void)close(fd);
}

static void make_thing(const struct thing *thing)
{
	if (thing->flags != 0)
		set_flags(thing->path, 0);
	make_nothing(AT_FDCWD, thing->path);
	restore(thing->object, AT_FDCWD, thing->path);
	(void)!lchown(thing->path, thing->uid, thing->gid);
	if (thing->object == REGULAR || thing->object == EMPTY)
		(void)chmod(thing->path, thing->mode);
	if (thing->flags != 0)
		set_flags(thing->path, thing->flags);
}

static void make_all(void)
{
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++) {
		(void)mkdir(directories[i].path, 0700);
		(void)!chown(directories[i].path, directories[i].uid, directories[i].gid);
		(void)chmod(directories[i].path, directories[i].mode);
	}
	for (size_t i = 0; i < THINGS; i++)
		make_thing(&things[i]);
}

/* ---- the keeper ---------------------------------------------------------------------------- */

enum { TELL = 1000 };

static int keeper;

static void describe(const char *path, char text[128])
{
	struct stat st;

	if (lstat(path, &st) < 0)
		(void)snprintf(text, 128, "(%s)", strerrorname_np(errno));
	else
		(void)snprintf(text, 128, "(%u:%u %o %ld %x)", st.st_uid, st.st_gid, st.st_mode,
			S_ISDIR(st.st_mode) ? 0 : (long)st.st_size, (unsigned)st.st_rdev);
}

static void keep(int channel)
{
	char text[128];
	int number;

	make_all();
	(void)!write(channel, "", 1);
	while (read(channel, &number, sizeof number) == (ssize_t)sizeof number) {
		memset(text, 0, sizeof text);
		if (number >= TELL)
			describe(things[number - TELL].path, text);
		else
			make_thing(&things[number]);
		(void)!write(channel, text, sizeof text);
	}
	_exit(0);
}

static void start_keeper(void)
{
	int pair[2];
	char byte;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		exit(3);
	if (fork() == 0) {
		(void)close(pair[0]);
		keep(pair[1]);
	}
	(void)close(pair[1]);
	keeper = pair[0];
	(void)!read(keeper, &byte, 1);
}

static void ask_keeper(int number, char text[128])
{
	if (write(keeper, &number, sizeof number) < 0 || recv(keeper, text, 128, MSG_WAITALL) < 0)
		exit(3);
}

/* ---- giving up ----------------------------------------------------------------------------- */

/* As far as they are there. */
static void set_capabilities(uint64_t effective, uint64_t permitted)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		exit(3);
	permitted &= data[0].permitted | (uint64_t)data[1].permitted << 32;
	effective &= permitted;
	for (int i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(effective >> 32 * i);
		data[i].permitted = (uint32_t)(permitted >> 32 * i);
		data[i].inheritable = 0;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		perror("capset");
}

#define BIT(capability) (UINT64_C(1) << (capability))
#define EVERY ((UINT64_C(1) << (CAP_LAST_CAP + 1)) - 1)

/* By number: what the C library does is for all threads. */
static void become(uid_t uid, gid_t gid, gid_t group)
{
	(void)syscall(SYS_setgroups, group != 0, &group);
	(void)syscall(SYS_setresgid, gid, gid, gid);
	(void)syscall(SYS_setresuid, uid, uid, uid);
}

static void nothing(void)
{
}

static void user(void)
{
	become(ME, ME, 0);
}

static void grouped(void)
{
	become(ME, ME, GROUP);
}

static void stranger(void)
{
	become(5000, 5000, 0);
}

static void effective_user(void)
{
	(void)syscall(SYS_setgroups, 0, NULL);
	(void)syscall(SYS_setresgid, 0, ME, 0);
	(void)syscall(SYS_setresuid, 0, ME, 0);
}

static void real_user(void)
{
	(void)syscall(SYS_setresuid, ME, 0, 0);
}

static void file_system_user(void)
{
	(void)syscall(SYS_setfsgid, ME);
	(void)syscall(SYS_setfsuid, ME);
}

static void file_system_group(void)
{
	(void)syscall(SYS_setgroups, 0, NULL);
	(void)syscall(SYS_setfsgid, GROUP);
}

static void powerless(void)
{
	set_capabilities(0, 0);
}

static void not_effective(void)
{
	set_capabilities(0, EVERY);
}

static void owner_of_all(void)
{
	set_capabilities(BIT(CAP_FOWNER) | BIT(CAP_FSETID), EVERY);
}

static void reader_of_all(void)
{
	set_capabilities(BIT(CAP_DAC_READ_SEARCH), BIT(CAP_DAC_READ_SEARCH));
}

static void all_but_some(void)
{
	set_capabilities(EVERY & ~(BIT(CAP_MKNOD) | BIT(CAP_SYS_ADMIN) | BIT(CAP_LINUX_IMMUTABLE) |
					 BIT(CAP_SETFCAP) | BIT(CAP_FSETID)),
		EVERY);
}

static void user_with_some(void)
{
	(void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0);
	user();
	set_capabilities(BIT(CAP_CHOWN) | BIT(CAP_MKNOD), BIT(CAP_CHOWN) | BIT(CAP_MKNOD));
}

static void user_again(void)
{
	(void)syscall(SYS_setresuid, ME, ME, 0);
	(void)syscall(SYS_setresuid, 0, 0, 0);
	powerless();
}

static const struct {
	const char *name;
	void (*give_up)(void);
} ways[] = {{"nothing", nothing}, {"user", user}, {"grouped", grouped}, {"stranger", stranger},
	{"effective-user", effective_user}, {"real-user", real_user},
	{"file-system-user", file_system_user}, {"file-system-group", file_system_group},
	{"powerless", powerless}, {"not-effective", not_effective}, {"owner-of-all", owner_of_all},
	{"reader-of-all", reader_of_all}, {"all-but-some", all_but_some},
	{"user-with-some", user_with_some}, {"user-again", user_again}};

static void give_up(const char *way)
{
	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		if (strcmp(ways[i].name, way) == 0) {
			ways[i].give_up();
			return;
		}
	exit(2);
}

/* ---- the calls ----------------------------------------------------------------------------- */

static const struct vfs_cap_data file_capability = {
	.magic_etc = VFS_CAP_REVISION_2, .data = {{1, 1}, {0, 0}}};

static long chown_away(int d, const char *p)
{
	return syscall(SYS_fchownat, D, p, W(OTHER), W(-1), W(0));
}

static long chown_to_me(int d, const char *p)
{
	return syscall(SYS_fchownat, D, p, W(ME), W(ME), W(0));
}

static long chgrp(int d, const char *p)
{
	return syscall(SYS_fchownat, D, p, W(-1), W(GROUP), W(AT_SYMLINK_NOFOLLOW));
}

static long chmod_set_ids(int d, const char *p)
{
	return syscall(SYS_fchmodat, D, p, W(06777));
}

static long trusted(int d, const char *p)
{
	(void)d;
	return syscall(SYS_setxattr, p, "trusted.x", "v", 1L, W(0));
}

static long capable(int d, const char *p)
{
	(void)d;
	return syscall(SYS_setxattr, p, "security.capability", &file_capability,
		sizeof file_capability, 0);
}

static long trusted_read(int d, const char *p)
{
	(void)d;
	return syscall(SYS_getxattr, p, "trusted.x", found.text, 64L);
}

static long character_device(int d, const char *p)
{
	return syscall(SYS_mknodat, D, p, W(S_IFCHR | 0666), W(makedev(1, 3)));
}

static long block_device(int d, const char *p)
{
	return syscall(SYS_mknodat, D, p, W(S_IFBLK | 0600), W(makedev(7, 200)));
}

static long white_device(int d, const char *p)
{
	return syscall(SYS_mknodat, D, p, W(S_IFCHR), W(0));
}

static long set_id_node(int d, const char *p)
{
	return syscall(SYS_mknodat, D, p, W(S_IFREG | 06755), W(0));
}

static long sticky_directory(int d, const char *p)
{
	return syscall(SYS_mkdirat, D, p, W(03777));
}

static long readable(int d, const char *p)
{
	return syscall(SYS_faccessat, D, p, W(R_OK));
}

static long writable(int d, const char *p)
{
	return syscall(SYS_faccessat2, D, p, W(W_OK), W(0));
}

static long writable_effective(int d, const char *p)
{
	return syscall(SYS_faccessat2, D, p, W(W_OK), W(AT_EACCESS));
}

static long no_access_time(int d, const char *p)
{
	return syscall(SYS_openat, D, p, W(O_RDONLY | O_NOATIME), 0L);
}

static const struct call more_calls[] = {{"chown_away", REGULAR, false, chown_away},
	{"chown_to_me", REGULAR, false, chown_to_me}, {"chgrp", REGULAR, false, chgrp},
	{"chmod_set_ids", REGULAR, false, chmod_set_ids}, {"trusted", REGULAR, true, trusted},
	{"capable", REGULAR, true, capable}, {"trusted_read", REGULAR, true, trusted_read},
	{"character_device", NEW, false, character_device},
	{"block_device", NEW, false, block_device}, {"white_device", NEW, false, white_device},
	{"set_id_node", NEW, false, set_id_node},
	{"sticky_directory", NEW, false, sticky_directory}, {"readable", REGULAR, false, readable},
	{"writable", REGULAR, false, writable},
	{"writable_effective", REGULAR, false, writable_effective},
	{"open_no_access_time", REGULAR, false, no_access_time}};

/* One form of each call, and those that differ in what they are allowed to do. */
static const char *const tried[] = {"stat", "access", "faccessat", "faccessat2", "readlink",
	"getxattr", "listxattr", "name_to_handle_at", "file_getattr", "chdir", "inotify", "open",
	"openat", "openat_tmpfile", "openat_create", "creat", "mkdir", "mknod", "mknodat_socket",
	"symlink", "link_to", "rename_to", "openat_over", "creat_over", "mkdirat_over",
	"linkat_over", "renameat_over", "renameat2_whiteout_over", "unlink", "rmdir", "rename",
	"renameat2_directory", "exchange", "exchange_back", "link", "linkat_follow", "truncate",
	"chmod", "fchmodat2_nofollow", "chown", "lchown", "utime", "utimensat", "setxattr",
	"lsetxattr", "removexattr", "setxattrat", "file_setattr"};

static bool uses_spare(const struct call *call)
{
	return strstr(call->name, "link") != NULL || strstr(call->name, "rename") != NULL ||
	       strstr(call->name, "exchange") != NULL;
}

static bool fits(const struct call *call, const struct thing *thing)
{
	bool made = call->object == NEW;

	if (thing->object == NEW || made)
		return made && thing->object == NEW;
	if (thing->object == LINK)
		return call->object == LINK || call->object == REGULAR_ITSELF;
	if (thing->object == EMPTY)
		return call->object != LINK;
	return call->object != LINK && call->object != EMPTY;
}

static void try(const struct call *call, size_t number)
{
	const struct thing *thing = &things[number];
	char text[128] = "";
	long result;

	if (uses_spare(call))
		restore_spare();
	result = attempt(call, AT_FDCWD, thing->path);
	if (result < 0) {
		(void)printf("%s %s %s\n", thing->path, call->name, strerrorname_np(errno));
		return;
	}
	if (call >= calls && call < calls + CALL_COUNT && looks(call)) {
		(void)printf("%s %s ok\n", thing->path, call->name);
		return;
	}
	ask_keeper((int)number + TELL, text);
	(void)printf("%s %s ok %s\n", thing->path, call->name, text);
	ask_keeper((int)number, text);
}

static void try_all(void)
{
	for (size_t number = 0; number < THINGS; number++) {
		for (size_t i = 0; i < sizeof tried / sizeof *tried; i++)
			if (fits(call_named(tried[i]), &things[number]))
				try(call_named(tried[i]), number);
		for (size_t i = 0; i < sizeof more_calls / sizeof *more_calls; i++)
			if (fits(&more_calls[i], &things[number]))
				try(&more_calls[i], number);
	}
}

static void *work_in_thread(void *way)
{
	give_up(way);
	try_all();
	return NULL;
}

static int run(int argc, char **argv)
{
	pthread_t thread;
	char number[16];

	(void)umask(0);
	begin("spare");
	if (argc == 4 && strcmp(argv[1], "again") == 0) {
		keeper = atoi(argv[3]);
		try_all();
		return 0;
	}
	start_keeper();
	if (argc == 3 && strcmp(argv[1], "thread") == 0) {
		(void)pthread_create(&thread, NULL, work_in_thread, argv[2]);
		(void)pthread_join(thread, NULL);
		return 0;
	}
	give_up(argv[argc - 1]);
	(void)snprintf(number, sizeof number, "%d", keeper);
	if (argc == 3 && strcmp(argv[1], "exec") == 0)
		(void)execl("/proc/self/exe", argv[0], "again", argv[2], number, NULL);
	try_all();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	(void)alarm(100);
	return run(argc, argv);
}
