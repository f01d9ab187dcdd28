/* A table for people: columns as wide as they need to be, every cell made harmless; on a terminal no wider than that. */
#include "psgctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORTEST 12U /* a text for people is not cut below this */
#define GAP 2U

struct cell {
	char *text;
	enum ctl_colour colour;
};

struct ctl_table {
	size_t columns, rows, size;
	size_t inline_columns; /* those beyond stand below their row, with their names */
	size_t *widths;
	bool *shortened;    /* may be cut: a text that nobody copies */
	struct cell *cells; /* row 0 is the header */
	bool failed;
};

static bool has_room(struct ctl_table *table)
{
	size_t wanted = (table->rows + 1) * table->columns;
	if (wanted <= table->size)
		return true;
	size_t size = wanted * 2;
	struct cell *cells = reallocarray(table->cells, size, sizeof(*cells));
	if (cells == NULL)
		return false;
	table->cells = cells;
	table->size = size;
	return true;
}

struct ctl_table *ctl_table_new(const char *const *header, size_t columns)
{
	struct ctl_table *table = calloc(1, sizeof(*table));
	if (table == NULL)
		return NULL;
	table->columns = table->inline_columns = columns;
	table->widths = calloc(columns, sizeof(*table->widths));
	table->shortened = calloc(columns, sizeof(*table->shortened));
	table->failed = table->widths == NULL || table->shortened == NULL;
	ctl_table_row(table, header);
	for (size_t i = 0; i < columns; i++)
		ctl_table_mark(table, i, CTL_HEADING);
	return table;
}

void ctl_table_row(struct ctl_table *table, const char *const *cells)
{
	if (table == NULL || table->failed)
		return;
	if (!has_room(table)) {
		table->failed = true;
		return;
	}
	struct cell *row = table->cells + table->rows++ * table->columns;
	for (size_t i = 0; i < table->columns; i++) {
		const char *text =
		    cells[i] == NULL || cells[i][0] == '\0' ? "-" : ctl_safe(cells[i]);
		row[i] = (struct cell){strdup(text), CTL_COLOURLESS};
		table->failed |= row[i].text == NULL;
		size_t width = ctl_width(text);
		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

void ctl_table_mark(struct ctl_table *table, size_t column, enum ctl_colour colour)
{
	if (table != NULL && !table->failed)
		table->cells[(table->rows - 1) * table->columns + column].colour = colour;
}

void ctl_table_shorten(struct ctl_table *table, size_t column)
{
	if (table != NULL && table->shortened != NULL)
		table->shortened[column] = true;
}

static size_t total(const struct ctl_table *table)
{
	size_t sum = 0;
	for (size_t i = 0; i < table->inline_columns; i++)
		sum += table->widths[i] + (i > 0 ? GAP : 0);
	return sum;
}

/* The widest text that may be cut gives way first; what is too much then stands below its row. */
static void fit(struct ctl_table *table, size_t columns)
{
	while (total(table) > columns) {
		size_t widest = table->columns;
		for (size_t i = 0; i < table->columns; i++)
			if (table->shortened[i] && table->widths[i] > SHORTEST &&
			    (widest == table->columns || table->widths[i] > table->widths[widest]))
				widest = i;
		if (widest == table->columns)
			break;
		table->widths[widest]--;
	}
	while (total(table) > columns && table->inline_columns > 1)
		table->inline_columns--;
}

/* The text, cut to `columns` with an ellipsis where it is longer. Returns the columns it takes. */
static size_t print_text(const struct cell *cell, size_t columns)
{
	size_t used, whole = ctl_width(cell->text);
	size_t len = ctl_width_fit(cell->text, whole > columns ? columns - 1 : columns, &used);
	if (cell->colour != CTL_COLOURLESS)
		fputs(ctl_colour(stdout, cell->colour), stdout);
	printf("%.*s%s", (int)len, cell->text, whole > columns ? "\u2026" : "");
	if (cell->colour != CTL_COLOURLESS)
		fputs(ctl_colour(stdout, CTL_PLAIN), stdout);
	return used + (whole > columns);
}

static void print_below(const struct ctl_table *table, const struct cell *row, size_t columns)
{
	size_t at = 0;
	for (size_t i = table->inline_columns; i < table->columns; i++) {
		const char *name = table->cells[i].text;
		size_t width = ctl_width(row[i].text), needed = strlen(name) + 1 + width;
		if (strcmp(row[i].text, "-") == 0)
			continue;
		if (at > 0 && at + GAP + needed > columns) {
			putchar('\n');
			at = 0;
		}
		printf("%s%s ", at == 0 ? "    " : "  ", name);
		at += (at == 0 ? 4 : GAP) + strlen(name) + 1;
		if (table->shortened[i] && at < columns && at + width > columns)
			width = columns - at;
		at += print_text(&row[i], width);
	}
	if (at > 0)
		putchar('\n');
}

static void print_row(const struct ctl_table *table, const struct cell *row, size_t columns)
{
	for (size_t i = 0; i < table->inline_columns; i++) {
		size_t width =
		    table->shortened[i] || row == table->cells ? table->widths[i] : SIZE_MAX - 1;
		size_t used = print_text(&row[i], width);
		if (i + 1 < table->inline_columns)
			printf("%*s", (int)(table->widths[i] - used + GAP), "");
	}
	putchar('\n');
	if (row != table->cells)
		print_below(table, row, columns);
}

void ctl_table_print_free(struct ctl_table *table)
{
	size_t columns = ctl_terminal_columns(stdout);
	if (table == NULL || table->failed) {
		ctl_output_failed();
	} else if (table->rows == 1) {
		puts("None.");
	} else {
		if (columns > 0)
			fit(table, columns);
		for (size_t i = 0; i < table->rows; i++)
			print_row(table, table->cells + i * table->columns, columns);
	}
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table->shortened);
	free(table->widths);
	free(table);
}
