/* Judges each call of the module as the module itself would. */
#include <security/_pam_types.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"

static const struct {
	enum psg_phase phase;
	enum stack_type type;
} entries[] = {
    {PSG_PHASE_AUTH, STACK_AUTH},
    {PSG_PHASE_ACCOUNT, STACK_ACCOUNT},
    {PSG_PHASE_OPEN, STACK_SESSION},
};

static enum psg_err add(struct explain *explain, enum psg_phase phase,
			const struct stack_line *line)
{
	struct judged *grown = reallocarray(explain->items, explain->count + 1, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	explain->items = grown;
	grown[explain->count++] = (struct judged){.phase = phase, .line = line};
	explain->called |= line != NULL;
	return PSG_OK;
}

static enum psg_err list_calls(struct explain *explain)
{
	for (size_t i = 0; i < PSG_COUNT(entries); i++) {
		const struct stack_line *line;
		size_t at = 0, before = explain->count;
		enum psg_err err = PSG_OK;

		while (!err && (line = stack_next_psg(&explain->stack, entries[i].type, &at)))
			err = add(explain, entries[i].phase, line);
		if (!err && explain->count == before)
			err = add(explain, entries[i].phase, NULL);
		if (err)
			return err;
	}
	return PSG_OK;
}

/* A phase without a line is answered with the arguments of one that has: they are what the
 * administrator meant. */
static const struct stack_line *arguments_of(const struct explain *explain,
					     const struct judged *judged)
{
	if (judged->line)
		return judged->line;
	for (size_t i = 0; i < explain->count; i++)
		if (explain->items[i].line)
			return explain->items[i].line;
	return NULL;
}

/* Root first, as in the module: before arguments, store or key are read. True: decided. */
static bool decided_early(const struct explain *explain, struct judged *judged)
{
	const struct stack_line *line = arguments_of(explain, judged);
	int count = line ? (int)line->args.count : 0;
	const char **words = line ? (void *)line->args.items : NULL;
	const char *service = *explain->service ? explain->service : "psgctl";

	psg_args_first(count, words, service, &judged->args);
	judged->outcome.after_publickey = judged->args.after_publickey;
	if (explain->subject.uid == 0 && !judged->args.even_root) {
		struct psg_args shown;

		judged->outcome.verdict = PSG_ALLOW;
		judged->outcome.why = PSG_WHY_ROOT;
		if (explain->has_demand)
			judged->args.demand = explain->demand;
		else if (psg_args_parse(count, words, service, &shown, NULL) == PSG_OK)
			judged->args.demand = shown.demand;
		return true;
	}
	judged->outcome.err =
	    psg_args_parse(count, words, service, &judged->args, &judged->bad_argument);
	if (explain->subject_by)
		judged->args.subject_caller = !strcmp(explain->subject_by, "caller");
	if (explain->has_demand)
		judged->args.demand = explain->demand;
	if (judged->outcome.err)
		return true;
	judged->outcome.permissive = judged->args.permissive;
	judged->outcome.concealed = judged->args.conceal;
	return false;
}

/* With ACTIVATE and no right code: what a call comes to as things stand. */
static enum psg_err without_a_code(const struct explain *explain)
{
	if (explain->person_err)
		return explain->person_err;
	if (explain->authenticators + explain->recovery_left == 0)
		return explain->unreadable ? PSG_ERR_CORRUPT : PSG_ERR_NOT_ENROLLED;
	return explain->wait_ns > 0 ? PSG_ERR_THROTTLED : PSG_ERR_WRONG_CODE;
}

bool explain_enrols(const struct explain *explain, const struct judged *judged)
{
	const struct psg_gate *gate = judged->gate;
	struct psg_enrolling enrolling = {0};

	if (!gate || judged->phase != PSG_PHASE_AUTH || judged->args.conceal ||
	    judged->args.permissive || explain->subject.uid == 0 ||
	    explain->subject.uid == (uid_t)-1 || explain->authenticators + explain->unreadable > 0)
		return false;
	return psg_enrolling_judge(gate->policy, &gate->assignments, gate,
				   explain->now.realtime_ns / PSG_NS_PER_S, &enrolling) == PSG_OK &&
	       enrolling.since_s > 0 &&
	       psg_people_self_open(explain->ctl->store, explain->subject.name,
				    enrolling.since_s) == PSG_OK;
}

static void ask(struct explain *explain, struct judged *judged)
{
	struct psg_outcome *outcome = &judged->outcome;
	struct psg_ask question = {
	    .subject = &explain->subject,
	    .demand = &judged->args.demand,
	    .call = &explain->call,
	    .even_root = judged->args.even_root,
	    .unassigned_ok = judged->args.unassigned_ok,
	};
	enum psg_err err = psg_gate_ask(explain->ctl->store, &question, &judged->gate);

	if (err) {
		outcome->err = err;
		explain->err = err;
		return;
	}
	outcome->verdict = judged->gate->decision.verdict;
	outcome->why = judged->gate->decision.why;
	outcome->own_session = outcome->verdict == PSG_ALLOW && judged->gate->decision.activation &&
			       judged->gate->decision.activation->scope == PSG_SCOPE_SESSION;
	if (outcome->verdict != PSG_ACTIVATE)
		return;
	outcome->err = without_a_code(explain);
	/* Whom the door itself enrols is asked for a code like the others. */
	if (outcome->err == PSG_ERR_NOT_ENROLLED && explain_enrols(explain, judged))
		outcome->err = PSG_ERR_WRONG_CODE;
	if (explain->person_err)
		explain->err = explain->person_err;
}

static enum psg_err look_at_person(struct explain *explain)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_gate_settings settings PSG_CLEANUP(psg_gate_settings_clear) = {0};
	struct psg_recovery recovery = {.count = 0};
	struct psg_store *store = explain->ctl->store;
	const char *name = explain->subject.name;
	enum psg_err err = psg_policy_settings(explain->ctl->policy, &settings);

	if (!err)
		err = psg_people_credentials(store, name, &list);
	if (!err)
		err = psg_recovery_look(store, name, &recovery);
	/* Damaged ones shut nobody out who has an authenticator. */
	if (err == PSG_ERR_CORRUPT && list.count > 0)
		err = PSG_OK;
	if (!err)
		err = psg_attempts_look(store, name, PSG_NOT_APART, &settings.throttle,
					&explain->failures, &explain->wait_ns);
	if (!err)
		err = psg_clock_now(&store->clock, &explain->now);
	explain->authenticators = list.count;
	explain->unreadable = list.unreadable;
	explain->recovery_left = recovery.left;
	return err;
}

