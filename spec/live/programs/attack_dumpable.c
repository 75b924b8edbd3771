/* attack_dumpable PATH...: opens each after it has asked to be unreadable for others of its user.
 */
#include <sys/prctl.h>

#include "attack.h"

int main(int argc, char **argv)
{
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return 2;
	for (int i = 1; i < argc; i++) {
		char text[64] = "";
		int fd = open(argv[i], O_RDONLY);

		if (fd >= 0)
			(void)!read(fd, text, sizeof text - 1);
		text[strcspn(text, "\n")] = '\0';
		(void)printf("%s%s\n", fd < 0 ? strerrorname_np(errno) : "=", text);
	}
	return 0;
}
