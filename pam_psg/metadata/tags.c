/* Tags too long for libxml2, found before it sees them, and attributes that say nothing.
 *
 * libxml2 compares every attribute and namespace declaration of a tag with all that came before in it, and tells of the tag only
 * when it has read the whole: a file of one tag would take it hours. Whether the file is well-formed is its business. */
#include "metadata.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define XML "http://www.w3.org/XML/1998/namespace"
#define XSI "http://www.w3.org/2001/XMLSchema-instance"

/* Past the first `end`, whose last character is '>', after what begins here. */
static const char *skip(const char *at, const char *limit, const char *end)
{
	ptrdiff_t len = (ptrdiff_t)strlen(end);
	const char *found = at;

	while (found < limit && (found = memchr(found, '>', (size_t)(limit - found))) != NULL) {
		found++;
		if (found - at >= len && memcmp(found - len, end, (size_t)len) == 0)
			return found;
	}
	return limit;
}

/* The tag's '>', or where it is broken. */
static const char *tag_end(const char *at, const char *limit)
{
	char quote = '\0';

	for (at++; at < limit && *at != '<' && (quote || *at != '>'); at++) {
		if (quote ? *at == quote : *at == '"' || *at == '\'')
			quote = quote ? '\0' : *at;
	}
	return at;
}

enum psg_err psg_xml_check_tags(const char *bytes, size_t len, struct psg_xml_fault *ret_fault)
{
	const char *limit = bytes + len;
	const char *at = memchr(bytes, '<', len);

	while (at) {
		size_t left = (size_t)(limit - at);
		const char *end;

		if (left >= 4 && memcmp(at, "<!--", 4) == 0) {
			end = skip(at + 4, limit, "-->");
		} else if (left >= 9 && memcmp(at, "<![CDATA[", 9) == 0) {
			end = skip(at + 9, limit, "]]>");
		} else if (left >= 2 && at[1] == '?') {
			end = skip(at + 2, limit, "?>");
		} else {
			end = tag_end(at, limit);
			if (end - at > (ptrdiff_t)PSG_XML_TAG_MAX) {
				psg_xml_locate(bytes, (size_t)(at - bytes), &ret_fault->line,
					       &ret_fault->column);
				snprintf(ret_fault->text, sizeof(ret_fault->text),
					 "Error parsing file: a tag is longer than 64 KiB");
				ret_fault->remedy = "Make the file well-formed XML.";
				return PSG_ERR_INVALID;
			}
		}
		at = memchr(end, '<', (size_t)(limit - end));
	}
	return PSG_OK;
}

bool psg_xml_attribute_idle(const char *name, const char *uri)
{
	if (!uri)
		return false;
	return strcmp(uri, XML) == 0 ||
	       (strcmp(uri, XSI) == 0 && (strcmp(name, "schemaLocation") == 0 ||
					  strcmp(name, "noNamespaceSchemaLocation") == 0));
}
