/* The report as one page: what it is about, what it comes to, and the sections in their order.
 *
 * MUST be complete in itself: no network, no file beside it, readable without its script       (test_report: csp)
 * MUST NOT let a name, a reason or a host be markup                                            (test_report: hostile_text)
 */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "psg/text.h"

/* Only this page's own style and script, by their hashes (CSP Level 3): even markup that got in would run nothing. */
static void put_policy(struct html *html)
{
	const char *const *texts[] = {page_style, page_script};
	char hashes[2][sodium_base64_ENCODED_LEN(crypto_hash_sha256_BYTES,
						 sodium_base64_VARIANT_ORIGINAL)];

	for (size_t i = 0; i < PSG_COUNT(texts); i++) {
		unsigned char digest[crypto_hash_sha256_BYTES];
		crypto_hash_sha256_state state;

		crypto_hash_sha256_init(&state);
		for (const char *const *part = texts[i]; *part; part++)
			crypto_hash_sha256_update(&state, (const unsigned char *)*part,
						  strlen(*part));
		crypto_hash_sha256_final(&state, digest);
		sodium_bin2base64(hashes[i], sizeof(hashes[i]), digest, sizeof(digest),
				  sodium_base64_VARIANT_ORIGINAL);
	}
	html_open(html, "meta", "http-equiv", "Content-Security-Policy", NULL);
	html_attribute_format(html, "content",
			      "default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-%s'; "
			      "base-uri 'none'; form-action 'none'",
			      hashes[0], hashes[1]);
	(void)xmlTextWriterEndElement(html->writer);
}

static void put_parts(struct html *html, const char *element, const char *const *parts)
{
	html_open(html, element, NULL);
	for (; *parts; parts++)
		html_raw(html, *parts);
	html_close(html);
}

static void put_meta(struct html *html, const char *name, const char *content)
{
	html_open(html, "meta", "name", name, "content", content, NULL);
	(void)xmlTextWriterEndElement(html->writer);
}

static void put_head(struct html *html)
{
	html_open(html, "head", NULL);
	html_open(html, "meta", "charset", "utf-8", NULL);
	(void)xmlTextWriterEndElement(html->writer);
	put_policy(html);
	put_meta(html, "viewport", "width=device-width, initial-scale=1");
	put_meta(html, "color-scheme", "light dark");
	put_meta(html, "referrer", "no-referrer");
	put_meta(html, "robots", "noindex, nofollow");
	html_open(html, "title", NULL);
	html_format(html, "Access report: %s", html->page->host);
	html_close(html);
	put_parts(html, "style", page_style);
	html_close(html);
	html_raw(html, "\n");
}

static void put_period(struct html *html)
{
	const struct psg_ledger_scope *scope = html->view->scope;

	html_open(html, "p", "class", "period", NULL);
	html_time(html, scope->since_s);
	html_text(html, " to ");
	html_time(html, scope->until_s);
	html_close(html);
	html_open(html, "p", "class", "made", NULL);
	html_text(html, "Made ");
	html_time(html, scope->now_s);
	html_text(html, " by psgctl report. All times are UTC.");
	if (scope->user) {
		html_text(html, " Only about the user ");
		html_element(html, "strong", scope->user);
		html_text(html, ".");
	}
	if (scope->target) {
		html_text(html, " Only about ");
		html_element(html, "strong", scope->target);
		html_text(html, "; what names no group is left out.");
	}
	html_close(html);
}

static void put_notes(struct html *html)
{
	const struct psg_ledger_view *view = html->view;

	if (view->first_s == 0) {
		html_open(html, "p", "class", "note", NULL);
		html_text(html,
			  "The log is empty: nothing was logged yet, or the log was removed.");
		html_close(html);
	} else if (view->first_s > view->scope->since_s) {
		html_open(html, "p", "class", "note", NULL);
		html_text(html, "The log begins ");
		html_time(html, view->first_s);
		html_text(html, ": of the time before, this page knows nothing.");
		html_close(html);
	}
	if (html->page->damaged == 0)
		return;
	html_open(html, "p", "class", "note", NULL);
	html_count(html, html->page->damaged, "line", "lines");
	html_text(html, " of the log could not be read, and may have told more.");
	html_close(html);
}

