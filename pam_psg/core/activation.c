/* Activations: when one is live, and its text. See psg/activation.h; the format is in psg(7).
 *
 * MUST deny when in doubt: anything but a whole, valid, unended record of this boot with both deadlines
 *   in the future is not live (live_needs_all in tests/store/activation_test.c).
 * MUST NOT let the wall clock lengthen anything (wall_clock_never_lengthens), nor a looser policy
 *   (restrained_never_longer).
 * MUST NOT read a clock or a file here: facts in, answer out. */
#include "psg/activation.h"

#include <stdlib.h>
#include <string.h>

#include "psg/record.h"

static const char *const end_reasons[] = {
    [PSG_END_NONE] = "None",
    [PSG_END_LAPSED] = "Lapsed",
    [PSG_END_DEACTIVATED] = "Deactivated",
    [PSG_END_CLOSED] = "Closed",
    [PSG_END_SUPERSEDED] = "Superseded",
    [PSG_END_UNASSIGNED] = "Unassigned",
    [PSG_END_FAILED] = "Failed",
    [PSG_END_UNENROLLED] = "Unenrolled",
};

void psg_activations_clear(struct psg_activations *list)
{
	free(list->items);
	list->items = NULL;
	list->count = 0;
}

const char *psg_end_reason_name(enum psg_end_reason reason)
{
	if ((size_t)reason >= PSG_COUNT(end_reasons))
		return "Unknown";
	return end_reasons[reason];
}

static int64_t left_on(int64_t expires_ns, int64_t now_ns)
{
	int64_t left;

	if (expires_ns <= now_ns || __builtin_sub_overflow(expires_ns, now_ns, &left))
		return 0;
	return left;
}

int64_t psg_activation_left_ns(const struct psg_activation *activation, const struct psg_now *now)
{
	int64_t boot, real;

	if (!activation->valid || !psg_boot_same(activation->boot_id, now->boot_id))
		return 0;
	boot = left_on(activation->expires_boottime_ns, now->boottime_ns);
	real = left_on(activation->expires_realtime_ns, now->realtime_ns);
	return boot < real ? boot : real;
}

bool psg_activation_live(const struct psg_activation *activation, const struct psg_now *now)
{
	if (!activation->valid || activation->ended || activation->kind == PSG_TARGET_NONE)
		return false;
	/* A time namespace or a restored snapshot can put a record ahead of this boot clock:
	 * its deadline then means nothing. */
	if (activation->created_boottime_ns > now->boottime_ns ||
	    activation->first_boottime_ns > now->boottime_ns)
		return false;
	if (psg_activation_left_ns(activation, now) <= 0)
		return false;
	return activation->scope == PSG_SCOPE_HOST || activation->in_session;
}

static void no_later(int64_t *expires_ns, int64_t from_ns, int64_t length_s)
{
	int64_t length_ns, end_ns;

	if (!__builtin_mul_overflow(length_s, PSG_NS_PER_S, &length_ns) &&
	    !__builtin_add_overflow(from_ns, length_ns, &end_ns) && end_ns < *expires_ns)
		*expires_ns = end_ns;
}

static bool policy_forbids(const struct psg_activation *activation, bool by_code,
			   const struct psg_activation_policy *policy)
{
	if (policy == NULL)
		return true;
	if (by_code && activation->scope == PSG_SCOPE_HOST && policy->scope != PSG_SCOPE_HOST)
		return true;
	return policy->reason == PSG_REASON_REQUIRED && !*activation->description;
}

