/* What came of a deployment: lines for people, or Salesforce's DeployResult. */
#include "deploy.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const change_words[] = {
    [PSG_CHANGE_CREATED] = "created",
    [PSG_CHANGE_CHANGED] = "changed",
    [PSG_CHANGE_UNCHANGED] = "unchanged",
    [PSG_CHANGE_DELETED] = "deleted",
};

void ctl_deploy_counts(const struct psg_deployment *deployment, char *out, size_t size)
{
	size_t counts[PSG_COUNT(change_words)] = {0};
	for (size_t i = 0; i < deployment->component_count; i++)
		counts[deployment->components[i].change]++;
	size_t all = deployment->component_count;
	int len = snprintf(out, size, "%zu component%s", all, all == 1 ? "" : "s");
	const char *before = ": ";
	for (size_t i = 0; i < PSG_COUNT(counts); i++) {
		if (counts[i] == 0 || len < 0 || (size_t)len >= size)
			continue;
		len += snprintf(out + len, size - (size_t)len, "%s%zu %s", before, counts[i],
				change_words[i]);
		before = ", ";
	}
}

static void print_problem(const char *directory, const struct psg_problem *problem)
{
	struct psg_buf line PSG_CLEANUP(psg_buf_clear) = {0};
	if (problem->file[0] != '\0') {
		size_t len = directory != NULL ? strlen(directory) : 0;
		psg_buf_format(&line, "%s%s%s:", len > 0 ? ctl_safe(directory) : "",
			       len > 0 && directory[len - 1] != '/' ? "/" : "",
			       ctl_safe(problem->file));
		if (problem->line > 0)
			psg_buf_format(&line, "%d:", problem->line);
		if (problem->line > 0 && problem->column > 0)
			psg_buf_format(&line, "%d:", problem->column);
		psg_buf_text(&line, " ");
	}
	psg_buf_text(&line, problem->warning ? "Warning: " : "Error: ");
	if (problem->type[0] != '\0')
		psg_buf_format(&line, "[%s%s%s] ", ctl_safe(problem->type),
			       problem->name[0] != '\0' ? " " : "", ctl_safe(problem->name));
	if (problem->element[0] != '\0')
		psg_buf_format(&line, "%s: ", ctl_safe(problem->element));
	char
	    text[2048]; /* Salesforce's own words have quotes in them: only what harms is escaped */
	psg_show_line(problem->text, text, sizeof(text));
	psg_buf_text(&line, text);
	if (problem->remedy[0] != '\0') {
		psg_show_line(problem->remedy, text, sizeof(text));
		psg_buf_format(&line, " (%s)", text);
	}
	if (line.failed)
		ctl_output_failed();
	else
		fprintf(stderr, "%s\n", line.data);
}

void ctl_print_problems(const struct ctl *ctl, const char *directory,
			const struct psg_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		if (!problems->items[i].warning || !ctl->quiet)
			print_problem(directory, &problems->items[i]);
}

/* -- JSON -- */

static json_t *json_number(int number)
{
	return number > 0 ? json_integer(number) : json_null();
}

static json_t *json_message(const char *type, const char *name, const char *file)
{
	return json_pack("{s:o, s:o, s:o}", "componentType", ctl_json_text(type), "fullName",
			 ctl_json_text(name), "fileName", ctl_json_text(file));
}

static json_t *json_component(const struct psg_component *component)
{
	json_t *message = json_message(component->type, component->name, component->file);
	json_t *more = json_pack("{s:n, s:n, s:n, s:n, s:b, s:b, s:b, s:b}", "problem",
				 "problemType", "lineNumber", "columnNumber", "created",
				 component->change == PSG_CHANGE_CREATED, "changed",
				 component->change == PSG_CHANGE_CHANGED, "deleted",
				 component->change == PSG_CHANGE_DELETED, "success", 1);
	if (message == NULL || json_object_update(message, more) != 0)
		ctl_output_failed();
	json_decref(more);
	return message;
}

