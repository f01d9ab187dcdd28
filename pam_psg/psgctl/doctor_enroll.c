/* Who enrols alone: whom that is still open to, and which stacks would let a stranger. */
#include <string.h>

#include "doctor.h"

/* The first assigned target whose policy lets people enrol alone, or NULL. */
static const char *self_target(const struct doctor_asked *asked,
			       const struct psg_assignments *assignments)
{
	for (size_t i = 0; i < assignments->count; i++) {
		const struct psg_assignment *one = &assignments->items[i];
		struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};

		if (psg_policy_activation_policy(asked->policy, one->kind, one->target, &policy) ==
			PSG_OK &&
		    policy.enrollment == PSG_ENROLLMENT_SELF)
			return one->target;
	}
	return NULL;
}

void doctor_judge_enrolment(struct doctor *doctor, const struct doctor_asked *asked,
			    const struct psg_assignments *assignments)
{
	const char *target = self_target(asked, assignments);

	for (size_t i = 0; i < doctor->service_count && target; i++) {
		const struct doctor_service *service = &doctor->services[i];
		const struct stack_line *gate = doctor_asks_unproven(doctor, service);
		struct psg_args args;

		if (!gate || !doctor_args(service, gate, &args, NULL) || args.conceal ||
		    args.permissive || strcmp(doctor_store_of(doctor, &args), asked->path) != 0)
			continue;
		doctor_add(
		    doctor, DOCTOR_ENROLMENT_UNPROVEN, doctor_at(service, gate),
		    "the policy of %s lets people enrol alone (enrollment Self), and whoever "
		    "comes here may have shown nothing yet",
		    target);
	}
}

/* An assignee's own, of the list that is sorted by assignee. Borrowed. */
static struct psg_assignments own(const struct psg_assignments *all, const char *assignee)
{
	size_t first = 0, end = all->count, last;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (strcmp(all->items[middle].assignee, assignee) < 0)
			first = middle + 1;
		else
			end = middle;
	}
	last = first;
	while (last < all->count && strcmp(all->items[last].assignee, assignee) == 0)
		last++;
	return (struct psg_assignments){.items = all->items + first, .count = last - first};
}

static bool may_enroll(const struct doctor_asked *asked, const struct psg_assignments *list,
		       const char *name, int64_t *ret_ends_s)
{
	struct psg_enrolling enrolling = {0};
	struct psg_now now;

	if (psg_clock_now(&asked->store->clock, &now) != PSG_OK ||
	    psg_enrolling_judge(asked->policy, list, NULL, now.realtime_ns / PSG_NS_PER_S,
				&enrolling) != PSG_OK ||
	    enrolling.since_s == 0)
		return false;
	*ret_ends_s = enrolling.ends_s;
	return psg_people_self_open(asked->store, name, enrolling.since_s) == PSG_OK;
}

void doctor_add_not_enrolled(struct doctor *doctor, const struct doctor_asked *asked,
			     const struct psg_assignments *assignments, const char *name,
			     const char *assignee)
{
	const struct doctor_place place = {.file = asked->path};
	const struct psg_assignments list = own(assignments, assignee);
	bool through = strcmp(name, assignee) != 0;
	char until[PSG_TIME_SIZE];
	int64_t ends_s;

	if (may_enroll(asked, &list, name, &ends_s)) {
		psg_time_format(ends_s, until);
		doctor_add(doctor, DOCTOR_ENROLS_ALONE, place,
			   "%s is assigned%s%s, has no authenticator, and may enrol one until %s",
			   name, through ? " through " : "", through ? assignee : "", until);
		return;
	}
	doctor_add(doctor, DOCTOR_NOT_ENROLLED, place,
		   "%s is assigned%s%s and has no authenticator", name, through ? " through " : "",
		   through ? assignee : "");
}
