/* XML to a small tree of our own, by libxml2's SAX2 parser.
 *
 * MUST refuse any DOCTYPE, so that no entity can be declared, expanded or fetched
 *      (metadata_test: doctype_is_refused, billion_laughs, external_entity)
 * MUST bound size, depth, the number of elements, what one tag may hold, and the length of names, for libxml2
 *      compares each attribute with all before it (size_bomb, depth_bomb, node_bomb, attribute_bomb, name_bomb)
 * MUST NOT keep a namespace's name for each of its elements (namespace_bomb)
 * MUST NOT accept a file that is cut short anywhere (truncated_everywhere)
 * MUST NOT print: libxml2's errors are collected, the first is the fault
 *
 * Why SAX2 and not the tree or xmlReader: a node's line in a tree stops at 65,535, the reader's position is
 * wherever the parser has read ahead to. In startElementNs the parser stands at the end of the start tag, whose '<'
 * is the nearest one before (no attribute value may hold another), in the bytes as they are in the file. */
#include "metadata.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_REASON "the file is not well-formed XML"

struct reading {
	xmlParserCtxtPtr parser;
	const char *bytes;
	size_t len, given;  /* to libxml2 */
	const xmlChar *uri; /* the root's, which libxml2 keeps once: equal is the same pointer */
	/* How far lines and columns were counted: one pass over the file, however many elements. */
	size_t at;
	int line, column;
	struct psg_xml *xml;
	struct psg_xml_node *open, *last[PSG_XML_DEPTH_MAX + 1];
	struct psg_buf text[PSG_XML_DEPTH_MAX + 1];
	size_t seen[PSG_XML_DEPTH_MAX + 1]; /* of it, to be white space */
	unsigned depth;
	size_t nodes;
	struct psg_xml_fault fault;
	enum psg_err err;
};

static void stop(struct reading *reading, enum psg_err err)
{
	if (reading->err == PSG_OK)
		reading->err = err;
	xmlStopParser(reading->parser);
}

static void refuse(struct reading *reading, size_t offset, const char *text, const char *remedy)
{
	if (reading->err != PSG_OK)
		return;
	psg_xml_locate(reading->bytes, offset < reading->len ? offset : reading->len,
		       &reading->fault.line, &reading->fault.column);
	snprintf(reading->fault.text, sizeof(reading->fault.text), "Error parsing file: %s", text);
	reading->fault.remedy = remedy;
	reading->err = PSG_ERR_INVALID;
}

static size_t offset_now(const struct reading *reading)
{
	long consumed = xmlByteConsumed(reading->parser);

	return consumed < 0 ? 0 : (size_t)consumed > reading->len ? reading->len : (size_t)consumed;
}

/* The offset of the '<' that the parser has just read the tag of. */
static size_t offset_of_tag(const struct reading *reading)
{
	size_t at = offset_now(reading);
	const char *tag = memrchr(reading->bytes, '<', at);

	return tag ? (size_t)(tag - reading->bytes) : at;
}