static json_t *json_problem(const struct psg_problem *problem, bool success)
{
	json_t *message = json_message(problem->type, problem->name, problem->file);
	json_t *more = json_pack(
	    "{s:o, s:s, s:o, s:o, s:o, s:o, s:b, s:b, s:b, s:b}", "problem",
	    ctl_json_text(problem->text), "problemType", problem->warning ? "Warning" : "Error",
	    "lineNumber", json_number(problem->line), "columnNumber", json_number(problem->column),
	    "element", problem->element[0] != '\0' ? ctl_json_text(problem->element) : json_null(),
	    "remedy", problem->remedy[0] != '\0' ? ctl_json_text(problem->remedy) : json_null(),
	    "created", 0, "changed", 0, "deleted", 0, "success", success);
	if (message == NULL || json_object_update(message, more) != 0)
		ctl_output_failed();
	json_decref(more);
	return message;
}

/* A warning that stops nothing is a success with a problem, as Salesforce has it. */
static json_t *json_details(const struct ctl_deploy_run *run)
{
	const struct psg_deployment *deployment = &run->deployment;
	json_t *successes = json_array(), *failures = json_array();
	for (size_t i = 0; !run->stopped && i < deployment->component_count; i++)
		if (json_array_append_new(successes, json_component(&deployment->components[i])) !=
		    0)
			ctl_output_failed();
	for (size_t i = 0; i < deployment->problems.count; i++) {
		const struct psg_problem *problem = &deployment->problems.items[i];
		bool fails = !problem->warning || run->strict;
		if (json_array_append_new(fails ? failures : successes,
					  json_problem(problem, !fails)) != 0)
			ctl_output_failed();
	}
	return json_pack("{s:o, s:o}", "componentSuccesses", successes, "componentFailures",
			 failures);
}

static enum ctl_exit report_json(const struct ctl_deploy_run *run)
{
	const struct psg_deployment *deployment = &run->deployment;
	json_int_t all = (json_int_t)deployment->component_count;
	json_int_t errors = (json_int_t)(run->strict ? deployment->problems.count
						     : deployment->problems.error_count);
	return ctl_print_json(
	    json_pack("{s:b, s:b, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:o, s:o, s:o}", "done", 1,
		      "success", !run->stopped, "status", run->stopped ? "Failed" : "Succeeded",
		      "checkOnly", run->check_only, "ignoreWarnings", !run->strict,
		      "rollbackOnError", 1, "numberComponentsTotal", all,
		      "numberComponentsDeployed", run->stopped ? (json_int_t)0 : all,
		      "numberComponentErrors", errors, "startDate", ctl_json_time(run->started_s),
		      "completedDate", ctl_json_time(time(NULL)), "details", json_details(run)));
}

/* -- for people -- */

static void say_stopped(const struct ctl *ctl, const struct psg_problems *problems)
{
	size_t warnings = problems->count - problems->error_count;
	ctl_error(ctl, "%zu error%s, %zu warning%s: nothing was changed", problems->error_count,
		  problems->error_count == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

enum ctl_exit ctl_deploy_report(const struct ctl *ctl, const struct ctl_deploy_run *run)
{
	const struct psg_deployment *deployment = &run->deployment;
	if (run->stopped)
		say_stopped(ctl, &deployment->problems);
	if (ctl->json)
		return report_json(run);
	if (run->stopped || ctl->quiet)
		return CTL_DONE;
	for (size_t i = 0; i < deployment->component_count; i++)
		printf("%-9s  %s %s\n", change_words[deployment->components[i].change],
		       ctl_safe(deployment->components[i].type),
		       ctl_safe(deployment->components[i].name));
	char counts[160];
	ctl_deploy_counts(deployment, counts, sizeof(counts));
	if (run->check_only)
		printf("Checked %s. Nothing was written (--check-only).\n", counts);
	else if (run->written)
		printf("Deployed %s.\n", counts);
	else
		printf("Nothing to do: %s, in force already.\n", counts);
	return CTL_DONE;
}
