/* A pattern's text to its steps, by recursive descent: alternatives of pieces, a piece an atom and what repeats it.
 *
 * MUST refuse what would not mean the same in grep -E     (pattern_test: refused, as_libc)
 * MUST stop at a bound, and before memory is written      (pattern_test: bounds) */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern.h"
#include "psg/base.h"
#include "psg/text.h"

#define COUNT_MAX 255U /* RE_DUP_MAX is not less, and no reason is longer */
#define NO_END UINT32_MAX

void psg_pattern_fault(struct psg_pattern_reader *reader, const char *format, ...)
{
	va_list arguments;

	if (*reader->why)
		return;
	va_start(arguments, format);
	vsnprintf(reader->why, PSG_PATTERN_WHY_SIZE, format, arguments);
	va_end(arguments);
}

bool psg_pattern_failed(const struct psg_pattern_reader *reader)
{
	return *reader->why != '\0';
}

uint32_t psg_pattern_take(struct psg_pattern_reader *reader)
{
	uint32_t point = 0;

	if (*reader->at && !psg_pattern_failed(reader))
		reader->at += psg_utf8_decode(reader->at, &point);
	return point;
}

void psg_pattern_add_range(struct psg_pattern_reader *reader, uint32_t low, uint32_t high)
{
	struct psg_pattern *pattern = reader->pattern;

	if (pattern->range_count < PSG_PATTERN_RANGES_MAX)
		pattern->ranges[pattern->range_count++] = (struct psg_char_range){low, high};
	else
		psg_pattern_fault(reader, "it has more than %d characters",
				  PSG_PATTERN_CHARACTERS_MAX);
}

static bool has_room(struct psg_pattern_reader *reader, size_t count)
{
	if (count > PSG_PATTERN_STEPS_MAX - reader->pattern->step_count)
		psg_pattern_fault(reader,
				  "the counts in its {} make it larger than %d steps: use smaller "
				  "ones",
				  PSG_PATTERN_STEPS_MAX);
	return !psg_pattern_failed(reader);
}

static void add(struct psg_pattern_reader *reader, struct psg_step step)
{
	if (has_room(reader, 1))
		reader->pattern->steps[reader->pattern->step_count++] = step;
}

/* Puts a step before those from `start` to the last. */
static void insert(struct psg_pattern_reader *reader, size_t start, struct psg_step step)
{
	struct psg_pattern *pattern = reader->pattern;
	struct psg_step *at = pattern->steps + start;

	if (!has_room(reader, 1))
		return;
	memmove(at + 1, at, (pattern->step_count - start) * sizeof(*at));
	*at = step;
	pattern->step_count++;
}

static void copy(struct psg_pattern_reader *reader, size_t start, size_t count)
{
	struct psg_pattern *pattern = reader->pattern;

	if (!has_room(reader, count))
		return;
	memcpy(pattern->steps + pattern->step_count, pattern->steps + start,
	       count * sizeof(*pattern->steps));
	pattern->step_count += count;
}

/* -- repetition -- */

/* The steps from `start` on, which are one atom, become `low` to `high` of them. */
static void repeat(struct psg_pattern_reader *reader, size_t start, uint32_t low, uint32_t high)
{
	struct psg_pattern *pattern = reader->pattern;
	size_t len = pattern->step_count - start;
	int16_t past = (int16_t)(len + 1);

	if (high == 0) {
		pattern->step_count = start;
		return;
	}
	if (low == 0) {
		insert(reader, start, (struct psg_step){.kind = PSG_STEP_BOTH, .to = past});
		start++;
	}
	for (uint32_t i = 1; i < low; i++)
		copy(reader, start, len);
	if (high == NO_END)
		add(reader, (struct psg_step){.kind = PSG_STEP_BOTH, .to = (int16_t)-len});
	else
		for (uint32_t i = low ? low : 1; i < high && !psg_pattern_failed(reader); i++) {
			add(reader, (struct psg_step){.kind = PSG_STEP_BOTH, .to = past});
			copy(reader, start, len);
		}
}

/* Digits, of which too many are as good as one too large. */
static uint32_t take_number(struct psg_pattern_reader *reader)
{
	uint32_t number = 0;

	if (*reader->at < '0' || *reader->at > '9')
		psg_pattern_fault(reader, "{ begins a count, as in {2}, {2,} or {1,10}: write \\{ "
					  "for the character itself");
	for (; *reader->at >= '0' && *reader->at <= '9'; reader->at++)
		if (number <= COUNT_MAX)
			number = number * 10 + (uint32_t)(*reader->at - '0');
	if (number > COUNT_MAX)
		psg_pattern_fault(reader, "a count in {} is larger than %u", COUNT_MAX);
	return number;
}

static void take_count(struct psg_pattern_reader *reader, uint32_t *low, uint32_t *high)
{
	*low = *high = take_number(reader);
	if (!psg_pattern_failed(reader) && *reader->at == ',') {
		reader->at++;
		*high = *reader->at == '}' ? NO_END : take_number(reader);
	}
	if (*reader->at == '}')
		reader->at++;
	else
		psg_pattern_fault(reader, "a { is not closed by a }");
	if (*low > *high)
		psg_pattern_fault(reader, "a count in {} runs backwards");
}

static bool repeats(char c)
{
	return c && strchr("*+?{", c);
}

/* What repeats the atom from `start` on, if anything does. */
static void take_repetition(struct psg_pattern_reader *reader, size_t start)
{
	uint32_t low = *reader->at == '+', high = *reader->at == '?' ? 1 : NO_END;

	if (psg_pattern_failed(reader) || !repeats(*reader->at))
		return;
	if (*reader->at++ == '{')
		take_count(reader, &low, &high);
	if (psg_pattern_failed(reader))
		return;
	/* Undefined in POSIX; elsewhere a+? and a++ mean something that the whole of a text cannot tell. */
	if (repeats(*reader->at))
		psg_pattern_fault(reader, "one repetition directly follows another");
	else
		repeat(reader, start, low, high);
}

