/* Which sessions end with which activations, and when.
 *
 * MUST NOT end anybody because something could not be read or is not known: *_is_left in dues_test,
 *   dues_policy_test and dues_host_test of tests/store.
 * MUST judge by the policy that is in force, stricter or looser than the one before: policy_* in
 *   dues_policy_test.
 * MUST NOT end a session for whose target another activation is live: renewed_is_left in dues_test and
 *   dues_host_test. */
#include <stdlib.h>
#include <string.h>

#include "psg/enforce.h"
#include "psg/unix_group.h"

struct judge {
	struct psg_store *store;
	const struct psg_logins *logins;
	psg_service_fn *service;
	void *service_arg;
	struct psg_subject subject;
	struct psg_now now;
	struct psg_policy *policy;
	struct psg_activations activations; /* held to the policy */
	struct psg_assignments assignments;
	bool assignments_known;
	struct psg_dues dues;
};

void psg_dues_clear(struct psg_dues *dues)
{
	free(dues->items);
	*dues = (struct psg_dues){0};
}

static void judge_clear(struct judge *judge)
{
	psg_policy_close(&judge->policy);
	psg_activations_clear(&judge->activations);
	psg_assignments_clear(&judge->assignments);
	psg_dues_clear(&judge->dues);
}

static bool same_target(const struct psg_activation *a, const struct psg_activation *b)
{
	return a->kind == b->kind && !strcmp(a->target, b->target);
}

static bool same_session(const struct psg_binding *a, const struct psg_binding *b)
{
	return psg_leader_same(&a->leader, &b->leader) ||
	       (a->audit_id != PSG_AUDIT_NONE && a->audit_id == b->audit_id);
}

/* Whether the target is assigned to a Unix group of which it is not to be seen whether the person is in it: the account
 * or the group is of a name service that does not show it just now. */
static bool maybe_by_group(const struct judge *judge, const struct psg_activation *activation)
{
	struct psg_assignments all PSG_CLEANUP(psg_assignments_clear) = {0};
	int64_t now_s = judge->now.realtime_ns / PSG_NS_PER_S;
	struct psg_unix_group group;

	if (!psg_policy_has_unix_groups(judge->policy))
		return false;
	if (psg_policy_all_assigned(judge->policy, &all) != PSG_OK)
		return true;
	for (size_t i = 0; i < all.count; i++) {
		const struct psg_assignment *one = &all.items[i];

		if (one->assignee[0] == '%' && one->kind == activation->kind &&
		    !strcmp(one->target, activation->target) &&
		    (one->until_s == 0 || one->until_s > now_s) &&
		    (judge->subject.uid == (uid_t)-1 ||
		     psg_unix_group_find(one->assignee + 1, &group) != PSG_OK))
			return true;
	}
	return false;
}

/* `--until` may be the year 9999, which is more nanoseconds than there are. */
static int64_t until_ns(const struct judge *judge, int64_t until_s)
{
	int64_t ns;

	if (until_s == 0 || __builtin_mul_overflow(until_s, PSG_NS_PER_S, &ns) ||
	    __builtin_sub_overflow(ns, judge->now.realtime_ns, &ns))
		return INT64_MAX;
	return ns;
}

/* How long until the assignment is over; INT64_MAX where it has no end, or where it is not to be seen: a Unix group
 * that a name service does not show just now is not a group that somebody left. */
static int64_t assigned_ns(const struct judge *judge, const struct psg_activation *activation)
{
	int64_t longest = INT64_MIN;

	for (size_t i = 0; i < judge->assignments.count && judge->assignments_known; i++) {
		const struct psg_assignment *assignment = &judge->assignments.items[i];

		if (assignment->kind != activation->kind ||
		    strcmp(assignment->target, activation->target) != 0)
			continue;
		int64_t left = until_ns(judge, assignment->until_s);

		longest = left > longest ? left : longest;
	}
	if (longest == INT64_MIN || (longest <= 0 && maybe_by_group(judge, activation)))
		return INT64_MAX;
	return longest > 0 ? longest : 0;
}

/* Time until it is over, 0 when it is. Closed, its session may have left jobs behind: they have until the lapse. So has an
 * end whose reason is not written yet: its file is made first, and the writing of it stirs again. */
static int64_t left_of(const struct judge *judge, const struct psg_activation *activation)
{
	int64_t left = psg_activation_left_ns(activation, &judge->now);
	int64_t assigned = assigned_ns(judge, activation);

	if (activation->ended && activation->end_reason != PSG_END_CLOSED &&
	    activation->end_reason != PSG_END_NONE)
		return 0;
	return left < assigned ? left : assigned;
}

/* Whether it says anything about open sessions: a whole record of this boot that was in force once and whose place no
 * newer one took. */
