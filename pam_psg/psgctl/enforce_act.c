/* One round: ends what is over, warns of what soon is.
 *
 * MUST end all sessions that are due together: one after the other the last would wait for the first's grace.
 * MUST NOT end or warn twice for one activation: what it remembers is "done". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "enforce.h"
#include "live.h"

#define AGAIN_NS (INT64_C(5) * PSG_NS_PER_S) /* after something could not be ended */

void enforce_clear(struct enforce *enforce)
{
	psg_strings_clear(&enforce->done);
	psg_strings_clear(&enforce->before);
	json_decref(enforce->acts);
}

void enforce_forget(struct enforce *enforce)
{
	psg_strings_clear(&enforce->before);
	enforce->before = enforce->done;
	enforce->done = (struct psg_strings){0};
}

/* E: ended; U: tried, and something is left; W: warned; L: left alone. */
static enum psg_err mark(char kind, const struct psg_due *due, struct psg_buf *out)
{
	char session[PSG_SESSION_ID_SIZE];

	psg_session_id_format(&due->session, session);
	psg_buf_format(out, "%c %s/%s %s", kind, due->subject, due->activation.file, session);
	return out->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

static enum psg_err keep(struct enforce *enforce, const char *text)
{
	enum psg_err err = psg_strings_add(&enforce->done, text);

	if (!err)
		psg_strings_sort(&enforce->done);
	return err;
}

static bool is_done(struct enforce *enforce, char kind, const struct psg_due *due)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	if (mark(kind, due, &text) != PSG_OK)
		return false;
	if (psg_strings_has(&enforce->done, text.data))
		return true;
	return psg_strings_has(&enforce->before, text.data) && keep(enforce, text.data) == PSG_OK;
}

static enum psg_err set_done(struct enforce *enforce, char kind, const struct psg_due *due)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err = mark(kind, due, &text);

	return err ? err : keep(enforce, text.data);
}

static bool is_over(struct enforce *enforce, const struct psg_due *due)
{
	return due->left_ns <= 0 && !due->others && !is_done(enforce, 'E', due);
}

static bool same_session(const struct psg_binding *a, const struct psg_binding *b)
{
	return a->leader.pid == b->leader.pid && a->leader.start_ticks == b->leader.start_ticks &&
	       a->audit_id == b->audit_id;
}

/* The ending of a due, made at the first of its session. */
static struct psg_ending *ending_of(struct psg_ending *list, size_t *count,
				    const struct psg_due *due)
{
	for (size_t i = 0; i < *count; i++)
		if (same_session(&list[i].session, &due->session))
			return &list[i];
	list[*count] = (struct psg_ending){.session = due->session, .subject_uid = due->uid};
	return &list[(*count)++];
}

static void endings_clear(struct psg_ending *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		psg_buf_clear(&list[i].spared);
	free(list);
}

/* What is over is written down as over, whoever else notices. */
static enum psg_err record(struct enforce *enforce, const struct psg_due *due)
{
	bool first = false;
	enum psg_err err;

	if (due->activation.ended)
		return PSG_OK;
	if (due->why == PSG_END_LAPSED)
		return ctl_write_lapse(enforce->ctl, due->subject, &due->activation);
	err = psg_activation_end(enforce->ctl->store, due->subject, due->activation.file, due->why,
				 &first);
	if (!err && first)
		ctl_live_event(enforce->ctl, PSG_EVENT_ENDED, due->subject, &due->activation,
			       psg_end_reason_name(due->why));
	return err;
}

static enum psg_err after(struct enforce *enforce, const struct psg_due *due,
			  const struct psg_ending *ending)
{
	enum psg_err err = record(enforce, due);

	enum psg_err failed = PSG_OK;

	/* A session that was gone already is no news, nor is one that still cannot be ended. */
	if ((ending->ended || ending->left) && !is_done(enforce, 'U', due))
		enforce_say(enforce, ENFORCE_ENDED, due, ending);
	enforce->left += ending->left > 0;
	failed = set_done(enforce, ending->left ? 'U' : 'E', due);
	return err ? err : failed;
}

struct again {
	struct enforce *enforce;
	const struct psg_dues *dues;
	const struct psg_logins *logins;
};

/* A fresh code may have come in the meantime: what was due when it was read is judged once more, just before the first
 * signal. What cannot be judged now was due a moment ago. */
