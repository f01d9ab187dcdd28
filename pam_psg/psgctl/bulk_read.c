/* Reads a file of assignments, line by line. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "assignee.h"
#include "bulk.h"
#include "reach_view.h"

#define LINE_SIZE 1024
#define FIELDS_MOST 3
/* More names than these are taken as they are written: a directory answers some ten thousand a second. */
#define LOOKED_UP_MOST 10000U

void ctl_bulk_clear(struct ctl_bulk *bulk)
{
	for (size_t i = 0; bulk->reasons != NULL && i < bulk->targets.names.count; i++)
		free(bulk->reasons[i]);
	free(bulk->reasons);
	free(bulk->statuses);
	free(bulk->kinds);
	free(bulk->known_as);
	free(bulk->rows);
	free(bulk->changed.items); /* the strings are the indexes' */
	ctl_index_clear(&bulk->assignees);
	ctl_index_clear(&bulk->targets);
	psg_problems_clear(&bulk->problems);
}

const char *ctl_bulk_name(const struct ctl_bulk *bulk)
{
	return strcmp(bulk->file, "-") == 0 ? "standard input" : bulk->file;
}

bool ctl_bulk_error(struct ctl_bulk *bulk, uint32_t line, const char *remedy, const char *format,
		    ...)
{
	char text[LINE_SIZE];
	va_list arguments;
	if (bulk->error_count++ >= CTL_BULK_REPORTED)
		return true;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return ctl_problem_add(&bulk->problems, &(struct ctl_problem){.file = ctl_bulk_name(bulk),
								      .line = (int)line,
								      .text = text,
								      .remedy = remedy}) == PSG_OK;
}

/* Cuts the line into fields in place. Returns how many, FIELDS_MOST + 1 for more, 0 for none; -1: a quote is open. */
static int split(char *line, char *fields[FIELDS_MOST])
{
	int count = 0;
	for (char *at = line;;) {
		at += strspn(at, " \t\r\n\v\f");
		if (*at == '\0' || *at == '#')
			return count;
		if (count == FIELDS_MOST)
			return count + 1;
		char *end;
		if (*at == '"') {
			end = strchr(++at, '"');
			if (end == NULL)
				return -1;
		} else {
			end = at + strcspn(at, " \t\r\n\v\f");
		}
		bool last = *end == '\0';
		*end = '\0';
		fields[count++] = at;
		if (last)
			return count;
		at = end + 1;
	}
}

static bool take_until(struct ctl_bulk *bulk, const char *text, struct ctl_bulk_row *row,
		       bool *good)
{
	if (psg_time_parse(text, &row->until_s) != PSG_OK) {
		*good = false;
		return ctl_bulk_error(bulk, row->line, "write 2026-12-31 or 2026-12-31T18:00Z",
				      "%s is no time", ctl_safe(text));
	}
	if (row->until_s <= (int64_t)time(NULL)) {
		*good = false;
		return ctl_bulk_error(bulk, row->line, "leave the line out, or give a later one",
				      "%s is over already", ctl_safe(text));
	}
	return true;
}

/* False: out of memory. */
static bool take_line(struct ctl_bulk *bulk, uint32_t line, char *text)
{
	char *fields[FIELDS_MOST];
	struct ctl_bulk_row row = {.line = line};
	int count = split(text, fields);
	bool good = true;
	if (count == 0)
		return true;
	if (count < 2 || count > FIELDS_MOST)
		return ctl_bulk_error(
		    bulk, line, "write ASSIGNEE NAME [UNTIL], a name with blanks in double quotes",
		    count < 0    ? "a double quote is not closed"
		    : count == 1 ? "there is one field only"
				 : "there are more than three fields");
	if (!psg_subject_name_valid(fields[0] + (fields[0][0] == '%'))) {
		good = false;
		if (!ctl_bulk_error(bulk, line, "name a user, or a Unix group as %NAME",
				    "\"%s\" cannot be assigned anything", ctl_safe(fields[0])))
			return false;
	}
	if (count == FIELDS_MOST && bulk->with_until && !take_until(bulk, fields[2], &row, &good))
		return false;
	if (!good)
		return true;
	if (ctl_view_room(&bulk->rows, sizeof(*bulk->rows), bulk->count, &bulk->room) != PSG_OK ||
	    ctl_index_add(&bulk->assignees, fields[0], &row.assignee) != PSG_OK ||
	    ctl_index_add(&bulk->targets, fields[1], &row.target) != PSG_OK)
		return false;
	bulk->rows[bulk->count++] = row;
	return true;
}

