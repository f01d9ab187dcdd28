/* `psgctl doctor [SERVICE...]`: judges the stacks, sshd and sudo, the store, the clock, and who can get through. */
#include <sys/timex.h>

#include "doctor.h"

void doctor_judge_clock(struct doctor *doctor)
{
	struct timex clock = {0};

	if (adjtimex(&clock) == TIME_ERROR && (clock.status & STA_UNSYNC))
		doctor_add(doctor, DOCTOR_CLOCK_UNSYNCHRONISED, (struct doctor_place){0},
			   "the kernel says that the clock is not synchronised");
}

static void judge_service(struct doctor *doctor, const struct doctor_service *service)
{
	doctor_judge_lines(doctor, service);
	doctor_judge_gate(doctor, service);
	doctor_judge_session(doctor, service);
	doctor_judge_auth(doctor, service);
	doctor_judge_files(doctor, service);
}

/* The settings of sshd and sudo belong to this host's own stacks. */
static void judge_host(struct doctor *doctor)
{
	const struct doctor_service *sshd = doctor_find(doctor, "sshd");

	if (sshd)
		doctor_judge_sshd(doctor, sshd);
	if (doctor_find(doctor, "sudo") || doctor_find(doctor, "sudo-i"))
		doctor_judge_sudo(doctor);
}

enum ctl_exit ctl_doctor(struct ctl *ctl)
{
	struct doctor doctor PSG_CLEANUP(doctor_clear) = {.ctl = ctl};
	const struct ctl_option options[] = {{"pam-dir", true, &doctor.pam_dir, NULL},
					     {NULL, false, NULL, NULL}};
	const char *names[64];
	size_t count = 0;

	if (!ctl_parse(ctl, options, names, 0, PSG_COUNT(names), &count))
		return CTL_USAGE;
	if (!ctl_resolve_paths(ctl))
		return CTL_STORE;
	enum ctl_exit status = doctor_services(&doctor, names, count);

	if (status)
		return status;
	for (size_t i = 0; i < doctor.service_count; i++)
		judge_service(&doctor, &doctor.services[i]);
	if (!doctor.pam_dir)
		judge_host(&doctor);
	doctor_judge_store(&doctor);
	doctor_judge_clock(&doctor);
	if (doctor.failed)
		return ctl_store_error(ctl, "judging the host", PSG_ERR_NO_MEMORY);
	doctor_sort(&doctor);
	return doctor_show(&doctor);
}
