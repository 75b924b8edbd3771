#include "target/identity.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct own_identity {
	uid_t uid;
	gid_t gid;
	int group_count;
	gid_t groups[1024];
	uint64_t cap_effective, cap_permitted, cap_inheritable;
} own;

int identity_remember_own(void)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {{0}};

	own.uid = geteuid();
	own.gid = getegid();
	own.group_count = getgroups(sizeof own.groups / sizeof *own.groups, own.groups);
	if (own.group_count < 0 || syscall(SYS_capget, &header, data) < 0)
		return -errno;
	own.cap_effective = data[0].effective | (uint64_t)data[1].effective << 32;
	own.cap_permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	own.cap_inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return 0;
}

static int set_effective(uint64_t effective)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct data[2] = {
		{(uint32_t)effective, (uint32_t)own.cap_permitted, (uint32_t)own.cap_inheritable},
		{(uint32_t)(effective >> 32), (uint32_t)(own.cap_permitted >> 32),
			(uint32_t)(own.cap_inheritable >> 32)},
	};

	return syscall(SYS_capset, &header, data) < 0 ? -errno : 0;
}

struct ids {
	uid_t euid, fsuid;
	gid_t egid, fsgid;
	int count;
	const gid_t *groups;
};

/* setfsuid and setfsgid tell of failure only by what they did not change. */
static int set_file_ids(const struct ids *ids)
{
	(void)syscall(SYS_setfsgid, ids->fsgid);
	(void)syscall(SYS_setfsuid, ids->fsuid);
	if ((gid_t)syscall(SYS_setfsgid, -1) != ids->fsgid ||
		(uid_t)syscall(SYS_setfsuid, -1) != ids->fsuid)
		return -EPERM;
	return 0;
}

/*
 * The effective ids, too: /proc/sys and FUSE look at them. Not the real and saved ones: whoever has
 * those may send signals. Away from root capabilities go, and are needed once more.
 */
static int set_ids(const struct ids *ids)
{
	int result;

	if (syscall(SYS_setgroups, ids->count, ids->groups) < 0 ||
		syscall(SYS_setresgid, -1, ids->egid, -1) < 0 ||
		syscall(SYS_setresuid, -1, ids->euid, -1) < 0)
		return -errno;
	if (ids->fsuid == ids->euid && ids->fsgid == ids->egid)
		return 0; /* they follow */
	result = set_effective(own.cap_permitted);
	return result < 0 ? result : set_file_ids(ids);
}

static bool same_groups(const struct process_status *status)
{
	return status->group_count == own.group_count &&
	       memcmp(status->groups, own.groups, sizeof(gid_t) * (size_t)own.group_count) == 0;
}

static bool is_own(const struct process_status *status)
{
	return status->fsuid == own.uid && status->fsgid == own.gid && status->euid == own.uid &&
	       status->egid == own.gid && same_groups(status) &&
	       status->cap_effective == own.cap_effective;
}

/* The supervisor can lend only what it has: a target with more is refused. */
static int borrow(const struct process_status *status)
{
	const struct ids ids = {
		.euid = status->euid,
		.fsuid = status->fsuid,
		.egid = status->egid,
		.fsgid = status->fsgid,
		.count = status->group_count,
		.groups = status->groups,
	};
	int result = set_ids(&ids);

	if (result < 0)
		return result;
	return set_effective(status->cap_effective & own.cap_permitted);
}

static int enter(struct identity *identity, const struct process_status *status)
{
	if (is_own(status))
		return 0;
	identity->borrowed = true;
	if (borrow(status) == 0)
		return 0;
	identity_leave(identity);
	return -EACCES;
}

int identity_enter(
	struct identity *identity, const struct world *world, const struct target *target)
{
	struct process_status status;
	int result;

	*identity = (struct identity){0};
	if (!world->credentials_vary)
		return 0;
	result = process_status(world, target, &status);
	return result < 0 ? result : enter(identity, &status);
}

/* access_override_creds() in fs/open.c. */
int identity_enter_real(
	struct identity *identity, const struct world *world, const struct target *target)
{
	struct process_status status;
	int result;

	*identity = (struct identity){0};
	if (!world->credentials_vary)
		return 0;
	result = process_status(world, target, &status);
	if (result < 0)
		return result;
	status.fsuid = status.uid;
	status.fsgid = status.gid;
	status.cap_effective = status.uid == 0 ? status.cap_permitted : 0;
	return enter(identity, &status);
}

void identity_leave(struct identity *identity)
{
	const struct ids ids = {
		.euid = own.uid,
		.fsuid = own.uid,
		.egid = own.gid,
		.fsgid = own.gid,
		.count = own.group_count,
		.groups = own.groups,
	};

	if (!identity->borrowed)
		return;
	identity->borrowed = false;
	/* Capabilities first: they are what the rest needs; and last: ids change them. */
	if (set_effective(own.cap_permitted) < 0 || set_ids(&ids) < 0 ||
		set_effective(own.cap_effective) < 0)
		abort();
}

void identity_suspend(struct identity *identity)
{
	identity->suspended = identity->borrowed;
	identity_leave(identity);
}

int identity_resume(
	struct identity *identity, const struct world *world, const struct target *target)
{
	return identity->suspended ? identity_enter(identity, world, target) : 0;
}
