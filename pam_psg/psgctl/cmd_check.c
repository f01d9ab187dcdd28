/* `psgctl check --user USER (--service S | --permission P | --group G)`: explain's decision, for scripts. */
#include <stdio.h>

#include "explain.h"

static enum ctl_exit print(const struct explain *explain)
{
	const struct judged *deciding = explain->deciding;
	const char *verdict = psg_verdict_name(deciding->outcome.verdict);
	const char *why = psg_why_name(deciding->outcome.why);

	for (size_t i = 0; i < explain->notes.count; i++)
		ctl_note(explain->ctl, "%s", explain->notes.items[i]);
	if (explain->ctl->json)
		return ctl_print_json(json_pack(
		    "{so so so ss ss}", "userName", ctl_json_text(explain->subject.name), "service",
		    *explain->service ? ctl_json_text(explain->service) : json_null(),
		    explain_demand_kind(&deciding->args.demand),
		    ctl_json_text(deciding->args.demand.name), "verdict", verdict, "why", why));
	if (!explain->ctl->quiet)
		printf("%s%s%s %s\n",
		       ctl_colour(stdout, ctl_colour_verdict(deciding->outcome.verdict)), verdict,
		       ctl_colour(stdout, CTL_PLAIN), why);
	return CTL_DONE;
}

static enum ctl_exit usage(const struct ctl *ctl)
{
	ctl_error(ctl, "check needs --user, and one of --service, --permission and --group");
	ctl_print_usage(ctl->command);
	return CTL_USAGE;
}

enum ctl_exit ctl_check(struct ctl *ctl)
{
	struct explain explain PSG_CLEANUP(explain_clear) = {.ctl = ctl};
	struct explain_words words = {0};
	const char *user = NULL, *service = NULL;
	const struct ctl_option options[] = {{"user", true, &user, NULL},
					     {"service", true, &service, NULL},
					     {"permission", true, &words.permission, NULL},
					     {"group", true, &words.group, NULL},
					     {"session", true, &words.session, NULL},
					     {"pam-dir", true, &explain.pam_dir, NULL},
					     {NULL, false, NULL, NULL}};

	if (!ctl_parse(ctl, options, NULL, 0, 0, NULL))
		return CTL_USAGE;
	if (!user || (service != NULL) + (words.permission != NULL) + (words.group != NULL) != 1)
		return usage(ctl);
	enum ctl_exit status = ctl_person(ctl, user, &explain.subject);

	if (!status && service)
		status = explain_service(&explain, service);
	if (!status)
		status = explain_words(&explain, &words);
	if (!status)
		status = explain_run(&explain);
	if (!status)
		status = print(&explain);
	return status ? status : explain_status(&explain);
}
