#include "launch/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Newer than the headers of Debian 12: include/uapi/linux/landlock.h of Linux 6.12. */
struct ruleset_attributes {
	uint64_t handled_access_fs;
	uint64_t handled_access_net;
	uint64_t scoped;
};
enum { SCOPE_ABSTRACT_UNIX_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1, ABI_WITH_SCOPES = 6 };

int landlock_check(struct error *err)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	if (abi >= ABI_WITH_SCOPES)
		return 0;
	if (abi > 0)
		return error_set(err, EOPNOTSUPP,
			"this kernel's Landlock has no scopes (ABI %ld, needed is %d)\n"
			"without them the program could signal and read its supervisor: "
			"use Linux 6.12 or newer",
			abi, ABI_WITH_SCOPES);
	return error_errno(err, errno == 0 ? EOPNOTSUPP : errno,
		"Landlock, which shields the supervisor from the program, is not available\n"
		"needed is Linux 6.12 or newer, with landlock in the kernel's lsm= list, "
		"and no sandbox around Moongate that refuses it (Moongate itself does: it does not "
		"nest)");
}

int landlock_ruleset(void)
{
	struct ruleset_attributes attributes = {
		.scoped = SCOPE_ABSTRACT_UNIX_SOCKET | SCOPE_SIGNAL};
	long fd = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);

	return fd < 0 ? -errno : (int)fd;
}

int landlock_enforce(int ruleset)
{
	return syscall(SYS_landlock_restrict_self, ruleset, 0) < 0 ? -errno : 0;
}
