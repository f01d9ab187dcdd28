#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "documents.h"
#include "psg/text.h"

#define CHILDREN_MAX 2048U

struct writing {
	struct documents *documents;
	struct psg_buf *buf;
	const char *prefix; /* "" or "m:" */
};

static uint64_t chance(struct writing *writing, uint64_t below)
{
	return documents_random(writing->documents, below);
}

/* -- in any form -- */

static void put_between(struct writing *writing)
{
	static const char *const spaces[] = {"", " ", "\n", "\r\n\t", "\n    ", "\n\n"};
	static const char *const more[] = {"<!-- a comment -->", "<?tool says so?>", "<!---->",
					   "<!-- <label>not this</label> -->"};

	psg_buf_text(writing->buf, spaces[chance(writing, PSG_COUNT(spaces))]);
	if (chance(writing, 8) == 0)
		psg_buf_text(writing->buf, more[chance(writing, PSG_COUNT(more))]);
	psg_buf_text(writing->buf, spaces[chance(writing, PSG_COUNT(spaces))]);
}

static void put_reference(struct writing *writing, uint32_t code)
{
	psg_buf_format(writing->buf, chance(writing, 2) ? "&#%u;" : "&#x%X;", code);
}

static void put_character(struct writing *writing, const char *text, size_t len, uint32_t code)
{
	static const char *const names[][2] = {
	    {"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&apos;"}};

	if (code == '\r' || chance(writing, 12) == 0) {
		put_reference(writing, code);
		return;
	}
	if (chance(writing, 16) == 0)
		psg_buf_text(writing->buf, "<!-- inside -->");
	if (chance(writing, 12) == 0) {
		psg_buf_text(writing->buf, "<![CDATA[");
		psg_buf_put(writing->buf, text, len);
		psg_buf_text(writing->buf, "]]>");
		return;
	}
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		/* A quote may stand as it is. */
		if (*names[i][0] == *text && (i < 3 || chance(writing, 2))) {
			psg_buf_text(writing->buf, names[i][1]);
			return;
		}
	}
	psg_buf_put(writing->buf, text, len);
}

static void put_text(struct writing *writing, const char *text)
{
	size_t left = strlen(text);

	while (left > 0) {
		uint32_t code;
		size_t len = psg_utf8_next(text, left, &code);

		put_character(writing, text, len, code);
		text += len;
		left -= len;
	}
}

static void put_duration(struct writing *writing, unsigned long seconds)
{
	char iso[PSG_TIME_SIZE];

	psg_duration_format((int64_t)seconds, iso);
	if (seconds % 3600 == 0 && chance(writing, 2))
		psg_buf_format(writing->buf, chance(writing, 2) ? "%luh" : "PT%luH",
			       seconds / 3600);
	else if (seconds % 60 == 0 && chance(writing, 2))
		psg_buf_format(writing->buf, chance(writing, 2) ? "%lum" : "PT%luM", seconds / 60);
	else if (chance(writing, 2))
		psg_buf_format(writing->buf, chance(writing, 2) ? "%lus" : "PT%luS", seconds);
	else
		psg_buf_text(writing->buf, iso);
}

static void put_leaf(struct writing *writing, const struct value *value)
{
	static const char *const around[] = {"", "", "", " ", "\n        ", "\t"};

	psg_buf_text(writing->buf, around[chance(writing, PSG_COUNT(around))]);
	if (value->type->kind == PSG_ELEMENT_BOOLEAN && chance(writing, 2))
		psg_buf_text(writing->buf, *value->text == 't' ? "1" : "0");
	else if (value->type->kind == PSG_ELEMENT_DURATION)
		put_duration(writing, strtoul(value->text, NULL, 10));
	else
		put_text(writing, value->text);
	psg_buf_text(writing->buf, around[chance(writing, PSG_COUNT(around))]);
}

static void put_children(struct writing *writing, const struct value *parent);

static void put_element(struct writing *writing, const struct value *value)
{
	const char *name = value->type->name;

	psg_buf_format(writing->buf, "<%s%s", writing->prefix, name);
	if (value->type->kind != PSG_ELEMENT_ITEM && !*value->text && chance(writing, 2)) {
		psg_buf_text(writing->buf, " />");
		return;
	}
	psg_buf_text(writing->buf, chance(writing, 6) ? ">" : " >");
	if (value->type->kind == PSG_ELEMENT_ITEM)
		put_children(writing, value);
	else
		put_leaf(writing, value);
	psg_buf_format(writing->buf, "</%s%s>", writing->prefix, name);
}

/* A random order in which those of one name stay together. */
static void shuffle(struct writing *writing, const struct value **list, size_t count)
{
	const struct value *mixed[CHILDREN_MAX];
	size_t made = 0;

	memcpy(mixed, list, count * sizeof(*list));
	for (size_t i = count; i > 1; i--) {
		size_t other = chance(writing, i);
		const struct value *moved = mixed[i - 1];

		mixed[i - 1] = mixed[other];
		mixed[other] = moved;
	}
	for (size_t i = 0; i < count; i++) {
		const struct value *first = mixed[i];

		for (size_t j = i; first && j < count; j++) {
			if (!mixed[j] || mixed[j]->type != first->type)
				continue;
			list[made++] = mixed[j];
			mixed[j] = NULL;
		}
	}
	assert_int_equal(made, count);
}

static void put_list(struct writing *writing, const struct value **list, size_t count)
{
	shuffle(writing, list, count);
	for (size_t i = 0; i < count; i++) {
		put_between(writing);
		put_element(writing, list[i]);
	}
	put_between(writing);
}

