/* What the help shows of main's table of commands. */
#ifndef PSGCTL_OVERVIEW_H
#define PSGCTL_OVERVIEW_H

#include <stdio.h>

#include "psgctl.h"

struct overview {
	const struct ctl_command *commands;
	size_t count;
};

/* All commands by section, in two columns: no more than 24 lines of 80 characters. */
void overview_print(const struct overview *overview, FILE *out);
/* The same as one document: version, and of each command its name, section, usage and summary. */
enum ctl_exit overview_json(const struct overview *overview);
/* The help of one command, for people or as JSON. */
enum ctl_exit overview_command(const struct ctl *ctl, const struct ctl_command *command);
/* The command of that name. NULL: said, with what it may be meant for. */
const struct ctl_command *overview_find(const struct ctl *ctl, const struct overview *overview,
					const char *name);

#endif