/* What fgets left of a line that is too long. */
static void skip_line(FILE *input)
{
	for (int c = 0; c != EOF && c != '\n';)
		c = getc(input);
}

static bool read_lines(struct ctl_bulk *bulk, FILE *input)
{
	char line[LINE_SIZE];
	struct stat info;
	size_t size =
	    fstat(fileno(input), &info) == 0 && S_ISREG(info.st_mode) ? (size_t)info.st_size : 0;
	size_t done = 0;
	for (uint32_t number = 1; fgets(line, sizeof(line), input) != NULL; number++) {
		size_t len = strlen(line);
		char *text = number == 1 && strncmp(line, "\xef\xbb\xbf", 3) == 0 ? line + 3 : line;
		done += len;
		ctl_progress_show(&bulk->progress, "Reading", size > 0 ? done : number, size);
		if (len > 0 && line[len - 1] != '\n' && !feof(input)) {
			skip_line(input);
			if (!ctl_bulk_error(bulk, number, "write ASSIGNEE NAME [UNTIL]",
					    "the line is longer than %d bytes, or has a byte 0",
					    LINE_SIZE - 2))
				return false;
		} else if (!take_line(bulk, number, text)) {
			return false;
		}
	}
	return true;
}

/* The account's own spelling of each name, as the gate will look for it. */
static bool look_up_names(struct ctl *ctl, struct ctl_bulk *bulk)
{
	size_t count = bulk->assignees.names.count, unknown = 0;
	bulk->known_as = calloc(count + 1, sizeof(*bulk->known_as));
	if (bulk->known_as == NULL)
		return false;
	for (uint32_t i = 0; i < count; i++)
		bulk->known_as[i] = i;
	if (count > LOOKED_UP_MOST) {
		ctl_progress_end(&bulk->progress);
		ctl_note(
		    ctl,
		    "%zu names are too many to be looked up on this host: each is taken as it is "
		    "written",
		    count);
		return true;
	}
	for (uint32_t i = 0; i < count; i++) {
		char own[CTL_ASSIGNEE_SIZE];
		enum psg_err known;
		uint32_t number;
		const char *given = bulk->assignees.names.items[i];
		if (!ctl_assignee(ctl, given, own, &known) ||
		    ctl_index_add(&bulk->assignees, own, &number) != PSG_OK)
			return false;
		ctl_progress_show(&bulk->progress, "Looking up names", i, count);
		bulk->known_as[i] = number;
		if (bulk->with_until && known != PSG_OK && unknown++ < CTL_BULK_REPORTED) {
			ctl_progress_end(&bulk->progress);
			ctl_warn_assignee(ctl, given, known);
		}
	}
	if (unknown > CTL_BULK_REPORTED)
		ctl_warn(ctl, "and %zu more that this host does not know",
			 unknown - CTL_BULK_REPORTED);
	return true;
}

bool ctl_bulk_read(struct ctl *ctl, struct ctl_bulk *bulk)
{
	bool from_stdin = strcmp(bulk->file, "-") == 0;
	FILE *input = from_stdin ? stdin : fopen(bulk->file, "re");
	int failed = input == NULL ? errno : 0;
	ctl_progress_begin(ctl, &bulk->progress);
	errno = 0;
	bool kept = input != NULL && read_lines(bulk, input);
	if (input != NULL && ferror(input))
		failed = errno != 0 ? errno : EIO;
	if (input != NULL && !from_stdin)
		fclose(input);
	kept = kept && failed == 0 && look_up_names(ctl, bulk);
	ctl_progress_end(&bulk->progress);
	if (failed != 0)
		ctl_error(ctl,
			  "cannot read %s: %s; nothing was changed. Name a file that root can "
			  "read, or - for standard input",
			  ctl_safe(ctl_bulk_name(bulk)), strerror(failed));
	else if (!kept)
		ctl_error(ctl, "out of memory; nothing was changed. Free memory, or give the lines "
			       "in several files");
	return kept;
}
