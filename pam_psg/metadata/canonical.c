/* A validated tree to its one text: what means the same has the same bytes, in Salesforce's own formatting.
 *
 * Driven by the tables: nothing is known here of any one type. "Unchanged" is equality of these bytes, so
 * MUST NOT lose anything that was said (canonical_test: a_change_of_meaning_shows)
 * MUST NOT keep how it was said (every_form_has_the_one_form), or reformatting a file would be a change
 * MUST be its own canonical form (canonical_of_canonical), or every retrieve would be one */
#include "metadata.h"

#include <stdlib.h>
#include <string.h>

#include "psg/text.h"

/* An item has at most nine children: no allocation for each of half a million. */
#define FEW 16U

struct entry {
	const struct psg_xml_node *node;
	const struct psg_element_type *element;
	const char *key[PSG_KEYS_MAX];
};

static int compare(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int order = x->element == y->element ? 0 : strcmp(x->element->name, y->element->name);

	/* No two elements share name and keys: psg_validate_repeats. */
	for (size_t i = 0; order == 0 && i < PSG_KEYS_MAX; i++)
		order = strcmp(x->key[i], y->key[i]);
	return order;
}

static void put_escaped(struct psg_buf *buf, const char *text)
{
	for (;;) {
		size_t plain = strcspn(text, "&<>\"'\r");

		psg_buf_put(buf, text, plain);
		text += plain;
		if (!*text)
			return;
		switch (*text++) {
		case '&':
			psg_buf_text(buf, "&amp;");
			break;
		case '<':
			psg_buf_text(buf, "&lt;");
			break;
		case '>':
			psg_buf_text(buf, "&gt;");
			break;
		case '"':
			psg_buf_text(buf, "&quot;");
			break;
		case '\'':
			psg_buf_text(buf, "&apos;");
			break;
		default: /* a bare CR would be read back as LF: XML 1.0, section 2.11 */
			psg_buf_text(buf, "&#13;");
		}
	}
}

/* A leaf's value in its one spelling. Numbers have but one: psg_u64_parse takes no leading zero. */
static void put_value(struct psg_buf *buf, const struct entry *entry)
{
	char duration[PSG_TIME_SIZE];
	int64_t seconds;
	bool on;

	if (entry->element->kind == PSG_ELEMENT_BOOLEAN &&
	    psg_boolean_parse(entry->node->text, &on)) {
		psg_buf_text(buf, on ? "true" : "false");
	} else if (entry->element->kind == PSG_ELEMENT_DURATION &&
		   psg_duration_parse(entry->node->text, &seconds) == PSG_OK) {
		psg_duration_format(seconds, duration);
		psg_buf_text(buf, duration);
	} else {
		put_escaped(buf, entry->node->text);
	}
}

/* Neither value nor children: it says what its absence says. */
static bool is_empty(const struct psg_xml_node *node, const struct psg_element_type *element)
{
	return element->kind == PSG_ELEMENT_ITEM ? !node->children : !*node->text;
}

static void put_indent(struct psg_buf *buf, unsigned depth)
{
	for (unsigned i = 0; i < depth; i++)
		psg_buf_text(buf, "    ");
}

static enum psg_err put_children(struct psg_buf *buf, const struct psg_xml_node *node,
				 const struct psg_element_type *table,
				 const struct psg_xml_node *derived, unsigned depth);

static enum psg_err put_element(struct psg_buf *buf, const struct entry *entry, unsigned depth)
{
	const char *name = entry->node->name;
	enum psg_err err = PSG_OK;

	put_indent(buf, depth);
	psg_buf_text(buf, "<");
	psg_buf_text(buf, name);
	if (entry->element->kind == PSG_ELEMENT_ITEM) {
		psg_buf_text(buf, ">\n");
		err = put_children(buf, entry->node, entry->element->children, NULL, depth + 1);
		put_indent(buf, depth);
	} else {
		psg_buf_text(buf, ">");
		put_value(buf, entry);
	}
	psg_buf_text(buf, "</");
	psg_buf_text(buf, name);
	psg_buf_text(buf, ">\n");
	return err;
}

/* Adds what is to be written of a list of siblings: what is derived, or what is not. */
static size_t collect(const struct psg_xml_node *list, const struct psg_element_type *table,
		      bool derived, struct entry *entries, size_t count)
{
	for (const struct psg_xml_node *node = list; node; node = node->next) {
		const struct psg_element_type *element = psg_element_type_find(table, node->name);

		if (!element || derived != !!(element->flags & PSG_ELEMENT_DERIVED) ||
		    is_empty(node, element))
			continue;
		entries[count] = (struct entry){.node = node, .element = element};
		psg_value_keys(node, element, entries[count++].key);
	}
	return count;
}

static enum psg_err put_children(struct psg_buf *buf, const struct psg_xml_node *node,
				 const struct psg_element_type *table,
				 const struct psg_xml_node *derived, unsigned depth)
{
	struct entry few[FEW], *entries = few;
	struct entry *many PSG_CLEANUP(psg_free_bytes) = NULL;
	enum psg_err err = PSG_OK;
	size_t count = node->child_count;

	for (const struct psg_xml_node *more = derived; more; more = more->next)
		count++;
	if (count > FEW)
		entries = many = calloc(count, sizeof(*many));
	if (!entries)
		return PSG_ERR_NO_MEMORY;
	count = collect(node->children, table, false, entries, 0);
	count = collect(derived, table, true, entries, count);
	if (count > 1)
		qsort(entries, count, sizeof(*entries), compare);
	for (size_t i = 0; i < count && err == PSG_OK; i++)
		err = put_element(buf, &entries[i], depth);
	return err;
}

enum psg_err psg_canonical_write_derived(const struct psg_xml_node *root,
					 const struct psg_file_type *type,
					 const struct psg_xml_node *derived, struct psg_buf *ret)
{
	enum psg_err err;

	psg_buf_text(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	psg_buf_format(ret, "<%s xmlns=\"%s\">\n", type->root, type->ns);
	err = put_children(ret, root, type->elements, derived, 1);
	psg_buf_format(ret, "</%s>\n", type->root);
	return err == PSG_OK && ret->failed ? PSG_ERR_NO_MEMORY : err;
}

enum psg_err psg_canonical_write(const struct psg_xml_node *root, const struct psg_file_type *type,
				 struct psg_buf *ret)
{
	return psg_canonical_write_derived(root, type, NULL, ret);
}
