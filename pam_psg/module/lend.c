/* Unix groups lent while a permission is active: setcred, the phase whose groups reach the shell.
 *
 * MUST NOT: lend a group that the policy does not name, nor for a permission that the target does
 *           not give, nor gid 0 (tests/hosts/test_access.py).
 * MUST NOT: fail a login for a group that this host does not have. */
#include <stdio.h>
#include <string.h>

#include "module.h"
#include "psg/unix_group.h"

#define TOLD "psg_not_lent"

/* Whether the target gives the permission, as a user permission or a custom one. */
static bool gives(const struct psg_strings *keys, const char *permission)
{
	static const char *const elements[] = {"userPermissions.", "customPermissions."};

	for (size_t i = 0; i < keys->count; i++)
		for (size_t j = 0; j < PSG_COUNT(elements); j++) {
			size_t len = strlen(elements[j]);

			if (!strncmp(keys->items[i], elements[j], len) &&
			    !strcmp(keys->items[i] + len, permission))
				return true;
		}
	return false;
}

struct lending {
	struct psg_request *req;
	const struct psg_gate *gate;
	struct psg_gids gids;
	bool asked, tell; /* whether what is missing was told before */
};

static void lending_clear(struct lending *lending)
{
	psg_gids_clear(&lending->gids);
}

/* sshd calls setcred twice, in the monitor and in its child, which inherits what is set here: what is
 * missing is told once a login. */
static bool told_before(struct psg_request *req)
{
	static char told[] = TOLD;
	const void *data = NULL;

	if (pam_get_data(req->pamh, TOLD, &data) == PAM_SUCCESS && data)
		return true;
	(void)pam_set_data(req->pamh, TOLD, told, NULL);
	return false;
}

static void tell_not_lent(struct lending *lending, const struct psg_activation *activation,
			  const struct psg_unix_group_grant *grant, const char *why)
{
	char reason[512];

	if (!lending->asked)
		lending->tell = !told_before(lending->req);
	lending->asked = true;
	if (!lending->tell)
		return;
	snprintf(reason, sizeof(reason), "Unix group %s for permission %s: %s", grant->group,
		 grant->permission, why);
	psg_report(lending->req, PSG_EVENT_NOT_LENT, activation, reason);
}

/* Why the group is not lent; NULL where *ret_gid is. */
static const char *find(const char *name, gid_t *ret_gid)
{
	struct psg_unix_group group;

	switch ((int)psg_unix_group_find(name, &group)) {
	case PSG_OK:
		if (group.gid == 0)
			return "it is root's; correct the policy";
		*ret_gid = group.gid;
		return NULL;
	case PSG_ERR_NOT_FOUND:
		return "this host has no such group; create it, or correct the policy";
	default:
		return "the name service could not say whether there is one; look at nsswitch.conf";
	}
}

static enum psg_err lend_for(struct lending *lending, const struct psg_activation *activation)
{
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};
	struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_policy *source = lending->gate->policy;
	enum psg_err err =
	    psg_policy_activation_policy(source, activation->kind, activation->target, &policy);

	if (err || policy.unix_group_count == 0)
		return err;
	err = psg_policy_effective(source, activation->kind, activation->target, &keys);
	for (size_t i = 0; i < policy.unix_group_count && !err; i++) {
		const struct psg_unix_group_grant *grant = &policy.unix_groups[i];
		gid_t gid = 0;

		if (!gives(&keys, grant->permission))
			continue;
		const char *why = find(grant->group, &gid);

		if (why)
			tell_not_lent(lending, activation, grant, why);
		else
			err = psg_gids_add(&lending->gids, gid);
	}
	return err;
}

enum psg_err psg_lend_groups(struct psg_request *req)
{
	struct lending lending PSG_CLEANUP(lending_clear) = {.req = req};
	struct psg_ask ask = psg_request_ask(req);

	ask.depth = PSG_DEPTH_LIVE;
	enum psg_err err = psg_gate_ask(req->store, &ask, &req->gate);

	if (err)
		return err;
	req->outcome.verdict = req->gate->decision.verdict;
	req->outcome.why = req->gate->decision.why;
	lending.gate = psg_active(req);
	const struct psg_facts *facts = &lending.gate->facts;

	for (size_t i = 0; i < facts->activation_count && !err; i++)
		if (psg_gate_entitles(lending.gate, &facts->activations[i]))
			err = lend_for(&lending, &facts->activations[i]);
	return err ? err : psg_gids_lend(req->pamh, &lending.gids);
}