/* The store that the module would open is the one to ask. */
static enum psg_err adopt_store(struct explain *explain)
{
	struct ctl *ctl = explain->ctl;
	bool given = strcmp(ctl->store_path, PSG_STORE_DEFAULT) != 0;
	const char *store = NULL, *key = NULL;

	for (size_t i = 0; i < explain->count && !store; i++) {
		const struct stack_line *line = explain->items[i].line;

		for (size_t j = 0; line && j < line->args.count; j++) {
			if (!strncmp(line->args.items[j], "store=", 6))
				store = line->args.items[j] + 6;
			if (!strncmp(line->args.items[j], "key=", 4))
				key = line->args.items[j] + 4;
		}
	}
	if (!given && !ctl->store) {
		ctl->store_path = store && *store ? store : ctl->store_path;
		ctl->key_path = ctl->key_path || !key || !*key ? ctl->key_path : key;
		return PSG_OK;
	}
	if (explain->called && strcmp(store ? store : PSG_STORE_DEFAULT, ctl->store_path) != 0)
		return explain_note(explain, "the stack uses the store %s; this is about %s",
				    ctl_safe(store ? store : PSG_STORE_DEFAULT),
				    ctl_safe(ctl->store_path));
	return PSG_OK;
}

/* The worst verdict decides: every line has to let pass. Of equals the account phase's, which is the gate. */
static void find_deciding(struct explain *explain)
{
	static const enum psg_phase order[] = {PSG_PHASE_ACCOUNT, PSG_PHASE_OPEN, PSG_PHASE_AUTH};

	for (size_t phase = 0; phase < PSG_COUNT(order); phase++) {
		for (size_t i = 0; i < explain->count; i++) {
			const struct judged *judged = &explain->items[i];

			if (judged->phase != order[phase] || (explain->called && !judged->line))
				continue;
			if (!explain->deciding ||
			    judged->outcome.verdict < explain->deciding->outcome.verdict)
				explain->deciding = judged;
		}
	}
}

