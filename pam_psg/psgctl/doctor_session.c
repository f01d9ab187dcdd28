/* What stands around the gate in a session stack: pam_loginuid, pam_systemd. */
#include <string.h>

#include "doctor.h"

static const struct stack_line *find(const struct doctor_service *service, const char *module)
{
	for (size_t i = 0; i < service->stack.count; i++) {
		const struct stack_line *line = &service->stack.items[i];
		const char *slash = strrchr(line->module, '/');

		if (line->type == STACK_SESSION &&
		    !strcmp(slash ? slash + 1 : line->module, module))
			return line;
	}
	return NULL;
}

static void judge_loginuid(struct doctor *doctor, const struct doctor_service *service,
			   const struct stack_line *gate)
{
	const struct stack_line *loginuid = find(service, "pam_loginuid.so");
	bool login = doctor_is(service, "sshd") || doctor_is(service, "login");
	struct psg_args args;

	psg_args_first(0, NULL, service->name, &args);
	if (args.subject_caller) { /* by default: where people become others */
		if (loginuid)
			doctor_add(doctor, DOCTOR_LOGINUID_RESTARTS, doctor_at(service, loginuid),
				   "pam_loginuid stands in the stack of %s", service->name);
	} else if (login && !loginuid) {
		doctor_add(doctor, DOCTOR_LOGINUID_MISSING, doctor_at(service, gate),
			   "the session stack has no pam_loginuid");
	} else if (loginuid && loginuid > gate) {
		doctor_add(doctor, DOCTOR_LOGINUID_LATE, doctor_at(service, loginuid),
			   "pam_loginuid stands below pam_psg at %s:%u", gate->file, gate->line);
	}
}

void doctor_judge_session(struct doctor *doctor, const struct doctor_service *service)
{
	size_t at = 0;
	const struct stack_line *gate = doctor_gate_line(service, STACK_SESSION, &at);
	const struct stack_line *systemd = find(service, "pam_systemd.so");

	if (!gate)
		return;
	judge_loginuid(doctor, service, gate);
	if (systemd && systemd < gate)
		doctor_add(doctor, DOCTOR_SYSTEMD_FIRST, doctor_at(service, systemd),
			   "pam_systemd stands above pam_psg at %s:%u", gate->file, gate->line);
}
