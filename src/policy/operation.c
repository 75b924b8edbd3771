#include "policy/operation.h"

#include <stddef.h>

static const char *const names[OPERATION_COUNT] = {
#define OPERATION_NAME(id, name, refusal, help) [OPERATION_##id] = (name),
	OPERATIONS(OPERATION_NAME)
#undef OPERATION_NAME
};

const char *operation_name(enum operation operation)
{
	return operation < OPERATION_COUNT ? names[operation] : NULL;
}
