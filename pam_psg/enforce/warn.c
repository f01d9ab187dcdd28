/* A line to the terminals of a session, before it ends.
 *
 * MUST NOT wait for a terminal that somebody stopped with ^S, nor become its session's controlling process. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "roster.h"

#define TERMINALS_MAX 64

/* Documentation/admin-guide/devices.txt of the kernel: 136 to 143 Unix98 ptys, 4 consoles and serial lines. */
static bool path_of(uint32_t tty, char out[static 40])
{
	unsigned int major_part = (tty >> 8) & 0xfff;
	unsigned int minor_part = (tty & 0xff) | ((tty >> 12) & 0xfff00);

	if (major_part >= 136 && major_part <= 143)
		(void)snprintf(out, 40, "/dev/pts/%u", minor_part + (major_part - 136) * 256);
	else if (major_part == 4 && minor_part < 64)
		(void)snprintf(out, 40, "/dev/tty%u", minor_part);
	else if (major_part == 4)
		(void)snprintf(out, 40, "/dev/ttyS%u", minor_part - 64);
	else
		return false;
	return true;
}

static bool write_line(uint32_t tty, uid_t owner, const char *line)
{
	char path[40];
	struct stat info;

	if (!path_of(tty, path))
		return false;
	int fd PSG_CLEANUP(psg_close_fd) =
	    open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);

	/* A terminal of a devpts of one's own has the number of somebody else's here. */
	if (fd < 0 || fstat(fd, &info) != 0 || !S_ISCHR(info.st_mode) || info.st_uid != owner ||
	    !isatty(fd))
		return false;
	return dprintf(fd, "\r\n\a%s\r\n", line) > 0;
}

static bool seen(const uint32_t *list, size_t count, uint32_t tty)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == tty)
			return true;
	return false;
}

enum psg_err psg_session_warn(const struct psg_binding *session, uid_t subject_uid,
			      const struct psg_logins *logins, const char *line,
			      size_t *ret_terminals)
{
	struct psg_roster roster PSG_CLEANUP(psg_roster_clear) = {.marks = NULL};
	uint32_t terminals[TERMINALS_MAX];
	size_t count = 0, written = 0;
	enum psg_err err = psg_roster_read(&roster);

	if (!err)
		err = psg_roster_mark(&roster, session, subject_uid, logins, NULL, 0);
	if (err)
		return err;
	for (size_t i = 0; i < roster.processes.count && count < TERMINALS_MAX; i++) {
		uint32_t tty = roster.processes.items[i].info.tty;

		if (roster.marks[i] == PSG_MEMBER_YES && tty != 0 && !seen(terminals, count, tty))
			terminals[count++] = tty;
	}
	for (size_t i = 0; i < count; i++)
		written += write_line(terminals[i], subject_uid, line);
	if (ret_terminals)
		*ret_terminals = written;
	return PSG_OK;
}