void psg_activation_restrain(struct psg_activation *activation,
			     const struct psg_activation_policy *policy)
{
	bool by_code = strncmp(activation->file, "admin-", 6) != 0;

	if (!activation->valid)
		return;
	if (policy_forbids(activation, by_code, policy)) {
		no_later(&activation->expires_realtime_ns, activation->created_realtime_ns, 0);
		no_later(&activation->expires_boottime_ns, activation->created_boottime_ns, 0);
		return;
	}
	no_later(&activation->expires_realtime_ns, activation->first_realtime_ns,
		 policy->maximum_lifetime_s);
	no_later(&activation->expires_boottime_ns, activation->first_boottime_ns,
		 policy->maximum_lifetime_s);
	if (!by_code)
		return;
	no_later(&activation->expires_realtime_ns, activation->created_realtime_ns,
		 policy->lifetime_s);
	no_later(&activation->expires_boottime_ns, activation->created_boottime_ns,
		 policy->lifetime_s);
}

static void put_time(struct psg_buf *out, const char *key, int64_t ns)
{
	/* A clock before 1970 has no text; the empty value makes a record that is not valid. */
	if (ns < 0)
		psg_record_put_text(out, key, "");
	else
		psg_record_put_u64(out, key, (uint64_t)ns);
}

static int64_t get_time(struct psg_record *record, const char *key)
{
	return (int64_t)psg_record_get_u64(record, key, INT64_MAX);
}

static void put_binding(struct psg_buf *out, const struct psg_binding *binding)
{
	psg_record_put_u64(out, "leader-pid",
			   binding->leader.pid > 0 ? (uint64_t)binding->leader.pid : 0);
	psg_record_put_u64(out, "leader-start", binding->leader.start_ticks);
	if (binding->audit_id != PSG_AUDIT_NONE)
		psg_record_put_u64(out, "audit-session", binding->audit_id);
}

static void get_binding(struct psg_record *record, struct psg_binding *ret)
{
	ret->leader.pid = (pid_t)psg_record_get_u64(record, "leader-pid", INT32_MAX);
	ret->leader.start_ticks = psg_record_get_u64(record, "leader-start", UINT64_MAX);
	ret->audit_id = PSG_AUDIT_NONE;
	if (psg_record_next_is(record, "audit-session"))
		ret->audit_id =
		    (uint32_t)psg_record_get_u64(record, "audit-session", PSG_AUDIT_NONE - 1);
}

void psg_activation_encode(const struct psg_activation *activation, struct psg_buf *out)
{
	psg_record_begin(out, "activation");
	psg_record_put_text(out, "type", psg_target_kind_name(activation->kind));
	psg_record_put_text(out, "target", activation->target);
	psg_record_put_text(out, "scope", psg_scope_name(activation->scope));
	psg_record_put_text(out, "boot", activation->boot_id);
	put_time(out, "created-realtime", activation->created_realtime_ns);
	put_time(out, "created-boottime", activation->created_boottime_ns);
	put_time(out, "first-realtime", activation->first_realtime_ns);
	put_time(out, "first-boottime", activation->first_boottime_ns);
	put_time(out, "expires-realtime", activation->expires_realtime_ns);
	put_time(out, "expires-boottime", activation->expires_boottime_ns);
	psg_record_put_text(out, "service", activation->service);
	psg_record_put_text(out, "description", activation->description);
	if (activation->has_ticket)
		psg_record_put_hex(out, "ticket", activation->ticket, PSG_TICKET_SIZE);
	else if (activation->bound)
		put_binding(out, &activation->binding);
}

static void get_what(struct psg_record *record, struct psg_activation *a)
{
	char word[32];

	psg_record_get_text(record, "type", word, sizeof(word));
	if (strcmp(word, psg_target_kind_name(PSG_TARGET_GROUP)) == 0)
		a->kind = PSG_TARGET_GROUP;
	else if (strcmp(word, psg_target_kind_name(PSG_TARGET_SET)) == 0)
		a->kind = PSG_TARGET_SET;
	else
		record->err = record->err == PSG_OK ? PSG_ERR_CORRUPT : record->err;
	psg_record_get_text(record, "target", a->target, sizeof(a->target));
	psg_record_get_text(record, "scope", word, sizeof(word));
	if (strcmp(word, psg_scope_name(PSG_SCOPE_HOST)) == 0)
		a->scope = PSG_SCOPE_HOST;
	else if (strcmp(word, psg_scope_name(PSG_SCOPE_SESSION)) == 0)
		a->scope = PSG_SCOPE_SESSION;
	else
		record->err = record->err == PSG_OK ? PSG_ERR_CORRUPT : record->err;
}

