#include "syscalls/position.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/kcmp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "syscalls/act.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct position *held; /* under the lock */
static atomic_int released;   /* a futex: how often one was */

/* Workers have tables of descriptors of their own. Where kcmp(2) can't tell, one inode is enough.
 */
static bool may_be_same(const struct position *one, const struct position *other)
{
	long order;

	if (one->ino != other->ino || one->dev != other->dev)
		return false;
	order = syscall(SYS_kcmp, one->tid, other->tid, KCMP_FILE, one->file, other->file);
	return order <= 0;
}

static bool try_to_take(struct position *position, int *ret_released)
{
	const struct position *other;

	(void)pthread_mutex_lock(&lock);
	*ret_released = released;
	for (other = held; other != NULL && !may_be_same(position, other); other = other->next)
		;
	if (other == NULL) {
		position->next = held;
		held = position;
	}
	(void)pthread_mutex_unlock(&lock);
	return other == NULL;
}

/* Nothing has happened yet, so whoever is interrupted may do it all again. */
static long await(const void *context)
{
	const int *seen = context;

	if (syscall(SYS_futex, &released, FUTEX_WAIT_PRIVATE, *seen, NULL, NULL, 0) < 0 &&
		errno == EINTR)
		return -1;
	return 0;
}

int position_hold(struct call *call, int file, const struct stat *st, struct position *ret)
{
	int seen, result = 0;

	*ret = (struct position){
		.tid = (pid_t)gettid(), .file = file, .dev = st->st_dev, .ino = st->st_ino};
	while (result >= 0 && !try_to_take(ret, &seen))
		result = act_perform(call, -1, await, &seen);
	return result < 0 ? result : 0;
}

void position_release(struct position *position)
{
	struct position **link = &held;

	(void)pthread_mutex_lock(&lock);
	while (*link != position)
		link = &(*link)->next;
	*link = position->next;
	released++;
	(void)pthread_mutex_unlock(&lock);
	(void)syscall(SYS_futex, &released, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}
