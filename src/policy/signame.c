#include "policy/signame.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

const char *signame_of(int number, char buffer[SIGNAME_SIZE])
{
	const char *name = number > 0 ? sigabbrev_np(number) : NULL;

	if (name != NULL)
		(void)snprintf(buffer, SIGNAME_SIZE, "SIG%s", name);
	else if (number == SIGRTMIN)
		(void)snprintf(buffer, SIGNAME_SIZE, "SIGRTMIN");
	else if (number > SIGRTMIN && number <= SIGRTMAX)
		(void)snprintf(buffer, SIGNAME_SIZE, "SIGRTMIN+%d", number - SIGRTMIN);
	else
		(void)snprintf(buffer, SIGNAME_SIZE, "%d", number);
	return buffer;
}

int signame_number(const char *name)
{
	char known[SIGNAME_SIZE];

	for (int number = 0; number <= SIGRTMAX; number++)
		if (strcmp(signame_of(number, known), name) == 0)
			return number;
	return -1;
}
