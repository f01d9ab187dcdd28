/* Accounts, and the person behind sudo. */
#include "person.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum ctl_exit ctl_person(const struct ctl *ctl, const char *name, struct psg_subject *ret)
{
	char shown[PSG_SUBJECT_SIZE], folder[PSG_FOLDER_NAME_SIZE];
	struct psg_subject found;

	psg_escape_line(name, shown, sizeof(shown));
	/* Valid, and not too long to be a folder once it is escaped. */
	if (!psg_subject_name_valid(name) || psg_folder_name(name, folder)) {
		ctl_error(ctl, "\"%s\" cannot be a user name: write it as `getent passwd` does",
			  shown);
		return CTL_INVALID;
	}
	enum psg_err err = psg_subject_by_name(name, &found);

	if (err && err != PSG_ERR_NOT_FOUND) {
		ctl_error(ctl,
			  "the name service does not answer for \"%s\" (%s): look at the sources "
			  "in /etc/nsswitch.conf, then run this again",
			  shown, psg_strerror(err));
		return CTL_STORE;
	}
	*ret = found;
	return CTL_DONE;
}

enum ctl_exit ctl_person_sudo(const struct ctl *ctl, struct psg_subject *ret, bool *ret_is)
{
	const char *text = getenv("SUDO_UID");
	uint64_t uid;

	/* Only root's environment was written by sudo; SUDO_UID=0 is root who typed sudo. */
	*ret_is = false;
	if (getuid() != 0 || !text || !strcmp(text, "0"))
		return CTL_DONE;
	if (psg_u64_parse(text, &uid) || uid >= (uid_t)-1) {
		ctl_error(ctl, "SUDO_UID is no user id: say whom you mean with --user");
		return CTL_INVALID;
	}
	struct psg_subject found;
	enum psg_err err = psg_subject_by_uid((uid_t)uid, &found);

	if (err) {
		ctl_error(ctl, "SUDO_UID %s is no account here (%s): say whom you mean with --user",
			  text, psg_strerror(err));
		return CTL_INVALID;
	}
	*ret = found;
	*ret_is = true;
	return CTL_DONE;
}

enum ctl_exit ctl_gate_settings(struct ctl *ctl, struct psg_gate_settings *ret)
{
	struct psg_gate_settings settings = {0};
	enum psg_err err;

	if (!ctl->store && !ctl_open_store(ctl, false))
		return CTL_STORE;
	if (!ctl->policy) {
		err = psg_policy_open(ctl->store->root, &ctl->policy);
		if (err && err != PSG_ERR_NOT_FOUND)
			return ctl_store_error(ctl, "reading the policy", err);
	}
	err = ctl->policy ? psg_policy_settings(ctl->policy, &settings)
			  : psg_gate_settings_default(&settings);
	if (err)
		return ctl_store_error(ctl, "reading the settings", err);
	*ret = settings;
	return CTL_DONE;
}
