/* Unix groups lent while a permission is active: setcred, the phase whose groups reach the shell.
 *
 * MUST NOT: lend a group that the policy does not name, nor for a permission that the target does
 *           not give, nor gid 0. */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "module.h"

#define BUFFER_SIZE 65536

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

static bool find_gid(const char *name, gid_t *ret)
{
	char *buffer PSG_CLEANUP(psg_free_bytes) = malloc(BUFFER_SIZE);
	struct group entry, *found = NULL;

	if (!buffer || getgrnam_r(name, &entry, buffer, BUFFER_SIZE, &found) || !found ||
	    found->gr_gid == 0)
		return false;
	*ret = found->gr_gid;
	return true;
}

static enum psg_err add_gid(gid_t gid)
{
	int count = getgroups(0, NULL);

	if (count < 0)
		return psg_err_from_errno(errno);
	gid_t *gids PSG_CLEANUP(psg_free_bytes) = calloc((size_t)count + 1, sizeof(*gids));

	if (!gids)
		return PSG_ERR_NO_MEMORY;
	count = getgroups(count, gids);
	if (count < 0)
		return psg_err_from_errno(errno);
	for (int i = 0; i < count; i++)
		if (gids[i] == gid)
			return PSG_OK;
	gids[count] = gid;
	return setgroups((size_t)count + 1, gids) == 0 ? PSG_OK : psg_err_from_errno(errno);
}

static enum psg_err lend_for(struct psg_request *req, const struct psg_activation *activation)
{
	struct psg_activation_policy policy PSG_CLEANUP(psg_activation_policy_clear) = {0};
	struct psg_strings keys PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = psg_policy_activation_policy(req->gate->policy, activation->kind,
							activation->target, &policy);

	if (err || policy.unix_group_count == 0)
		return err;
	err = psg_policy_effective(req->gate->policy, activation->kind, activation->target, &keys);
	for (size_t i = 0; i < policy.unix_group_count && !err; i++) {
		const struct psg_unix_group_grant *grant = &policy.unix_groups[i];
		gid_t gid;

		if (!gives(&keys, grant->permission))
			continue;
		if (find_gid(grant->group, &gid))
			err = add_gid(gid);
		else
			psg_report(
			    req, PSG_EVENT_ERROR, activation,
			    "a Unix group of the policy is not there or is root's: not lent");
	}
	return err;
}

enum psg_err psg_lend_groups(struct psg_request *req)
{
	struct psg_ask ask = psg_request_ask(req);
	enum psg_err err = psg_gate_ask(req->store, &ask, &req->gate);

	if (err)
		return err;
	req->outcome.verdict = req->gate->decision.verdict;
	req->outcome.why = req->gate->decision.why;
	const struct psg_facts *facts = &req->gate->facts;

	for (size_t i = 0; i < facts->activation_count && !err; i++)
		if (psg_gate_entitles(req->gate, &facts->activations[i]))
			err = lend_for(req, &facts->activations[i]);
	return err;
}
