/* The store's log as `psgctl report` reads it. The first byte picks what is asked for; the rest is the log. Whatever it
 * holds, the sums agree with the rows, the page is well-formed with one script, its own, and no text in it is markup or
 * moves a cursor. */
#include "fuzz.h"

#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>

#include "psg/text.h"

/* The reader is the command's own. */
#include "../../pam_psg/psgctl/report_lines.c"

#define NOW 1790000000

static void keep(void *arg, const struct psg_ledger_event *event)
{
	psg_ledger_add(arg, event);
}

static size_t count_scripts(const xmlNode *node)
{
	size_t count = 0;

	for (; node; node = node->next) {
		if (node->type != XML_ELEMENT_NODE)
			continue;
		count += xmlStrcasecmp(node->name, (const xmlChar *)"script") == 0;
		for (const xmlAttr *one = node->properties; one; one = one->next)
			expect(xmlStrncasecmp(one->name, (const xmlChar *)"on", 2) != 0);
		count += count_scripts(node->children);
	}
	return count;
}

static void check_page(const char *text, size_t len)
{
	xmlDoc *page = xmlReadMemory(text, (int)len, NULL, "UTF-8",
				     XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING |
					 XML_PARSE_HUGE);

	expect(page != NULL);
	expect(count_scripts(xmlDocGetRootElement(page)) == 1);
	xmlFreeDoc(page);
}

static void check_sums(const struct psg_ledger_view *view)
{
	size_t of_people = 0, of_targets = 0, marks = 0, events = 0;
	int64_t held = 0;

	for (size_t i = 0; i < view->person_count; i++) {
		of_people += view->people[i].holdings;
		marks += view->people[i].mark_count;
		held += view->people[i].held_s;
	}
	for (size_t i = 0; i < view->target_count; i++)
		of_targets += view->targets[i].holdings;
	for (size_t i = 0; i < PSG_EVENT_COUNT; i++)
		events += view->counts[i];
	expect(of_people == view->holding_count && of_targets == view->holding_count);
	expect(marks == view->mark_count && events == view->event_count);
	expect(held == view->held_s);
	for (size_t i = 0; i < view->holding_count; i++) {
		const struct psg_holding *one = &view->holdings[i];

		expect(one->held_s >= 0 &&
		       one->held_s <= view->scope->until_s - view->scope->since_s);
		held -= one->held_s;
	}
	expect(held <= 0); /* what overlaps counts once */
}

static void write_all(const struct psg_ledger_view *view)
{
	const struct psg_page page = {.view = view, .host = "host.example", .damaged = 1};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	expect(out != NULL && psg_page_write(&page, out) == PSG_OK && fclose(out) == 0);
	check_page(text, len);
	free(text);
	out = open_memstream(&text, &len);
	expect(out != NULL);
	psg_csv_activations(view, out);
	psg_csv_failures(view, out);
	psg_csv_eligible(view, out);
	expect(fclose(out) == 0);
	for (char *at = text, *end; (end = strstr(at, "\r\n")) != NULL; at = end + 2) {
		*end = '\0';
		expect(psg_text_is_plain(at, SIZE_MAX));
		expect(!strchr("=+-@", *at) || *at == '\0');
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reading reading;
	struct psg_ledger_scope scope = {.since_s = NOW - 30 * 86400, .until_s = NOW, .now_s = NOW};
	struct psg_ledger_view view;
	size_t at = 1;

	if (size == 0)
		return 0;
	scope.user = data[0] & 1 ? "alice" : NULL;
	scope.target = data[0] & 2 ? "Finance" : NULL;
	scope.boot_s = data[0] & 4 ? NOW - 86400 : 0;
	struct psg_ledger *ledger = psg_ledger_new(&scope);

	expect(ledger != NULL);
	reading = (struct reading){.each = keep, .arg = ledger};
	while (at < size) {
		const uint8_t *end = memchr(data + at, '\n', size - at);
		size_t len = end ? (size_t)(end - data) - at : size - at;

		take_line(&reading, &(struct psg_log_line){(const char *)data + at, len});
		at += len + 1;
	}
	expect(psg_ledger_close(ledger, &view) == PSG_OK);
	check_sums(&view);
	write_all(&view);
	psg_ledger_free(&ledger);
	return 0;
}
