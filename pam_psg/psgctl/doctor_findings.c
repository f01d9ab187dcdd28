/* The list of what was found. */
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void finding_clear(struct doctor_finding *finding)
{
	free(finding->service);
	free(finding->file);
	free(finding->message);
}

void doctor_clear(struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++)
		finding_clear(&doctor->items[i]);
	for (size_t i = 0; i < doctor->service_count; i++) {
		free(doctor->services[i].name);
		stack_clear(&doctor->services[i].stack);
	}
	free(doctor->items);
	free(doctor->services);
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static bool is_known(const struct doctor *doctor, const struct doctor_finding *finding)
{
	for (size_t i = 0; i < doctor->count; i++) {
		const struct doctor_finding *other = &doctor->items[i];

		if (other->code == finding->code && other->line == finding->line &&
		    same(other->file, finding->file) && same(other->message, finding->message) &&
		    (other->line > 0 || same(other->service, finding->service)))
			return true;
	}
	return false;
}

static char *copy(const char *text, bool *failed)
{
	char *made = text ? strdup(text) : NULL;

	*failed |= text && !made;
	return made;
}

void doctor_add(struct doctor *doctor, enum doctor_code code, struct doctor_place place,
		const char *format, ...)
{
	bool failed = false;
	struct doctor_finding made PSG_CLEANUP(finding_clear) = {
	    .code = code,
	    .service = copy(place.service, &failed),
	    .file = copy(place.file, &failed),
	    .line = place.line,
	};
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&made.message, format, arguments) < 0)
		made.message = NULL;
	va_end(arguments);
	struct doctor_finding *grown =
	    failed || !made.message
		? NULL
		: reallocarray(doctor->items, doctor->count + 1, sizeof(*grown));

	if (!grown) {
		doctor->failed = true;
		return;
	}
	doctor->items = grown;
	if (is_known(doctor, &made))
		return;
	grown[doctor->count++] = made;
	made = (struct doctor_finding){0};
}

void doctor_sort(struct doctor *doctor)
{
	/* Stable, and short lists: insertion. */
	for (size_t i = 1; i < doctor->count; i++) {
		struct doctor_finding moved = doctor->items[i];
		size_t at = i;

		for (; at > 0 &&
		       doctor_severity(doctor->items[at - 1].code) < doctor_severity(moved.code);
		     at--)
			doctor->items[at] = doctor->items[at - 1];
		doctor->items[at] = moved;
	}
}

struct doctor_place doctor_at(const struct doctor_service *service, const struct stack_line *line)
{
	return (struct doctor_place){service->name, line->path, line->line};
}
