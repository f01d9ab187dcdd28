/* The decision over many paths at once, against an order told as a text that sorts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "psg/decision.h"

#define BOOT "11111111-2222-3333-4444-555555555555"
#define NOW_S INT64_C(1800000000)
#define UPTIME_S INT64_C(5000)
#define S PSG_NS_PER_S

static const struct psg_now now = {
    .realtime_ns = NOW_S * S + 999999999,
    .boottime_ns = UPTIME_S * S,
    .boot_id = BOOT,
};

/* Shapes that between them have every verdict and reason, and ties of every kind. */
static const struct shape {
	struct psg_path path;
	const char *why;
	int goodness;
} shapes[] = {
#define G PSG_TARGET_GROUP
#define UP PSG_STATUS_UPDATED
    {{G, "Open", "A", "alice", 0, UP, true, false, false, 9}, "NotRequired", 7},
    {{G, "OpenToo", "A", "alice", 0, UP, true, false, false, 4}, "NotRequired", 7},
    {{G, "Running", "A", "alice", 0, UP, true, false, true, 2}, "Active", 6},
    {{G, "RunningLonger", "A", "alice", 0, UP, true, false, true, 8}, "Active", 6},
    {{G, "Fresh", "A", "alice", 0, UP, true, false, true, 5}, "NeedsActivation", 5},
    {{G, "Fresh", "A", "%wheel", NOW_S + 9, UP, true, false, true, 5}, "NeedsActivation", 5},
    {{G, "Fresh", "A", "%wheel", NOW_S + 8, UP, true, false, true, 5}, "NeedsActivation", 5},
    {{G, "Fresh", "B", "alice", 0, UP, true, false, true, 5}, "NeedsActivation", 5},
    {{PSG_TARGET_SET, "Fresh", "A", "alice", 0, UP, true, false, true, 5}, "NeedsActivation", 5},
    {{G, "Earlier", "A", "alice", 0, UP, true, false, true, 5}, "Lapsed", 5},
    {{G, "Large", "A", "alice", 0, UP, true, false, true, 50}, "NeedsActivation", 5},
    {{G, "Muted", "A", "alice", 0, UP, true, true, false, 1}, "Muted", 4},
    {{G, "Failed", "A", "alice", 0, PSG_STATUS_FAILED, true, false, false, 1}, "Failed", 3},
    {{G, "Over", "A", "alice", NOW_S, UP, true, false, false, 1}, "Expired", 2},
    {{G, "Other", "A", "alice", 0, UP, false, false, false, 1}, "NotServed", 1},
#undef G
#undef UP
};

#define ACTIVATIONS 7U
#define NOT_SERVED (PSG_COUNT(shapes) - 1)

static struct psg_activation made(const char *file, const char *target, int64_t left_s, bool ended)
{
	struct psg_activation a = {
	    .valid = true,
	    .kind = PSG_TARGET_GROUP,
	    .boot_id = BOOT,
	    .created_realtime_ns = (NOW_S - 100) * S,
	    .created_boottime_ns = (UPTIME_S - 100) * S,
	    .first_boottime_ns = (UPTIME_S - 100) * S,
	    .in_session = true,
	};

	snprintf(a.file, sizeof(a.file), "%s", file);
	snprintf(a.target, sizeof(a.target), "%s", target);
	a.expires_realtime_ns = now.realtime_ns + left_s * S;
	a.expires_boottime_ns = now.boottime_ns + (left_s + 5) * S;
	a.ended = ended;
	return a;
}

/* Those of the shapes, and for each one that is worse or as good. */
static void fill_activations(struct psg_activation ret[static ACTIVATIONS])
{
	ret[0] = made("a-1", "Running", 100, false);
	ret[1] = made("a-2", "Running", 100, false);
	ret[2] = made("b-3", "RunningLonger", 200, false);
	ret[3] = made("a-4", "RunningLonger", 199, false);
	ret[4] = made("b-5", "Earlier", 100, true);
	ret[4].created_realtime_ns += S;
	ret[5] = made("a-6", "Earlier", 100, true);
	ret[6] = made("b-7", "Earlier", 100, true);
	ret[6].created_realtime_ns += S;
}

/* The order that decision.h tells, as a text that sorts: the smallest is the best. */
static void sort_key(const struct shape *shape, char out[static 200])
{
	int left = strcmp(shape->path.target, "Running") == 0         ? 100
		   : strcmp(shape->path.target, "RunningLonger") == 0 ? 200
								      : 0;

	snprintf(out, 200, "%d %04d %06u %-20s %d %-20s %-20s %020jd", 9 - shape->goodness,
		 9999 - left, shape->path.permission_count, shape->path.target,
		 (int)shape->path.kind, shape->path.set, shape->path.assignee,
		 (intmax_t)shape->path.assigned_until_s);
}

static const struct shape *best_of(const size_t *chosen, size_t count)
{
	const struct shape *best = NULL;
	char best_key[200] = "", key[200];

	for (size_t i = 0; i < count; i++) {
		sort_key(&shapes[chosen[i]], key);
		if (!best || strcmp(key, best_key) < 0) {
			best = &shapes[chosen[i]];
			memcpy(best_key, key, sizeof(key));
		}
	}
	return best;
}

static bool same_path(const struct psg_path *a, const struct psg_path *b)
{
	return a->kind == b->kind && !strcmp(a->target, b->target) && !strcmp(a->set, b->set) &&
	       !strcmp(a->assignee, b->assignee) && a->assigned_until_s == b->assigned_until_s;
}

