/* libpam's rules (pam_dispatch.c), walked for every answer that the modules of a stack may give: whether an end
 * that must not be can be reached, and by which line.
 *
 * A state is a line and what libpam has made up its mind about; there are a few thousand, each visited once. */
#include "doctor.h"

#include <security/_pam_types.h>
#include <stdlib.h>
#include <string.h>

enum impression { UNDECIDED, POSITIVE, NEGATIVE };

/* What libpam knows between two lines. */
struct mind {
	enum impression impression;
	enum doctor_end status; /* OTHER: some failure */
};

struct state {
	struct mind now,
	    saved; /* saved: as it was where the substack began (the outermost one's is not kept) */
	unsigned int flags;
};

#define STATES (1U << 12)
#define NOWHERE UINT32_MAX

struct path {
	const struct doctor_walk *walk;
	const struct stack_line **lines;
	size_t count, target; /* lines of the type; the target's place among them */
	uint32_t *from;       /* the state before, for each line and state; NOWHERE: not reached */
	uint32_t *waiting;
	size_t waiting_first, waiting_count; /* a queue: the shortest way is found first */
	uint32_t end;                        /* the last state before a wanted end, or NOWHERE */
};

static unsigned int pack(const struct state *state)
{
	return (unsigned int)state->now.impression | (unsigned int)state->now.status << 2 |
	       (unsigned int)state->saved.impression << 4 | (unsigned int)state->saved.status << 6 |
	       state->flags << 8;
}

static struct state unpack(unsigned int packed)
{
	return (struct state){
	    .now = {(enum impression)(packed & 3U), (enum doctor_end)(packed >> 2 & 3U)},
	    .saved = {(enum impression)(packed >> 4 & 3U), (enum doctor_end)(packed >> 6 & 3U)},
	    .flags = packed >> 8,
	};
}

static unsigned int flags_after(const struct path *path, const struct stack_line *line, int code,
				unsigned int flags)
{
	if (line == path->walk->target) {
		flags |= DOCTOR_CALLED;
		if (code != PAM_SUCCESS && code != PAM_IGNORE)
			flags |= DOCTOR_REFUSED;
		if (!(flags & DOCTOR_PROVEN))
			flags |= DOCTOR_UNPROVEN;
	}
	/* Our own SUCCESS is a code, or with after=publickey a key. */
	if (code == PAM_SUCCESS && path->walk->type == STACK_AUTH &&
	    (stack_calls_psg(line) || doctor_is_first_factor(line)))
		flags |= DOCTOR_PROVEN;
	return flags;
}

static enum doctor_end end_of(int code)
{
	switch (code) {
	case PAM_SUCCESS:
		return DOCTOR_END_SUCCESS;
	case PAM_NEW_AUTHTOK_REQD:
		return DOCTOR_END_NEW_AUTHTOK;
	case PAM_SESSION_ERR:
		return DOCTOR_END_SESSION;
	default:
		return DOCTOR_END_OTHER;
	}
}

/* Past everything that belongs to the substack of `at`. */
static size_t past_substack(const struct path *path, size_t at)
{
	unsigned int level = path->lines[at]->level;

	while (at + 1 < path->count && path->lines[at + 1]->level >= level)
		at++;
	return at;
}

static size_t jump(const struct path *path, size_t at, int over, struct mind *mind)
{
	unsigned int level = path->lines[at]->level;

	for (; over > 0 && at + 1 < path->count && path->lines[at + 1]->level >= level; over--)
		do
			at++;
		while (at + 1 < path->count && path->lines[at + 1]->level > level);
	if (over > 0) /* beyond the end: libpam refuses */
		*mind = (struct mind){NEGATIVE, DOCTOR_END_OTHER};
	return at;
}

/* One answer of the line `at`; returns the line that libpam stands at afterwards. */
static size_t act(const struct path *path, size_t at, int code, int action, struct state *state)
{
	struct mind *mind = &state->now;
	bool open = mind->impression == UNDECIDED ||
		    (mind->impression == POSITIVE && mind->status == DOCTOR_END_SUCCESS);

	switch (action) {
	case DOCTOR_IGNORE:
		return at;
	case DOCTOR_RESET:
		*mind = path->lines[at]->level ? state->saved
					       : (struct mind){UNDECIDED, DOCTOR_END_OTHER};
		return at;
	case DOCTOR_OK:
	case DOCTOR_DONE:
		/* Of an "ignore" too: it then stands, and no later success counts. */
		if (open)
			*mind = (struct mind){POSITIVE, end_of(code)};
		return mind->impression == POSITIVE && action == DOCTOR_DONE
			   ? past_substack(path, at)
			   : at;
	case DOCTOR_BAD:
	case DOCTOR_DIE:
		if (mind->impression != NEGATIVE)
			*mind = (struct mind){NEGATIVE, end_of(code)};
		return action == DOCTOR_DIE ? past_substack(path, at) : at;
	default:
		return jump(path, at, action, mind);
	}
}

