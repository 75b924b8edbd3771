#include "policy/operation.h"

#include <stddef.h>

static const struct {
	const char *name, *help;
	unsigned rights, new_rights;
} operations[OPERATION_COUNT] = {
#define OPERATION_ROW(id, name, refusal, rights, new_rights, help) \
	[OPERATION_##id] = {name, help, rights, new_rights},
	OPERATIONS(OPERATION_ROW)
#undef OPERATION_ROW
};

const char *operation_name(enum operation operation)
{
	return operation < OPERATION_COUNT ? operations[operation].name : NULL;
}

const char *operation_help(enum operation operation)
{
	return operation < OPERATION_COUNT ? operations[operation].help : NULL;
}

unsigned operation_rights(enum operation operation)
{
	return operation < OPERATION_COUNT ? operations[operation].rights : 0;
}

unsigned operation_new_rights(enum operation operation)
{
	return operation < OPERATION_COUNT ? operations[operation].new_rights : 0;
}

const char *right_name(enum right_index index)
{
	static const char *const names[RIGHT_COUNT] = {
#define RIGHT_NAME(id, name) [RIGHT_INDEX_##id] = (name),
		RIGHTS(RIGHT_NAME)
#undef RIGHT_NAME
	};

	return names[index];
}
