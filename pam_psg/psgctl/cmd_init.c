/* psgctl init: what is missing of a store, and nothing else. */
#include "psgctl.h"

#include <stdio.h>
#include <unistd.h>

/* An empty policy where there is none, so that "no policy" never means "nobody wrote one yet". */
static enum psg_err make_policy(struct psg_store *store, bool *ret_made)
{
	int lock PSG_CLEANUP(psg_close_fd) = -1;
	enum psg_err err = psg_policy_lock(store->root, &lock);
	if (err)
		return err;

	struct psg_policy *policy PSG_CLEANUP(psg_policy_close) = NULL;
	err = psg_policy_open(store->root, &policy);
	if (err != PSG_ERR_NOT_FOUND)
		return err;

	struct psg_model model PSG_CLEANUP(psg_model_clear) = {0};
	const struct psg_assignments nobody = {0};
	err = psg_gate_settings_default(&model.settings);
	if (!err)
		err = psg_policy_write(store->root, &model, &nobody, 1);
	if (!err)
		*ret_made = true;
	return err;
}

static enum ctl_exit report(struct ctl *ctl, const char *key, bool made, bool made_policy)
{
	if (made || made_policy) {
		struct psg_event event = {.kind = PSG_EVENT_INITIALIZED,
					  .reason = made ? "store made" : "empty policy made"};
		ctl_event(ctl, &event);
	}
	if (ctl->json)
		return ctl_print_json(json_pack(
		    "{s:o, s:o, s:b, s:b}", "store", ctl_json_text(ctl->store_path), "key",
		    ctl_json_text(key), "created", made, "policyCreated", made_policy));
	if (ctl->quiet)
		return CTL_DONE;
	if (made)
		printf("The store is %s, its sealing key %s. Keep a copy of the key.\n",
		       ctl_safe(ctl->store_path), ctl_safe(key));
	else if (made_policy)
		printf("The store %s has an empty policy now.\n", ctl_safe(ctl->store_path));
	else
		printf("The store %s is there already; nothing was changed.\n",
		       ctl_safe(ctl->store_path));
	if (made || made_policy)
		puts("Next: psgctl deploy DIR puts permission sets and groups in force.");
	return CTL_DONE;
}

enum ctl_exit ctl_init(struct ctl *ctl)
{
	if (!ctl_parse(ctl, NULL, NULL, 0, 0, NULL))
		return CTL_USAGE;
	if (!ctl_resolve_paths(ctl))
		return CTL_STORE;
	if (geteuid() != 0) {
		ctl_error(ctl, "a store belongs to root, and you are uid %u: run psgctl as root",
			  geteuid());
		return CTL_STORE;
	}
	if (!ctl_judge_filesystem(ctl))
		return CTL_STORE;

	char key[4096], people[4096];
	psg_store_key_path(ctl->store_path, ctl->key_path, key);
	snprintf(people, sizeof(people), "%s/people", ctl->store_path);
	bool had_people = access(people, F_OK) == 0, had_key = access(key, F_OK) == 0;
	bool made = false, made_policy = false;
	enum psg_err err = psg_store_make(ctl->store_path, ctl->key_path, &made);
	if (err)
		return ctl_store_error(ctl, "cannot make the store", err);
	if (!ctl_open_store(ctl, true))
		return CTL_STORE;
	err = make_policy(ctl->store, &made_policy);
	if (err)
		return ctl_store_error(ctl, "cannot make the policy", err);
	if (had_people && !had_key)
		ctl_warn(ctl,
			 "the key %s was missing and is a new one: authenticators sealed with an "
			 "older key "
			 "no longer open",
			 ctl_safe(key));
	return report(ctl, key, made, made_policy);
}