static void put_children(struct writing *writing, const struct value *parent)
{
	const struct value *list[CHILDREN_MAX];

	assert_true(parent->count <= CHILDREN_MAX);
	for (size_t i = 0; i < parent->count; i++)
		list[i] = &parent->children[i];
	put_list(writing, list, parent->count);
}

/* What is in the root, and what may be there and is not kept. */
static void put_root(struct writing *writing)
{
	const struct documents *documents = writing->documents;
	const struct psg_element_type *elements = documents->type->elements;
	struct value name = {.type = psg_element_type_find(elements, "fullName"),
			     .text = (char *)(uintptr_t)documents_name(documents)};
	struct value status = {.type = psg_element_type_find(elements, "status"),
			       .text = (char *)(uintptr_t) "Outdated"};
	const struct value *list[CHILDREN_MAX];
	size_t count = documents->root.count;

	assert_true(count + 2 <= CHILDREN_MAX);
	for (size_t i = 0; i < count; i++)
		list[i] = &documents->root.children[i];
	if (chance(writing, 3) == 0)
		list[count++] = &name;
	if (status.type && chance(writing, 2))
		list[count++] = &status;
	put_list(writing, list, count);
}

const char *documents_name(const struct documents *documents)
{
	if (strcmp(documents->type->name, "Settings") == 0)
		return "Gate";
	return documents->name ? documents->name : "Random";
}

void documents_write(struct documents *documents, struct psg_buf *ret)
{
	static const char *const beginnings[] = {
	    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
	    "\xEF\xBB\xBF<?xml version='1.0' encoding='utf-8' standalone=\"yes\" ?>",
	    "<?xml version=\"1.0\"?><!-- before -->",
	    "",
	    "\xEF\xBB\xBF",
	};
	const struct psg_file_type *type = documents->type;
	struct writing writing = {.documents = documents, .buf = ret, .prefix = ""};

	psg_buf_text(ret, beginnings[chance(&writing, PSG_COUNT(beginnings))]);
	if (chance(&writing, 5) == 0)
		writing.prefix = "m:";
	psg_buf_format(ret, "<%s%s xmlns%s=\"%s\">", writing.prefix, type->root,
		       *writing.prefix ? ":m" : "", type->ns);
	put_root(&writing);
	psg_buf_format(ret, "</%s%s>%s", writing.prefix, type->root,
		       chance(&writing, 2) ? "\n<!-- after -->\n" : "");
	assert_false(ret->failed);
}

/* -- in the one form -- */

static const char *key_of(const struct value *value, size_t number)
{
	if (value->type->kind != PSG_ELEMENT_ITEM)
		return number == 0 ? value->text : "";
	for (const struct psg_element_type *type = value->type->children; type->name; type++) {
		if (!(type->flags & PSG_ELEMENT_KEY) || number-- > 0)
			continue;
		for (size_t i = 0; i < value->count; i++)
			if (value->children[i].type == type)
				return value->children[i].text;
	}
	return "";
}

static int by_name_and_key(const void *a, const void *b)
{
	const struct value *const *x = a, *const *y = b;
	int order = strcmp((*x)->type->name, (*y)->type->name);

	for (size_t i = 0; order == 0 && i < 2; i++)
		order = strcmp(key_of(*x, i), key_of(*y, i));
	return order;
}

static void expect_text(const char *text, struct psg_buf *ret)
{
	for (; *text; text++) {
		switch (*text) {
		case '&':
			psg_buf_text(ret, "&amp;");
			break;
		case '<':
			psg_buf_text(ret, "&lt;");
			break;
		case '>':
			psg_buf_text(ret, "&gt;");
			break;
		case '"':
			psg_buf_text(ret, "&quot;");
			break;
		case '\'':
			psg_buf_text(ret, "&apos;");
			break;
		case '\r':
			psg_buf_text(ret, "&#13;");
			break;
		default:
			psg_buf_put(ret, text, 1);
		}
	}
}

static void expect_children(const struct value *parent, int depth, struct psg_buf *ret)
{
	const struct value *list[CHILDREN_MAX];
	char iso[PSG_TIME_SIZE];

	for (size_t i = 0; i < parent->count; i++)
		list[i] = &parent->children[i];
	qsort(list, parent->count, sizeof(*list), by_name_and_key);
	for (size_t i = 0; i < parent->count; i++) {
		const struct psg_element_type *type = list[i]->type;
		bool item = type->kind == PSG_ELEMENT_ITEM;

		if (item ? list[i]->count == 0 : !*list[i]->text)
			continue;
		psg_buf_format(ret, "%*s<%s>%s", depth * 4, "", type->name, item ? "\n" : "");
		if (item)
			expect_children(list[i], depth + 1, ret);
		psg_duration_format(item ? 0 : (int64_t)strtoul(list[i]->text, NULL, 10), iso);
		if (!item)
			expect_text(type->kind == PSG_ELEMENT_DURATION ? iso : list[i]->text, ret);
		psg_buf_format(ret, "%*s</%s>\n", item ? depth * 4 : 0, "", type->name);
	}
}

void documents_expect(const struct documents *documents, struct psg_buf *ret)
{
	const struct psg_file_type *type = documents->type;

	psg_buf_format(ret, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<%s xmlns=\"%s\">\n",
		       type->root, type->ns);
	expect_children(&documents->root, 1, ret);
	psg_buf_format(ret, "</%s>\n", type->root);
	assert_false(ret->failed);
}
