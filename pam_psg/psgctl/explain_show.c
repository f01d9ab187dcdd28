/* The answer of explain: one JSON document, or a page for people. */
#include <stdio.h>
#include <string.h>

#include "explain.h"

static const enum psg_phase phases[] = {PSG_PHASE_AUTH, PSG_PHASE_ACCOUNT, PSG_PHASE_OPEN};

/* The line as it is written, without its comment. */
static void line_text(const struct stack_line *line, struct psg_buf *out)
{
	psg_buf_format(out, "%s:%u: %s%s %s %s", line->file, line->line,
		       line->may_be_missing ? "-" : "", stack_type_name(line->type), line->control,
		       line->module);
	for (size_t i = 0; i < line->args.count; i++) {
		bool spaced = strpbrk(line->args.items[i], " \t") != NULL;

		psg_buf_format(out, spaced ? " [%s]" : " %s", line->args.items[i]);
	}
}

static json_t *path_json(const struct explain *explain, const struct psg_facts *facts,
			 const struct psg_path *path)
{
	struct psg_path_decision decision = psg_decide_path(facts, path);
	const struct psg_activation *active = decision.activation;
	bool group = path->kind == PSG_TARGET_GROUP;
	char id[PSG_ACTIVATION_ID_SIZE] = "";

	if (active)
		psg_activation_id_format(explain->subject.name, active->file, id);
	return json_pack(
	    "{so so so sb sb sb ss ss ss so so so}", "assignee", ctl_json_text(path->assignee),
	    "permissionSetGroup", group ? ctl_json_text(path->target) : json_null(),
	    "permissionSet", ctl_json_text(path->set), "gives", path->gives, "muted", path->muted,
	    "requiresActivation", path->requires_activation, "status",
	    psg_group_status_name(path->status), "verdict", psg_verdict_name(decision.verdict),
	    "why", psg_why_name(decision.why), "assignedUntil",
	    ctl_json_time(path->assigned_until_s), "activationId",
	    active ? ctl_json_text(id) : json_null(), "expirationDate",
	    active ? ctl_json_time(active->expires_realtime_ns / PSG_NS_PER_S) : json_null());
}

static json_t *paths_json(const struct explain *explain)
{
	const struct psg_gate *gate = explain->deciding->gate;
	json_t *paths = json_array();

	for (size_t i = 0; gate && i < gate->facts.path_count; i++)
		json_array_append_new(paths,
				      path_json(explain, &gate->facts, &gate->facts.paths[i]));
	return paths;
}

/* Which lines call the module, phase by phase. */
static json_t *lines_json(const struct explain *explain, enum psg_phase phase)
{
	json_t *lines = json_array();

	for (size_t i = 0; i < explain->count; i++) {
		struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

		if (explain->items[i].phase != phase || !explain->items[i].line)
			continue;
		line_text(explain->items[i].line, &text);
		json_array_append_new(lines, ctl_json_text(text.data));
	}
	return lines;
}

json_t *explain_json(const struct explain *explain)
{
	const struct judged *deciding = explain->deciding;
	struct psg_buf next PSG_CLEANUP(psg_buf_clear) = {0};
	json_t *pam = json_object(), *stack = json_object();

	explain_next(explain, &next);
	for (size_t i = 0; i < PSG_COUNT(phases); i++) {
		const struct judged *judged = explain_phase(explain, phases[i]);

		json_object_set_new(pam, explain_entry(phases[i]),
				    ctl_json_text(psg_pam_code_name(judged->code)));
		json_object_set_new(stack, explain_entry(phases[i]),
				    lines_json(explain, phases[i]));
	}
	json_t *document = json_pack(
	    "{so so ss ss so so so so sI sI sI so so so}", "userName",
	    ctl_json_text(explain->subject.name), "service",
	    *explain->service ? ctl_json_text(explain->service) : json_null(), "verdict",
	    psg_verdict_name(deciding->outcome.verdict), "why", psg_why_name(deciding->outcome.why),
	    "problem", explain->err ? ctl_json_text(psg_strerror(explain->err)) : json_null(),
	    "paths", paths_json(explain), "pam", pam, "stack", stack, "authenticators",
	    (json_int_t)explain->authenticators, "recoveryCodesLeft",
	    (json_int_t)explain->recovery_left, "failures", (json_int_t)explain->failures,
	    "throttledUntil",
	    explain->wait_ns > 0
		? ctl_json_time((explain->now.realtime_ns + explain->wait_ns) / PSG_NS_PER_S + 1)
		: json_null(),
	    "next", ctl_json_text(next.data), "notes", ctl_json_strings(&explain->notes));

	if (document)
		json_object_set_new(document, explain_demand_kind(&deciding->args.demand),
				    ctl_json_text(deciding->args.demand.name));
	return document;
}