static void reach(struct path *path, size_t line, const struct state *state, uint32_t from)
{
	if (line == path->count) {
		/* libpam's last word: success only where something said yes. */
		bool vain =
		    state->now.status == DOCTOR_END_SUCCESS && state->now.impression != POSITIVE;

		if (path->end == NOWHERE &&
		    path->walk->wanted(vain ? DOCTOR_END_OTHER : state->now.status, state->flags))
			path->end = from;
		return;
	}
	uint32_t index = (uint32_t)(line * STATES + pack(state));

	if (path->from[index] != NOWHERE)
		return;
	path->from[index] = from;
	path->waiting[path->waiting_count++] = index;
}

static void step(struct path *path, uint32_t index)
{
	size_t at = index / STATES;
	const struct stack_line *line = path->lines[at];
	int actions[DOCTOR_PAM_CODES];

	doctor_control(line->control, actions);
	for (int code = 0; code < DOCTOR_PAM_CODES; code++) {
		struct state state = unpack(index % STATES);
		size_t last = at;

		if (line->begins_substack) {
			if (code > 0)
				break;
		} else {
			if (!doctor_may_answer(path->walk, line, code))
				continue;
			state.flags = flags_after(path, line, code, state.flags);
			last = act(path, at, code, actions[code], &state);
		}
		if (last + 1 < path->count && path->lines[last + 1]->level > line->level)
			state.saved = state.now;
		reach(path, last + 1, &state, index);
	}
}

/* Which line leads there: the one whose answer went past the target, or hid what it said. */
static enum doctor_how blame(const struct path *path, const struct stack_line **ret_culprit)
{
	size_t next = path->count;
	struct state after = {.flags = 0};
	enum doctor_how how = DOCTOR_HOW_OVERRULED;

	*ret_culprit = path->walk->target;
	for (uint32_t index = path->end; index != NOWHERE; index = path->from[index]) {
		size_t at = index / STATES;
		struct state before = unpack(index % STATES);

		if (at < path->target && next > path->target) {
			*ret_culprit = path->lines[at];
			return next == path->count ? DOCTOR_HOW_ENDS : DOCTOR_HOW_SKIPS;
		}
		if (next < path->count && at < path->target && after.now.impression == NEGATIVE &&
		    before.now.impression != NEGATIVE) {
			*ret_culprit = path->lines[at];
			how = DOCTOR_HOW_HIDES;
		}
		next = at;
		after = before;
		if (path->from[index] == index) /* the first line */
			break;
	}
	return how;
}

static void path_clear(struct path *path)
{
	free(path->lines);
	free(path->from);
	free(path->waiting);
}

static bool path_init(const struct doctor_walk *walk, struct path *path)
{
	const struct stack *stack = &walk->service->stack;

	*path = (struct path){.walk = walk, .end = NOWHERE};
	path->lines = calloc(stack->count + 1, sizeof(*path->lines));
	for (size_t i = 0; path->lines && i < stack->count; i++) {
		if (stack->items[i].type != walk->type)
			continue;
		if (&stack->items[i] == walk->target)
			path->target = path->count;
		path->lines[path->count++] = &stack->items[i];
	}
	size_t states = (path->count + 1) * STATES;

	path->from = malloc(states * sizeof(*path->from));
	path->waiting = malloc(states * sizeof(*path->waiting));
	if (!path->lines || !path->from || !path->waiting)
		return false;
	memset(path->from, 0xff, states * sizeof(*path->from));
	return true;
}

enum doctor_how doctor_walk(const struct doctor_walk *walk, const struct stack_line **ret_culprit,
			    bool *failed)
{
	struct path path PSG_CLEANUP(path_clear) = {0};
	const struct state start = {.flags = 0};

	if (!path_init(walk, &path)) {
		*failed = true;
		return DOCTOR_HOW_NONE;
	}
	reach(&path, 0, &start, 0); /* the start comes from itself */
	while (path.waiting_first < path.waiting_count && path.end == NOWHERE)
		step(&path, path.waiting[path.waiting_first++]);
	return path.end == NOWHERE ? DOCTOR_HOW_NONE : blame(&path, ret_culprit);
}
