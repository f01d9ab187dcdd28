/* What is live, its JSON and its events. */
#include "live.h"

#include <stdio.h>
#include <string.h>

enum psg_err ctl_live(const struct psg_store *store, const struct psg_activation *activation,
		      const struct psg_now *now, bool *ret)
{
	struct psg_activation as_inside = *activation;

	as_inside.in_session = true;
	*ret = psg_activation_live(&as_inside, now);
	if (!*ret || activation->scope == PSG_SCOPE_HOST)
		return PSG_OK;
	if (activation->bound)
		return psg_session_alive(&store->proc, &activation->binding.leader, ret);
	*ret = now->boottime_ns - activation->created_boottime_ns <= PSG_TICKET_LIFE_NS;
	return PSG_OK;
}

enum psg_err ctl_live_list(struct ctl *ctl, const char *subject, const struct psg_now *now,
			   struct psg_activations *ret)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	enum psg_err err = psg_people_activations(ctl->store, subject, &list);

	if (!err && list.count && !ctl->policy)
		err = psg_policy_open(ctl->store->root, &ctl->policy);
	if (!err && list.count)
		err = psg_gate_restrain(ctl->policy, now, &list);
	if (err)
		return err;
	*ret = list;
	list = (struct psg_activations){0};
	return PSG_OK;
}

bool ctl_lapsed(const struct psg_activation *activation, const struct psg_now *now)
{
	return activation->valid && !activation->ended &&
	       (psg_activation_left_ns(activation, now) <= 0 ||
		!psg_boot_same(activation->boot_id, now->boot_id));
}

bool ctl_closed_early(const struct psg_activation *activation, const struct psg_now *now)
{
	return activation->valid && activation->ended && activation->end_reason == PSG_END_CLOSED &&
	       psg_activation_left_ns(activation, now) > 0;
}

/* ID of ID-STEP; "" for what no device opened. False: the administrator did. */
static bool device_of(const char *file, char out[static PSG_CREDENTIAL_ID_SIZE])
{
	size_t len = strspn(file, "0123456789abcdef");

	out[0] = '\0';
	if (len == PSG_CREDENTIAL_ID_SIZE - 1 && file[len] == '-')
		(void)snprintf(out, PSG_CREDENTIAL_ID_SIZE, "%.*s", (int)len, file);
	return strncmp(file, "admin-", 6) != 0;
}

enum psg_err ctl_end_opened(struct ctl *ctl, const char *subject, ctl_device_fn *which,
			    const void *arg, size_t *ret_ended)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_now now;
	enum psg_err err = psg_people_activations(ctl->store, subject, &list);

	if (!err)
		err = psg_clock_now(&ctl->store->clock, &now);
	for (size_t i = 0; i < list.count && !err; i++) {
		const struct psg_activation *activation = &list.items[i];
		char device[PSG_CREDENTIAL_ID_SIZE];
		bool live = false, first = false;

		if (!device_of(activation->file, device) || !which(arg, device) ||
		    activation->ended || ctl_lapsed(activation, &now))
			continue;
		if (ctl_live(ctl->store, activation, &now, &live))
			live = true;
		err = psg_activation_end(ctl->store, subject, activation->file, PSG_END_UNENROLLED,
					 &first);
		if (!err && first && live) {
			(*ret_ended)++;
			ctl_live_event(ctl, PSG_EVENT_DEACTIVATED, subject, activation,
				       "unenrolled");
		}
	}
	return err;
}

void ctl_live_session(const struct psg_activation *activation, char out[static PSG_SESSION_ID_SIZE])
{
	if (activation->scope == PSG_SCOPE_HOST)
		out[0] = '\0';
	else if (activation->bound)
		psg_session_id_format(&activation->binding, out);
	else
		strcpy(out, "pending");
}

json_t *ctl_live_json(const char *subject, const struct psg_activation *activation)
{
	char id[PSG_ACTIVATION_ID_SIZE], session[PSG_SESSION_ID_SIZE];
	bool group = activation->kind == PSG_TARGET_GROUP;

	psg_activation_id_format(subject, activation->file, id);
	ctl_live_session(activation, session);
	return json_pack(
	    "{so so so so so so so so so so}", "id", ctl_json_text(id), "userName",
	    ctl_json_text(subject), "permissionSetGroup",
	    group ? ctl_json_text(activation->target) : json_null(), "permissionSet",
	    group ? json_null() : ctl_json_text(activation->target), "scope",
	    ctl_json_text(psg_scope_name(activation->scope)), "authSessionId",
	    activation->scope == PSG_SCOPE_SESSION && activation->bound ? ctl_json_text(session)
									: json_null(),
	    "service", ctl_json_text(activation->service), "description",
	    *activation->description ? ctl_json_text(activation->description) : json_null(),
	    "createdDate", ctl_json_time(activation->created_realtime_ns / PSG_NS_PER_S),
	    "expirationDate", ctl_json_time(activation->expires_realtime_ns / PSG_NS_PER_S));
}

void ctl_live_event(struct ctl *ctl, enum psg_event_kind kind, const char *subject,
		    const struct psg_activation *activation, const char *reason)
{
	char id[PSG_ACTIVATION_ID_SIZE], session[PSG_SESSION_ID_SIZE], expires[PSG_TIME_SIZE];
	struct psg_event event = {
	    .kind = kind, .user = subject, .activation_id = id, .reason = reason};

	psg_activation_id_format(subject, activation->file, id);
	if (activation->valid) {
		ctl_live_session(activation, session);
		psg_time_format(activation->expires_realtime_ns / PSG_NS_PER_S, expires);
		event.session_id = *session ? session : NULL;
		event.expires = expires;
		event.target_type = psg_target_kind_name(activation->kind);
		event.target = activation->target;
	}
	ctl_event(ctl, &event);
}

enum psg_err ctl_write_lapse(struct ctl *ctl, const char *subject,
			     const struct psg_activation *activation)
{
	bool first = false;
	enum psg_err err =
	    psg_activation_end(ctl->store, subject, activation->file, PSG_END_LAPSED, &first);

	if (!err && first)
		ctl_live_event(ctl, PSG_EVENT_LAPSED, subject, activation, NULL);
	return err;
}
