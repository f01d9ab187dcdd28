#include "documents.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* What a value may be made of: everything that is escaped, white space, and characters of two to four bytes. */
static const char *const pieces[] = {
    "a",
    "B",
    "7",
    "_",
    "-",
    ".",
    " ",
    "&",
    "<",
    ">",
    "\"",
    "'",
    "]]>",
    "%",
    "&amp;",
    "<!--",
    "\xc3\xa9",
    "\xe6\x97\xa5",
    "\xf0\x9f\x94\x91",
    "\xc2\xa0",
    "\xe2\x80\xa8",
};
static const char *const breaks[] = {"\n", "\r", "\t", "\r\n"};
static const char *const patterns[] = {"(INC|CHG)[0-9]+.*", "[<&\"']+", ".{3,80}", "a>b"};

/* splitmix64. */
uint64_t documents_random(struct documents *documents, uint64_t below)
{
	uint64_t z = documents->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return (z ^ (z >> 31)) % below;
}

static char *finish(struct psg_buf *buf)
{
	char *text = strdup(buf->data ? buf->data : "");

	assert_non_null(text);
	psg_buf_clear(buf);
	return text;
}

/* At most `high` characters, of them the first and the last no white space; now and then exactly so many. */
static char *make_text(struct documents *documents, size_t high, bool line, bool empty)
{
	struct psg_buf buf = {0};
	size_t most =
	    documents_random(documents, 8) == 0 ? high : 1 + documents_random(documents, 12);
	size_t count = 0;

	if (empty && documents_random(documents, 6) == 0)
		return finish(&buf);
	most = most < high ? most : high;
	while (count + 1 < most) {
		const char *piece = pieces[documents_random(documents, PSG_COUNT(pieces))];

		if (!line && count > 0 && documents_random(documents, 10) == 0)
			piece = breaks[documents_random(documents, PSG_COUNT(breaks))];
		if (count == 0 && *piece == ' ')
			piece = "x";
		if (count + psg_utf8_count(piece) + 1 > most)
			piece = "y";
		psg_buf_text(&buf, piece);
		count += psg_utf8_count(piece);
	}
	psg_buf_text(&buf, "z");
	return finish(&buf);
}

/* Different from all before. With a namespace, now and then. */
static char *make_name(struct documents *documents, bool plain)
{
	struct psg_buf buf = {0};

	if (!plain && documents_random(documents, 2)) {
		char *text = make_text(documents, PSG_NAME_MAX - 12, true, false);

		psg_buf_text(&buf, text);
		free(text);
	} else if (documents_random(documents, 4) == 0) {
		psg_buf_text(&buf, "force__");
	}
	psg_buf_format(&buf, "%c%u", 'A' + (int)documents_random(documents, 26),
		       documents->names++);
	return finish(&buf);
}

static char *make_leaf(struct documents *documents, const struct psg_element_type *type)
{
	struct psg_buf buf = {0};
	size_t count = 0;

	switch (type->kind) {
	case PSG_ELEMENT_TEXT:
		if (strcmp(type->name, "reasonPattern") == 0)
			return strdup(patterns[documents_random(documents, PSG_COUNT(patterns))]);
		/* Where a colon is not allowed: no piece has one. */
		return make_text(documents, type->high, type->flags & PSG_ELEMENT_LINE,
				 !(type->flags & PSG_ELEMENT_REQUIRED));
	case PSG_ELEMENT_NAME:
		/* The first of two keys: the second tells them apart. */
		if (strcmp(type->name, "group") == 0 && documents_random(documents, 2))
			return strdup("ops");
		return make_name(documents, strcmp(type->name, "exemptUsers") == 0 ||
						strcmp(type->name, "group") == 0 ||
						strstr(type->name, "ermissionSets"));
	case PSG_ELEMENT_BOOLEAN:
		return strdup(documents_random(documents, 2) ? "true" : "false");
	case PSG_ELEMENT_ENUM:
		while (type->values[count])
			count++;
		return strdup(type->values[documents_random(documents, count)]);
	case PSG_ELEMENT_NUMBER:
		psg_buf_format(
		    &buf, "%u",
		    type->low + (unsigned)documents_random(documents, type->high - type->low + 1));
		return finish(&buf);
	case PSG_ELEMENT_DURATION:
		psg_buf_format(&buf, "%u", 1 + (unsigned)documents_random(documents, 1000000));
		return finish(&buf);
	case PSG_ELEMENT_ANY:
	case PSG_ELEMENT_ITEM:
		break;
	}
	fail_msg("no leaf: %s", type->name);
	return NULL;
}

static void fill(struct documents *documents, struct value *parent,
		 const struct psg_element_type *table);

static void add(struct documents *documents, struct value *parent,
		const struct psg_element_type *type)
{
	struct value *value;

	parent->children = reallocarray(parent->children, parent->count + 1, sizeof(*value));
	assert_non_null(parent->children);
	value = &parent->children[parent->count++];
	*value = (struct value){.type = type};
	if (type->kind == PSG_ELEMENT_ITEM)
		fill(documents, value, type->children);
	else
		value->text = make_leaf(documents, type);
}

