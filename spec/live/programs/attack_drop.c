/* attack_drop HOW COMMAND [ARG...]: gives privileges up in one of four ways, then runs COMMAND. */
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "attack.h"

static int drop(const char *how)
{
	struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2] = {{0}};

	if (strcmp(how, "bounding") == 0) {
		for (int i = 0; i < 64; i++)
			(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
		return 0;
	}
	if (strcmp(how, "securebits") == 0)
		return prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NO_SETUID_FIXUP, 0, 0, 0);
	if (strcmp(how, "setuid") == 0)
		return setgroups(0, NULL) < 0 || setgid(2002) < 0 ? -1 : setuid(2002);
	for (int i = 0; i < 64; i++)
		(void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
	return (int)syscall(SYS_capset, &header, none);
}

int main(int argc, char **argv)
{
	if (argc < 3 || drop(argv[1]) < 0)
		return 2;
	(void)execvp(argv[2], argv + 2);
	return 2;
}