static bool still_due(void *arg, const struct psg_ending *ending)
{
	struct again *again = arg;

	for (size_t i = 0; i < again->dues->count; i++) {
		const struct psg_due *due = &again->dues->items[i];
		struct psg_dues now PSG_CLEANUP(psg_dues_clear) = {0};

		if (!same_session(&due->session, &ending->session) || !is_over(again->enforce, due))
			continue;
		if (psg_dues_read(again->enforce->ctl->store, due->subject, again->logins,
				  enforce_service, NULL, &now) != PSG_OK)
			return true;
		for (size_t j = 0; j < now.count; j++)
			if (same_session(&now.items[j].session, &ending->session) &&
			    is_over(again->enforce, &now.items[j]))
				return true;
	}
	return false;
}

static enum psg_err end_all(struct enforce *enforce, const struct psg_dues *dues,
			    const struct psg_logins *logins)
{
	struct psg_ending *list = calloc(dues->count + 1, sizeof(*list));
	size_t count = 0;
	enum psg_err err = list ? PSG_OK : PSG_ERR_NO_MEMORY;

	for (size_t i = 0; i < dues->count && list; i++)
		if (is_over(enforce, &dues->items[i]))
			(void)ending_of(list, &count, &dues->items[i]);
	struct again again = {enforce, dues, logins};

	if (count > 0)
		err = psg_sessions_end(list, count, logins, still_due, &again);
	for (size_t i = 0; i < dues->count && count > 0; i++) {
		if (!is_over(enforce, &dues->items[i]))
			continue;
		const struct psg_ending *ending = ending_of(list, &count, &dues->items[i]);

		if (ending->dropped)
			continue;
		/* Looking around failed: who is left is not known. */
		enum psg_err failed = err ? err : after(enforce, &dues->items[i], ending);

		err = err ? err : failed;
	}
	endings_clear(list, count);
	return err;
}

static void tell(struct enforce *enforce, const struct psg_dues *dues, enum enforce_act_kind kind)
{
	for (size_t i = 0; i < dues->count; i++) {
		const struct psg_due *due = &dues->items[i];

		if (kind == ENFORCE_WOULD_END
			? is_over(enforce, due)
			: due->left_ns <= 0 && due->others && !is_done(enforce, 'L', due)) {
			enforce_say(enforce, kind, due, NULL);
			if (kind == ENFORCE_LEFT_ALONE)
				(void)!set_done(enforce, 'L', due);
		}
	}
}

static bool wants_warning(struct enforce *enforce, const struct psg_due *due)
{
	return due->serves && !due->others && due->left_ns > 0 &&
	       due->left_ns <= due->warn_before_ns && !is_done(enforce, 'W', due);
}

static enum psg_err warn_all(struct enforce *enforce, const struct psg_dues *dues,
			     const struct psg_logins *logins)
{
	struct psg_now now;
	enum psg_err err = psg_clock_now(&enforce->ctl->store->clock, &now);

	for (size_t i = 0; i < dues->count && !err; i++) {
		const struct psg_due *due = &dues->items[i];
		struct psg_buf line PSG_CLEANUP(psg_buf_clear) = {0};

		if (!wants_warning(enforce, due))
			continue;
		enforce_warning(due, now.realtime_ns, &line);
		err = line.failed
			  ? PSG_ERR_NO_MEMORY
			  : psg_session_warn(&due->session, due->uid, logins, line.data, NULL);
		if (!err) {
			enforce_say(enforce, ENFORCE_WARNED, due, NULL);
			err = set_done(enforce, 'W', due);
		}
	}
	return err;
}

static int64_t next_of(struct enforce *enforce, const struct psg_due *due)
{
	if (due->left_ns <= 0)
		return is_over(enforce, due) ? AGAIN_NS : INT64_MAX;
	if (due->serves && due->left_ns > due->warn_before_ns && due->warn_before_ns > 0)
		return due->left_ns - due->warn_before_ns;
	return due->left_ns;
}

enum psg_err enforce_act(struct enforce *enforce, const struct psg_dues *dues,
			 const struct psg_logins *logins, int64_t *ret_next_ns)
{
	int64_t next_ns = INT64_MAX;
	enum psg_err err = PSG_OK, failed = PSG_OK;

	tell(enforce, dues, ENFORCE_LEFT_ALONE);
	if (enforce->dry_run)
		tell(enforce, dues, ENFORCE_WOULD_END);
	else
		err = end_all(enforce, dues, logins);
	if (!enforce->dry_run)
		failed = warn_all(enforce, dues, logins);
	for (size_t i = 0; i < dues->count; i++) {
		int64_t one_ns = next_of(enforce, &dues->items[i]);

		next_ns = one_ns < next_ns ? one_ns : next_ns;
	}
	*ret_next_ns = next_ns;
	return err ? err : failed;
}
