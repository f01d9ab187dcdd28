/* What a session is told of its activations, and what pam_systemd is told of the session. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "module.h"

/* What a session is told. */
#define GROUPS_NAME "PSG_GROUPS"
#define PERMISSIONS_NAME "PSG_PERMISSIONS"
#define EXPIRES_NAME "PSG_EXPIRES"

#define LIST_MAX 32768 /* execve's limit for one string is 128 kB; a longer list helps nobody */

static const char *bare_name(const char *key)
{
	static const char *const elements[] = {"userPermissions.", "customPermissions."};

	for (size_t i = 0; i < PSG_COUNT(elements); i++)
		if (!strncmp(key, elements[i], strlen(elements[i])))
			return key + strlen(elements[i]);
	return NULL;
}

static enum psg_err add_permissions(const struct psg_gate *gate,
				    const struct psg_activation *activation,
				    struct psg_strings *names)
{
	struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err =
	    psg_policy_effective(gate->policy, activation->kind, activation->target, &keys);

	for (size_t i = 0; i < keys.count && !err; i++)
		if (bare_name(keys.items[i]))
			err = psg_strings_add(names, bare_name(keys.items[i]));
	return err;
}

static enum psg_err put_list(pam_handle_t *pamh, const char *name, struct psg_strings *list)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	psg_strings_sort(list);
	psg_buf_format(&text, "%s=", name);
	for (size_t i = 0; i < list->count; i++)
		psg_buf_format(&text, "%s%s", i ? "," : "", list->items[i]);
	if (text.failed)
		return PSG_ERR_NO_MEMORY;
	if (text.len > LIST_MAX)
		return PSG_OK;
	return pam_putenv(pamh, text.data) == PAM_SUCCESS ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static enum psg_err put_expiry(struct psg_request *req, const struct psg_activation *activation)
{
	const struct psg_now *now = &req->gate->facts.now;
	int64_t end_ns = now->realtime_ns + psg_activation_left_ns(activation, now);
	char time[PSG_TIME_SIZE], text[PSG_TIME_SIZE + 16];

	/* What `psgctl status` says, unless the wall clock was set meanwhile. */
	if (activation->expires_realtime_ns - end_ns < PSG_NS_PER_S)
		end_ns = activation->expires_realtime_ns;
	psg_time_format(end_ns / PSG_NS_PER_S, time);
	snprintf(text, sizeof(text), EXPIRES_NAME "=%s", time);
	return pam_putenv(req->pamh, text) == PAM_SUCCESS ? PSG_OK : PSG_ERR_NO_MEMORY;
}

static void drop_data(pam_handle_t *pamh, void *data, int error_status)
{
	(void)pamh;
	(void)error_status;
	free(data);
}

/* Where the policy ends sessions, the maximum lifetime is the backstop. pam_systemd takes a value
 * that it cannot parse for "no limit" (trap 9): digits alone, and never zero. */
static enum psg_err limit_session(struct psg_request *req, const struct psg_activation *activation)
{
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};
	enum psg_err err = psg_policy_activation_policy(req->gate->policy, activation->kind,
							activation->target, &policy);

	if (err || !policy.end_sessions)
		return err;
	int64_t last_ns = activation->first_boottime_ns + policy.maximum_lifetime_s * PSG_NS_PER_S;
	int64_t left_s = (last_ns - req->gate->facts.now.boottime_ns) / PSG_NS_PER_S;
	char *text = NULL;

	if (asprintf(&text, "%" PRId64, left_s > 0 ? left_s : 1) < 0)
		return PSG_ERR_NO_MEMORY;
	if (pam_set_data(req->pamh, "systemd.runtime_max_sec", text, drop_data) == PAM_SUCCESS)
		return PSG_OK;
	free(text);
	return PSG_ERR_NO_MEMORY;
}

/* The one that opened the session; where none did, the first of all that lapses. */
static const struct psg_activation *expiring(const struct psg_request *req,
					     const struct psg_gate *gate,
					     const struct psg_activation *first)
{
	const struct psg_activation *serving = req->gate->decision.activation;
	const struct psg_facts *facts = &gate->facts;

	if (req->outcome.why == PSG_WHY_ACTIVE && serving)
		return serving;
	for (size_t i = 0; i < facts->activation_count; i++)
		if (psg_gate_entitles(gate, &facts->activations[i]) &&
		    psg_activation_left_ns(&facts->activations[i], &facts->now) <
			psg_activation_left_ns(first, &facts->now))
			first = &facts->activations[i];
	return first;
}

enum psg_err psg_export(struct psg_request *req)
{
	const struct psg_gate *gate = psg_active(req);
	const struct psg_facts *facts = &gate->facts;
	const struct psg_activation *first = NULL;
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings permissions PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = PSG_OK;

	for (size_t i = 0; i < facts->activation_count && !err; i++) {
		const struct psg_activation *activation = &facts->activations[i];

		if (!psg_gate_entitles(gate, activation))
			continue;
		first = first ? first : activation;
		err = psg_strings_add(&groups, activation->target);
		if (!err)
			err = add_permissions(gate, activation, &permissions);
	}
	if (err || !first)
		return err;
	err = put_list(req->pamh, GROUPS_NAME, &groups);
	if (!err)
		err = put_list(req->pamh, PERMISSIONS_NAME, &permissions);
	if (!err)
		err = put_expiry(req, expiring(req, gate, first));
	if (err || req->outcome.why != PSG_WHY_ACTIVE || !req->gate->decision.activation)
		return err;
	return limit_session(req, req->gate->decision.activation);
}

void psg_export_forget(pam_handle_t *pamh)
{
	static const char *const names[] = {GROUPS_NAME, PERMISSIONS_NAME, EXPIRES_NAME};

	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		if (pam_getenv(pamh, names[i]))
			(void)pam_putenv(pamh, names[i]);
		/* The host's own: su's is what its shell gets, and sudo has unsetenv() hooked. */
		if (getenv(names[i]))
			(void)unsetenv(names[i]);
	}
}
