/* Settings Gate: what holds for every service. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

#include "psg/text.h"

static enum psg_err add_exempt_users(const struct psg_xml_node *root,
				     struct psg_gate_settings *settings, struct psg_report *report)
{
	enum psg_err err = PSG_OK;
	char snippet[PSG_SNIPPET_SIZE];

	for (const struct psg_xml_node *child = root->children; child && err == PSG_OK;
	     child = child->next) {
		if (strcmp(child->name, "exemptUsers") != 0 || !*child->text)
			continue;
		psg_utf8_snippet(child->text, snippet);
		if (!psg_subject_name_valid(child->text))
			psg_report_error(report, child, "Name one user, not a Unix group.",
					 "'%s' cannot be a user name", snippet);
		err = psg_strings_add(&settings->exempt_users, child->text);
	}
	psg_strings_sort(&settings->exempt_users);
	return err;
}

static void read_throttle(const struct psg_xml_node *root, struct psg_throttle *throttle,
			  struct psg_report *report)
{
	const struct psg_xml_node *node = psg_xml_child(root, "throttle");
	const struct psg_xml_node *at;

	if (!node)
		return;
	throttle->attempts = psg_value_number(node, "attempts", throttle->attempts);
	throttle->delay_s = psg_value_duration(node, "delay", throttle->delay_s);
	throttle->maximum_delay_s =
	    psg_value_duration(node, "maximumDelay", throttle->maximum_delay_s);
	at = psg_xml_child(node, "maximumDelay");
	if (throttle->delay_s > throttle->maximum_delay_s)
		psg_report_error(report, at ? at : psg_xml_child(node, "delay"),
				 "Raise maximumDelay, or shorten delay.",
				 "maximumDelay is shorter than delay");
}

enum psg_err psg_build_gate(const struct psg_xml_node *root, const char *name,
			    struct psg_report *report, struct psg_model *model)
{
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	const struct psg_xml_node *issuer = psg_xml_child(root, "issuer");
	enum psg_err err = psg_gate_settings_default(&settings);

	(void)name;
	if (err == PSG_OK)
		err = add_exempt_users(root, &settings, report);
	if (err != PSG_OK)
		return err;
	settings.default_lifetime_s =
	    psg_value_duration(root, "defaultLifetime", settings.default_lifetime_s);
	settings.default_scope =
	    psg_value_enum(root, psg_gate_elements, "defaultScope", settings.default_scope);
	settings.window_steps = psg_value_number(root, "window", settings.window_steps);
	read_throttle(root, &settings.throttle, report);
	free(settings.issuer);
	settings.issuer = strdup(issuer ? issuer->text : "");
	if (!settings.issuer)
		return PSG_ERR_NO_MEMORY;
	/* otpauth://totp/ISSUER:USER: a colon would move the border between the two. */
	if (strchr(settings.issuer, ':'))
		psg_report_error(report, issuer, "Write the issuer without a colon.",
				 "issuer holds a colon");
	psg_gate_settings_clear(&model->settings);
	model->settings = settings;
	model->has_settings = true;
	settings = (struct psg_gate_settings){0};
	return PSG_OK;
}
