/* Which services are judged, and what is true of each as a whole. */
#include <ctype.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"

/* Programs that ask for a password as the user who runs them: the store is closed to them. */
static const char *const unprivileged[] = {
    "*screensaver*", "*screenlock*", "*lockscreen*", "i3lock*",         "swaylock*",
    "waylock*",      "gtklock*",     "hyprlock*",    "xsecurelock*",    "lxlock",
    "kcheckpass",    "kde",          "kde-*",        "betterlockscreen"};

/* Each is another way to what the first one gates. */
static const struct {
	const char *gated, *sibling, *way;
} siblings[] = {
    {"sudo", "sudo-i", "sudo -i"},
    {"sudo-i", "sudo", "sudo"},
    {"su", "su-l", "su -l"},
    {"su-l", "su", "su"},
};

bool doctor_is(const struct doctor_service *service, const char *name)
{
	return strcmp(service->name, name) == 0;
}

const char *doctor_own_file(const struct stack *stack, const char *name)
{
	for (size_t i = 0; i < stack->paths.count; i++) {
		const char *slash = strrchr(stack->paths.items[i], '/');

		if (slash && !strcmp(slash + 1, name))
			return stack->paths.items[i];
	}
	return NULL;
}

const struct doctor_service *doctor_find(const struct doctor *doctor, const char *name)
{
	for (size_t i = 0; i < doctor->service_count; i++)
		if (doctor_is(&doctor->services[i], name))
			return &doctor->services[i];
	return NULL;
}

const struct stack_line *doctor_gate_line(const struct doctor_service *service,
					  enum stack_type type, size_t *at)
{
	const struct stack_line *line;

	while ((line = stack_next_psg(&service->stack, type, at)))
		if (!stack_is_shared(line->file))
			return line;
	return NULL;
}

bool doctor_args(const struct doctor_service *service, const struct stack_line *line,
		 struct psg_args *out, const char **ret_bad)
{
	const char **words = (void *)line->args.items;

	return psg_args_parse((int)line->args.count, words, service->name, out, ret_bad) == PSG_OK;
}

static bool calls_psg(const struct stack *stack)
{
	for (size_t i = 0; i < stack->count; i++)
		if (stack_calls_psg(&stack->items[i]))
			return true;
	return false;
}

/* Takes the stack over. */
static void keep(struct doctor *doctor, const char *name, struct stack *stack)
{
	struct doctor_service *grown =
	    reallocarray(doctor->services, doctor->service_count + 1, sizeof(*grown));
	char *copy = strdup(name);

	doctor->services = grown ? grown : doctor->services;
	if (!grown || !copy) {
		free(copy);
		doctor->failed = true;
		return;
	}
	grown[doctor->service_count++] = (struct doctor_service){copy, *stack};
	*stack = (struct stack){0};
}

static void read_service(struct doctor *doctor, const char *name, bool named)
{
	struct stack stack PSG_CLEANUP(stack_clear) = {0};
	const struct doctor_place place = {.service = name};
	enum psg_err err = stack_read(doctor->pam_dir, name, &stack);

	if (err == PSG_ERR_NO_MEMORY)
		doctor->failed = true;
	else if (err == PSG_ERR_NOT_FOUND || (!err && stack.from_other))
		doctor_add(doctor, DOCTOR_STACK_MISSING, place,
			   "there is no stack of this name: libpam uses that of `other`");
	else if (err)
		doctor_add(doctor, DOCTOR_STACK_UNREADABLE, place, "its stack cannot be read: %s",
			   psg_strerror(err));
	else if (calls_psg(&stack))
		keep(doctor, name, &stack);
	else if (named)
		doctor_add(doctor, DOCTOR_NOT_GATED,
			   (struct doctor_place){name, doctor_own_file(&stack, name), 0},
			   "no line of its stack calls pam_psg.so");
}

static enum ctl_exit read_named(struct doctor *doctor, const char *given)
{
	char name[PSG_SUBJECT_SIZE];

	if (!psg_subject_name_valid(given) || *given == '.') {
		ctl_error(doctor->ctl, "\"%s\" cannot be a PAM service: name a file of /etc/pam.d",
			  ctl_safe(given));
		return CTL_INVALID;
	}
	strcpy(name, given);
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (!doctor_find(doctor, name))
		read_service(doctor, name, true);
	return CTL_DONE;
}

enum ctl_exit doctor_services(struct doctor *doctor, const char *const *names, size_t count)
{
	struct psg_strings all PSG_CLEANUP(psg_strings_clear) = {0};

	for (size_t i = 0; i < count; i++) {
		enum ctl_exit status = read_named(doctor, names[i]);

		if (status)
			return status;
	}
	if (count > 0)
		return CTL_DONE;
	enum psg_err err = stack_services(doctor->pam_dir, &all);
	const char *folder = doctor->pam_dir ? doctor->pam_dir : STACK_DIRECTORY;

