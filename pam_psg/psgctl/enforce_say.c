/* What enforce tells: people on their terminals, the administrator, the log. */
#include <stdio.h>
#include <string.h>

#include "enforce.h"
#include "live.h"

static const char *act_name(enum enforce_act_kind kind)
{
	static const char *const names[] = {"Ended", "Warned", "WouldEnd", "LeftAlone"};

	return names[kind];
}

/* "Operators lapsed": what became of it. */
static void what_happened(const struct psg_due *due, struct psg_buf *out)
{
	static const char *const words[] = {
	    [PSG_END_LAPSED] = "lapsed",
	    [PSG_END_DEACTIVATED] = "was deactivated",
	    [PSG_END_CLOSED] = "lapsed after its login was closed",
	    [PSG_END_UNASSIGNED] = "is no longer assigned",
	};
	const char *word =
	    (size_t)due->why < PSG_COUNT(words) && words[due->why] ? words[due->why] : "is over";

	psg_buf_format(out, "%s %s", due->activation.target, word);
}

static void in_words(enum enforce_act_kind kind, const struct psg_due *due,
		     const struct psg_ending *ending, struct psg_buf *out)
{
	char left[PSG_TIME_SIZE];

	if (kind == ENFORCE_WARNED) {
		psg_duration_format_human(due->left_ns / PSG_NS_PER_S, left);
		psg_buf_format(out, "%s lapses in %s", due->activation.target, left);
		return;
	}
	what_happened(due, out);
	if (kind == ENFORCE_LEFT_ALONE)
		psg_buf_text(out, "; its session is led by somebody else's process, and no login "
				  "of this person's was registered for it: left alone");
	if (!ending)
		return;
	psg_buf_format(out, "; %zu process%s ended", ending->ended, ending->ended == 1 ? "" : "es");
	if (ending->left)
		psg_buf_format(out, ", %zu could not be", ending->left);
	if (ending->spared.len)
		psg_buf_format(out, "; left as services of their own: %s", ending->spared.data);
}

static void print_json(struct enforce *enforce, enum enforce_act_kind kind,
		       const struct psg_due *due, const struct psg_ending *ending, const char *text)
{
	char session[PSG_SESSION_ID_SIZE];
	json_t *act = ctl_live_json(due->subject, &due->activation);

	psg_session_id_format(&due->session, session);
	json_object_set_new(act, "act", ctl_json_text(act_name(kind)));
	json_object_set_new(act, "authSessionId", ctl_json_text(session));
	json_object_set_new(act, "reason", ctl_json_text(text));
	json_object_set_new(act, "ended", json_integer(ending ? (json_int_t)ending->ended : 0));
	json_object_set_new(act, "left", json_integer(ending ? (json_int_t)ending->left : 0));
	if (enforce->watch)
		ctl_json_line(act);
	else
		json_array_append_new(enforce->acts, act);
}

void enforce_say(struct enforce *enforce, enum enforce_act_kind kind, const struct psg_due *due,
		 const struct psg_ending *ending)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	char session[PSG_SESSION_ID_SIZE];

	in_words(kind, due, ending, &text);
	const char *words = text.failed ? "" : text.data;

	psg_session_id_format(&due->session, session);
	if (kind == ENFORCE_ENDED) {
		struct psg_activation here = due->activation;

		/* The session that was ended, whichever it was made in. */
		here.scope = PSG_SCOPE_SESSION;
		here.bound = true;
		here.binding = due->session;
		ctl_live_event(enforce->ctl, PSG_EVENT_SESSION_ENDED, due->subject, &here, words);
	}
	if (enforce->ctl->json) {
		print_json(enforce, kind, due, ending, words);
		return;
	}
	printf("%s %s of %s: %s\n",
	       kind == ENFORCE_ENDED       ? "Ended session"
	       : kind == ENFORCE_WARNED    ? "Warned session"
	       : kind == ENFORCE_WOULD_END ? "Would end session"
					   : "Left session",
	       session, ctl_safe(due->subject), words);
	if (enforce->watch)
		(void)fflush(stdout);
}

void enforce_warning(const struct psg_due *due, int64_t realtime_ns, struct psg_buf *out)
{
	char left[PSG_TIME_SIZE], end[PSG_TIME_SIZE];

	psg_duration_format_human((due->left_ns + PSG_NS_PER_S - 1) / PSG_NS_PER_S, left);
	psg_time_format((realtime_ns + due->left_ns) / PSG_NS_PER_S, end);
	psg_buf_format(out, "%s lapses in %s (%s), and this session is ended then. ",
		       due->activation.target, left, end);
	if (due->renewable)
		psg_buf_format(out, "To keep it: sudo psgctl activate %s", due->activation.target);
	else
		psg_buf_text(out,
			     "It cannot be renewed any more: save your work and log in again.");
}
