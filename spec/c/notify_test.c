#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <cmocka.h>

#include "gate/notify.h"

/* The notification ioctls against the kernel: a child whose getppid(2) is notified. */

struct child {
	pid_t pid;
	int listener;
	struct notify_buffers buffers;
};

static int install_filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof *code, code};

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return (int)syscall(
		SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

/* Asks once; its exit status is what it was told. */
static void run_child(int pipe_fd)
{
	int listener = install_filter();
	long answer;

	if (write(pipe_fd, &listener, sizeof listener) != sizeof listener)
		_exit(255);
	answer = syscall(SYS_getppid);
	_exit(answer >= 0 ? (int)answer : 100 + errno);
}

static int set_up(void **state)
{
	static struct child child;
	int fds[2], number, pidfd;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	child.pid = fork();
	if (child.pid == 0)
		run_child(fds[1]);
	if (read(fds[0], &number, sizeof number) != sizeof number)
		return -1;
	pidfd = pidfd_open(child.pid, 0);
	child.listener = pidfd_getfd(pidfd, number, 0);
	(void)close(pidfd);
	(void)close(fds[0]);
	(void)close(fds[1]);
	*state = &child;
	return child.listener < 0 ? -1 : notify_buffers_init(&child.buffers, NULL);
}

static int tear_down(void **state)
{
	struct child *child = *state;

	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, NULL, 0);
	(void)close(child->listener);
	notify_buffers_free(&child->buffers);
	return 0;
}

static int status_of(const struct child *child)
{
	int status = 0;

	(void)waitpid(child->pid, &status, 0);
	return WEXITSTATUS(status);
}

static void buffers_have_the_kernels_sizes(void **state)
{
	struct child *child = *state;
	struct seccomp_notif_sizes sizes;

	assert_int_equal(syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes), 0);
	assert_true(child->buffers.request_size >= sizes.seccomp_notif);
	assert_true(child->buffers.request_size >= sizeof(struct seccomp_notif));
	assert_true(child->buffers.response_size >= sizes.seccomp_notif_resp);
	assert_true(child->buffers.response_size >= sizeof(struct seccomp_notif_resp));
}

static void a_dirty_buffer_is_zeroed_before_it_is_used(void **state)
{
	struct child *child = *state;

	memset(child->buffers.request, 0xff, child->buffers.request_size);
	memset(child->buffers.response, 0xff, child->buffers.response_size);
	assert_int_equal(notify_receive(child->listener, &child->buffers), 0);
	assert_int_equal(child->buffers.request->pid, child->pid);
	assert_int_equal(child->buffers.request->data.nr, SYS_getppid);
	assert_int_equal(
		notify_send_value(child->listener, &child->buffers, child->buffers.request->id, 42),
		0);
	assert_int_equal(status_of(child), 42);
}

static void a_cookie_is_valid_until_the_target_dies(void **state)
{
	struct child *child = *state;
	uint64_t id;

	assert_int_equal(notify_receive(child->listener, &child->buffers), 0);
	id = child->buffers.request->id;
	assert_int_equal(notify_cookie_valid(child->listener, id), 0);
	assert_int_equal(notify_cookie_valid(child->listener, id + 1), -ENOENT);
	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, NULL, 0);
	assert_int_equal(notify_cookie_valid(child->listener, id), -ENOENT);
	assert_int_equal(notify_send_value(child->listener, &child->buffers, id, 0), -ENOENT);
	assert_int_equal(notify_add_fd(child->listener, id, 0, false), -ENOENT);
}

static void a_cookie_is_used_up_by_the_answer(void **state)
{
	struct child *child = *state;
	uint64_t id;

	assert_int_equal(notify_receive(child->listener, &child->buffers), 0);
	id = child->buffers.request->id;
	assert_int_equal(notify_send_value(child->listener, &child->buffers, id, 1), 0);
	assert_int_equal(status_of(child), 1);
	assert_int_equal(notify_cookie_valid(child->listener, id), -ENOENT);
}

static void errors_are_errors_whatever_their_number(void **state)
{
	struct child *child = *state;

	/* A positive number in the response would be a success, one over 4095 a value. */
	assert_int_equal(notify_receive(child->listener, &child->buffers), 0);
	assert_int_equal(notify_send_error(child->listener, &child->buffers,
				 child->buffers.request->id, 5000),
		0);
	assert_int_equal(status_of(child), 100 + EACCES);
}

static void a_negative_value_is_not_sent_as_an_errno(void **state)
{
	struct child *child = *state;

	assert_int_equal(notify_receive(child->listener, &child->buffers), 0);
	assert_int_equal(notify_send_value(child->listener, &child->buffers,
				 child->buffers.request->id, -ENOENT),
		0);
	assert_int_equal(status_of(child), 100 + EACCES);
}

static void the_end_of_the_last_task_is_seen(void **state)
{
	struct child *child = *state;

	assert_false(notify_is_over(child->listener));
	(void)kill(child->pid, SIGKILL);
	(void)waitpid(child->pid, NULL, 0);
	assert_true(notify_is_over(child->listener));
	assert_int_equal(notify_receive(child->listener, &child->buffers), -ENOENT);
}

static void injection_and_answer_are_two_steps(void **state)
{
	struct child *child = *state;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), number;
	uint64_t id;

	assert_int_equal(notify_receive(child->listener, &child->buffers), 0);
	id = child->buffers.request->id;
	number = notify_add_fd(child->listener, id, null, true);
	(void)close(null);
	assert_true(number >= 0);
	assert_int_equal(notify_cookie_valid(child->listener, id), 0);
	assert_int_equal(notify_send_value(child->listener, &child->buffers, id, number), 0);
	assert_int_equal(status_of(child), number);
}

static void a_descriptor_that_cannot_be_injected_leaves_the_call_alive(void **state)
{
	struct child *child = *state;
	int path = open("/", O_PATH | O_CLOEXEC);
	uint64_t id;

	assert_int_equal(notify_receive(child->listener, &child->buffers), 0);
	id = child->buffers.request->id;
	assert_int_equal(notify_add_fd(child->listener, id, path, true), -EBADF);
	(void)close(path);
	assert_int_equal(notify_send_error(child->listener, &child->buffers, id, EMFILE), 0);
	assert_int_equal(status_of(child), 100 + EMFILE);
}

int main(void)
{
#define WITH_CHILD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_CHILD(buffers_have_the_kernels_sizes),
		WITH_CHILD(a_dirty_buffer_is_zeroed_before_it_is_used),
		WITH_CHILD(a_cookie_is_valid_until_the_target_dies),
		WITH_CHILD(a_cookie_is_used_up_by_the_answer),
		WITH_CHILD(errors_are_errors_whatever_their_number),
		WITH_CHILD(a_negative_value_is_not_sent_as_an_errno),
		WITH_CHILD(the_end_of_the_last_task_is_seen),
		WITH_CHILD(injection_and_answer_are_two_steps),
		WITH_CHILD(a_descriptor_that_cannot_be_injected_leaves_the_call_alive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
