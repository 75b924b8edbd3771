/* attack_width FILE: asks to change FILE in every way, with bits set that the kernel ignores. */
#include "attack.h"

static void report(const char *what, long flags, long result)
{
	int error = errno;

	(void)printf("%s %#lx: %s\n", what, flags, result < 0 ? strerrorname_np(error) : "OPENED");
	if (result > 2)
		(void)close((int)result);
}

int main(int argc, char **argv)
{
	static const long changing[] = {O_WRONLY, O_RDWR, 3, O_RDONLY | O_TRUNC, O_WRONLY | O_TRUNC,
		O_RDWR | O_TRUNC, O_CREAT | O_TRUNC, O_WRONLY | O_APPEND | O_CREAT,
		O_WRONLY | 0x2000000};
	static const long high[] = {0, 1L << 32, 1L << 63, (long)(~0UL << 32), 0x5a5a5a5a00000000};
	const char *file = argv[argc - 1];

	for (size_t i = 0; i < sizeof changing / sizeof *changing; i++)
		for (size_t j = 0; j < sizeof high / sizeof *high; j++) {
			long flags = changing[i] | high[j];
			struct open_how how = {.flags = (uint64_t)changing[i] & 0x1ffffff};

			if ((how.flags & O_CREAT) != 0)
				how.mode = 0600;
			report("open", flags, syscall(SYS_open, file, flags, 0600));
			report("openat", flags, syscall(SYS_openat, AT_FDCWD, file, flags, 0600));
			report("openat2", flags,
				syscall(SYS_openat2, AT_FDCWD, file, &how, sizeof how));
		}
	report("creat", 0, syscall(SYS_creat, file, 0600));
	return 0;
}
