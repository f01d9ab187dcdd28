/* The line for syslogd, see syslog.h.
 *
 * MUST NOT wait for syslogd without end: syslog(3) does, in a send() that blocks while the queue of /dev/log is full
 *   (a_stopped_syslogd in tests/hosts/test_hostile_syslog.py).
 * MUST NOT trust the program's name: whoever runs su chooses it, line breaks and 128 KB of it
 *   (a_name_of_the_callers_choice there). */
#include "syslog.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "psg/bytes.h"

#define WAIT_MS 1000
#define TAG_SIZE 33

static int open_log(int type)
{
	static const struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd >= 0 && connect(fd, (const struct sockaddr *)&log, sizeof(log)) != 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static void put_time(struct psg_buf *line)
{
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t now = time(NULL);
	struct tm local;

	/* Not strftime(), whose months are the host's locale's. */
	if (localtime_r(&now, &local))
		psg_buf_format(line, "%s %2d %02d:%02d:%02d ", months[local.tm_mon % 12],
			       local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec);
}

/* Letters, digits and what programs are named with besides: what ends a tag is not in it. */
static void put_tag(struct psg_buf *line)
{
	const char *name = program_invocation_short_name;
	char tag[TAG_SIZE] = "?";

	for (size_t i = 0; i < sizeof(tag) - 1 && name[i]; i++) {
		bool plain = (name[i] >= 'a' && name[i] <= 'z') ||
			     (name[i] >= 'A' && name[i] <= 'Z') ||
			     (name[i] >= '0' && name[i] <= '9') || strchr("-._", name[i]);

		tag[i] = plain ? name[i] : '?';
		tag[i + 1] = '\0';
	}
	psg_buf_format(line, "%s[%jd]: ", tag, (intmax_t)getpid());
}

static void send_line(int fd, const char *line, size_t len)
{
	struct pollfd writable = {.fd = fd, .events = POLLOUT};

	if (send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return;
	if (poll(&writable, 1, WAIT_MS) > 0)
		(void)send(fd, line, len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void psg_syslog_send(int priority, const char *text)
{
	struct psg_buf line PSG_CLEANUP(psg_buf_clear) = {0};
	int saved = errno, fd PSG_CLEANUP(psg_close_fd) = open_log(SOCK_DGRAM);
	bool stream = fd < 0 && errno == EPROTOTYPE;

	if (stream)
		fd = open_log(SOCK_STREAM);
	psg_buf_format(&line, "<%d>", priority);
	put_time(&line);
	put_tag(&line);
	psg_buf_format(&line, "%s", text);
	/* Of a stream a NUL ends the message, as syslog(3) has it. */
	if (fd >= 0 && !line.failed)
		send_line(fd, line.data, line.len + stream);
	errno = saved;
}
