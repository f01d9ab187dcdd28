/* What is known of modules by their names: which of them ask who somebody is, and what each may answer. */
#include <security/_pam_types.h>
#include <string.h>

#include "doctor.h"

/* What proves nothing about who somebody is, though it may say yes. */
static const char *const helpers[] = {
    "pam_access",    "pam_cap",      "pam_debug",         "pam_deny",       "pam_echo",
    "pam_env",       "pam_exec",     "pam_faildelay",     "pam_faillock",   "pam_filter",
    "pam_group",     "pam_issue",    "pam_keyinit",       "pam_limits",     "pam_listfile",
    "pam_localuser", "pam_loginuid", "pam_mail",          "pam_mkhomedir",  "pam_motd",
    "pam_nologin",   "pam_permit",   "pam_psg",           "pam_rootok",     "pam_securetty",
    "pam_selinux",   "pam_sepermit", "pam_shells",        "pam_succeed_if", "pam_tally",
    "pam_tally2",    "pam_time",     "pam_timestamp",     "pam_tty_audit",  "pam_umask",
    "pam_warn",      "pam_wheel",    "pam_gnome_keyring", "pam_kwallet5"};

static bool is_module(const struct stack_line *line, const char *name)
{
	const char *slash = strrchr(line->module, '/');
	const char *base = slash ? slash + 1 : line->module;
	size_t len = strlen(name);

	return !strncmp(base, name, len) && (!base[len] || !strcmp(base + len, ".so"));
}

bool doctor_is_first_factor(const struct stack_line *line)
{
	if (line->begins_substack)
		return false;
	for (size_t i = 0; i < PSG_COUNT(helpers); i++)
		if (is_module(line, helpers[i]))
			return false;
	return true;
}

static bool psg_answers(const struct doctor_walk *walk, const struct stack_line *line, int code)
{
	struct psg_args args;
	const char *bad;

	if (walk->type != STACK_AUTH)
		return code == PAM_SUCCESS || code == PAM_PERM_DENIED;
	/* After a key the module vouches for it: SUCCESS, never IGNORE. */
	if (doctor_args(walk->service, line, &args, &bad) && args.after_publickey)
		return code == PAM_SUCCESS || code == PAM_AUTH_ERR;
	return code == PAM_SUCCESS || code == PAM_IGNORE || code == PAM_AUTH_ERR;
}

bool doctor_may_answer(const struct doctor_walk *walk, const struct stack_line *line, int code)
{
	if (stack_calls_psg(line))
		return psg_answers(walk, line, code);
	if (is_module(line, "pam_permit"))
		return code == PAM_SUCCESS;
	if (is_module(line, "pam_deny"))
		return code == PAM_AUTH_ERR;
	if (is_module(line, "pam_rootok") && walk->root_is_let)
		return code == PAM_AUTH_ERR;
	/* Who was asked for a password was told yes or no. */
	if (walk->type == STACK_AUTH && doctor_is_first_factor(line))
		return code != PAM_IGNORE && code != PAM_NEW_AUTHTOK_REQD;
	return true;
}
