/* The findings: one JSON document, or a line and a remedy each. */
#include <stdio.h>

#include "doctor.h"

static size_t count_of(const struct doctor *doctor, enum doctor_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < doctor->count; i++)
		count += doctor_severity(doctor->items[i].code) == severity;
	return count;
}

static json_t *finding_json(const struct doctor_finding *finding)
{
	return json_pack("{ss ss so so so so ss}", "severity",
			 doctor_severity_name(doctor_severity(finding->code)), "name",
			 doctor_name(finding->code), "service", ctl_json_text(finding->service),
			 "file", ctl_json_text(finding->file), "line",
			 finding->line ? json_integer(finding->line) : json_null(), "message",
			 ctl_json_text(finding->message), "remedy", doctor_remedy(finding->code));
}

static json_t *doctor_json(const struct doctor *doctor)
{
	json_t *services = json_array(), *findings = json_array();

	for (size_t i = 0; i < doctor->service_count; i++)
		json_array_append_new(services, ctl_json_text(doctor->services[i].name));
	for (size_t i = 0; i < doctor->count; i++)
		json_array_append_new(findings, finding_json(&doctor->items[i]));
	return json_pack("{so so si si si}", "services", services, "findings", findings, "errors",
			 (int)count_of(doctor, DOCTOR_ERROR), "warnings",
			 (int)count_of(doctor, DOCTOR_WARNING), "notes",
			 (int)count_of(doctor, DOCTOR_NOTE));
}

/* As compilers write it, so that editors find the line. */
static void print_finding(const struct doctor_finding *finding)
{
	if (finding->file && finding->line)
		printf("%s:%u: ", ctl_safe(finding->file), finding->line);
	else if (finding->file)
		printf("%s: ", ctl_safe(finding->file));
	enum doctor_severity severity = doctor_severity(finding->code);
	printf("%s%s:%s ",
	       ctl_colour(stdout, severity == DOCTOR_ERROR     ? CTL_BAD
				  : severity == DOCTOR_WARNING ? CTL_CARE
							       : CTL_HEADING),
	       doctor_severity_name(severity), ctl_colour(stdout, CTL_PLAIN));
	if (finding->service)
		printf("%s: ", ctl_safe(finding->service));
	printf("%s [%s]\n    %s\n", ctl_safe(finding->message), doctor_name(finding->code),
	       doctor_remedy(finding->code));
}

static void print_count(const struct doctor *doctor, enum doctor_severity severity,
			const char *after)
{
	size_t count = count_of(doctor, severity);

	printf("%zu %s%s%s", count, doctor_severity_name(severity), count == 1 ? "" : "s", after);
}

static void print(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->count; i++)
		if (!doctor->ctl->quiet || doctor_severity(doctor->items[i].code) > DOCTOR_NOTE)
			print_finding(&doctor->items[i]);
	if (doctor->ctl->quiet)
		return;
	if (doctor->service_count == 0)
		puts("No service calls pam_psg.so: nothing is gated.");
	else
		printf("Services:");
	for (size_t i = 0; i < doctor->service_count; i++)
		printf(" %s%s", ctl_safe(doctor->services[i].name),
		       i + 1 == doctor->service_count ? ".\n" : ",");
	print_count(doctor, DOCTOR_ERROR, ", ");
	print_count(doctor, DOCTOR_WARNING, ", ");
	print_count(doctor, DOCTOR_NOTE, ".\n");
}

enum ctl_exit doctor_show(const struct doctor *doctor)
{
	enum ctl_exit status = CTL_DONE;

	if (doctor->ctl->json)
		status = ctl_print_json(doctor_json(doctor));
	else
		print(doctor);
	if (status)
		return status;
	return count_of(doctor, DOCTOR_ERROR) + count_of(doctor, DOCTOR_WARNING) > 0 ? CTL_REFUSED
										     : CTL_DONE;
}
