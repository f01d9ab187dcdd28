/* The auth stack: who has shown what before a code is asked for, and who gets in without one. */
#include "doctor.h"

static bool asked_unproven(enum doctor_end end, unsigned int flags)
{
	(void)end;
	return (flags & DOCTOR_UNPROVEN) != 0;
}

static bool nobody_proven(enum doctor_end end, unsigned int flags)
{
	return end == DOCTOR_END_SUCCESS && !(flags & DOCTOR_PROVEN);
}

static bool passed_by(enum doctor_end end, unsigned int flags)
{
	return end == DOCTOR_END_SUCCESS && !(flags & DOCTOR_CALLED);
}

static bool overruled(enum doctor_end end, unsigned int flags)
{
	return end == DOCTOR_END_SUCCESS && (flags & DOCTOR_REFUSED);
}

static const struct stack_line *first_factor(const struct stack_line *from,
					     const struct stack_line *to)
{
	for (const struct stack_line *line = from; line < to; line++)
		if (line->type == STACK_AUTH && doctor_is_first_factor(line))
			return line;
	return NULL;
}

/* The first line of the stack that says yes to somebody nobody asked anything. */
static const struct stack_line *opener(const struct doctor_service *service,
				       const struct stack_line *gate)
{
	const struct stack_line *found = gate;

	for (size_t i = 0; i < service->stack.count; i++) {
		const struct stack_line *line = &service->stack.items[i];
		int actions[DOCTOR_PAM_CODES];

		if (line->type != STACK_AUTH || line->begins_substack || stack_calls_psg(line) ||
		    doctor_is_first_factor(line))
			continue;
		doctor_control(line->control, actions);
		if (actions[0] == DOCTOR_OK || actions[0] == DOCTOR_DONE)
			return line;
	}
	return found;
}

/* Whether one may be asked for a code without having shown anything. */
static void judge_before(struct doctor *doctor, struct doctor_walk *walk)
{
	const struct doctor_service *service = walk->service;
	const struct stack_line *items = service->stack.items, *gate = walk->target, *culprit;
	const struct stack_line *above = first_factor(items, gate);
	const struct stack_line *below = first_factor(gate + 1, items + service->stack.count);

	walk->wanted = asked_unproven;
	if (doctor_walk(walk, &culprit, &doctor->failed) == DOCTOR_HOW_NONE)
		return;
	if (above)
		doctor_add(doctor, DOCTOR_AUTH_FIRST_FACTOR, doctor_at(service, above),
			   "whom `auth %s %s` does not know is still asked for a code by pam_psg "
			   "at %s:%u",
			   above->control, above->module, gate->file, gate->line);
	else if (below)
		doctor_add(doctor, DOCTOR_AUTH_FIRST_FACTOR, doctor_at(service, gate),
			   "pam_psg asks for a code before %s at %s:%u asks who it is",
			   below->module, below->file, below->line);
	else
		doctor_add(doctor, DOCTOR_AUTH_ALONE, doctor_at(service, gate),
			   "no other module asks anything: the code alone lets in");
}

static void judge_past(struct doctor *doctor, struct doctor_walk *walk)
{
	const struct doctor_service *service = walk->service;
	const struct stack_line *gate = walk->target, *culprit = NULL;

	walk->wanted = nobody_proven;
	if (doctor_walk(walk, &culprit, &doctor->failed) != DOCTOR_HOW_NONE) {
		culprit = opener(service, gate);
		doctor_add(doctor, DOCTOR_AUTH_OPEN, doctor_at(service, culprit),
			   "`auth %s %s` can say yes to somebody who has shown nothing",
			   culprit->control, culprit->module);
	}
	walk->wanted = passed_by;
	if (doctor_walk(walk, &culprit, &doctor->failed) != DOCTOR_HOW_NONE)
		doctor_add(doctor, DOCTOR_AUTH_PASSED_BY, doctor_at(service, culprit),
			   "after `auth %s %s` pam_psg at %s:%u may not be called",
			   culprit->control, culprit->module, gate->file, gate->line);
	walk->wanted = overruled;
	if (doctor_walk(walk, &culprit, &doctor->failed) != DOCTOR_HOW_NONE)
		doctor_add(doctor, DOCTOR_AUTH_OVERRULED, doctor_at(service, gate),
			   "with the control `%s` a wrong code does not fail the login",
			   gate->control);
}

const struct stack_line *doctor_asks_unproven(struct doctor *doctor,
					      const struct doctor_service *service)
{
	size_t at = 0;
	const struct stack_line *gate = doctor_gate_line(service, STACK_AUTH, &at), *culprit;
	struct psg_args args;

	if (!gate || !doctor_args(service, gate, &args, NULL) || args.after_publickey)
		return NULL;
	struct doctor_walk walk = {
	    .service = service,
	    .type = STACK_AUTH,
	    .target = gate,
	    .root_is_let = args.subject_caller,
	    .wanted = asked_unproven,
	};

	return doctor_walk(&walk, &culprit, &doctor->failed) == DOCTOR_HOW_NONE ? NULL : gate;
}

void doctor_judge_auth(struct doctor *doctor, const struct doctor_service *service)
{
	size_t at = 0;
	const struct stack_line *gate = doctor_gate_line(service, STACK_AUTH, &at);
	struct psg_args args;
	const char *bad;

	/* With invalid arguments nobody is asked for anything: that finding stands alone. */
	if (!gate || !doctor_args(service, gate, &args, &bad))
		return;
	struct doctor_walk walk = {
	    .service = service,
	    .type = STACK_AUTH,
	    .target = gate,
	    .root_is_let = args.subject_caller,
	};

	if (!args.after_publickey)
		judge_before(doctor, &walk);
	judge_past(doctor, &walk);
}
