/* Salesforce's DeployResult: what tools that read it elsewhere expect, by the same names. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deploy.h"

static json_t *json_number(int number)
{
	return number > 0 ? json_integer(number) : json_null();
}

static json_t *json_text_or_null(const char *text)
{
	return text[0] != '\0' ? ctl_json_text(text) : json_null();
}

/* One DeployMessage. What is wrong with the package as a whole has the name of the file, as Salesforce's. */
static json_t *json_message(const char *type, const char *name, const char *file, bool success,
			    int64_t completed_s)
{
	return json_pack("{s:o, s:o, s:o, s:b, s:o}", "componentType", ctl_json_text(type),
			 "fullName", ctl_json_text(name[0] != '\0' ? name : file), "fileName",
			 ctl_json_text(file), "success", success, "createdDate",
			 ctl_json_time(completed_s));
}

static void set_all(json_t *message, json_t *owned_more)
{
	if (message == NULL || owned_more == NULL || json_object_update(message, owned_more) != 0)
		ctl_output_failed();
	json_decref(owned_more);
}

static void set_change(json_t *message, bool created, bool changed, bool deleted)
{
	set_all(message, json_pack("{s:b, s:b, s:b}", "created", created, "changed", changed,
				   "deleted", deleted));
}

static void set_problem(json_t *message, const struct psg_problem *problem)
{
	if (problem == NULL) {
		set_all(message, json_pack("{s:n, s:n, s:n, s:n}", "problem", "problemType",
					   "lineNumber", "columnNumber"));
		return;
	}
	set_all(message,
		json_pack("{s:o, s:s, s:o, s:o, s:o, s:o}", "problem", ctl_json_text(problem->text),
			  "problemType", problem->warning ? "Warning" : "Error", "lineNumber",
			  json_number(problem->line), "columnNumber", json_number(problem->column),
			  "element", json_text_or_null(problem->element), "remedy",
			  json_text_or_null(problem->remedy)));
}

static void append(json_t *array, json_t *owned_message)
{
	if (array == NULL || json_array_append_new(array, owned_message) != 0)
		ctl_output_failed();
}

/* Another warning of the same component: one entry a component, a line a warning. */
static void add_problem(json_t *message, const struct psg_problem *problem)
{
	static const char *const members[] = {"problem", "remedy"};
	const char *const more[] = {problem->text, problem->remedy};
	for (size_t i = 0; i < PSG_COUNT(members); i++) {
		struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
		const char *before = json_string_value(json_object_get(message, members[i]));
		psg_buf_format(&text, "%s\n%s", before != NULL ? before : "", more[i]);
		if (text.failed ||
		    json_object_set_new(message, members[i], ctl_json_text(text.data)) != 0)
			ctl_output_failed();
	}
}

/* What has no type is told apart by its file, whatever is said to be its name. */
static int compare_component(const struct psg_problem *left, const struct psg_problem *right)
{
	int order = strcmp(left->type, right->type);
	if (order != 0)
		return order;
	return left->type[0] == '\0' ? strcmp(left->file, right->file)
				     : strcmp(left->name, right->name);
}

static int by_component(const void *a, const void *b)
{
	const struct psg_problem *left = *(const struct psg_problem *const *)a;
	const struct psg_problem *right = *(const struct psg_problem *const *)b;
	int order = compare_component(left, right);
	/* They came sorted by file and line, which qsort alone would not keep. */
	return order != 0 ? order : (left > right) - (left < right);
}

/* The problems in the order of their components. */
struct by_component {
	const struct psg_problem **items;
	size_t count;
	bool *used;
};

static void by_component_clear(struct by_component *list)
{
	free(list->items);
	free(list->used);
}

static bool sort_by_component(const struct psg_problems *problems, struct by_component *ret)
{
	ret->items = calloc(problems->count + 1, sizeof(*ret->items));
	ret->used = calloc(problems->count + 1, sizeof(*ret->used));
	if (ret->items == NULL || ret->used == NULL)
		return false;
	ret->count = problems->count;
	for (size_t i = 0; i < problems->count; i++)
		ret->items[i] = &problems->items[i];
	qsort(ret->items, ret->count, sizeof(*ret->items), by_component);
	return true;
}

/* Puts the warnings about a component into its entry. */
static void set_warnings(json_t *message, struct by_component *list,
			 const struct psg_problem *component)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_component(list->items[middle], component) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	size_t first = low;
	for (; low < list->count && compare_component(list->items[low], component) == 0; low++) {
		list->used[low] = true;
		if (low == first)
			set_problem(message, list->items[low]);
		else
			add_problem(message, list->items[low]);
	}
	if (low == first)
		set_problem(message, NULL);
}

/* Of what no entry was made for yet. */
static void append_rest(json_t *array, struct by_component *list, int64_t completed_s)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct psg_problem *problem = list->items[i];
		if (list->used[i])
			continue;
		json_t *message =
		    json_message(problem->type, problem->name, problem->file, true, completed_s);
		set_change(message, false, false, false);
		set_warnings(message, list, problem);
		append(array, message);
	}
}