static void count_to(struct reading *reading, size_t offset)
{
	for (; reading->at < offset; reading->at++) {
		unsigned char byte = (unsigned char)reading->bytes[reading->at];

		if (byte == '\n') {
			reading->line++;
			reading->column = 1;
		} else if ((byte & 0xC0) != 0x80) {
			reading->column++;
		}
	}
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Text among elements belongs to none of them: where it is said to stand. */
static void find_text(struct reading *reading, const struct psg_xml_node *next)
{
	const struct psg_buf *text = &reading->text[reading->depth];
	size_t *seen = &reading->seen[reading->depth];

	while (*seen < text->len && is_space(text->data[*seen]))
		(*seen)++;
	if (*seen < text->len && !reading->open->after_text)
		reading->open->after_text = next;
}

static void add_node(struct reading *reading, struct psg_xml_node *node)
{
	struct psg_xml_node *parent = reading->open;

	node->parent = parent;
	if (!parent)
		reading->xml->root = node;
	else if (!parent->children)
		parent->children = node;
	else
		reading->last[reading->depth]->next = node;
	if (parent) {
		parent->child_count++;
		find_text(reading, node);
	}
	reading->last[reading->depth] = node;
	reading->last[reading->depth + 1] = NULL;
	reading->open = node;
	reading->depth++;
}

static bool within_limits(struct reading *reading, size_t offset)
{
	char text[96];

	if (reading->depth >= PSG_XML_DEPTH_MAX) {
		snprintf(text, sizeof(text), "elements are nested more than %u deep",
			 PSG_XML_DEPTH_MAX);
		refuse(reading, offset, text, "Nest them as the type asks for.");
	} else if (++reading->nodes > PSG_XML_NODES_MAX) {
		snprintf(text, sizeof(text), "the file has more than %u elements",
			 PSG_XML_NODES_MAX);
		refuse(reading, offset, text, "Split the permission set into several.");
	}
	return reading->err == PSG_OK;
}

/* Enough to recognise it by: what is longer is no name of ours. */
static const char *keep_name(struct reading *reading, const xmlChar *name)
{
	char snippet[PSG_SNIPPET_SIZE];

	psg_utf8_snippet(name ? (const char *)name : "", snippet);
	return psg_xml_keep(reading->xml, snippet, strlen(snippet));
}

static const char *keep_namespace(struct reading *reading, const xmlChar *uri)
{
	if (!reading->xml->root)
		reading->uri = uri;
	else if (uri == reading->uri)
		return reading->xml->root->ns;
	return keep_name(reading, uri);
}

/* libxml2 gives each attribute as its name, prefix, namespace, and the value's two ends. */
static const char *keep_attribute(struct reading *reading, int count, const xmlChar **attributes)
{
	for (int i = 0; i < count; i++, attributes += 5)
		if (!psg_xml_attribute_idle((const char *)attributes[0],
					    (const char *)attributes[2]))
			return keep_name(reading, attributes[0]);
	return "";
}

static struct psg_xml_node *make_node(struct reading *reading, const xmlChar *name,
				      const xmlChar *uri, int attribute_count,
				      const xmlChar **attributes)
{
	struct psg_xml_node *node = psg_xml_allocate(reading->xml, sizeof(*node));

	if (!node)
		return NULL;
	*node = (struct psg_xml_node){
	    .name = psg_xml_keep(reading->xml, (const char *)name, strlen((const char *)name)),
	    .ns = keep_namespace(reading, uri),
	    .attribute = keep_attribute(reading, attribute_count, attributes),
	    .text = "",
	    .line = reading->line,
	    .column = reading->column,
	};
	if (!node->name || !node->ns || !node->attribute)
		return NULL;
	if (!*node->attribute)
		node->attribute = NULL;
	return node;
}

static void on_start(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
		     int namespace_count, const xmlChar **namespaces, int attribute_count,
		     int defaulted, const xmlChar **attributes)
{
	struct reading *reading = arg;
	size_t offset = offset_of_tag(reading);
	struct psg_xml_node *node;

	(void)prefix, (void)namespaces, (void)defaulted;
	if (reading->err == PSG_OK &&
	    (namespace_count > PSG_XML_ATTRIBUTES_MAX || attribute_count > PSG_XML_ATTRIBUTES_MAX))
		refuse(reading, offset, "a tag has more than 16 attributes",
		       "Remove the attributes: metadata elements have none.");
	if (reading->err == PSG_OK && strlen((const char *)name) > PSG_XML_NAME_MAX)
		refuse(reading, offset, "an element's name has more than 255 bytes",
		       "Correct the element's name.");
	if (reading->err != PSG_OK || !within_limits(reading, offset)) {
		xmlStopParser(reading->parser);
		return;
	}
	count_to(reading, offset);
	node = make_node(reading, name, uri, attribute_count, attributes);
	if (!node) {
		stop(reading, PSG_ERR_NO_MEMORY);
		return;
	}
	add_node(reading, node);
	reading->text[reading->depth].len = 0;
	reading->seen[reading->depth] = 0;
}

static void on_text(void *arg, const xmlChar *text, int len)
{
	struct reading *reading = arg;

	if (reading->err == PSG_OK && reading->depth > 0 && len > 0)
		psg_buf_put(&reading->text[reading->depth], text, (size_t)len);
}

static void on_end(void *arg, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct reading *reading = arg;
	struct psg_buf *buf = &reading->text[reading->depth];
	struct psg_xml_node *node = reading->open;
	size_t start = 0, end = buf->len;

	(void)name, (void)prefix, (void)uri;
	if (reading->err != PSG_OK || !node)
		return;
	while (start < end && is_space(buf->data[start]))
		start++;
	while (end > start && is_space(buf->data[end - 1]))
		end--;
	node->text = end > start ? psg_xml_keep(reading->xml, buf->data + start, end - start) : "";
	if (!node->text || buf->failed) {
		stop(reading, PSG_ERR_NO_MEMORY);
		return;
	}
	reading->open = node->parent;
	reading->depth--;
}

/* Called when the DOCTYPE's name was read, before any declaration in it is. */
static void on_doctype(void *arg, const xmlChar *name, const xmlChar *external,
		       const xmlChar *system)
{
	struct reading *reading = arg;

	(void)name, (void)external, (void)system;
	refuse(reading, offset_of_tag(reading), "a DOCTYPE is not allowed",
	       "Remove the DOCTYPE: metadata has neither entities nor a DTD.");
	xmlStopParser(reading->parser);
}

static void on_error(void *arg, xmlErrorPtr error)
{
	struct reading *reading = arg;
	char text[192];
	size_t len;

	if (error->code == XML_ERR_NO_MEMORY && reading->err == PSG_OK)
		reading->err = PSG_ERR_NO_MEMORY;
	if (error->level < XML_ERR_ERROR || reading->err != PSG_OK)
		return;
	snprintf(text, sizeof(text), "%s", error->message ? error->message : NO_REASON);
	len = psg_utf8_valid(text, strcspn(text, "\r\n"));
	text[len] = '\0';
	refuse(reading, offset_now(reading), text, "Make the file well-formed XML.");
}

/* Errors libxml2 has no parser for yet, which it would print: of memory, and what follows from them. */
static void on_stray_error(void *arg, xmlErrorPtr error)
{
	struct reading *reading = arg;

	if (error->code == XML_ERR_NO_MEMORY)
		reading->err = PSG_ERR_NO_MEMORY;
}

/* After an error libxml2 reads on, and words every further one: it finds the end of the file instead. (To stop it from its
 * error handler would free what it stands on.) */
static int on_read(void *arg, char *buffer, int size)
{
	struct reading *reading = arg;
	size_t left = reading->err == PSG_OK ? reading->len - reading->given : 0;
	size_t count = left < (size_t)size ? left : (size_t)size;

	memcpy(buffer, reading->bytes + reading->given, count);
	reading->given += count;
	return (int)count;
}

static void parse(struct reading *reading)
{
	xmlSAXHandler *handler = reading->parser->sax;

	*handler = (xmlSAXHandler){
	    .initialized = XML_SAX2_MAGIC,
	    .internalSubset = on_doctype,
	    .startElementNs = on_start,
	    .endElementNs = on_end,
	    .characters = on_text,
	    .ignorableWhitespace = on_text,
	    .cdataBlock = on_text,
	    .serror = on_error,
	};
	reading->parser->userData = reading;
	/* IGNORE_ENC: psg_xml_check_encoding has decided. Neither NOENT, DTDLOAD nor HUGE, ever. */
	xmlDocPtr document = xmlCtxtReadIO(reading->parser, on_read, NULL, reading, NULL, NULL,
					   XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);

	xmlFreeDoc(document);
	if (reading->err == PSG_OK &&
	    (!reading->parser->wellFormed || !reading->xml->root || reading->open))
		refuse(reading, reading->len, NO_REASON, "Make the file well-formed XML.");
}

static bool used;

/* At exit, and only there: libxml2 may be in use again until then. */
__attribute__((destructor)) static void clean_up(void)
{
	if (used)
		xmlCleanupParser();
}

static void run(struct reading *reading)
{
	xmlStructuredErrorFunc handler = xmlStructuredError;
	void *context = xmlStructuredErrorContext;

	used = true;
	reading->at = reading->len >= 3 && memcmp(reading->bytes, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
	xmlSetStructuredErrorFunc(reading, on_stray_error);
	reading->parser = xmlNewParserCtxt();
	if (reading->parser) {
		parse(reading);
		xmlFreeParserCtxt(reading->parser);
	} else {
		reading->err = PSG_ERR_NO_MEMORY;
	}
	xmlSetStructuredErrorFunc(context, handler);
}

enum psg_err psg_xml_read(const char *bytes, size_t len, struct psg_xml **ret,
			  struct psg_xml_fault *ret_fault)
{
	struct psg_xml *xml PSG_CLEANUP(psg_xml_free) = calloc(1, sizeof(*xml));
	struct reading reading = {.bytes = bytes, .len = len, .line = 1, .column = 1, .xml = xml};

	if (!xml)
		return PSG_ERR_NO_MEMORY;
	if (len > PSG_XML_SIZE_MAX)
		refuse(&reading, 0, "the file is larger than 16 MiB",
		       "Split the permission set into several.");
	else if (len == 0)
		refuse(&reading, 0, "the file is empty", "Write the metadata, or remove the file.");
	else
		reading.err = psg_xml_check_encoding(bytes, len, &reading.fault);
	if (reading.err == PSG_OK)
		reading.err = psg_xml_check_tags(bytes, len, &reading.fault);
	if (reading.err == PSG_OK)
		run(&reading);
	for (size_t i = 0; i < PSG_COUNT(reading.text); i++)
		psg_buf_clear(&reading.text[i]);
	if (reading.err == PSG_ERR_INVALID)
		*ret_fault = reading.fault;
	if (reading.err != PSG_OK)
		return reading.err;
	*ret = xml;
	xml = NULL;
	return PSG_OK;
}
