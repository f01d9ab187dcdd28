/* The system's clocks when they fail: an error, and the time that was known stays as it was. */
/* Fortified, read() is another function, inlined, and could not be ours. */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "psg/clock.h"

#define BOOT_FILE "/proc/sys/kernel/random/boot_id"
#define BOOT "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f10"

/* -- the calls that tell the time, ours -- */

static struct timespec realtime, boottime;
static int realtime_errno, boottime_errno, open_errno, read_errno, interruptions;
static const char *boot_text;
static int opened; /* a descriptor of /dev/null, to see that it is closed */

int clock_gettime(clockid_t id, struct timespec *ret)
{
	int error = id == CLOCK_REALTIME ? realtime_errno : boottime_errno;

	if (id != CLOCK_REALTIME && id != CLOCK_BOOTTIME)
		return (int)syscall(SYS_clock_gettime, id, ret);
	if (error) {
		errno = error;
		return -1;
	}
	*ret = id == CLOCK_REALTIME ? realtime : boottime;
	return 0;
}

int open(const char *path, int flags, ...)
{
	va_list arguments;
	int mode;

	/* gcov's, at the end of a build that counts lines. */
	if (strcmp(path, BOOT_FILE) != 0) {
		opened = -1;
		va_start(arguments, flags);
		mode = va_arg(arguments, int);
		va_end(arguments);
		return openat(AT_FDCWD, path, flags, mode);
	}
	assert_true(flags & O_CLOEXEC);
	if (open_errno) {
		errno = open_errno;
		return -1;
	}
	opened = openat(AT_FDCWD, "/dev/null", O_RDONLY | O_CLOEXEC);
	return opened;
}

ssize_t read(int fd, void *buf, size_t size)
{
	size_t len = strlen(boot_text) < size ? strlen(boot_text) : size;

	if (fd != opened)
		return syscall(SYS_read, fd, buf, size);
	if (interruptions > 0 || read_errno) {
		errno = interruptions-- > 0 ? EINTR : read_errno;
		return -1;
	}
	memcpy(buf, boot_text, len);
	return (ssize_t)len;
}

ssize_t __read_chk(int fd, void *buf, size_t size, size_t room);
ssize_t __read_chk(int fd, void *buf, size_t size, size_t room)
{
	assert_true(size <= room);
	return read(fd, buf, size);
}

static int setup(void **state)
{
	(void)state;
	realtime = (struct timespec){1800000000, 5};
	boottime = (struct timespec){0, 7};
	realtime_errno = boottime_errno = open_errno = read_errno = interruptions = 0;
	boot_text = BOOT "\n";
	return 0;
}

static enum psg_err look(struct psg_now *ret)
{
	enum psg_err err = psg_clock_now(&psg_clock_system, ret);

	if (!open_errno)
		assert_int_equal(fcntl(opened, F_GETFD), -1);
	return err;
}

static void refused(void)
{
	struct psg_now now = {.realtime_ns = 7, .boottime_ns = 8, .boot_id = "kept"};

	/* Without a descriptor to read it with it is not the clock that fails. */
	assert_int_equal(look(&now), psg_err_lacking(open_errno, PSG_ERR_CLOCK));
	assert_int_equal(now.realtime_ns, 7);
	assert_int_equal(now.boottime_ns, 8);
	assert_string_equal(now.boot_id, "kept");
	setup(NULL);
}

static void told(void **state)
{
	struct psg_now now;

	(void)state;
	interruptions = 2;
	assert_int_equal(look(&now), PSG_OK);
	assert_true(now.realtime_ns == 1800000000 * PSG_NS_PER_S + 5);
	assert_true(now.boottime_ns == 7);
	assert_string_equal(now.boot_id, BOOT);
	/* 1970 is a time, if hardly a right one */
	realtime = (struct timespec){0, 0};
	assert_int_equal(look(&now), PSG_OK);
	assert_true(now.realtime_ns == 0);
}

static void clocks_fail(void **state)
{
	(void)state;
	realtime_errno = EINVAL;
	refused();
	boottime_errno = EINVAL;
	refused();
	realtime.tv_sec = -1;
	refused();
	boottime.tv_sec = -1;
	refused();
	realtime.tv_sec = INT64_MAX / PSG_NS_PER_S; /* its nanoseconds would not fit */
	refused();
}

static void boot_id_fails(void **state)
{
	static const char *const bad[] = {
	    "",
	    "\n",
	    "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f1",
	    "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f1\n",
	    "0F3DDF26-CDD2-4A2A-9B7D-0A3B5D3A4F10\n",
	    "0f3ddf26cdd2-4a2a-9b7d-0a3b5d3a4f10-\n",
	    "0f3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4g10\n",
	    "xf3ddf26-cdd2-4a2a-9b7d-0a3b5d3a4f10\n",
	};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(bad); i++) {
		boot_text = bad[i];
		refused();
	}
	open_errno = EMFILE;
	refused();
	open_errno = ENOENT;
	refused();
	read_errno = EIO;
	refused();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(told, setup),
	    cmocka_unit_test_setup(clocks_fail, setup),
	    cmocka_unit_test_setup(boot_id_fails, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