/* A warning that stops nothing stands in the entry of its component; one about a component that is not in the package
 * is an entry of its own. package.xml is listed too, without a type. */
static json_t *json_successes(const struct ctl_deploy_run *run, int64_t completed_s)
{
	struct by_component list PSG_CLEANUP(by_component_clear) = {0};
	json_t *successes = json_array();
	if (!sort_by_component(&run->deployment.problems, &list)) {
		ctl_output_failed();
		return successes;
	}
	for (size_t i = 0; i < run->deployment.component_count; i++) {
		const struct psg_component *of = &run->deployment.components[i];
		json_t *message = json_message(of->type, of->name, of->file, true, completed_s);
		set_change(message, of->change == PSG_CHANGE_CREATED,
			   of->change == PSG_CHANGE_CHANGED, of->change == PSG_CHANGE_DELETED);
		set_warnings(message, &list,
			     &(struct psg_problem){.type = of->type, .name = of->name});
		append(successes, message);
	}
	for (size_t i = 0; i < run->manifests.count; i++) {
		char *file = run->manifests.items[i], none[] = "";
		json_t *message = json_message("", file, file, true, completed_s);
		set_change(message, false, false, false);
		set_warnings(message, &list,
			     &(struct psg_problem){.type = none, .name = none, .file = file});
		append(successes, message);
	}
	append_rest(successes, &list, completed_s);
	return successes;
}

static void name_component(const struct psg_problem *problem, struct psg_buf *ret)
{
	psg_buf_format(ret, "%s/%s", problem->type,
		       problem->type[0] == '\0' ? problem->file : problem->name);
	if (ret->failed)
		ctl_output_failed();
}

/* The components that fail; under --strict by a warning too. */
static void list_failed(const struct ctl_deploy_run *run, struct ctl_index *ret)
{
	const struct psg_problems *problems = &run->deployment.problems;
	for (size_t i = 0; i < problems->count; i++) {
		struct psg_buf component PSG_CLEANUP(psg_buf_clear) = {0};
		uint32_t number;
		if (problems->items[i].warning && !run->strict)
			continue;
		name_component(&problems->items[i], &component);
		if (ctl_index_add(ret, component.data, &number) != PSG_OK)
			ctl_output_failed();
	}
}

/* All that was found of what failed is a failure; the warnings about the rest are successes, as nothing is wrong there. */
static json_t *json_stopped(const struct ctl_deploy_run *run, const struct ctl_index *failed,
			    int64_t completed_s, json_t *failures)
{
	struct by_component list PSG_CLEANUP(by_component_clear) = {0};
	json_t *successes = json_array();
	if (!sort_by_component(&run->deployment.problems, &list)) {
		ctl_output_failed();
		return successes;
	}
	for (size_t i = 0; i < run->deployment.problems.count; i++) {
		const struct psg_problem *problem = &run->deployment.problems.items[i];
		struct psg_buf component PSG_CLEANUP(psg_buf_clear) = {0};
		name_component(problem, &component);
		if (ctl_index_find(failed, component.data) == CTL_INDEX_NONE)
			continue;
		json_t *message =
		    json_message(problem->type, problem->name, problem->file, false, completed_s);
		set_change(message, false, false, false);
		set_problem(message, problem);
		append(failures, message);
	}
	for (size_t i = 0; i < list.count; i++) {
		struct psg_buf component PSG_CLEANUP(psg_buf_clear) = {0};
		name_component(list.items[i], &component);
		list.used[i] = ctl_index_find(failed, component.data) != CTL_INDEX_NONE;
	}
	append_rest(successes, &list, completed_s);
	return successes;
}

enum ctl_exit ctl_deploy_json(const struct ctl_deploy_run *run)
{
	json_int_t all = (json_int_t)run->deployment.component_count;
	int64_t completed_s = time(NULL);
	struct ctl_index failed PSG_CLEANUP(ctl_index_clear) = {0};
	size_t count = 0;
	json_t *failures = json_array(), *successes = NULL;
	if (run->stopped)
		list_failed(run, &failed);
	successes = run->stopped ? json_stopped(run, &failed, completed_s, failures)
				 : json_successes(run, completed_s);
	json_t *result =
	    json_pack("{s:b, s:b, s:s, s:b, s:b, s:b, s:I, s:I, s:I, s:o, s:o, s:{s:o, s:o}}",
		      "done", 1, "success", !run->stopped, "status",
		      run->stopped ? "Failed" : "Succeeded", "checkOnly", run->check_only,
		      "ignoreWarnings", !run->strict, "rollbackOnError", 1, "numberComponentsTotal",
		      all, "numberComponentsDeployed", run->stopped ? (json_int_t)0 : all,
		      "numberComponentErrors", (json_int_t)failed.names.count, "startDate",
		      ctl_json_time(run->started_s), "completedDate", ctl_json_time(completed_s),
		      "details", "componentSuccesses", successes, "componentFailures", failures);
	if (!run->check_only)
		return ctl_print_json(result);
	ctl_json_list_begin(result, "changes");
	for (; count < run->changes.count; count++)
		ctl_json_list_put(count, ctl_changes_json(&run->changes, count));
	return ctl_json_list_end();
}