static bool counts(const struct judge *judge, const struct psg_activation *activation)
{
	return activation->valid && psg_boot_same(activation->boot_id, judge->now.boot_id) &&
	       !(activation->ended && (activation->end_reason == PSG_END_SUPERSEDED ||
				       activation->end_reason == PSG_END_FAILED));
}

static enum psg_err serves(const struct judge *judge, const struct psg_activation *activation,
			   bool *ret)
{
	*ret = counts(judge, activation) && !activation->ended && left_of(judge, activation) > 0;
	if (!*ret || activation->scope == PSG_SCOPE_HOST)
		return PSG_OK;
	if (!activation->bound) {
		*ret = false;
		return PSG_OK;
	}
	return psg_session_alive(&judge->store->proc, &activation->binding.leader, ret);
}

/* Whether another activation of the target is live in that session. */
static enum psg_err carried_on(const struct judge *judge, const struct psg_activation *activation,
			       const struct psg_binding *session, bool *ret)
{
	*ret = false;
	for (size_t i = 0; i < judge->activations.count && !*ret; i++) {
		const struct psg_activation *other = &judge->activations.items[i];
		bool live = false;

		if (other == activation || !same_target(other, activation) ||
		    (other->scope == PSG_SCOPE_SESSION &&
		     !(other->bound && same_session(&other->binding, session))))
			continue;
		enum psg_err err = serves(judge, other, &live);

		if (err)
			return err;
		*ret = live;
	}
	return PSG_OK;
}

static const struct psg_login *login_of(const struct judge *judge,
					const struct psg_binding *session)
{
	for (size_t i = 0; i < judge->logins->count; i++) {
		const struct psg_login *login = &judge->logins->items[i];

		if (!strcmp(login->subject, judge->subject.name) &&
		    same_session(&login->binding, session))
			return login;
	}
	return NULL;
}

/* A session that nobody registered and that root leads: the shell in which somebody ran pamtester, a display manager.
 * Ending it would end more than the person's. */