/* -- atoms -- */

static void take_character(struct psg_pattern_reader *reader)
{
	struct psg_step step = {.kind = PSG_STEP_SET,
				.first_range = (uint16_t)reader->pattern->range_count,
				.range_count = 1};
	uint32_t point = psg_pattern_take(reader);

	psg_pattern_add_range(reader, point, point);
	add(reader, step);
}

/* Letters and digits behind a backslash, and a few signs, mean something else in each other tool. */
static void take_escaped(struct psg_pattern_reader *reader)
{
	static const char *const instead[][2] = {
	    {"d", "[0-9]"},       {"D", "[^0-9]"},        {"w", "[[:alnum:]_]"},
	    {"s", "[[:space:]]"}, {"W", "[^[:alnum:]_]"}, {"S", "[^[:space:]]"},
	};
	char c = *reader->at;

	for (size_t i = 0; i < PSG_COUNT(instead); i++)
		if (c == *instead[i][0])
			psg_pattern_fault(reader, "\\%c is not part of POSIX: write %s", c,
					  instead[i][1]);
	if (!c)
		psg_pattern_fault(reader, "it ends with a \\: write \\\\ for the character itself");
	else if (c >= '1' && c <= '9')
		psg_pattern_fault(reader,
				  "back-references, such as \\%c, are not part of POSIX "
				  "extended expressions",
				  c);
	else if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("0<>`'", c))
		psg_pattern_fault(reader, "\\%c is not part of POSIX", c);
	else
		take_character(reader);
}

static void take_either(struct psg_pattern_reader *reader);

static void take_group(struct psg_pattern_reader *reader)
{
	take_either(reader);
	if (*reader->at == ')')
		reader->at++;
	else
		psg_pattern_fault(reader, "a ( is not closed by a )");
}

static void take_anchor(struct psg_pattern_reader *reader, char c)
{
	add(reader, (struct psg_step){.kind = c == '^' ? PSG_STEP_START : PSG_STEP_END});
	if (repeats(*reader->at))
		psg_pattern_fault(reader, "%c repeats %c, which is no character", *reader->at, c);
}

static void take_special(struct psg_pattern_reader *reader)
{
	char c = *reader->at++;

	if (c == '\\')
		take_escaped(reader);
	else if (c == '[')
		add(reader, psg_pattern_bracket(reader));
	else if (c == '(')
		take_group(reader);
	else if (c == '.')
		add(reader, (struct psg_step){.kind = PSG_STEP_NOT_SET});
	else
		take_anchor(reader, c);
}

static void take_atom(struct psg_pattern_reader *reader)
{
	char c = *reader->at;

	if (repeats(c))
		psg_pattern_fault(
		    reader, "nothing is before a %c: write \\%c for the character itself", c, c);
	else if (strchr("\\[(.^$", c))
		take_special(reader);
	else
		take_character(reader);
}

/* -- alternatives -- */

static void take_pieces(struct psg_pattern_reader *reader)
{
	while (!psg_pattern_failed(reader) && *reader->at && !strchr("|)", *reader->at)) {
		size_t start = reader->pattern->step_count;

		take_atom(reader);
		take_repetition(reader, start);
	}
}

static void take_either(struct psg_pattern_reader *reader)
{
	struct psg_pattern *pattern = reader->pattern;
	size_t start = pattern->step_count, end;

	take_pieces(reader);
	if (psg_pattern_failed(reader) || *reader->at != '|')
		return;
	reader->at++;
	insert(reader, start,
	       (struct psg_step){.kind = PSG_STEP_BOTH,
				 .to = (int16_t)(pattern->step_count - start + 2)});
	end = pattern->step_count;
	add(reader, (struct psg_step){.kind = PSG_STEP_JUMP});
	take_either(reader);
	if (!psg_pattern_failed(reader))
		pattern->steps[end].to = (int16_t)(pattern->step_count - end);
}

/* That no character is cut: each is then taken without looking. Before anything else, also what a stored one says. */
static void check_characters(struct psg_pattern_reader *reader, const char *text)
{
	for (size_t count = 0; *text && !psg_pattern_failed(reader); count++) {
		uint32_t point;
		size_t len = psg_utf8_decode(text, &point);

		if (len == 0)
			psg_pattern_fault(reader, "it is not UTF-8");
		else if (count == PSG_PATTERN_CHARACTERS_MAX)
			psg_pattern_fault(reader, "it has more than %d characters",
					  PSG_PATTERN_CHARACTERS_MAX);
		text += len;
	}
}

enum psg_err psg_pattern_parse(const char *text, struct psg_pattern **ret,
			       char ret_why[static PSG_PATTERN_WHY_SIZE])
{
	struct psg_pattern *pattern PSG_CLEANUP(psg_pattern_free) = calloc(1, sizeof(*pattern));
	struct psg_pattern_reader reader = {pattern, text, ret_why};

	*ret_why = '\0';
	if (!pattern)
		return PSG_ERR_NO_MEMORY;
	check_characters(&reader, text);
	take_either(&reader);
	if (!psg_pattern_failed(&reader) && *reader.at == ')')
		psg_pattern_fault(&reader, "a ) closes nothing");
	add(&reader, (struct psg_step){.kind = PSG_STEP_DONE});
	if (psg_pattern_failed(&reader))
		return PSG_ERR_INVALID;
	*ret = pattern;
	pattern = NULL;
	return PSG_OK;
}
