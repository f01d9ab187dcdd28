/* What comes more than once: an element where one is allowed, a run that is broken, a value.
 *
 * Sets that were merged by hand name a field or a class twice (seen in what companies keep in git). Where both say the
 * same there is nothing to choose: a Warning, and one of them is kept. Else nobody knows which was meant. */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

/* An item has at most nine children: no allocation for each of half a million. */
#define FEW 16U

struct entry {
	struct psg_xml_node *node;
	const char *key[PSG_KEYS_MAX];
	bool rights; /* says something of the key */
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = strcmp(x->node->name, y->node->name);

	for (size_t i = 0; order == 0 && i < PSG_COUNT(x->key); i++)
		order = strcmp(x->key[i], y->key[i]);
	if (order == 0)
		order = (x->node->line > y->node->line) - (x->node->line < y->node->line);
	if (order == 0)
		order = (x->node->column > y->node->column) - (x->node->column < y->node->column);
	return order;
}

static struct entry make_entry(struct psg_xml_node *node, const struct psg_element_type *element)
{
	struct entry entry = {.node = node};

	psg_value_keys(node, element, entry.key);
	if (element->kind == PSG_ELEMENT_ITEM)
		for (element = element->children; element->name; element++)
			entry.rights |= !(element->flags & PSG_ELEMENT_KEY);
	return entry;
}

/* Whether two items say the same, in whatever order. An element that is there twice was reported. */
static bool same(const struct psg_xml_node *one, const struct psg_xml_node *two)
{
	for (const struct psg_xml_node *child = one->children; child; child = child->next) {
		const struct psg_xml_node *other = psg_xml_child(two, child->name);
		bool a, b;

		if (!other)
			return false;
		if (psg_boolean_parse(child->text, &a) && psg_boolean_parse(other->text, &b)) {
			if (a != b)
				return false;
		} else if (strcmp(child->text, other->text) != 0) {
			return false;
		}
	}
	return one->child_count == two->child_count;
}

static void report_twice(const struct entry *one, const struct entry *two,
			 struct psg_report *report)
{
	char snippet[PSG_SNIPPET_SIZE], second[PSG_SNIPPET_SIZE];

	psg_utf8_snippet(two->key[0], snippet);
	psg_utf8_snippet(two->key[1], second);
	if (two->rights && same(one->node, two->node)) {
		two->node->repeated = true;
		psg_report_warning(report, two->node, "Remove one of them.",
				   "'%s' is named twice in %s, before on line %d, and says the "
				   "same: it counts once",
				   snippet, two->node->name, one->node->line);
	} else {
		psg_report_error(report, two->node, "Keep one of them.",
				 "'%s%s%s' is named twice in %s, before on line %d", snippet,
				 *second ? ", " : "", second, two->node->name, one->node->line);
	}
}

static void report_values(struct entry *entries, size_t count, struct psg_report *report)
{
	if (count > 1)
		qsort(entries, count, sizeof(*entries), compare);
	for (size_t i = 1; i < count; i++) {
		const struct entry *one = &entries[i - 1], *two = &entries[i];

		if (strcmp(one->node->name, two->node->name) != 0 || !*two->key[0] ||
		    strcmp(one->key[0], two->key[0]) != 0 || strcmp(one->key[1], two->key[1]) != 0)
			continue;
		report_twice(one, two, report);
	}
}

static void drop_repeated(struct psg_xml_node *node)
{
	struct psg_xml_node **link = &node->children;

	while (*link) {
		if ((*link)->repeated) {
			*link = (*link)->next;
			node->child_count--;
		} else {
			link = &(*link)->next;
		}
	}
}

static void report_order(const struct psg_xml_node *child, const struct psg_xml_node *previous,
			 const struct psg_element_type *element, const char *type_name,
			 struct psg_report *report)
{
	if (!(element->flags & PSG_ELEMENT_REPEATS))
		psg_report_error(report, child, "Keep one of them.",
				 "Element %s is duplicated at this location in type %s",
				 child->name, type_name);
	else if (strcmp(previous->name, child->name) != 0)
		psg_report_error(report, child, "Put elements of one name next to each other.",
				 "Element %s is duplicated at this location in type %s",
				 child->name, type_name);
}

void psg_validate_repeats(struct psg_xml_node *node, const struct psg_element_type *table,
			  const char *type_name, struct psg_report *report)
{
	struct entry few[FEW], *entries = few;
	struct entry *many PSG_CLEANUP(psg_free_bytes) = NULL;
	const struct psg_xml_node *previous = NULL;
	uint64_t seen = 0;
	size_t count = 0;

	if (node->child_count > FEW)
		entries = many = calloc(node->child_count, sizeof(*many));
	if (!entries) {
		report->err = report->err ? report->err : PSG_ERR_NO_MEMORY;
		return;
	}
	for (struct psg_xml_node *child = node->children; child; child = child->next) {
		const struct psg_element_type *element = psg_element_type_find(table, child->name);
		uint64_t bit = element ? UINT64_C(1) << (element - table) : 0;

		if (element && (seen & bit))
			report_order(child, previous, element, type_name, report);
		if (element && (element->flags & PSG_ELEMENT_REPEATS) &&
		    !(element->flags & PSG_ELEMENT_TWICE))
			entries[count++] = make_entry(child, element);
		seen |= bit;
		previous = child;
	}
	report_values(entries, count, report);
	drop_repeated(node);
}
