/* The timelines: a strip of SVG a person, and a group. Their places are percentages, so that one strip fits a phone, a
 * screen and paper; what is said in words beside a strip does not need it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "page.h"
#include "psg/text.h"

#define STRIPS_MAX 40U
#define COLOURS 6U /* of the groups held most; the others share one */
#define LANES_MAX 4U
#define LANE_HEIGHT 10

static const char *const mark_words[PSG_MARK_COUNT][2] = {
    [PSG_MARK_REFUSED] = {"refusal", "refusals"},
    [PSG_MARK_WRONG] = {"wrong or spent code", "wrong or spent codes"},
    [PSG_MARK_THROTTLED] = {"throttled attempt", "throttled attempts"},
};
static const char *const mark_ids[PSG_MARK_COUNT] = {"refused", "wrong", "throttled"};

static void put_strip_heads(struct html *html, const char *caption, const char *first,
			    const char *last)
{
	html_open(html, "table", "class", "strips", NULL);
	html_open(html, "caption", "class", "unseen", NULL);
	html_text(html, caption);
	html_close(html);
	html_open(html, "thead", NULL);
	html_open(html, "tr", NULL);
	html_open(html, "th", "scope", "col", NULL);
	html_text(html, first);
	html_close(html);
	html_open(html, "th", "scope", "col", "class", "axis", NULL);
	html_open(html, "span", "class", "unseen", NULL);
	html_text(html, "When");
	html_close(html);
	html_open(html, "svg", "width", "100%", "height", "16", "aria-hidden", "true", NULL);
	page_ticks(html, true);
	html_close(html);
	html_close(html);
	html_open(html, "th", "scope", "col", NULL);
	html_text(html, last);
	html_close(html);
	html_close(html);
	html_close(html);
	html_open(html, "tbody", NULL);
}

/* -- bars and marks -- */

/* Its place among those held most: which colour. */
static size_t colour_of(const struct html *html, const struct psg_holding *holding)
{
	const struct psg_ledger_view *view = html->view;

	for (size_t i = 0; i < view->target_count && i < COLOURS; i++)
		if (view->targets[i].name == holding->target &&
		    view->targets[i].kind == holding->kind)
			return i;
	return COLOURS;
}

/* Some holdings of one target that are drawn as one bar. */
struct bar {
	double from, to;
	size_t count;
	const struct psg_holding *first;
	int y;
};

static void put_bar(struct html *html, const struct bar *bar)
{
	double width = bar->to - bar->from;
	char from[PSG_TIME_SIZE], held[PSG_TIME_SIZE];

	if (bar->count == 0)
		return;
	html_open(html, "rect", "rx", "1.5", NULL);
	html_attribute_format(html, "class", "g%zu", colour_of(html, bar->first));
	page_percent_put(html, "x", bar->from);
	page_percent_put(html, "width", width < 0.3 ? 0.3 : width);
	html_attribute_format(html, "y", "%d", bar->y);
	html_attribute_format(html, "height", "%d", LANE_HEIGHT - 2);
	html_open(html, "title", NULL);
	psg_time_format(bar->first->start_s, from);
	if (bar->count == 1)
		html_format(html, "%s, from %s, %s%s%s", bar->first->target, from,
			    html_duration(bar->first->held_s, held), bar->first->reason ? ": " : "",
			    bar->first->reason ? bar->first->reason : "");
	else
		html_format(html, "%s, %zu activations, the first from %s", bar->first->target,
			    bar->count, from);
	html_close(html);
	html_close(html);
}

static int lane_y(size_t lane)
{
	return PAGE_MARKS_HEIGHT + (int)(lane < LANES_MAX ? lane : LANES_MAX - 1) * LANE_HEIGHT;
}

static size_t lanes_of(const struct html *html, const struct psg_ledger_sum *sum)
{
	const struct psg_holding *const *run = html->view->by_user + sum->holding_first;
	size_t lanes = 1;

	for (size_t i = 1; i < sum->holdings; i++)
		lanes += run[i]->target != run[i - 1]->target || run[i]->kind != run[i - 1]->kind;
	return lanes < LANES_MAX ? lanes : LANES_MAX;
}

