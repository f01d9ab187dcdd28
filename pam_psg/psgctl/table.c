/* A table for people: columns as wide as they need to be, every cell made harmless. */
#include "psgctl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ctl_table {
	size_t columns, rows, size;
	size_t *widths;
	char **cells; /* row 0 is the header */
	bool failed;
};

/* Characters, not bytes: UTF-8 continuation bytes take no column. */
static size_t width_of(const char *text)
{
	size_t width = 0;
	for (; *text != '\0'; text++)
		width += ((unsigned char)*text & 0xc0U) != 0x80U;
	return width;
}

static bool has_room(struct ctl_table *table)
{
	size_t wanted = (table->rows + 1) * table->columns;
	if (wanted <= table->size)
		return true;
	size_t size = wanted * 2;
	char **cells = reallocarray(table->cells, size, sizeof(*cells));
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
	table->columns = columns;
	table->widths = calloc(columns, sizeof(*table->widths));
	table->failed = table->widths == NULL;
	ctl_table_row(table, header);
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
	char **row = table->cells + table->rows++ * table->columns;
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell =
		    cells[i] == NULL || cells[i][0] == '\0' ? "-" : ctl_safe(cells[i]);
		row[i] = strdup(cell);
		table->failed |= row[i] == NULL;
		size_t width = width_of(cell);
		if (width > table->widths[i])
			table->widths[i] = width;
	}
}

static void print_row(const struct ctl_table *table, char *const *row)
{
	for (size_t i = 0; i < table->columns; i++) {
		fputs(row[i], stdout);
		if (i + 1 < table->columns)
			printf("%*s", (int)(table->widths[i] - width_of(row[i]) + 2), "");
	}
	putchar('\n');
}

void ctl_table_print_free(struct ctl_table *table)
{
	if (table == NULL || table->failed)
		ctl_output_failed();
	else if (table->rows == 1)
		puts("None.");
	else
		for (size_t i = 0; i < table->rows; i++)
			print_row(table, table->cells + i * table->columns);

	if (table == NULL)
		return;
	for (size_t i = 0; i < table->rows * table->columns; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->widths);
	free(table);
}
