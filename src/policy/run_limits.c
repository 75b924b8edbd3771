#include "policy/run_limits.h"

#include "policy/internal.h"

#define COUNT "count"
#define SIZE "size"
#define TIME "time"

static const struct {
	const char *name, *unit;
} rows[] = {
#define X(id, name, unit) {name, unit},
	RUN_LIMITS(X)
#undef X
};

const char *run_limit_name(enum run_limit limit)
{
	return rows[limit].name;
}

const char *run_limit_unit(enum run_limit limit)
{
	return rows[limit].unit;
}

bool run_limits_have(const struct run_limits *limits, enum run_limit limit)
{
	return limits->values[limit] != UINT64_MAX;
}

bool run_limits_any(const struct run_limits *limits)
{
	for (int i = 0; i < RUN_LIMIT_COUNT; i++)
		if (run_limits_have(limits, (enum run_limit)i))
			return true;
	return false;
}

void policy_set_limit(struct policy *policy, enum run_limit limit, uint64_t value)
{
	if (value < policy->limits.values[limit])
		policy->limits.values[limit] = value;
}

const struct run_limits *policy_limits(const struct policy *policy)
{
	return &policy->limits;
}
