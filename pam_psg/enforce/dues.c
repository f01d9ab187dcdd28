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

#include "dues.h"

void psg_dues_clear(struct psg_dues *dues)
{
	free(dues->items);
	*dues = (struct psg_dues){0};
}

static void judge_clear(struct psg_judge *judge)
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

/* Whether a Session activation is one of this session's, or of what is left of it: a terminal in a tmux that outlived
 * its login is a session of its own, whose processes carry the login's id all the same. */
static bool reaches(const struct psg_judge *judge, const struct psg_activation *activation,
		    const struct psg_binding *session)
{
	const struct psg_proc *proc = &judge->store->proc;
	struct psg_proc_info info;
	bool lives = true;

	if (!activation->bound || same_session(&activation->binding, session))
		return activation->bound;
	return session->audit_id != PSG_AUDIT_NONE &&
	       psg_session_alive(proc, &session->leader, &lives) == PSG_OK && !lives &&
	       proc->info(proc->self, activation->binding.leader.pid, &info) == PSG_OK &&
	       info.start_ticks == activation->binding.leader.start_ticks &&
	       info.audit_id == session->audit_id;
}

enum psg_err psg_due_carried_on(const struct psg_judge *judge,
				const struct psg_activation *activation,
				const struct psg_binding *session, bool *ret)
{
	*ret = false;
	for (size_t i = 0; i < judge->activations.count && !*ret; i++) {
		const struct psg_activation *other = &judge->activations.items[i];
		bool live = false;

		if (other == activation || !same_target(other, activation) ||
		    (other->scope == PSG_SCOPE_SESSION && !reaches(judge, other, session)))
			continue;
		enum psg_err err = psg_due_serves(judge, other, &live);

		if (err)
			return err;
		*ret = live;
	}
	return PSG_OK;
}

static const struct psg_login *login_of(const struct psg_judge *judge,
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

/* A session that is not the person's: the shell in which root ran pamtester, or somebody else's in which this one is
 * by su. Ending it would end more than the person's. */
static enum psg_err led_by_another(const struct psg_judge *judge, const struct psg_leader *leader,
				   bool *ret)
{
	struct psg_proc_info info;
	enum psg_err err = judge->store->proc.info(judge->store->proc.self, leader->pid, &info);

	/* Of an account that is gone nobody knows which uid was its own. */
	*ret =
	    !err && info.start_ticks == leader->start_ticks &&
	    (info.real_uid == 0 || (info.real_uid != (uid_t)-1 && judge->subject.uid != (uid_t)-1 &&
				    info.real_uid != judge->subject.uid));
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

enum psg_err psg_due_add(struct psg_judge *judge, const struct psg_activation *activation,
			 const struct psg_activation_policy *policy,
			 const struct psg_binding *session, bool live)
{
	struct psg_dues *dues = &judge->dues;
	struct psg_due *grown = reallocarray(dues->items, dues->count + 1, sizeof(*grown));
	const struct psg_login *login = login_of(judge, session);
	int64_t last_ns = activation->first_boottime_ns + policy->maximum_lifetime_s * PSG_NS_PER_S;
	bool others = false;

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	dues->items = grown;
	enum psg_err err = login ? PSG_OK : led_by_another(judge, &session->leader, &others);

	if (err)
		return err;
	struct psg_due *due = &grown[dues->count++];

	*due = (struct psg_due){.uid = judge->subject.uid,
				.activation = *activation,
				.session = *session,
				.registered = login != NULL,
				.serves = live,
				.renewable = activation->expires_boottime_ns < last_ns,
				.others = others,
				.why = psg_due_why(judge, activation),
				.left_ns = psg_due_left_ns(judge, activation),
				.warn_before_ns = policy->warn_before_s * PSG_NS_PER_S};
	memcpy(due->subject, judge->subject.name, sizeof(due->subject));
	/* The login's own leader and what is its own id by now. */
	if (login)
		due->session = login->binding;
	return PSG_OK;
}

/* What the session's own stack makes of it today: a stack that only watches (permissive) ends nobody, nor does one that
 * cannot be read, nor the gate for whom it is no concern. */
static enum psg_err exempt(const struct psg_judge *judge, const struct psg_binding *session,
			   bool *ret)
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

static enum psg_err judge_session(struct psg_judge *judge, const struct psg_activation *activation,
				  const struct psg_activation_policy *policy)
{
	const struct psg_binding *session = &activation->binding;
	bool live = false, spared = false;

	if (!activation->bound || session->leader.pid <= 0)
		return PSG_OK;
	enum psg_err err = psg_due_carried_on(judge, activation, session, &spared);

	if (!err && !spared)
		err = exempt(judge, session, &spared);
	if (!err && !spared)
		err = psg_due_serves(judge, activation, &live);
	return err || spared ? err : psg_due_add(judge, activation, policy, session, live);
}

static enum psg_err judge_one(struct psg_judge *judge, const struct psg_activation *activation)
{
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};

	if (!psg_due_counts(judge, activation))
		return PSG_OK;
	enum psg_err err = psg_policy_activation_policy(judge->policy, activation->kind,
							activation->target, &policy);

	/* The target is gone, and with it the word that sessions should end. */
	if (err == PSG_ERR_NOT_FOUND || (!err && !policy.end_sessions))
		return PSG_OK;
	if (err)
		return err;
	return activation->scope == PSG_SCOPE_HOST ? psg_due_judge_host(judge, activation, &policy)
						   : judge_session(judge, activation, &policy);
}

static enum psg_err gather(struct psg_judge *judge, const char *name)
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
	struct psg_judge judge PSG_CLEANUP(judge_clear) = {
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
