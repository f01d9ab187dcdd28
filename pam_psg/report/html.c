/* HTML by libxml2's writer: it escapes, and closes what was opened. HTML's own rules are two: only the void elements have
 * no end tag, and the text of style and script is raw. */
#include "html.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "psg/text.h"

#define TEXT_SIZE 8192 /* a value of the log's 1024 bytes, each as \xHH */

static int write_out(void *arg, const char *bytes, int len)
{
	return fwrite(bytes, 1, (size_t)len, arg) == (size_t)len ? len : -1;
}

enum psg_err html_begin(struct html *html, FILE *out)
{
	xmlOutputBuffer *buffer = xmlOutputBufferCreateIO(write_out, NULL, out, NULL);
	xmlTextWriter *writer = buffer ? xmlNewTextWriter(buffer) : NULL;

	if (!writer) {
		if (buffer)
			(void)xmlOutputBufferClose(buffer);
		return PSG_ERR_NO_MEMORY;
	}
	html->writer = writer;
	html->out = out;
	return PSG_OK;
}

enum psg_err html_end(struct html *html)
{
	xmlFreeTextWriter(html->writer); /* flushes */
	html->writer = NULL;
	if (ferror(html->out))
		return PSG_ERR_IO;
	return html->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

/* Harmless to a terminal, and to XML, which has no U+FFFE and U+FFFF. */
static void make_plain(const char *text, char out[static TEXT_SIZE])
{
	psg_show_line(text, out, TEXT_SIZE);
	for (char *at = out; (at = strstr(at, "\xef\xbf")) != NULL; at += 3)
		if (at[2] == '\xbe' || at[2] == '\xbf')
			at[2] = '\xbd';
}

static void check(struct html *html, int result)
{
	html->failed |= result < 0;
}

static const xmlChar *xml(const char *text)
{
	return (const xmlChar *)text;
}

void html_open(struct html *html, const char *name, ...)
{
	va_list arguments;
	const char *attribute;

	check(html, xmlTextWriterStartElement(html->writer, xml(name)));
	va_start(arguments, name);
	while ((attribute = va_arg(arguments, const char *)) != NULL) {
		const char *value = va_arg(arguments, const char *);
		char shown[TEXT_SIZE];

		if (!value)
			continue;
		make_plain(value, shown);
		check(html, xmlTextWriterWriteAttribute(html->writer, xml(attribute), xml(shown)));
	}
	va_end(arguments);
}

void html_attribute_format(struct html *html, const char *name, const char *format, ...)
{
	char value[TEXT_SIZE], shown[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	make_plain(value, shown);
	check(html, xmlTextWriterWriteAttribute(html->writer, xml(name), xml(shown)));
}

void html_close(struct html *html)
{
	check(html, xmlTextWriterFullEndElement(html->writer));
}

void html_text(struct html *html, const char *text)
{
	char shown[TEXT_SIZE];

	make_plain(text ? text : "", shown);
	check(html, xmlTextWriterWriteString(html->writer, xml(shown)));
}

void html_name(struct html *html, const char *name)
{
	char shown[TEXT_SIZE], *at = shown;

	make_plain(name, shown);
	while (*at) {
		size_t len = strcspn(at, "_");

		len += at[len] == '_';
		check(html, xmlTextWriterWriteFormatString(html->writer, "%.*s", (int)len, at));
		at += len;
		if (*at)
			html_raw(html, "<wbr/>");
	}
}

void html_format(struct html *html, const char *format, ...)
{
	char text[TEXT_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	html_text(html, text);
}

void html_raw(struct html *html, const char *text)
{
	check(html, xmlTextWriterWriteRaw(html->writer, xml(text)));
}

void html_element(struct html *html, const char *name, const char *text)
{
	html_open(html, name, NULL);
	html_text(html, text);
	html_close(html);
}

void html_time(struct html *html, int64_t time_s)
{
	char text[PSG_TIME_SIZE];

	psg_time_format(time_s, text);
	html_open(html, "time", "datetime", text, NULL);
	/* 2026-01-31T12:00:59Z: the page says which zone, and a minute is near enough to read */
	if (strlen(text) == strlen("2026-01-31T12:00:59Z")) {
		text[10] = ' ';
		text[16] = '\0';
	}
	html_text(html, text);
	html_close(html);
}

const char *html_duration(int64_t seconds, char out[32])
{
	psg_duration_format_human(seconds, out);
	return out;
}

void html_count(struct html *html, size_t count, const char *one, const char *many)
{
	html_format(html, "%zu %s", count, count == 1 ? one : many);
}

void html_table_begin(struct html *html, const char *id, const char *caption,
		      const char *const *heads, size_t count, unsigned numbers)
{
	html_open(html, "table", "id", id, NULL);
	html_open(html, "caption", "class", "unseen", NULL);
	html_text(html, caption);
	html_close(html);
	html_open(html, "thead", NULL);
	html_open(html, "tr", NULL);
	for (size_t i = 0; i < count; i++) {
		html_open(html, "th", "scope", "col", "class", numbers >> i & 1 ? "number" : NULL,
			  NULL);
		html_text(html, heads[i]);
		html_close(html);
	}
	html_close(html);
	html_close(html);
	html_open(html, "tbody", NULL);
}

void html_table_end(struct html *html)
{
	html_close(html);
	html_close(html);
	html_raw(html, "\n");
}

void html_cell_open(struct html *html, const char *head, const char *class_name)
{
	html_open(html, "td", "data-head", head, "class", class_name, NULL);
}

void html_cell(struct html *html, const char *head, const char *text)
{
	html_cell_open(html, head, NULL);
	html_name(html, text && *text ? text : "–");
	html_close(html);
}

void html_cell_number(struct html *html, const char *head, size_t number)
{
	html_cell_open(html, head, number ? "number" : "number none");
	html_format(html, "%zu", number);
	html_close(html);
}

void html_cell_duration(struct html *html, const char *head, int64_t seconds)
{
	char text[PSG_TIME_SIZE];

	html_cell_open(html, head, "number");
	html_text(html, html_duration(seconds, text));
	html_close(html);
}

void html_cell_time(struct html *html, const char *head, int64_t time_s)
{
	html_cell_open(html, head, "when");
	if (time_s)
		html_time(html, time_s);
	else
		html_text(html, "–");
	html_close(html);
}

void html_cell_key(struct html *html, const char *text)
{
	html_open(html, "th", "scope", "row", NULL);
	html_name(html, text && *text ? text : "–");
	html_close(html);
}

void html_left_out(struct html *html, size_t shown, size_t all, const char *rest)
{
	if (all <= shown)
		return;
	html_open(html, "p", "class", "left-out", NULL);
	html_format(html, "Shown are %zu of %zu. All of them: ", shown, all);
	html_element(html, "code", rest);
	html_close(html);
}
