/* The list of what is wrong. */
#include "metadata.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psg/text.h"

static void clear_one(struct psg_problem *problem)
{
	free(problem->file);
	free(problem->type);
	free(problem->name);
	free(problem->element);
	free(problem->text);
	free(problem->remedy);
}

void psg_problems_clear(struct psg_problems *list)
{
	for (size_t i = 0; i < list->count; i++)
		clear_one(&list->items[i]);
	free(list->items);
	*list = (struct psg_problems){0};
}

static int compare(const void *a, const void *b)
{
	const struct psg_problem *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	if (order == 0)
		order = (x->line > y->line) - (x->line < y->line);
	if (order == 0)
		order = (x->column > y->column) - (x->column < y->column);
	if (order == 0)
		order = x->warning - y->warning;
	return order ? order : strcmp(x->text, y->text);
}

void psg_problems_sort(struct psg_problems *list)
{
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), compare);
}

void *psg_array_add(void *items_pointer, size_t *count, size_t size)
{
	size_t room = 1;
	void *items;
	char *added;

	while (room <= *count)
		room *= 2;
	memcpy(&items, items_pointer, sizeof(items));
	/* Every time: whoever made the array may have made it just as long as it is. */
	items = reallocarray(items, room, size);
	if (!items)
		return NULL;
	memcpy(items_pointer, &items, sizeof(items));
	added = (char *)items + *count * size;
	memset(added, 0, size);
	(*count)++;
	return added;
}

/* A file name may be any bytes; JSON and a terminal want UTF-8. */
static char *copy_valid(const char *text)
{
	size_t len = strlen(text), size = len * 4 + 8;
	char *copy;

	if (psg_utf8_valid(text, len) == len)
		return strdup(text);
	copy = malloc(size);
	if (copy)
		psg_escape_line(text, copy, size);
	return copy;
}

enum psg_err psg_problems_add(struct psg_problems *list, const struct psg_problem *problem)
{
	struct psg_problem copy = {
	    .warning = problem->warning,
	    .line = problem->line,
	    .column = problem->column,
	    .file = copy_valid(problem->file),
	    .type = copy_valid(problem->type),
	    .name = copy_valid(problem->name),
	    .element = copy_valid(problem->element),
	    .text = copy_valid(problem->text),
	    .remedy = copy_valid(problem->remedy),
	};
	struct psg_problem *added = NULL;

	if (copy.file && copy.type && copy.name && copy.element && copy.text && copy.remedy)
		added = psg_array_add(&list->items, &list->count, sizeof(*added));
	if (!added) {
		clear_one(&copy);
		return PSG_ERR_NO_MEMORY;
	}
	*added = copy;
	list->error_count += !copy.warning;
	return PSG_OK;
}

/* Whether there is room for one more of its kind; after the last one it is said that more are left out. */
static bool has_room(struct psg_report *report, struct psg_problem *problem)
{
	size_t count = ++report->counts[problem->warning];
	char text[96];

	if (count != PSG_REPORT_MAX + 1)
		return count <= PSG_REPORT_MAX;
	problem->remedy = (char *)(uintptr_t) "Correct those above, then deploy again.";
	snprintf(text, sizeof(text), "The file has more than %u %s: the others are not listed",
		 PSG_REPORT_MAX, problem->warning ? "warnings" : "errors");
	problem->text = text;
	report->err = psg_problems_add(report->problems, problem);
	return false;
}

static void PSG_PRINTF(4, 0) add(struct psg_report *report, struct psg_problem *problem,
				 const struct psg_xml_node *node, const char *format, va_list args)
{
	char *text PSG_CLEANUP(psg_free_bytes) = NULL;

	/* Borrowed: psg_problems_add copies. The members are not const, as the list owns its own. */
	problem->file = (char *)(uintptr_t)report->file;
	problem->type = (char *)(uintptr_t)report->type;
	problem->name = (char *)(uintptr_t)report->name;
	problem->element = (char *)(uintptr_t)(node ? node->name : "");
	problem->line = node ? node->line : 0;
	problem->column = node ? node->column : 0;
	/* What concerns a file as a whole is once a file. */
	if (report->err != PSG_OK || (node && !has_room(report, problem)))
		return;
	if (vasprintf(&text, format, args) < 0) {
		text = NULL;
		report->err = PSG_ERR_NO_MEMORY;
		return;
	}
	problem->text = text;
	report->err = psg_problems_add(report->problems, problem);
}

void psg_report_error(struct psg_report *report, const struct psg_xml_node *node,
		      const char *remedy, const char *format, ...)
{
	struct psg_problem problem = {.remedy = (char *)(uintptr_t)remedy};
	va_list args;

	va_start(args, format);
	add(report, &problem, node, format, args);
	va_end(args);
}

void psg_report_warning(struct psg_report *report, const struct psg_xml_node *node,
			const char *remedy, const char *format, ...)
{
	struct psg_problem problem = {.warning = true, .remedy = (char *)(uintptr_t)remedy};
	va_list args;

	va_start(args, format);
	add(report, &problem, node, format, args);
	va_end(args);
}

struct psg_xml *psg_report_read(struct psg_report *report, const char *bytes, size_t len)
{
	struct psg_xml_fault fault = {0};
	struct psg_xml *xml = NULL;
	enum psg_err err = psg_xml_read(bytes, len, &xml, &fault);
	struct psg_xml_node at = {.name = "", .line = fault.line, .column = fault.column};

	if (err == PSG_ERR_INVALID)
		psg_report_error(report, &at, fault.remedy, "%s", fault.text);
	else if (err != PSG_OK && report->err == PSG_OK)
		report->err = err;
	return xml;
}
