/* Whether the sessions that a policy wants ended are ended by anybody. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"

#define TEXT_SIZE 4096

/* Whether a process is `psgctl enforce --watch`, however it was called. */
static bool enforces(pid_t pid)
{
	char path[40], text[TEXT_SIZE + 1] = "";
	bool psgctl = false, enforce = false, watch = false;

	snprintf(path, sizeof(path), "/proc/%jd/cmdline", (intmax_t)pid);
	int fd PSG_CLEANUP(psg_close_fd) = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t len = fd < 0 ? -1 : read(fd, text, TEXT_SIZE);

	for (ssize_t at = 0; at < len; at += (ssize_t)strlen(text + at) + 1) {
		const char *slash = strrchr(text + at, '/');

		if (at == 0)
			psgctl = !strcmp(slash ? slash + 1 : text, "psgctl");
		enforce |= !strcmp(text + at, "enforce");
		watch |= !strcmp(text + at, "--watch");
	}
	return psgctl && enforce && watch;
}

static bool somebody_enforces(void)
{
	struct psg_processes all PSG_CLEANUP(psg_processes_clear) = {0};

	/* What cannot be seen is not said to be missing. */
	if (psg_processes_read(&all) != PSG_OK)
		return true;
	for (size_t i = 0; i < all.count; i++)
		if (all.items[i].info.real_uid == 0 && enforces(all.items[i].pid))
			return true;
	return false;
}

void doctor_judge_enforce(struct doctor *doctor, const struct doctor_asked *asked,
			  const struct psg_assignments *assignments)
{
	for (size_t i = 0; i < assignments->count; i++) {
		const struct psg_assignment *assignment = &assignments->items[i];
		struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};

		if (psg_policy_activation_policy(asked->policy, assignment->kind,
						 assignment->target, &policy) != PSG_OK ||
		    !policy.end_sessions)
			continue;
		if (!somebody_enforces())
			doctor_add(doctor, DOCTOR_ENFORCE_MISSING,
				   (struct doctor_place){.file = asked->path},
				   "the policy of %s says endSessions, and no `psgctl enforce "
				   "--watch` runs: what is open stays open",
				   assignment->target);
		return;
	}
}