static void put_bars(struct html *html, const struct psg_ledger_sum *sum)
{
	const struct psg_holding *const *run = html->view->by_user + sum->holding_first;
	struct bar bar = {.count = 0};
	size_t lane = 0;

	for (size_t i = 0; i < sum->holdings; i++) {
		bool other = i > 0 && (run[i]->target != run[i - 1]->target ||
				       run[i]->kind != run[i - 1]->kind);
		double from = page_percent(html, run[i]->start_s),
		       to = page_percent(html, run[i]->end_s);

		lane += other;
		if (other || (bar.count > 0 && from - bar.to > 100.0 / PAGE_BINS)) {
			put_bar(html, &bar);
			bar.count = 0;
		}
		if (bar.count++ == 0) {
			bar.first = run[i];
			bar.from = from;
			bar.to = from;
			bar.y = lane_y(lane);
		}
		bar.to = to > bar.to ? to : bar.to;
	}
	put_bar(html, &bar);
}

static void put_mark(struct html *html, enum psg_mark_kind kind, const struct psg_mark *first,
		     size_t count)
{
	char when[PSG_TIME_SIZE];

	if (count == 0)
		return;
	psg_time_format(first->time_s, when);
	html_open(html, "use", "class", mark_ids[kind], "y", "7", NULL);
	html_attribute_format(html, "href", "#mark-%s", mark_ids[kind]);
	page_percent_put(html, "x", page_percent(html, first->time_s));
	html_open(html, "title", NULL);
	html_format(html, "%zu %s, %s%s", count, mark_words[kind][count != 1],
		    count > 1 ? "the first " : "", when);
	html_close(html);
	html_close(html);
}

static void put_marks(struct html *html, const struct psg_mark *const *run, size_t count)
{
	for (int kind = 0; kind < PSG_MARK_COUNT; kind++) {
		const struct psg_mark *first = NULL;
		size_t together = 0;

		for (size_t i = 0; i < count; i++) {
			if ((int)run[i]->kind != kind)
				continue;
			if (first &&
			    page_percent(html, run[i]->time_s) - page_percent(html, first->time_s) >
				100.0 / PAGE_BINS) {
				put_mark(html, (enum psg_mark_kind)kind, first, together);
				together = 0;
			}
			if (together++ == 0)
				first = run[i];
		}
		put_mark(html, (enum psg_mark_kind)kind, first, together);
	}
}

/* What the strip shows, in words: for who cannot see it, and beside it. */
static void sum_words(const struct psg_ledger_sum *sum, bool person, struct psg_buf *out)
{
	char held[PSG_TIME_SIZE];

	if (sum->holdings > 0)
		psg_buf_format(out, "%s in %zu %s", html_duration(sum->held_s, held), sum->holdings,
			       sum->holdings == 1 ? "activation" : "activations");
	if (sum->holdings > 0 && !person)
		psg_buf_format(out, " of %zu %s", sum->others,
			       sum->others == 1 ? "person" : "people");
	for (size_t i = 0; i < PSG_MARK_COUNT; i++)
		if (sum->marks[i] > 0)
			psg_buf_format(out, "%s%zu %s", out->len > 0 ? ", " : "", sum->marks[i],
				       mark_words[i][sum->marks[i] != 1]);
}

static void svg_open(struct html *html, const char *name, const char *words, int height)
{
	html_open(html, "svg", "width", "100%", "role", "img", NULL);
	html_attribute_format(html, "height", "%d", height);
	html_attribute_format(html, "aria-label", "%s: %s", name, words);
	page_ticks(html, false);
}

static void put_row_end(struct html *html, const char *words)
{
	html_close(html);
	html_close(html);
	html_open(html, "td", "class", "sum", NULL);
	html_text(html, words);
	html_close(html);
	html_close(html);
}

static void put_person(struct html *html, const struct psg_ledger_sum *sum)
{
	const char *name = sum->name ? sum->name : "nobody named";
	struct psg_buf words PSG_CLEANUP(psg_buf_clear) = {0};

	sum_words(sum, true, &words);
	html->failed |= words.failed;
	html_raw(html, "\n");
	html_open(html, "tr", NULL);
	html_cell_key(html, name);
	html_open(html, "td", "class", "strip", NULL);
	svg_open(html, name, words.data ? words.data : "",
		 PAGE_MARKS_HEIGHT + (int)lanes_of(html, sum) * LANE_HEIGHT);
	put_bars(html, sum);
	put_marks(html, html->view->marks_by_user + sum->mark_first, sum->mark_count);
	put_row_end(html, words.data);
}

