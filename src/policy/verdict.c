#include "policy/verdict.h"

#include <stdlib.h>

void verdict_clear(struct verdict *verdict)
{
	free(verdict->data);
	*verdict = (struct verdict){0};
}
