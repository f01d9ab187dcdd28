/* An event of the log as one line for people. */
#include "log.h"

#include <stdio.h>

static const char *shown(const char *text)
{
	return text != NULL && text[0] != '\0' ? ctl_safe(text) : "-";
}

void log_print(const json_t *event)
{
	const char *target = log_text(event, "permissionSetGroup");
	const char *reason = log_text(event, "reason"), *actor = log_text(event, "actor");

	if (target == NULL)
		target = log_text(event, "permissionSet");
	if (target == NULL)
		target = log_text(event, "target");
	printf("%-20s  %-12s  %-12s  %-8s  %-20s  %s%s%s\n", shown(log_text(event, "time")),
	       shown(log_text(event, "event")), shown(log_text(event, "userName")),
	       shown(log_text(event, "service")), shown(target), shown(reason),
	       actor != NULL ? "  by " : "", actor != NULL ? ctl_safe(actor) : "");
}
