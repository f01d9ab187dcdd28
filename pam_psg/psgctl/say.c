/* What psgctl says: messages for people on stderr, one JSON document on stdout. */
#include "psgctl.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ASCII only: a C1 control or a bidi mark in a name must not reach the terminal raw. */
#define JSON_FORM (JSON_INDENT(2) | JSON_ENSURE_ASCII)

static bool output_failed;
static bool document_begun;
static char errors[8192]; /* what was said to be wrong, for --json */

void ctl_error_said(const char *line)
{
	size_t len = strlen(errors);
	snprintf(errors + len, sizeof(errors) - len, "%s%s", len > 0 ? "\n" : "", line);
}

void ctl_json_error(enum ctl_exit status)
{
	static const char *const codes[] = {"Done", "Refused", "Usage", "Invalid", "Store"};
	if (document_begun)
		return;
	ctl_json_line(json_pack("{s{ss si so}}", "error", "code", codes[status], "exit",
				(int)status, "message", ctl_json_text(errors)));
}

PSG_PRINTF(2, 0)
static void say(const char *prefix, const char *format, va_list arguments)
{
	fflush(stdout); /* else the two streams swap places on one terminal */
	fputs(prefix, stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void ctl_error(const struct ctl *ctl, const char *format, ...)
{
	(void)ctl;
	char line[2048];
	va_list arguments, again;
	va_start(arguments, format);
	va_copy(again, arguments);
	vsnprintf(line, sizeof(line), format, again);
	va_end(again);
	ctl_error_said(line);
	say("psgctl: ", format, arguments);
	va_end(arguments);
}

void ctl_warn(const struct ctl *ctl, const char *format, ...)
{
	(void)ctl;
	char prefix[64];
	va_list arguments;
	snprintf(prefix, sizeof(prefix), "psgctl: %swarning:%s ", ctl_colour(stderr, CTL_CARE),
		 ctl_colour(stderr, CTL_PLAIN));
	va_start(arguments, format);
	say(prefix, format, arguments);
	va_end(arguments);
}

void ctl_note(const struct ctl *ctl, const char *format, ...)
{
	if (ctl->quiet)
		return;
	va_list arguments;
	va_start(arguments, format);
	say("psgctl: ", format, arguments);
	va_end(arguments);
}

const char *ctl_safe(const char *text)
{
	static char buffers[8][1024];
	static size_t next;
	char *out = buffers[next];
	next = (next + 1) % PSG_COUNT(buffers);
	psg_show_line(text != NULL ? text : "", out, sizeof(buffers[0]));
	return out;
}

void ctl_output_failed(void)
{
	output_failed = true;
}

/* It knows that it left. The errno of the write that failed may be long gone. */
static bool reader_left(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};
	int before = errno;
	bool left = poll(&out, 1, 0) == 1 && (out.revents & (POLLERR | POLLHUP)) != 0;
	errno = before;
	return left;
}

bool ctl_output_end(const struct ctl *ctl)
{
	errno = 0;
	bool written = fflush(stdout) == 0 && !ferror(stdout);
	if (!written && !reader_left())
		ctl_error(ctl,
			  "not all output was written (%s): what the command changed stays "
			  "changed; run `psgctl log` where there is room",
			  errno != 0 ? strerror(errno) : "write error");
	if (output_failed)
		ctl_error(
		    ctl,
		    "out of memory, and the output is not complete: free memory, then ask again");
	return written && !output_failed;
}

/* jansson's ASCII has one control character, DEL, which stands in strings only. */
static int put_ascii(const char *text, size_t len, void *unused)
{
	(void)unused;
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\x7f' ? fputs("\\u007f", stdout) < 0 : putchar(text[i]) == EOF)
			return -1;
	return 0;
}

static void put_document(json_t *document, size_t flags)
{
	document_begun = true;
	if (document == NULL)
		output_failed = true;
	else if (json_dump_callback(document, put_ascii, NULL, flags) != 0 && !ferror(stdout))
		output_failed = true;
	json_decref(document);
}

enum ctl_exit ctl_print_json(json_t *owned_document)
{
	put_document(owned_document, JSON_FORM);
	putchar('\n');
	return output_failed || ferror(stdout) ? CTL_STORE : CTL_DONE;
}

void ctl_json_array_put(size_t *count, json_t *owned_document)
{
	fputs((*count)++ == 0 ? "[\n" : ",\n", stdout);
	put_document(owned_document, JSON_FORM);
}

enum ctl_exit ctl_json_array_end(size_t count)
{
	fputs(count == 0 ? "[]\n" : "\n]\n", stdout);
	return output_failed || ferror(stdout) ? CTL_STORE : CTL_DONE;
}

void ctl_json_list_begin(json_t *owned_document, const char *name)
{
	document_begun = true;
	char *text = json_dumps(owned_document, JSON_FORM);
	json_decref(owned_document);
	size_t len = text != NULL ? strlen(text) : 0;
	if (len < 2) {
		output_failed = true;
	} else {
		/* without the line break and the brace that end it */
		(void)put_ascii(text, len - 2, NULL);
		printf(",\n  \"%s\": [", name);
	}
	free(text);
}

void ctl_json_list_put(size_t at, json_t *owned_element)
{
	fputs(at == 0 ? "\n    " : ",\n    ", stdout);
	put_document(owned_element, JSON_ENSURE_ASCII);
}

enum ctl_exit ctl_json_list_end(void)
{
	fputs("\n  ]\n}\n", stdout);
	return output_failed || ferror(stdout) ? CTL_STORE : CTL_DONE;
}

void ctl_json_line(json_t *owned_document)
{
	put_document(owned_document, JSON_COMPACT | JSON_ENSURE_ASCII);
	putchar('\n');
}

json_t *ctl_json_text(const char *text)
{
	if (text == NULL)
		return json_null();
	json_t *string = json_string(text);
	return string != NULL ? string : json_string(ctl_safe(text));
}

json_t *ctl_json_strings(const struct psg_strings *list)
{
	json_t *array = json_array();
	for (size_t i = 0; array != NULL && i < list->count; i++) {
		if (json_array_append_new(array, ctl_json_text(list->items[i])) != 0) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

json_t *ctl_json_time(int64_t realtime_s)
{
	if (realtime_s == 0)
		return json_null();
	char text[PSG_TIME_SIZE];
	psg_time_format(realtime_s, text);
	return json_string(text);
}