static void put_target(struct html *html, const struct psg_ledger_sum *sum, size_t colour)
{
	const char *name = sum->name ? sum->name : "names no group";
	struct psg_buf words PSG_CLEANUP(psg_buf_clear) = {0};
	unsigned bins[PAGE_BINS] = {0}, most = 0;

	html->failed |= !page_crowd_count(html, sum, bins, &most);
	sum_words(sum, false, &words);
	if (most > 1)
		psg_buf_format(&words, ", at most %u at once", most);
	html->failed |= words.failed;
	html_raw(html, "\n");
	html_open(html, "tr", NULL);
	html_cell_key(html, name);
	html_open(html, "td", "class", "strip", NULL);
	svg_open(html, name, words.data ? words.data : "", PAGE_MARKS_HEIGHT + PAGE_CROWD_HEIGHT);
	if (most > 0)
		page_crowd_put(html, sum, colour, bins, most);
	put_marks(html, html->view->marks_by_target + sum->mark_first, sum->mark_count);
	put_row_end(html, words.data);
}

/* -- all of it -- */

static void put_shapes(struct html *html)
{
	static const char *const shapes[PSG_MARK_COUNT] = {
	    [PSG_MARK_REFUSED] = "M-4.5-4h9L0 4.5z",
	    [PSG_MARK_WRONG] = "M-4-4 4 4M4-4-4 4",
	    [PSG_MARK_THROTTLED] = "M-3.5-4v8M0-4v8M3.5-4v8",
	};

	html_open(html, "svg", "class", "shapes", "width", "0", "height", "0", "aria-hidden",
		  "true", NULL);
	html_open(html, "defs", NULL);
	for (size_t i = 0; i < PSG_MARK_COUNT; i++) {
		html_open(html, "path", "d", shapes[i], NULL);
		html_attribute_format(html, "id", "mark-%s", mark_ids[i]);
		html_close(html);
	}
	html_close(html);
	html_close(html);
}

static void put_key(struct html *html, const char *class_name, const char *mark, const char *words)
{
	html_open(html, "li", NULL);
	html_open(html, "svg", "width", "14", "height", "14", "aria-hidden", "true", NULL);
	if (mark) {
		html_open(html, "use", "class", mark, "x", "7", "y", "7", NULL);
		html_attribute_format(html, "href", "#mark-%s", mark);
	} else {
		html_open(html, "rect", "class", class_name, "width", "14", "height", "10", "y",
			  "2", "rx", "1.5", NULL);
	}
	html_close(html);
	html_close(html);
	html_text(html, words);
	html_close(html);
}

static void put_legend(struct html *html)
{
	const struct psg_ledger_view *view = html->view;
	size_t held = 0;

	html_open(html, "ul", "class", "legend", NULL);
	for (size_t i = 0; i < view->target_count; i++)
		held += view->targets[i].holdings > 0;
	for (size_t i = 0; i < held && i < COLOURS; i++) {
		char class_name[8];

		snprintf(class_name, sizeof(class_name), "g%zu", i);
		put_key(html, class_name, NULL, view->targets[i].name);
	}
	if (held > COLOURS)
		put_key(html, "g6", NULL, "other groups");
	for (size_t i = 0; i < PSG_MARK_COUNT; i++) {
		size_t all = 0;

		for (size_t j = 0; j < view->person_count; j++)
			all += view->people[j].marks[i];
		if (all > 0)
			put_key(html, NULL, mark_ids[i], mark_words[i][1]);
	}
	html_close(html);
}

static void put_strips(struct html *html, bool people)
{
	const struct psg_ledger_view *view = html->view;
	const struct psg_ledger_sum *sums = people ? view->people : view->targets;
	size_t count = people ? view->person_count : view->target_count;
	size_t shown = count < STRIPS_MAX ? count : STRIPS_MAX;

	html_element(html, "h3", people ? "By person" : "By group");
	html_left_out(html, shown, count,
		      "psgctl report --format csv --table activations --output -");
	put_strip_heads(html,
			people ? "What each person held, and what failed"
			       : "How many held each group, and what failed",
			people ? "Who" : "Group or set", "In words");
	for (size_t i = 0; i < shown; i++) {
		if (people)
			put_person(html, &sums[i]);
		else
			put_target(html, &sums[i], i < COLOURS ? i : COLOURS);
	}
	html_table_end(html);
}

void page_timelines(struct html *html)
{
	const struct psg_ledger_view *view = html->view;

	if (view->person_count == 0) {
		html_open(html, "p", "class", "nothing", NULL);
		html_text(html, "Nothing was held, and nothing failed, in this time.");
		html_close(html);
		return;
	}
	put_shapes(html);
	put_legend(html);
	put_strips(html, true);
	if (view->target_count > 0)
		put_strips(html, false);
}