/* Whether the audit id that --session names is still that login's own. */
static enum psg_err place(struct explain *explain)
{
	struct psg_call *call = &explain->call;

	if (call->audit_id == PSG_AUDIT_NONE)
		return PSG_OK;
	call->audit_own = false;
	call->login.pid = 0;
	return psg_session_place(explain->ctl->store, explain->subject.name, call);
}

static enum ctl_exit judge_all(struct explain *explain)
{
	bool opened = false;

	for (size_t i = 0; i < explain->count; i++) {
		struct judged *judged = &explain->items[i];

		/* What sshd calls for is a login over the network: PAM_RHOST is set. */
		judged->outcome.remote = !strncmp(explain->service, "sshd", 4);
		if (!decided_early(explain, judged)) {
			if (!opened &&
			    (!ctl_open_store(explain->ctl, true) || !ctl_open_policy(explain->ctl)))
				return CTL_STORE;
			if (!opened)
				explain->person_err = look_at_person(explain);
			if (!opened && !explain->person_err)
				explain->person_err = place(explain);
			opened = true;
			ask(explain, judged);
		}
		judged->code = psg_pam_code(judged->phase, &judged->outcome);
	}
	return CTL_DONE;
}

static enum psg_err read_stack(struct explain *explain)
{
	if (!*explain->service)
		return PSG_OK;
	enum psg_err err = stack_read(explain->pam_dir, explain->service, &explain->stack);

	if (err == PSG_ERR_NO_MEMORY)
		return err;
	if (err)
		return explain_note(explain, "the stack of %s cannot be read (%s)",
				    ctl_safe(explain->service), psg_strerror(err));
	err = explain->stack.from_other
		  ? explain_note(explain, "%s has no stack of its own: `other` is used",
				 ctl_safe(explain->service))
		  : PSG_OK;
	for (size_t i = 0; i < explain->stack.problem_count && !err; i++) {
		const struct stack_problem *problem = &explain->stack.problems[i];

		err = explain_note(explain, "%s:%u: %s", ctl_safe(problem->file), problem->line,
				   ctl_safe(problem->what));
	}
	return err;
}

enum ctl_exit explain_run(struct explain *explain)
{
	enum psg_err err = read_stack(explain);

	if (!err)
		err = list_calls(explain);
	if (!err && *explain->service && !explain->called)
		err = explain_note(explain,
				   "no line of the stack of %s calls pam_psg.so: nothing is gated; "
				   "this is what its defaults would answer",
				   ctl_safe(explain->service));
	if (!err)
		err = adopt_store(explain);
	if (err)
		return ctl_store_error(explain->ctl, "reading the stack", err);
	enum ctl_exit status = judge_all(explain);

	if (!status)
		find_deciding(explain);
	return status;
}

const struct judged *explain_phase(const struct explain *explain, enum psg_phase phase)
{
	const struct judged *first = NULL;

	for (size_t i = 0; i < explain->count; i++) {
		const struct judged *judged = &explain->items[i];

		if (judged->phase != phase)
			continue;
		if (!first)
			first = judged;
		if (judged->code != PAM_SUCCESS && judged->code != PAM_IGNORE)
			return judged;
	}
	return first;
}
