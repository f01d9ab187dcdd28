/* The question of explain and check: what is demanded, in which session, and what to call things. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

void explain_clear(struct explain *explain)
{
	for (size_t i = 0; i < explain->count; i++)
		psg_gate_free(&explain->items[i].gate);
	free(explain->items);
	stack_clear(&explain->stack);
	psg_strings_clear(&explain->notes);
}

/* pam_start lower-cases the service, so the demand named like it is lower case too. */
enum ctl_exit explain_service(struct explain *explain, const char *service)
{
	if (!psg_subject_name_valid(service) || *service == '.') {
		ctl_error(explain->ctl, "\"%s\" cannot be a PAM service: name a file of /etc/pam.d",
			  ctl_safe(service));
		return CTL_INVALID;
	}
	strcpy(explain->service, service);
	for (char *at = explain->service; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	return CTL_DONE;
}

static enum ctl_exit demand(struct explain *explain, enum psg_demand_kind kind, const char *name)
{
	if (!*name || strlen(name) >= sizeof(explain->demand.name)) {
		ctl_error(explain->ctl,
			  "\"%s\" cannot be the name of a permission: write it as in the metadata, "
			  "see `psgctl groups NAME`",
			  ctl_safe(name));
		return CTL_INVALID;
	}
	explain->demand.kind = kind;
	strcpy(explain->demand.name, name);
	explain->has_demand = true;
	return CTL_DONE;
}

enum ctl_exit explain_words(struct explain *explain, const struct explain_words *words)
{
	struct psg_binding binding = {.audit_id = PSG_AUDIT_NONE};
	enum ctl_exit status = CTL_DONE;

	if ((words->application != NULL) + (words->permission != NULL) + (words->group != NULL) >
	    1) {
		ctl_error(explain->ctl,
			  "--application, --permission and --group exclude each other: give one");
		ctl_print_usage(explain->ctl->command);
		return CTL_USAGE;
	}
	if (words->application)
		status = demand(explain, PSG_DEMAND_APPLICATION, words->application);
	if (words->permission)
		status = demand(explain, PSG_DEMAND_PERMISSION, words->permission);
	if (words->group)
		status = demand(explain, PSG_DEMAND_GROUP, words->group);
	if (status)
		return status;
	if (words->session && psg_session_id_parse(words->session, &binding)) {
		ctl_error(explain->ctl, "\"%s\" is no session id; `psgctl status` shows them",
			  ctl_safe(words->session));
		return CTL_INVALID;
	}
	/* Without --session: a call outside every session, so that only the Host's count. */
	psg_session_imagine(&binding, explain->subject.uid, &explain->call);
	return CTL_DONE;
}

enum psg_err explain_note(struct explain *explain, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return psg_strings_add(&explain->notes, text);
}

const char *explain_entry(enum psg_phase phase)
{
	switch (phase) {
	case PSG_PHASE_AUTH:
		return "authenticate";
	case PSG_PHASE_ACCOUNT:
		return "acct_mgmt";
	case PSG_PHASE_OPEN:
		return "open_session";
	case PSG_PHASE_SETCRED:
	case PSG_PHASE_CLOSE:
	case PSG_PHASE_CHAUTHTOK:
		break;
	}
	return "?";
}

const char *explain_demand_kind(const struct psg_demand *demand)
{
	switch (demand->kind) {
	case PSG_DEMAND_PERMISSION:
		return "permission";
	case PSG_DEMAND_GROUP:
		return "group";
	case PSG_DEMAND_APPLICATION:
		break;
	}
	return "application";
}

enum ctl_exit explain_status(const struct explain *explain)
{
	if (explain->err)
		return ctl_store_error(explain->ctl, "reading the facts", explain->err);
	return explain->deciding && explain->deciding->outcome.verdict == PSG_ALLOW ? CTL_DONE
										    : CTL_REFUSED;
}
