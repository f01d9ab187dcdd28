/* A /proc that fails in the middle: an error each time, never "unset" and never "gone". */
/* Fortified, read() is another function, inlined, and could not be ours. */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/session.h"

/* -- the two calls that read it, ours -- */

static const char *faulty; /* the file that fails; NULL: none */
static int open_errno, read_errno, interruptions;
static bool nothing_in_it;
static int faulty_fd = -1;

int openat(int dir, const char *name, int flags, ...)
{
	int fd;

	if (faulty && strcmp(name, faulty) == 0 && open_errno) {
		errno = open_errno;
		return -1;
	}
	fd = (int)syscall(SYS_openat, dir, name, flags);
	if (faulty && strcmp(name, faulty) == 0)
		faulty_fd = fd;
	return fd;
}

ssize_t read(int fd, void *buf, size_t size)
{
	if (fd == faulty_fd && interruptions > 0) {
		interruptions--;
		errno = EINTR;
		return -1;
	}
	if (fd == faulty_fd && read_errno) {
		errno = read_errno;
		return -1;
	}
	if (fd == faulty_fd && nothing_in_it)
		return 0;
	return syscall(SYS_read, fd, buf, size);
}

ssize_t __read_chk(int fd, void *buf, size_t size, size_t room);
ssize_t __read_chk(int fd, void *buf, size_t size, size_t room)
{
	return size <= room ? read(fd, buf, size) : -1;
}

/* -- somebody else's process, a session leader: all three files of it are read -- */

static pid_t leader;

static int start_leader(void **state)
{
	(void)state;
	faulty = NULL;
	open_errno = read_errno = interruptions = 0;
	nothing_in_it = false;
	faulty_fd = -1;
	leader = fork();
	if (leader == 0) {
		setsid();
		for (;;)
			pause();
	}
	while (leader > 0 && getsid(leader) != leader)
		;
	return leader > 0 ? 0 : -1;
}

static int end_leader(void **state)
{
	(void)state;
	faulty = NULL;
	kill(leader, SIGKILL);
	return waitpid(leader, NULL, 0) == leader ? 0 : -1;
}

static enum psg_err look(struct psg_proc_info *ret)
{
	faulty_fd = -1;
	return psg_proc_system.info(NULL, leader, ret);
}

static const char *const files[] = {"sessionid", "stat", "status"};

/* Out of descriptors or memory is this process's own trouble, not that of /proc. */
static enum psg_err open_error(int errnum)
{
	if (errnum == ENOMEM)
		return PSG_ERR_NO_MEMORY;
	return errnum == EMFILE || errnum == ENFILE ? PSG_ERR_LIMIT : PSG_ERR_PROC;
}

static void each_file_fails(void **state)
{
	static const int errors[] = {EACCES, EPERM, EMFILE, ENFILE, EIO, ENOMEM, ESRCH, ENOENT};
	struct psg_proc_info info = {.parent = 5};

	(void)state;
	for (size_t f = 0; f < PSG_COUNT(files); f++) {
		for (size_t e = 0; e < PSG_COUNT(errors); e++) {
			bool no_audit = f == 0 && (errors[e] == ENOENT || errors[e] == ESRCH);
			struct psg_proc_info unaudited;

			faulty = files[f];
			open_errno = errors[e];
			/* without the file the kernel has no audit; the process is there all the same */
			if (no_audit) {
				assert_int_equal(look(&unaudited), PSG_OK);
				assert_int_equal(unaudited.audit_id, PSG_AUDIT_NONE);
			} else {
				assert_int_equal(look(&info), open_error(errors[e]));
			}
			open_errno = 0;
			read_errno = errors[e];
			if (f != 0 || errors[e] != ESRCH)
				assert_int_equal(look(&info), PSG_ERR_PROC);
			read_errno = 0;
		}
		nothing_in_it = true;
		assert_int_equal(look(&info), PSG_ERR_PROC);
		nothing_in_it = false;
	}
	assert_int_equal(info.parent, 5);
}

static void interrupted(void **state)
{
	struct psg_proc_info info = {0};

	(void)state;
	for (size_t f = 0; f < PSG_COUNT(files); f++) {
		faulty = files[f];
		interruptions = 3;
		assert_int_equal(look(&info), PSG_OK);
		assert_int_equal(interruptions, 0);
		assert_int_equal(info.session, leader);
		assert_int_equal(info.real_uid, getuid());
	}
}

/* An error on the way up is one of the whole question. */
static void identity_fails(void **state)
{
	struct psg_call call = {.pid = 5};

	(void)state;
	faulty = "stat";
	open_errno = EMFILE;
	assert_int_equal(psg_session_identify(&psg_proc_system, 0, getuid(), &call), PSG_ERR_LIMIT);
	assert_int_equal(call.pid, 5);
	open_errno = 0;
	assert_int_equal(psg_session_identify(&psg_proc_system, 0, getuid(), &call), PSG_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(each_file_fails, start_leader, end_leader),
	    cmocka_unit_test_setup_teardown(interrupted, start_leader, end_leader),
	    cmocka_unit_test_setup_teardown(identity_fails, start_leader, end_leader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