	if (err)
		doctor_add(doctor, DOCTOR_STACK_UNREADABLE, (struct doctor_place){.file = folder},
			   "the stacks cannot be listed: %s", psg_strerror(err));
	for (size_t i = 0; i < all.count; i++)
		read_service(doctor, all.items[i], false);
	return CTL_DONE;
}

/* Where the program runs as root from the start its caller is root, whom subject=caller never refuses; in su the user
 * of subject=user is who somebody becomes, and root is never refused either. */
static void judge_subject(struct doctor *doctor, const struct doctor_service *service,
			  const struct stack_line *line, const struct psg_args *args)
{
	bool sudo = doctor_is(service, "sudo") || doctor_is(service, "sudo-i");
	bool su = doctor_is(service, "su") || doctor_is(service, "su-l");

	if (args->subject_caller && !sudo && !su)
		doctor_add(doctor, DOCTOR_SUBJECT_CALLER, doctor_at(service, line),
			   "subject=caller: where root calls, as sshd and login do, everybody "
			   "passes");
	if (!args->subject_caller && su && !args->even_root)
		doctor_add(doctor, DOCTOR_SUBJECT_USER, doctor_at(service, line),
			   "subject=user: who becomes root is asked for nothing");
}

static void judge_arguments(struct doctor *doctor, const struct doctor_service *service,
			    const struct stack_line *line)
{
	struct psg_args args;
	const char *bad = NULL;

	if (!doctor_args(service, line, &args, &bad)) {
		doctor_add(doctor, DOCTOR_ARGUMENT_INVALID, doctor_at(service, line),
			   "pam_psg does not take \"%s\" here", bad);
		return;
	}
	judge_subject(doctor, service, line, &args);
	if (args.permissive)
		doctor_add(doctor, DOCTOR_PERMISSIVE, doctor_at(service, line),
			   "permissive: whom pam_psg would refuse is let through");
	else if (args.unassigned_ok)
		doctor_add(doctor, DOCTOR_UNASSIGNED_OK, doctor_at(service, line),
			   "unassigned_ok: whoever is assigned nothing that serves is let through");
}

static void judge_line(struct doctor *doctor, const struct doctor_service *service,
		       const struct stack_line *line)
{
	int actions[DOCTOR_PAM_CODES];
	struct doctor_place place = doctor_at(service, line);

	if (!line->begins_substack && !doctor_control(line->control, actions))
		doctor_add(doctor, DOCTOR_CONTROL_INVALID, place, "libpam knows no control \"%s\"",
			   line->control);
	if (!stack_calls_psg(line))
		return;
	judge_arguments(doctor, service, line);
	if (!stack_is_shared(line->file))
		return;
	place.service = NULL; /* no one service's */
	doctor_add(doctor, DOCTOR_GATE_IN_COMMON, place,
		   "pam_psg stands in %s, which many services include", line->file);
}

static void judge_siblings(struct doctor *doctor, const struct doctor_service *service)
{
	for (size_t i = 0; i < PSG_COUNT(siblings); i++) {
		char name[] = "the longest";
		struct doctor_service other = {.name = name};
		size_t at = 0, other_at = 0;

		if (!doctor_is(service, siblings[i].gated) ||
		    !doctor_gate_line(service, STACK_ACCOUNT, &at))
			continue;
		snprintf(name, sizeof(name), "%s", siblings[i].sibling);
		enum psg_err err = stack_read(doctor->pam_dir, name, &other.stack);

		if (!err && !doctor_gate_line(&other, STACK_ACCOUNT, &other_at))
			doctor_add(
			    doctor, DOCTOR_SIBLING_UNGATED,
			    (struct doctor_place){name, doctor_own_file(&other.stack, name), 0},
			    "%s is gated, and `%s`, a service of its own, is not", service->name,
			    siblings[i].way);
		stack_clear(&other.stack);
	}
}

void doctor_judge_lines(struct doctor *doctor, const struct doctor_service *service)
{
	const struct stack *stack = &service->stack;
	const struct stack_line *first = NULL;

	for (size_t i = 0; i < stack->problem_count; i++)
		doctor_add(doctor, DOCTOR_STACK_PROBLEM,
			   (struct doctor_place){service->name, stack->problems[i].path,
						 stack->problems[i].line},
			   "%s", stack->problems[i].what);
	for (size_t i = 0; i < stack->count; i++) {
		judge_line(doctor, service, &stack->items[i]);
		if (!first && stack_calls_psg(&stack->items[i]))
			first = &stack->items[i];
	}
	for (size_t i = 0; first && i < PSG_COUNT(unprivileged); i++)
		if (fnmatch(unprivileged[i], service->name, 0) == 0)
			doctor_add(doctor, DOCTOR_SERVICE_UNPRIVILEGED, doctor_at(service, first),
				   "%s runs as its user", service->name);
	judge_siblings(doctor, service);
}
