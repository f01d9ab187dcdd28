/* Who is at the other end of an administrator's act, for the log. */
#include "psgctl.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UID_NONE UINT32_MAX

static void describe(uint32_t uid, const char *word, struct psg_buf *out)
{
	struct psg_subject person;
	psg_buf_format(out, "%suid %u", word, uid);
	if (psg_subject_by_uid(uid, &person) == PSG_OK)
		psg_buf_format(out, " (%s)", person.name);
}

static uint32_t parse_uid(const char *text)
{
	uint64_t uid;
	if (text == NULL || psg_u64_parse(text, &uid) != PSG_OK || uid >= UID_NONE)
		return UID_NONE;
	return (uint32_t)uid;
}

/* The kernel keeps the login uid through su and sudo; SUDO_UID is only as good as the environment. */
static uint32_t login_uid(void)
{
	char text[16] = "";
	int fd PSG_CLEANUP(psg_close_fd) = open("/proc/self/loginuid", O_RDONLY | O_CLOEXEC);
	ssize_t len = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
	text[len > 0 ? len : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return parse_uid(text);
}

const char *ctl_actor(void)
{
	static char actor[1024];
	if (actor[0] != '\0')
		return actor;

	struct psg_buf out PSG_CLEANUP(psg_buf_clear) = {0};
	uint32_t sudo = getuid() == 0 ? parse_uid(secure_getenv("SUDO_UID")) : UID_NONE;
	uint32_t person = sudo != UID_NONE ? sudo : getuid();
	if (person == 0)
		psg_buf_text(&out, "root");
	else
		describe(person, "", &out);
	uint32_t login = login_uid();
	if (login != UID_NONE && login != person)
		describe(login, ", login ", &out);
	snprintf(actor, sizeof(actor), "%s", out.failed ? "root" : out.data);
	return actor;
}

void ctl_event(struct ctl *ctl, struct psg_event *event)
{
	static char tty[64];
	for (int fd = 0; tty[0] == '\0' && fd < 3; fd++)
		if (isatty(fd) && ttyname_r(fd, tty, sizeof(tty)) != 0)
			tty[0] = '\0';
	event->actor = ctl_actor();
	event->service = "psgctl";
	if (tty[0] != '\0')
		event->tty = tty;
	psg_event_emit(ctl->store, event);
}
