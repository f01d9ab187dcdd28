/* What is wrong with a package or a file, for people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "psg/metadata.h"
#include "psgctl.h"

static char *copy(const char *text)
{
	return strdup(text != NULL ? text : "");
}

enum psg_err ctl_problem_add(struct psg_problems *list, const struct ctl_problem *problem)
{
	struct psg_problem *grown = reallocarray(list->items, list->count + 1, sizeof(*grown));
	if (grown == NULL)
		return PSG_ERR_NO_MEMORY;
	list->items = grown;
	struct psg_problem *added = &grown[list->count++]; /* owned from here on, whole or not */
	*added = (struct psg_problem){
	    .warning = problem->warning,
	    .file = copy(problem->file),
	    .line = problem->line,
	    .type = copy(problem->type),
	    .name = copy(problem->name),
	    .element = copy(NULL),
	    .text = copy(problem->text),
	    .remedy = copy(problem->remedy),
	};
	list->error_count += !problem->warning;
	return added->file != NULL && added->type != NULL && added->name != NULL &&
		       added->element != NULL && added->text != NULL && added->remedy != NULL
		   ? PSG_OK
		   : PSG_ERR_NO_MEMORY;
}

static void print_line(const struct psg_buf *line, bool warning)
{
	if (!warning)
		ctl_error_said(line->data);
	fprintf(stderr, "%s\n", line->data);
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
		print_line(&line, problem->warning);
}

void ctl_print_problems(const struct ctl *ctl, const char *directory,
			const struct psg_problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		if (!problems->items[i].warning || !ctl->quiet)
			print_problem(directory, &problems->items[i]);
}
