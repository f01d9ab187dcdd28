/* Colour: only where a terminal shows it, and never alone in saying something. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "psgctl.h"

static enum { AUTO = 0, ALWAYS, NEVER } when;

bool ctl_colour_when(const char *text)
{
	static const char *const names[] = {"auto", "always", "never"};
	for (unsigned i = 0; i < PSG_COUNT(names); i++)
		if (strcmp(text, names[i]) == 0) {
			when = i;
			return true;
		}
	return false;
}

static bool shown_on(FILE *stream)
{
	if (when != AUTO)
		return when == ALWAYS;
	const char *none = secure_getenv("NO_COLOR"), *term = secure_getenv("TERM");
	/* no-color.org: set to anything but nothing. */
	return (none == NULL || none[0] == '\0') && term != NULL && term[0] != '\0' &&
	       strcmp(term, "dumb") != 0 && isatty(fileno(stream));
}

const char *ctl_colour(FILE *stream, enum ctl_colour colour)
{
	switch (shown_on(stream) ? colour : CTL_COLOURLESS) {
	case CTL_PLAIN:
		return "\033[0m";
	case CTL_HEADING:
		return "\033[1m";
	case CTL_GOOD:
		return "\033[32m";
	case CTL_CARE:
		return "\033[33m";
	case CTL_BAD:
		return "\033[31m";
	case CTL_COLOURLESS:
		break;
	}
	return "";
}

enum ctl_colour ctl_colour_verdict(enum psg_verdict verdict)
{
	return verdict == PSG_ALLOW ? CTL_GOOD : verdict == PSG_ACTIVATE ? CTL_CARE : CTL_BAD;
}
