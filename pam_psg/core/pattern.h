/* Private to the patterns: what one is read into. */
#ifndef PSG_CORE_PATTERN_H
#define PSG_CORE_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "psg/base.h"
#include "psg/pattern.h"

enum psg_step_kind {
	PSG_STEP_SET,     /* one character of the ranges */
	PSG_STEP_NOT_SET, /* one character of none of them */
	PSG_STEP_BOTH,    /* on to the next step and to another */
	PSG_STEP_JUMP,    /* on to another */
	PSG_STEP_START,   /* ^ */
	PSG_STEP_END,     /* $ */
	PSG_STEP_DONE,
};

/* Where a step leads is counted from itself, so that a copy of some steps in a row works like them. */
struct psg_step {
	enum psg_step_kind kind;
	uint16_t first_range, range_count;
	int16_t to;
};

struct psg_char_range {
	uint32_t low, high; /* code points, both within */
};

/* A character makes one range, a class of up to four has nine characters and more. */
#define PSG_PATTERN_RANGES_MAX (PSG_PATTERN_CHARACTERS_MAX + 1)

/* A set of steps, in the order they were reached. */
struct psg_step_list {
	size_t count;
	uint16_t steps[PSG_PATTERN_STEPS_MAX];
};

struct psg_pattern {
	size_t step_count, range_count;
	struct psg_step steps[PSG_PATTERN_STEPS_MAX];
	struct psg_char_range ranges[PSG_PATTERN_RANGES_MAX];
	/* Of the matching: here, so that it needs no memory of its own and no stack of the host's. */
	struct psg_step_list now, pending;
	bool reached[PSG_PATTERN_STEPS_MAX];
};

/* The reading of one text. After the first fault nothing more is taken. */
struct psg_pattern_reader {
	struct psg_pattern *pattern;
	const char *at;
	char *why; /* "" while there is no fault */
};

/* Says what is wrong, once. */
PSG_PRINTF(2, 3)
void psg_pattern_fault(struct psg_pattern_reader *reader, const char *format, ...);
bool psg_pattern_failed(const struct psg_pattern_reader *reader);
/* Takes the character at reader->at; 0 at the end, and after a fault. */
uint32_t psg_pattern_take(struct psg_pattern_reader *reader);
void psg_pattern_add_range(struct psg_pattern_reader *reader, uint32_t low, uint32_t high);
/* From behind a [ to behind its ]: one step, of the ranges. */
struct psg_step psg_pattern_bracket(struct psg_pattern_reader *reader);

#endif
