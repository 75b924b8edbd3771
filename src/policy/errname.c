#include "policy/errname.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Second names of numbers that already have one. */
static const struct {
	const char *name;
	int number;
} aliases[] = {
	{"EWOULDBLOCK", EWOULDBLOCK},
	{"ENOTSUP", ENOTSUP},
	{"EOPNOTSUPP", EOPNOTSUPP},
	{"EDEADLOCK", EDEADLOCK},
};

const char *errname_of(int number)
{
	if (number == EOPNOTSUPP)
		return "EOPNOTSUPP";
	return number > 0 && number < ERRNAME_LIMIT ? strerrorname_np(number) : NULL;
}

int errname_number(const char *name)
{
	for (size_t i = 0; i < sizeof aliases / sizeof aliases[0]; i++)
		if (strcmp(aliases[i].name, name) == 0)
			return aliases[i].number;
	for (int number = 1; number < ERRNAME_LIMIT; number++) {
		const char *known = errname_of(number);

		if (known != NULL && strcmp(known, name) == 0)
			return number;
	}
	return 0;
}
