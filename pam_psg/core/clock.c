/* CLOCK_REALTIME, CLOCK_BOOTTIME and the boot they belong to. */
#include "psg/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static bool boot_id_valid(const char *id)
{
	for (size_t i = 0; i < PSG_BOOT_ID_SIZE - 1; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		bool hex = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');

		if (dash ? id[i] != '-' : !hex)
			return false;
	}
	return id[PSG_BOOT_ID_SIZE - 1] == '\0';
}

bool psg_boot_same(const char *boot_id_a, const char *boot_id_b)
{
	return boot_id_valid(boot_id_a) && strcmp(boot_id_a, boot_id_b) == 0;
}

static enum psg_err read_boot_id(char out[static PSG_BOOT_ID_SIZE])
{
	int fd PSG_CLEANUP(psg_close_fd) =
	    open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got;

	if (fd < 0)
		return psg_err_lacking(errno, PSG_ERR_CLOCK);
	do
		got = read(fd, out, PSG_BOOT_ID_SIZE - 1);
	while (got < 0 && errno == EINTR);
	out[PSG_BOOT_ID_SIZE - 1] = '\0';
	return got == PSG_BOOT_ID_SIZE - 1 && boot_id_valid(out) ? PSG_OK : PSG_ERR_CLOCK;
}

static bool read_clock(clockid_t id, int64_t *ret_ns)
{
	struct timespec now;

	if (clock_gettime(id, &now) != 0 || now.tv_sec < 0 ||
	    now.tv_sec >= INT64_MAX / PSG_NS_PER_S)
		return false;
	*ret_ns = (int64_t)now.tv_sec * PSG_NS_PER_S + now.tv_nsec;
	return true;
}

static enum psg_err know_boot_id(char *known, char out[static PSG_BOOT_ID_SIZE])
{
	if (known && *known) {
		memcpy(out, known, PSG_BOOT_ID_SIZE);
		return PSG_OK;
	}
	enum psg_err err = read_boot_id(out);

	if (!err && known)
		memcpy(known, out, PSG_BOOT_ID_SIZE);
	return err;
}

static enum psg_err system_now(void *self, struct psg_now *ret)
{
	struct psg_now now;

	enum psg_err err = know_boot_id(self, now.boot_id);

	if (err)
		return err;
	if (!read_clock(CLOCK_REALTIME, &now.realtime_ns) ||
	    !read_clock(CLOCK_BOOTTIME, &now.boottime_ns))
		return PSG_ERR_CLOCK;
	*ret = now;
	return PSG_OK;
}

const struct psg_clock psg_clock_system = {.now = system_now};

enum psg_err psg_clock_now(const struct psg_clock *clock, struct psg_now *ret)
{
	return clock->now(clock->self, ret);
}