static enum psg_err led_by_root(const struct judge *judge, const struct psg_leader *leader,
				bool *ret)
{
	struct psg_proc_info info;
	enum psg_err err = judge->store->proc.info(judge->store->proc.self, leader->pid, &info);

	*ret = !err && info.start_ticks == leader->start_ticks && info.real_uid == 0;
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_end_reason why_over(const struct judge *judge,
				    const struct psg_activation *activation)
{
	if (activation->ended && activation->end_reason != PSG_END_NONE)
		return activation->end_reason;
	return activation->ended || psg_activation_left_ns(activation, &judge->now) <= 0
		   ? PSG_END_LAPSED
		   : PSG_END_UNASSIGNED;
}

static enum psg_err add(struct judge *judge, const struct psg_activation *activation,
			const struct psg_activation_policy *policy,
			const struct psg_binding *session, bool live)
{
	struct psg_dues *dues = &judge->dues;
	struct psg_due *grown = reallocarray(dues->items, dues->count + 1, sizeof(*grown));
	const struct psg_login *login = login_of(judge, session);
	int64_t last_ns = activation->first_boottime_ns + policy->maximum_lifetime_s * PSG_NS_PER_S;
	bool roots = false;

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	dues->items = grown;
	enum psg_err err = login ? PSG_OK : led_by_root(judge, &session->leader, &roots);

	if (err)
		return err;
	struct psg_due *due = &grown[dues->count++];

	*due = (struct psg_due){.uid = judge->subject.uid,
				.activation = *activation,
				.session = *session,
				.registered = login != NULL,
				.serves = live,
				.renewable = activation->expires_boottime_ns < last_ns,
				.roots = roots,
				.why = why_over(judge, activation),
				.left_ns = left_of(judge, activation),
				.warn_before_ns = policy->warn_before_s * PSG_NS_PER_S};
	memcpy(due->subject, judge->subject.name, sizeof(due->subject));
	/* The login's own leader and what is its own id by now. */
	if (login)
		due->session = login->binding;
	return PSG_OK;
}

/* What the session's own stack makes of it today: a stack that only watches (permissive) ends nobody, nor does one that
 * cannot be read, nor the gate for whom it is no concern. */
static enum psg_err exempt(const struct judge *judge, const struct psg_binding *session, bool *ret)
{
	const struct psg_login *login = login_of(judge, session);
	struct psg_service service = {.gated = false};
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	enum psg_err err = psg_policy_settings(judge->policy, &settings);

	if (err)
		return err;
	*ret = psg_strings_has(&settings.exempt_users, judge->subject.name) ||
	       (login && (judge->service(judge->service_arg, login->service, &service) != PSG_OK ||
			  service.permissive));
	return PSG_OK;
}

static enum psg_err judge_session(struct judge *judge, const struct psg_activation *activation,
				  const struct psg_activation_policy *policy)
{
	const struct psg_binding *session = &activation->binding;
	bool live = false, spared = false;

	if (!activation->bound || session->leader.pid <= 0)
		return PSG_OK;
	enum psg_err err = carried_on(judge, activation, session, &spared);

	if (!err && !spared)
		err = exempt(judge, session, &spared);
	if (!err && !spared)
		err = serves(judge, activation, &live);
	return err || spared ? err : add(judge, activation, policy, session, live);
}

/* What the login's service would say to it now. UNASSIGNED with Unix groups in the policy is what a name service that
 * is away looks like, and ends nobody. */
static enum psg_err would_be_let_in(const struct judge *judge, const struct psg_login *login,
				    bool *ret, char ret_by[static PSG_ACTIVATION_FILE_SIZE])
{
	struct psg_service service = {.gated = false};
	struct psg_gate *gate PSG_CLEANUP(psg_gate_free) = NULL;
	struct psg_call call;

	*ret = true;
	ret_by[0] = '\0';
	if (judge->service(judge->service_arg, login->service, &service) != PSG_OK ||
	    !service.gated || service.permissive)
		return PSG_OK;
	psg_session_imagine(&login->binding, judge->subject.uid, &call);
	struct psg_ask ask = {.subject = &judge->subject,
			      .demand = &service.demand,
			      .call = &call,
			      .even_root = service.even_root,
			      .unassigned_ok = service.unassigned_ok};
	enum psg_err err = psg_gate_ask(judge->store, &ask, &gate);

	if (err)
		return err;
	*ret = gate->decision.verdict == PSG_ALLOW || (gate->decision.why == PSG_WHY_UNASSIGNED &&
						       psg_policy_has_unix_groups(judge->policy));
	if (gate->decision.verdict == PSG_ALLOW && gate->decision.why == PSG_WHY_ACTIVE)
		memcpy(ret_by, gate->decision.activation->file, PSG_ACTIVATION_FILE_SIZE);
	return PSG_OK;
}

/* For the whole Host: it concerns the logins whose service opens by it, or would open no more. */
static enum psg_err judge_host(struct judge *judge, const struct psg_activation *activation,
			       const struct psg_activation_policy *policy)
{
	bool live = false;
	enum psg_err err = serves(judge, activation, &live);

	for (size_t i = 0; i < judge->logins->count && !err; i++) {
		const struct psg_login *login = &judge->logins->items[i];
		char by[PSG_ACTIVATION_FILE_SIZE];
		bool open = true, spared = false;

		if (!login->alive || strcmp(login->subject, judge->subject.name) != 0)
			continue;
		err = would_be_let_in(judge, login, &open, by);
		if (!err && !live && !open)
			err = carried_on(judge, activation, &login->binding, &spared);
		if (!err && (live ? !strcmp(by, activation->file) : !open && !spared))
			err = add(judge, activation, policy, &login->binding, live);
	}
	return err;
}

static enum psg_err judge_one(struct judge *judge, const struct psg_activation *activation)
{
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};

	if (!counts(judge, activation))
		return PSG_OK;
	enum psg_err err = psg_policy_activation_policy(judge->policy, activation->kind,
							activation->target, &policy);

	/* The target is gone, and with it the word that sessions should end. */
	if (err == PSG_ERR_NOT_FOUND || (!err && !policy.end_sessions))
		return PSG_OK;
	if (err)
		return err;
	return activation->scope == PSG_SCOPE_HOST ? judge_host(judge, activation, &policy)
						   : judge_session(judge, activation, &policy);
}

static enum psg_err gather(struct judge *judge, const char *name)
{
	enum psg_err err = psg_subject_by_name(name, &judge->subject);

	/* An account that is gone has processes all the same; by its uid they cannot be told. */
	if (err && err != PSG_ERR_NOT_FOUND)
		return err;
	err = psg_policy_open(judge->store->root, &judge->policy);
	if (!err)
		err = psg_clock_now(&judge->store->clock, &judge->now);
	if (!err)
		err = psg_people_activations(judge->store, name, &judge->activations);
	if (!err && judge->activations.count)
		err = psg_gate_restrain(judge->policy, &judge->now, &judge->activations);
	if (err || judge->activations.count == 0)
		return err;
	judge->assignments_known =
	    psg_gate_assignments(judge->policy, &judge->subject, &judge->assignments) == PSG_OK;
	return PSG_OK;
}

enum psg_err psg_dues_read(struct psg_store *store, const char *subject,
			   const struct psg_logins *logins, psg_service_fn *service,
			   void *service_arg, struct psg_dues *ret)
{
	struct judge judge PSG_CLEANUP(judge_clear) = {
	    .store = store, .logins = logins, .service = service, .service_arg = service_arg};
	enum psg_err err = gather(&judge, subject);

	for (size_t i = 0; i < judge.activations.count && !err; i++)
		err = judge_one(&judge, &judge.activations.items[i]);
	if (err)
		return err;
	*ret = judge.dues;
	judge.dues = (struct psg_dues){0};
	return PSG_OK;
}