static void fill(struct documents *documents, struct value *parent,
		 const struct psg_element_type *table)
{
	for (const struct psg_element_type *type = table; type->name; type++) {
		size_t count =
		    (type->flags & PSG_ELEMENT_REQUIRED) || documents_random(documents, 2);

		if (type->flags & PSG_ELEMENT_DERIVED)
			continue;
		if (type->flags & PSG_ELEMENT_REPEATS)
			count =
			    documents_random(documents, documents_random(documents, 16) ? 4 : 40);
		while (count-- > 0)
			add(documents, parent, type);
	}
}

struct value *documents_find(struct documents *documents, const char *name)
{
	for (size_t i = 0; i < documents->root.count; i++)
		if (strcmp(documents->root.children[i].type->name, name) == 0)
			return &documents->root.children[i];
	return NULL;
}

static void set(struct value *value, uint64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)number);
	if (value) {
		free(value->text);
		value->text = strdup(text);
	}
}

/* warnBefore < lifetime <= maximumLifetime, delay <= maximumDelay. */
static void make_times_agree(struct documents *documents)
{
	struct value *throttle = documents_find(documents, "throttle");

	set(documents_find(documents, "defaultLifetime"),
	    600 + documents_random(documents, 100000));
	set(documents_find(documents, "warnBefore"), 1 + documents_random(documents, 500));
	set(documents_find(documents, "lifetime"), 600 + documents_random(documents, 100000));
	set(documents_find(documents, "maximumLifetime"),
	    200000 + documents_random(documents, 31000000));
	for (size_t i = 0; throttle && i < throttle->count; i++) {
		const char *name = throttle->children[i].type->name;

		/* Where one is missing it is 30 s, or 15 min. */
		if (strcmp(name, "delay") == 0)
			set(&throttle->children[i], 1 + documents_random(documents, 30));
		else if (strcmp(name, "maximumDelay") == 0)
			set(&throttle->children[i], 30 + documents_random(documents, 90000));
	}
}

static void clear(struct value *value)
{
	for (size_t i = 0; i < value->count; i++)
		clear(&value->children[i]);
	free(value->children);
	free(value->text);
	*value = (struct value){0};
}

void documents_clear(struct documents *documents)
{
	clear(&documents->root);
}

void documents_next(struct documents *documents)
{
	size_t count = 0;

	while (psg_file_types[count].name)
		count++;
	clear(&documents->root);
	documents->names = 0;
	documents->type = &psg_file_types[documents_random(documents, count)];
	fill(documents, &documents->root, documents->type->elements);
	make_times_agree(documents);
}

/* -- change -- */

static void change_text(struct value *value)
{
	struct psg_buf buf = {0};

	/* The last character is one byte: the length stays what it may be. */
	psg_buf_text(&buf, value->text);
	if (buf.len > 0)
		buf.data[buf.len - 1] = buf.data[buf.len - 1] == 'Q' ? 'R' : 'Q';
	else
		psg_buf_text(&buf, "Q");
	free(value->text);
	value->text = finish(&buf);
}

static void change_leaf(struct documents *documents, struct value *value)
{
	const struct psg_element_type *type = value->type;
	char *old = value->text;

	if (strcmp(type->name, "reasonPattern") != 0 &&
	    (type->kind == PSG_ELEMENT_TEXT || type->kind == PSG_ELEMENT_NAME)) {
		change_text(value);
		return;
	}
	if (type->kind == PSG_ELEMENT_DURATION) {
		set(value, strtoull(old, NULL, 10) + (strcmp(type->name, "delay") == 0 ? -1 : 1));
		return;
	}
	do {
		if (value->text != old)
			free(value->text);
		value->text = make_leaf(documents, type);
	} while (strcmp(value->text, old) == 0);
	free(old);
}

static void remove_child(struct value *parent, size_t at)
{
	clear(&parent->children[at]);
	memmove(&parent->children[at], &parent->children[at + 1],
		(parent->count - at - 1) * sizeof(*parent->children));
	parent->count--;
}

/* False where nothing would be different: it was not said before, by an empty element. */
static bool can_go(const struct value *value)
{
	return !(value->type->flags & PSG_ELEMENT_REQUIRED) &&
	       (value->type->kind == PSG_ELEMENT_ITEM ? value->count > 0 : *value->text != '\0');
}

static bool is_delay_of_a_second(const struct value *value)
{
	return strcmp(value->type->name, "delay") == 0 && strcmp(value->text, "1") == 0;
}

void documents_change(struct documents *documents)
{
	struct value *parent = &documents->root;

	for (;;) {
		if (parent->count == 0) {
			/* Only ours may have nothing in them, and then nothing to change. */
			add(documents, &documents->root, &documents->type->elements[0]);
			return;
		}
		size_t at = documents_random(documents, parent->count);
		struct value *value = &parent->children[at];

		if (can_go(value) && documents_random(documents, 3) == 0) {
			remove_child(parent, at);
			return;
		}
		if (value->type->kind == PSG_ELEMENT_ITEM) {
			parent = value->count > 0 ? value : &documents->root;
		} else if (!is_delay_of_a_second(value)) {
			change_leaf(documents, value);
			return;
		}
	}
}
