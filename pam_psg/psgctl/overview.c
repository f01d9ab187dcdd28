/* `psgctl help`: all commands on one screen of 80 by 24, by what they are for; or what one of them takes. */
#include "overview.h"

#include <stdio.h>
#include <string.h>

#define LEFT_COLUMNS 40
#define LINES_MAX 80

/* The order of the overview. A row without a command in main.c's table is not shown. */
static const struct entry {
	const char *name;  /* of a command, or of a section */
	const char *brief; /* at most 22 characters; NULL for a section */
} entries[] = {
    {"Policy", NULL},
    {"deploy", "put a package in force"},
    {"retrieve", "write it out again"},
    {"recalculate", "compile it anew"},
    {"groups", "list them, or show one"},
    {"policy", "install a policy file"},
    {"People", NULL},
    {"assign", "make eligible"},
    {"unassign", "take that away"},
    {"assignments", "who is assigned what"},
    {"Authenticators", NULL},
    {"enroll", "give a user one"},
    {"unenroll", "take it away"},
    {"authenticators", "list them"},
    {"verify", "try a code"},
    {"unlock", "forget wrong codes"},
    {"recovery", "for a lost device"},
    {"import", "from other modules"},
    {"Activations", NULL},
    {"activate", "begin or renew one"},
    {"deactivate", "end some"},
    {"status", "what is live, how long"},
    {"enforce", "end sessions after it"},
    {"Answers", NULL},
    {"explain", "why, or why not"},
    {"check", "yes or no, for scripts"},
    {"doctor", "judge this host"},
    {"log", "what happened"},
    {"report", "the same as a page"},
    {"Store", NULL},
    {"init", "make it"},
    {"backup", "copy it"},
    {"restore", "bring a copy back"},
    {"tidy", "remove what is over"},
};

struct line {
	const char *section; /* NULL: a command */
	const char *name, *brief;
};

static const struct ctl_command *find(const struct overview *overview, const char *name)
{
	for (size_t i = 0; i < overview->count; i++)
		if (strcmp(overview->commands[i].name, name) == 0)
			return &overview->commands[i];
	return NULL;
}

/* The section of each command that there is, and the command; one that has no row here comes last. */
static size_t collect(const struct overview *overview, struct line lines[static LINES_MAX])
{
	const char *section = NULL;
	size_t count = 0;
	for (size_t i = 0; i < PSG_COUNT(entries); i++) {
		if (entries[i].brief == NULL)
			section = entries[i].name;
		else if (count + 2 <= LINES_MAX && find(overview, entries[i].name) != NULL) {
			if (section != NULL)
				lines[count++] = (struct line){.section = section};
			lines[count++] = (struct line){NULL, entries[i].name, entries[i].brief};
			section = NULL;
		}
	}
	section = "Others";
	for (size_t i = 0; i < overview->count; i++) {
		bool listed = false;
		for (size_t j = 0; j < count && !listed; j++)
			listed = lines[j].name != NULL &&
				 strcmp(lines[j].name, overview->commands[i].name) == 0;
		if (listed || count + 2 > LINES_MAX)
			continue;
		if (section != NULL)
			lines[count++] = (struct line){.section = section};
		lines[count++] = (struct line){NULL, overview->commands[i].name, ""};
		section = NULL;
	}
	return count;
}

/* Where the right column begins: at the section that makes the two most alike. */
static size_t split(const struct line *lines, size_t count)
{
	size_t best = count;
	for (size_t i = 1; i < count; i++) {
		size_t height = i > count - i ? i : count - i;
		size_t least = best > count - best ? best : count - best;
		if (lines[i].section != NULL && height < least)
			best = i;
	}
	return best;
}

static size_t print_cell(const struct line *line, FILE *out)
{
	if (line->section != NULL) {
		fprintf(out, "%s%s%s", ctl_colour(out, CTL_HEADING), line->section,
			ctl_colour(out, CTL_PLAIN));
		return strlen(line->section);
	}
	return (size_t)fprintf(out, "  %-14s %s", line->name, line->brief);
}

void overview_print(const struct overview *overview, FILE *out)
{
	struct line lines[LINES_MAX];
	size_t count = collect(overview, lines), half = split(lines, count);
	fputs("Usage: psgctl [--store DIR] [--key FILE] [--json] [--quiet] [--color WHEN]\n"
	      "              COMMAND [ARGUMENT ...]\n\n",
	      out);
	for (size_t i = 0; i < half || i + half < count; i++) {
		size_t width = i < half ? print_cell(&lines[i], out) : 0;
		if (i + half < count) {
			fprintf(out, "%*s", (int)(LEFT_COLUMNS - width), "");
			print_cell(&lines[half + i], out);
		}
		fputc('\n', out);
	}
	fputs("\n`psgctl help COMMAND` says more, psgctl(8) all.\n", out);
}

/* A usage is broken into lines for people. */
static json_t *one_line(const char *text)
{
	struct psg_buf line PSG_CLEANUP(psg_buf_clear) = {0};
	for (bool blank = false; *text != '\0'; text++) {
		if (*text != ' ' && *text != '\n')
			psg_buf_format(&line, "%s%c", blank ? " " : "", *text);
		blank = *text == ' ' || *text == '\n';
	}
	return line.failed ? NULL : ctl_json_text(line.data);
}

enum ctl_exit overview_json(const struct overview *overview)
{
	struct line lines[LINES_MAX];
	size_t count = collect(overview, lines);
	const char *section = "";
	json_t *list = json_array();
	for (size_t i = 0; list != NULL && i < count; i++) {
		const struct ctl_command *command =
		    lines[i].name != NULL ? find(overview, lines[i].name) : NULL;
		if (lines[i].section != NULL)
			section = lines[i].section;
		if (command != NULL &&
		    json_array_append_new(list, json_pack("{ss ss so ss}", "name", command->name,
							  "section", section, "usage",
							  one_line(command->usage), "summary",
							  command->summary)) != 0)
			ctl_output_failed();
	}
	return ctl_print_json(json_pack("{ss so}", "version", PSG_VERSION, "commands", list));
}

enum ctl_exit overview_command(const struct ctl *ctl, const struct ctl_command *command)
{
	if (ctl->json)
		return ctl_print_json(json_pack(
		    "{ss so ss so}", "name", command->name, "usage", one_line(command->usage),
		    "summary", command->summary, "details",
		    command->details != NULL ? ctl_json_text(command->details) : json_null()));
	ctl_print_help(command);
	return CTL_DONE;
}

const struct ctl_command *overview_find(const struct ctl *ctl, const struct overview *overview,
					const char *name)
{
	const struct ctl_command *command = find(overview, name);
	if (command != NULL)
		return command;

	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	for (size_t i = 0; i < overview->count; i++)
		if (psg_strings_add(&names, overview->commands[i].name) != PSG_OK)
			return NULL;
	const char *near = ctl_suggest(name, &names);
	if (near != NULL)
		ctl_error(ctl, "there is no command %s; did you mean %s?", ctl_safe(name), near);
	else
		ctl_error(ctl, "there is no command %s; `psgctl help` lists them", ctl_safe(name));
	return NULL;
}
