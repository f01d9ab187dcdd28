/* Matching: all steps that the text so far can have led to, at once, a character at a time.
 *
 * MUST follow each step once a character at most, however the pattern loops   (pattern_test: bounds) */
#include "pattern.h"

#include <stdlib.h>
#include <string.h>

#include "psg/text.h"

static void reach(struct psg_pattern *pattern, size_t step)
{
	if (!pattern->reached[step]) {
		pattern->reached[step] = true;
		pattern->pending.steps[pattern->pending.count++] = (uint16_t)step;
	}
}

/* What comes of a step without another character. */
static void follow(struct psg_pattern *pattern, size_t at, bool first, bool last)
{
	const struct psg_step *step = pattern->steps + at;
	size_t to = (size_t)((ptrdiff_t)at + step->to);

	switch (step->kind) {
	case PSG_STEP_BOTH:
		reach(pattern, at + 1);
		reach(pattern, to);
		break;
	case PSG_STEP_JUMP:
		reach(pattern, to);
		break;
	case PSG_STEP_START:
		if (first)
			reach(pattern, at + 1);
		break;
	case PSG_STEP_END:
		if (last)
			reach(pattern, at + 1);
		break;
	case PSG_STEP_SET:
	case PSG_STEP_NOT_SET:
	case PSG_STEP_DONE:
		pattern->now.steps[pattern->now.count++] = (uint16_t)at;
		break;
	}
}

/* From what is pending to the steps that wait for a character, or are done. */
static void settle(struct psg_pattern *pattern, bool first, bool last)
{
	pattern->now.count = 0;
	while (pattern->pending.count > 0)
		follow(pattern, pattern->pending.steps[--pattern->pending.count], first, last);
	memset(pattern->reached, 0, pattern->step_count * sizeof(*pattern->reached));
}

static bool takes(const struct psg_pattern *pattern, const struct psg_step *step, uint32_t point)
{
	const struct psg_char_range *ranges = pattern->ranges + step->first_range;

	for (size_t i = 0; i < step->range_count; i++)
		if (point >= ranges[i].low && point <= ranges[i].high)
			return step->kind == PSG_STEP_SET;
	return step->kind == PSG_STEP_NOT_SET;
}

bool psg_pattern_matches(struct psg_pattern *pattern, const char *text)
{
	uint32_t point;

	pattern->pending.count = 0;
	reach(pattern, 0);
	settle(pattern, true, !*text);
	for (size_t len; *text; text += len) {
		len = psg_utf8_decode(text, &point);
		if (len == 0)
			return false;
		for (size_t i = 0; i < pattern->now.count; i++) {
			size_t at = pattern->now.steps[i];

			if (takes(pattern, pattern->steps + at, point))
				reach(pattern, at + 1);
		}
		settle(pattern, false, !text[len]);
	}
	for (size_t i = 0; i < pattern->now.count; i++)
		if (pattern->steps[pattern->now.steps[i]].kind == PSG_STEP_DONE)
			return true;
	return false;
}

void psg_pattern_free(struct psg_pattern **pattern)
{
	free(*pattern);
	*pattern = NULL;
}