enum psg_err psg_activation_parse(const char *text, struct psg_activation *ret)
{
	struct psg_activation a = {.valid = true, .binding.audit_id = PSG_AUDIT_NONE};
	struct psg_record record;
	enum psg_err err;

	psg_record_open(&record, text, "activation");
	get_what(&record, &a);
	psg_record_get_text(&record, "boot", a.boot_id, sizeof(a.boot_id));
	a.created_realtime_ns = get_time(&record, "created-realtime");
	a.created_boottime_ns = get_time(&record, "created-boottime");
	a.first_realtime_ns = get_time(&record, "first-realtime");
	a.first_boottime_ns = get_time(&record, "first-boottime");
	a.expires_realtime_ns = get_time(&record, "expires-realtime");
	a.expires_boottime_ns = get_time(&record, "expires-boottime");
	psg_record_get_text(&record, "service", a.service, sizeof(a.service));
	psg_record_get_text(&record, "description", a.description, sizeof(a.description));
	if (psg_record_next_is(&record, "ticket")) {
		a.has_ticket = true;
		psg_record_get_hex(&record, "ticket", a.ticket, PSG_TICKET_SIZE);
	} else if (psg_record_next_is(&record, "leader-pid")) {
		a.bound = true;
		get_binding(&record, &a.binding);
	}
	err = psg_record_end(&record);
	if (err == PSG_OK && !psg_api_name_valid(a.target))
		err = PSG_ERR_CORRUPT;
	if (err == PSG_OK && !psg_boot_same(a.boot_id, a.boot_id))
		err = PSG_ERR_CORRUPT;
	if (err == PSG_OK)
		*ret = a;
	return err;
}

void psg_binding_encode(const struct psg_binding *binding, struct psg_buf *out)
{
	psg_record_begin(out, "binding");
	put_binding(out, binding);
}

enum psg_err psg_binding_parse(const char *text, struct psg_binding *ret)
{
	struct psg_binding binding;
	struct psg_record record;
	enum psg_err err;

	psg_record_open(&record, text, "binding");
	get_binding(&record, &binding);
	err = psg_record_end(&record);
	if (err == PSG_OK)
		*ret = binding;
	return err;
}

void psg_end_encode(const struct psg_end *end, struct psg_buf *out)
{
	psg_record_begin(out, "end");
	psg_record_put_text(out, "reason", psg_end_reason_name(end->reason));
	psg_record_put_text(out, "boot", end->boot_id);
	put_time(out, "ended-realtime", end->realtime_ns);
	put_time(out, "ended-boottime", end->boottime_ns);
}

enum psg_err psg_end_parse(const char *text, struct psg_end *ret)
{
	struct psg_end end = {.reason = PSG_END_NONE};
	struct psg_record record;
	char word[32];
	enum psg_err err;

	psg_record_open(&record, text, "end");
	psg_record_get_text(&record, "reason", word, sizeof(word));
	for (size_t i = PSG_END_NONE + 1; i < PSG_COUNT(end_reasons); i++) {
		if (strcmp(word, end_reasons[i]) == 0)
			end.reason = (enum psg_end_reason)i;
	}
	psg_record_get_text(&record, "boot", end.boot_id, sizeof(end.boot_id));
	end.realtime_ns = get_time(&record, "ended-realtime");
	end.boottime_ns = get_time(&record, "ended-boottime");
	err = psg_record_end(&record);
	if (err == PSG_OK && end.reason == PSG_END_NONE)
		err = PSG_ERR_CORRUPT;
	if (err == PSG_OK)
		*ret = end;
	return err;
}