static void print_heading(const char *text)
{
	printf("\n%s%s%s\n", ctl_colour(stdout, CTL_HEADING), text, ctl_colour(stdout, CTL_PLAIN));
}

static void print_paths(const struct explain *explain)
{
	static const char *const header[] = {"ASSIGNED TO", "GROUP",  "SET",     "GIVES",
					     "ACTIVATION",  "STATUS", "VERDICT", "WHY"};
	const struct psg_gate *gate = explain->deciding->gate;
	struct ctl_table *table = ctl_table_new(header, PSG_COUNT(header));

	for (size_t i = 0; gate && i < gate->facts.path_count; i++) {
		const struct psg_path *path = &gate->facts.paths[i];
		struct psg_path_decision decision = psg_decide_path(&gate->facts, path);
		const char *cells[] = {path->assignee,
				       path->kind == PSG_TARGET_GROUP ? path->target : NULL,
				       path->set,
				       path->muted   ? "muted"
				       : path->gives ? "yes"
						     : "no",
				       path->requires_activation ? "required" : "not required",
				       psg_group_status_name(path->status),
				       psg_verdict_name(decision.verdict),
				       psg_why_name(decision.why)};
		ctl_table_row(table, cells);
		ctl_table_mark(table, 6, ctl_colour_verdict(decision.verdict));
	}
	print_heading("Paths:");
	ctl_table_print_free(table);
}

static void print_calls(const struct explain *explain)
{
	static const char *const header[] = {"ENTRY", "RETURNS", "LINE"};
	struct ctl_table *table = ctl_table_new(header, PSG_COUNT(header));

	for (size_t i = 0; i < explain->count; i++) {
		const struct judged *judged = &explain->items[i];
		struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

		if (judged->line)
			line_text(judged->line, &text);
		const char *cells[] = {explain_entry(judged->phase),
				       psg_pam_code_name(judged->code),
				       judged->line ? text.data : "not called"};

		ctl_table_row(table, cells);
	}
	print_heading("The module's answers as things stand, without a right code:");
	ctl_table_print_free(table);
}

void explain_print(const struct explain *explain)
{
	const struct judged *deciding = explain->deciding;
	struct psg_buf next PSG_CLEANUP(psg_buf_clear) = {0};

	explain_next(explain, &next);
	printf("%s: %s%s%s (%s%s%s) for %s %s", ctl_safe(explain->subject.name),
	       ctl_colour(stdout, ctl_colour_verdict(deciding->outcome.verdict)),
	       psg_verdict_name(deciding->outcome.verdict), ctl_colour(stdout, CTL_PLAIN),
	       psg_why_name(deciding->outcome.why), explain->err ? ": " : "",
	       explain->err ? psg_strerror(explain->err) : "",
	       explain_demand_kind(&deciding->args.demand), ctl_safe(deciding->args.demand.name));
	printf(*explain->service ? " in service %s\n" : "\n", ctl_safe(explain->service));
	print_paths(explain);
	print_calls(explain);
	if (explain->subject.uid != 0)
		printf("\nAuthenticators: %zu, recovery codes: %zu, failures: %llu\n",
		       explain->authenticators, explain->recovery_left,
		       (unsigned long long)explain->failures);
	for (size_t i = 0; i < explain->notes.count; i++)
		printf("Note: %s\n", explain->notes.items[i]);
	printf("Next: %s\n", next.data ? next.data : "");
}
