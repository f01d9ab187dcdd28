/* Bracket expressions (XBD 9.3.5): [abc], [^a-z], [[:digit:]]. A backslash means itself in them. */
#include <string.h>

#include "pattern.h"
#include "psg/base.h"

struct class
{
	const char *name;
	struct psg_char_range ranges[4]; /* to the first that is {0, 0} */
};

/* In the order of XBD 7.3.1 for the POSIX locale. */
static const struct class classes[] = {
    {"upper", {{'A', 'Z'}}},
    {"lower", {{'a', 'z'}}},
    {"alpha", {{'A', 'Z'}, {'a', 'z'}}},
    {"digit", {{'0', '9'}}},
    {"alnum", {{'A', 'Z'}, {'a', 'z'}, {'0', '9'}}},
    {"space", {{'\t', '\r'}, {' ', ' '}}},
    {"cntrl", {{1, 0x1f}, {0x7f, 0x7f}}},
    {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
    {"graph", {{'!', '~'}}},
    {"print", {{' ', '~'}}},
    {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}},
    {"blank", {{' ', ' '}, {'\t', '\t'}}},
};

static const struct class *find_class(const char *name, size_t len)
{
	for (size_t i = 0; i < PSG_COUNT(classes); i++)
		if (strlen(classes[i].name) == len && strncmp(classes[i].name, name, len) == 0)
			return &classes[i];
	return NULL;
}

/* Whether a [: [. or [= is next. */
static bool opens_element(const char *at)
{
	return at[0] == '[' && at[1] && strchr(":.=", at[1]);
}

static void take_class(struct psg_pattern_reader *reader)
{
	const char *name = reader->at + 2, *end = strstr(name, ":]");
	const struct class *class = end ? find_class(name, (size_t)(end - name)) : NULL;

	if (!class) {
		psg_pattern_fault(reader, "after [: comes the name of a class, as in [[:alpha:]], "
					  "[[:digit:]], [[:alnum:]] or [[:space:]]");
		return;
	}
	for (size_t i = 0; i < PSG_COUNT(class->ranges) && class->ranges[i].high; i++)
		psg_pattern_add_range(reader, class->ranges[i].low, class->ranges[i].high);
	reader->at = end + 2;
	if (reader->at[0] == '-' && reader->at[1] != ']')
		psg_pattern_fault(reader, "a class, such as [:%s:], is no end of a range",
				  class->name);
}

/* A character, also as [.-.] or [=a=]: no locale's collating elements and equivalents are known here. */
static uint32_t take_end(struct psg_pattern_reader *reader)
{
	uint32_t point;
	char mark;

	if (!opens_element(reader->at))
		return psg_pattern_take(reader);
	mark = reader->at[1];
	reader->at += 2;
	point = psg_pattern_take(reader);
	if (mark == ':' || reader->at[0] != mark || reader->at[1] != ']') {
		psg_pattern_fault(
		    reader, mark == ':' ? "a class is no end of a range"
					: "between [. and .], or [= and =], is one character");
		return 0;
	}
	reader->at += 2;
	return point;
}

static void take_range(struct psg_pattern_reader *reader)
{
	uint32_t low = take_end(reader), high = low;

	if (reader->at[0] == '-' && reader->at[1] && reader->at[1] != ']') {
		reader->at++;
		high = take_end(reader);
		if (low > high)
			psg_pattern_fault(reader, "a range in [] runs backwards");
		if (reader->at[0] == '-' && reader->at[1] != ']')
			psg_pattern_fault(reader, "the end of one range in [] begins another: put "
						  "a - that is meant as itself last");
	}
	psg_pattern_add_range(reader, low, high);
}

struct psg_step psg_pattern_bracket(struct psg_pattern_reader *reader)
{
	struct psg_step step = {.first_range = (uint16_t)reader->pattern->range_count};

	if (*reader->at == '^') {
		step.kind = PSG_STEP_NOT_SET;
		reader->at++;
	}
	/* The first may be a ] that is meant as itself. */
	do {
		if (!*reader->at)
			psg_pattern_fault(reader, "a [ is not closed by a ]");
		else if (opens_element(reader->at) && reader->at[1] == ':')
			take_class(reader);
		else
			take_range(reader);
	} while (!psg_pattern_failed(reader) && *reader->at != ']');
	if (!psg_pattern_failed(reader))
		reader->at++;
	step.range_count = (uint16_t)(reader->pattern->range_count - step.first_range);
	return step;
}