static void check_paths(const size_t *chosen, size_t count,
			const struct psg_activation *activations)
{
	struct psg_path paths[4];
	struct psg_facts facts = {.now = now,
				  .paths = paths,
				  .path_count = count,
				  .activations = activations,
				  .activation_count = ACTIVATIONS};
	const struct shape *best = best_of(chosen, count);
	struct psg_decision decision;

	for (size_t i = 0; i < count; i++)
		paths[i] = shapes[chosen[i]].path;
	decision = psg_decide(&facts);
	assert_string_equal(psg_why_name(decision.why), best->why);
	assert_int_equal(decision.verdict, best->goodness >= 6   ? PSG_ALLOW
					   : best->goodness == 5 ? PSG_ACTIVATE
								 : PSG_DENY);
	if (best->goodness == 1)
		assert_null(decision.path);
	else
		assert_true(same_path(decision.path, &best->path));
	if (best->goodness == 6)
		assert_string_equal(decision.activation->file,
				    !strcmp(best->path.target, "Running") ? "a-1" : "b-3");
	else if (!strcmp(best->why, "Lapsed"))
		assert_string_equal(decision.activation->file, "b-5");
	else
		assert_null(decision.activation);
}

/* Every ordered choice of up to four paths, so every permutation too. */
static void order_of_paths(void **state)
{
	struct psg_activation activations[ACTIVATIONS];
	size_t n = PSG_COUNT(shapes), total = n * n * n * n;

	(void)state;
	fill_activations(activations);
	for (size_t code = 0; code < total; code++) {
		size_t chosen[4] = {code % n, code / n % n, code / n / n % n, code / n / n / n};

		for (size_t count = 1; count <= 4; count++)
			check_paths(chosen, count, activations);
	}
}

static void order_of_activations(void **state)
{
	struct psg_activation activations[ACTIVATIONS], turned[ACTIVATIONS];
	static const size_t chosen[][2] = {{2, 3}, {2, 10}, {9, 10}, {4, 9}};

	(void)state;
	fill_activations(activations);
	for (size_t code = 0; code < 5040; code++) {
		size_t left[ACTIVATIONS] = {0, 1, 2, 3, 4, 5, 6}, rest = code;

		for (size_t i = 0; i < ACTIVATIONS; i++) {
			size_t pick = rest % (ACTIVATIONS - i);

			rest /= ACTIVATIONS - i;
			turned[i] = activations[left[pick]];
			memmove(&left[pick], &left[pick + 1],
				(ACTIVATIONS - 1 - i - pick) * sizeof(left[0]));
		}
		for (size_t i = 0; i < PSG_COUNT(chosen); i++)
			check_paths(chosen[i], 2, turned);
	}
}

/* unassigned_ok passes only whom no path concerns, whatever else they are assigned. */
static void unassigned_ok(void **state)
{
	struct psg_path paths[2];
	struct psg_facts facts = {
	    .unassigned_ok = true, .now = now, .paths = paths, .path_count = 2};

	(void)state;
	paths[0] = shapes[NOT_SERVED].path; /* gives nothing that is asked for */
	for (size_t i = 0; i < PSG_COUNT(shapes); i++) {
		struct psg_decision decision;

		paths[1] = shapes[i].path;
		decision = psg_decide(&facts);
		if (shapes[i].path.gives)
			assert_int_not_equal(decision.why, PSG_WHY_UNASSIGNED_OK);
		else
			assert_int_equal(decision.why, PSG_WHY_UNASSIGNED_OK);
		assert_int_equal(decision.verdict == PSG_DENY,
				 shapes[i].goodness < 5 && i != NOT_SERVED);
	}
	/* What a Failed group would give is not known. */
	paths[1] = shapes[NOT_SERVED].path;
	paths[1].status = PSG_STATUS_FAILED;
	assert_int_equal(psg_decide(&facts).verdict, PSG_DENY);
}

static void candidates_are_distinct(void **state)
{
	struct psg_path paths[PSG_COUNT(shapes)];
	struct psg_activation activations[ACTIVATIONS];
	struct psg_facts facts = {.now = now,
				  .paths = paths,
				  .path_count = PSG_COUNT(paths),
				  .activations = activations,
				  .activation_count = ACTIVATIONS};
	const struct psg_path *got[6];

	(void)state;
	fill_activations(activations);
	for (size_t turn = 0; turn < PSG_COUNT(paths); turn++) {
		for (size_t i = 0; i < PSG_COUNT(paths); i++)
			paths[(i + turn) % PSG_COUNT(paths)] = shapes[i].path;
		for (size_t size = 0; size <= 6; size++) {
			static const char *const order[] = {"Earlier", "Fresh", "Fresh", "Large"};

			memset(got, 0, sizeof(got));
			assert_int_equal(psg_decide_candidates(&facts, got, size), 4);
			for (size_t i = 0; i < 6; i++) {
				if (i >= size || i >= 4)
					assert_null(got[i]);
				else
					assert_string_equal(got[i]->target, order[i]);
			}
			if (size >= 3) {
				assert_int_equal(got[1]->kind, PSG_TARGET_GROUP);
				assert_int_equal(got[2]->kind, PSG_TARGET_SET);
				assert_string_equal(got[1]->set, "A");
				assert_string_equal(got[1]->assignee, "%wheel");
			}
		}
	}
	facts.error = true;
	assert_int_equal(psg_decide_candidates(&facts, got, 6), 0);
	/* the same path twice is one */
	facts.error = false;
	facts.path_count = 3;
	paths[0] = paths[1] = paths[2] = shapes[4].path;
	assert_int_equal(psg_decide_candidates(&facts, got, 6), 1);
	assert_ptr_equal(got[0], &paths[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(order_of_paths),
	    cmocka_unit_test(order_of_activations),
	    cmocka_unit_test(unassigned_ok),
	    cmocka_unit_test(candidates_are_distinct),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