static void put_total(struct html *html, const char *id, const char *label, const char *number)
{
	html_open(html, "div", NULL);
	html_element(html, "dt", label);
	html_open(html, "dd", "id", id, NULL);
	html_text(html, number);
	html_close(html);
	html_close(html);
}

static void put_number(struct html *html, const char *id, const char *label, size_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%zu", number);
	put_total(html, id, label, text);
}

static void put_totals(struct html *html)
{
	const struct psg_ledger_view *view = html->view;
	const size_t *counts = view->counts;
	char held[PSG_TIME_SIZE];

	html_open(html, "dl", "class", "totals", NULL);
	put_number(html, "total-activations", "Activations", view->holding_count);
	put_number(html, "total-people", "People who held access", view->holder_count);
	put_total(html, "total-held", "Time held", html_duration(view->held_s, held));
	put_number(html, "total-wrong", "Wrong or spent codes",
		   counts[PSG_EVENT_WRONG_CODE] + counts[PSG_EVENT_REPLAYED]);
	put_number(html, "total-refused", "Refusals",
		   counts[PSG_EVENT_REFUSED] + counts[PSG_EVENT_THROTTLED] +
		       counts[PSG_EVENT_MALFORMED] + counts[PSG_EVENT_ERROR]);
	put_number(html, "total-granted", "Granted without a code", counts[PSG_EVENT_GRANTED]);
	put_number(html, "total-acts", "Administrators’ acts", view->act_count);
	put_number(html, "total-idle", "Eligible, never activated", view->eligible_count);
	html_close(html);
}

static const struct {
	const char *id, *title;
	void (*put)(struct html *html);
} sections[] = {
    {"timeline", "Timeline", page_timelines},
    {"held", "How long access was held", page_held},
    {"activations", "Activations", page_activations},
    {"eligible", "Eligible, and never activated", page_eligible},
    {"failures", "Failed attempts", page_failures},
    {"would", "Would have been refused", page_would},
    {"acts", "Administrators’ acts", page_acts},
    {"events", "What the log holds", page_events},
};

static void put_contents(struct html *html)
{
	html_open(html, "nav", "aria-label", "Sections", NULL);
	html_open(html, "ul", NULL);
	for (size_t i = 0; i < PSG_COUNT(sections); i++) {
		html_open(html, "li", NULL);
		html_open(html, "a", NULL);
		html_attribute_format(html, "href", "#%s", sections[i].id);
		html_text(html, sections[i].title);
		html_close(html);
		html_close(html);
	}
	html_close(html);
	html_close(html);
}

static void put_body(struct html *html)
{
	html_open(html, "body", NULL);
	html_open(html, "header", NULL);
	html_open(html, "h1", NULL);
	html_text(html, "Access report ");
	html_element(html, "span", html->page->host);
	html_close(html);
	put_period(html);
	html_close(html);
	html_open(html, "main", NULL);
	put_notes(html);
	put_totals(html);
	put_contents(html);
	for (size_t i = 0; i < PSG_COUNT(sections); i++) {
		html_raw(html, "\n");
		html_open(html, "section", "aria-labelledby", sections[i].id, NULL);
		html_open(html, "h2", "id", sections[i].id, NULL);
		html_text(html, sections[i].title);
		html_close(html);
		sections[i].put(html);
		html_close(html);
	}
	html_close(html);
	html_open(html, "footer", NULL);
	html_element(html, "p",
		     "This page says who was where and when: keep it as you keep the log.");
	html_close(html);
	put_parts(html, "script", page_script);
	html_close(html);
}

enum psg_err psg_page_write(const struct psg_page *page, FILE *out)
{
	struct html html = {.page = page, .view = page->view};
	enum psg_err err = sodium_init() < 0 ? PSG_ERR_IO : html_begin(&html, out);

	if (err)
		return err;
	html_raw(&html, "<!DOCTYPE html>\n");
	html_open(&html, "html", "lang", "en", NULL);
	put_head(&html);
	put_body(&html);
	html_close(&html);
	html_raw(&html, "\n");
	return html_end(&html);
}
