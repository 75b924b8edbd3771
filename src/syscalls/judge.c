#include "syscalls/judge.h"

#include <errno.h>

enum judgement judge(
	const struct question *question, struct answer *answer, int otherwise, struct verdict *ret)
{
	question_ask(question, ret);
	if (otherwise < 0 && (ret->kind == VERDICT_ALLOW || ret->source == SOURCE_DEFAULT)) {
		answer_result(answer, otherwise);
		return JUDGED_ANSWERED;
	}
	question_observe(question, ret);
	if (ret->kind == VERDICT_ALLOW)
		return JUDGED_ALLOW;
	if (answer_verdict(answer, ret))
		return JUDGED_ANSWERED;
	if (ret->kind == VERDICT_REDIRECT)
		return JUDGED_REDIRECT;
	answer_result(answer, -EACCES);
	return JUDGED_ANSWERED;
}
