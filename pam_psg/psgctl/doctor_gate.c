/* The gate in account and session: that it is there, that nothing goes past it, that it may refuse. */
#include <security/_pam_types.h>
#include <string.h>

#include "doctor.h"

/* sshd takes PAM_NEW_AUTHTOK_REQD of a key or password login for a yes. */
static bool account_passed(enum doctor_end end, unsigned int flags)
{
	return (end == DOCTOR_END_SUCCESS || end == DOCTOR_END_NEW_AUTHTOK) &&
	       (!(flags & DOCTOR_CALLED) || (flags & DOCTOR_REFUSED));
}

static bool session_passed(enum doctor_end end, unsigned int flags)
{
	return end == DOCTOR_END_SUCCESS && (!(flags & DOCTOR_CALLED) || (flags & DOCTOR_REFUSED));
}

/* sudo runs the command when a session ends with PAM_SESSION_ERR. */
static bool sudo_session_passed(enum doctor_end end, unsigned int flags)
{
	return (end == DOCTOR_END_SUCCESS || end == DOCTOR_END_SESSION) &&
	       (!(flags & DOCTOR_CALLED) || (flags & DOCTOR_REFUSED));
}

static bool is_sudo(const struct doctor_service *service)
{
	return doctor_is(service, "sudo") || doctor_is(service, "sudo-i");
}

static void say_passed(struct doctor *doctor, const struct doctor_service *service,
		       const struct stack_line *gate, const struct stack_line *culprit,
		       enum doctor_how how)
{
	const char *type = stack_type_name(gate->type);
	struct doctor_place place = doctor_at(service, culprit);

	switch (how) {
	case DOCTOR_HOW_NONE:
		break;
	case DOCTOR_HOW_ENDS:
		doctor_add(doctor, DOCTOR_GATE_PASSED_BY, place,
			   "`%s %s %s` can end the %s stack before pam_psg at %s:%u is called",
			   type, culprit->control, culprit->module, type, gate->file, gate->line);
		break;
	case DOCTOR_HOW_SKIPS:
		doctor_add(doctor, DOCTOR_GATE_PASSED_BY, place,
			   "`%s %s %s` can jump over pam_psg at %s:%u", type, culprit->control,
			   culprit->module, gate->file, gate->line);
		break;
	case DOCTOR_HOW_HIDES:
		doctor_add(doctor, DOCTOR_GATE_PASSED_BY, place,
			   "`%s %s %s` can fail first: its PAM_SESSION_ERR hides the refusal of "
			   "pam_psg at %s:%u, and sudo runs the command",
			   type, culprit->control, culprit->module, gate->file, gate->line);
		break;
	case DOCTOR_HOW_OVERRULED:
		doctor_add(doctor, DOCTOR_GATE_OVERRULED, place,
			   "with the control `%s` the %s stack can succeed when pam_psg refuses",
			   gate->control, type);
		break;
	}
}

/* The line of an include above the gate, or NULL. */
static const struct stack_line *include_above(const struct stack *stack,
					      const struct stack_line *gate)
{
	for (const struct stack_line *line = stack->items; line < gate; line++)
		if (line->type == gate->type &&
		    (line->depth > gate->depth ||
		     (line->depth == gate->depth && strcmp(line->path, gate->path) != 0)))
			return line;
	return NULL;
}

static bool is_requisite(const struct stack_line *line)
{
	int actions[DOCTOR_PAM_CODES];

	return !doctor_control(line->control, actions) || actions[PAM_PERM_DENIED] == DOCTOR_DIE;
}

static void judge_line(struct doctor *doctor, const struct doctor_service *service,
		       const struct stack_line *gate)
{
	struct psg_args args;
	struct doctor_walk walk = {
	    .service = service,
	    .type = gate->type,
	    .target = gate,
	    .root_is_let = doctor_args(service, gate, &args, NULL) && args.subject_caller,
	    .wanted = gate->type == STACK_ACCOUNT ? account_passed
		      : is_sudo(service)          ? sudo_session_passed
						  : session_passed,
	};
	const struct stack_line *culprit = NULL;
	enum doctor_how how = doctor_walk(&walk, &culprit, &doctor->failed);
	const struct stack_line *above = include_above(&service->stack, gate);

	if (how != DOCTOR_HOW_NONE)
		say_passed(doctor, service, gate, culprit, how);
	if (above && how == DOCTOR_HOW_NONE)
		doctor_add(doctor, DOCTOR_GATE_BELOW_INCLUDE, doctor_at(service, gate),
			   "pam_psg's %s line stands below what %s includes",
			   stack_type_name(gate->type), above->file);
	if (how != DOCTOR_HOW_OVERRULED && !is_requisite(gate))
		doctor_add(doctor, DOCTOR_GATE_NOT_REQUISITE, doctor_at(service, gate),
			   "the control is `%s`", gate->control);
}

static bool same_demand(const struct psg_args *a, const struct psg_args *b)
{
	return a->demand.kind == b->demand.kind && !strcmp(a->demand.name, b->demand.name);
}

/* Two lines that ask for different things are one gate with two locks. */
static void judge_twice(struct doctor *doctor, const struct doctor_service *service,
			enum stack_type type)
{
	const struct stack_line *line, *first;
	struct psg_args args, first_args;
	size_t at = 0;

	while ((line = doctor_gate_line(service, type, &at))) {
		size_t before = 0;

		if (!doctor_args(service, line, &args, NULL))
			continue;
		while ((first = doctor_gate_line(service, type, &before)) && first != line) {
			/* An include that is read twice has its own finding, or none. */
			if ((first->line == line->line && !strcmp(first->path, line->path)) ||
			    !doctor_args(service, first, &first_args, NULL) ||
			    !same_demand(&args, &first_args))
				continue;
			doctor_add(doctor, DOCTOR_GATE_TWICE, doctor_at(service, line),
				   "pam_psg is in the %s stack already, at %s:%u, for the same "
				   "demand",
				   stack_type_name(type), first->file, first->line);
			break;
		}
	}
}

void doctor_judge_gate(struct doctor *doctor, const struct doctor_service *service)
{
	static const struct {
		enum stack_type type;
		enum doctor_code missing;
	} phases[] = {{STACK_AUTH, DOCTOR_AUTH_MISSING},
		      {STACK_ACCOUNT, DOCTOR_ACCOUNT_MISSING},
		      {STACK_SESSION, DOCTOR_SESSION_MISSING}};
	size_t found[STACK_TYPES] = {0};
	const struct stack_line *line;

	for (size_t i = 0; i < PSG_COUNT(phases); i++)
		for (size_t at = 0;
		     (line = doctor_gate_line(service, phases[i].type, &at)) != NULL;) {
			found[phases[i].type]++;
			if (phases[i].type != STACK_AUTH)
				judge_line(doctor, service, line);
		}
	/* A stack that only enrols gates nothing. */
	if (found[STACK_AUTH] + found[STACK_ACCOUNT] + found[STACK_SESSION] == 0)
		return;
	for (size_t i = 0; i < PSG_COUNT(phases); i++) {
		if (found[phases[i].type] == 0)
			doctor_add(
			    doctor, phases[i].missing,
			    (struct doctor_place){
				service->name, doctor_own_file(&service->stack, service->name), 0},
			    "no %s line calls pam_psg", stack_type_name(phases[i].type));
		judge_twice(doctor, service, phases[i].type);
	}
}
