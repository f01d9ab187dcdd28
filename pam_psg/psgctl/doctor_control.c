/* The control of a line, parsed as libpam does (pam_handlers.c, _pam_parse_control). */
#include <security/_pam_types.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "doctor.h"

_Static_assert(DOCTOR_PAM_CODES == _PAM_RETURN_VALUES, "libpam has other codes");

static const char *const code_names[DOCTOR_PAM_CODES] = {
    [PAM_SUCCESS] = "success",
    [PAM_OPEN_ERR] = "open_err",
    [PAM_SYMBOL_ERR] = "symbol_err",
    [PAM_SERVICE_ERR] = "service_err",
    [PAM_SYSTEM_ERR] = "system_err",
    [PAM_BUF_ERR] = "buf_err",
    [PAM_PERM_DENIED] = "perm_denied",
    [PAM_AUTH_ERR] = "auth_err",
    [PAM_CRED_INSUFFICIENT] = "cred_insufficient",
    [PAM_AUTHINFO_UNAVAIL] = "authinfo_unavail",
    [PAM_USER_UNKNOWN] = "user_unknown",
    [PAM_MAXTRIES] = "maxtries",
    [PAM_NEW_AUTHTOK_REQD] = "new_authtok_reqd",
    [PAM_ACCT_EXPIRED] = "acct_expired",
    [PAM_SESSION_ERR] = "session_err",
    [PAM_CRED_UNAVAIL] = "cred_unavail",
    [PAM_CRED_EXPIRED] = "cred_expired",
    [PAM_CRED_ERR] = "cred_err",
    [PAM_NO_MODULE_DATA] = "no_module_data",
    [PAM_CONV_ERR] = "conv_err",
    [PAM_AUTHTOK_ERR] = "authtok_err",
    [PAM_AUTHTOK_RECOVERY_ERR] = "authtok_recover_err",
    [PAM_AUTHTOK_LOCK_BUSY] = "authtok_lock_busy",
    [PAM_AUTHTOK_DISABLE_AGING] = "authtok_disable_aging",
    [PAM_TRY_AGAIN] = "try_again",
    [PAM_IGNORE] = "ignore",
    [PAM_ABORT] = "abort",
    [PAM_AUTHTOK_EXPIRED] = "authtok_expired",
    [PAM_MODULE_UNKNOWN] = "module_unknown",
    [PAM_BAD_ITEM] = "bad_item",
    [PAM_CONV_AGAIN] = "conv_again",
    [PAM_INCOMPLETE] = "incomplete",
};

static const struct {
	const char *name;
	int success, ignore, other;
} words[] = {
    {"required", DOCTOR_OK, DOCTOR_IGNORE, DOCTOR_BAD},
    {"requisite", DOCTOR_OK, DOCTOR_IGNORE, DOCTOR_DIE},
    {"optional", DOCTOR_OK, DOCTOR_IGNORE, DOCTOR_IGNORE},
    {"sufficient", DOCTOR_DONE, DOCTOR_IGNORE, DOCTOR_IGNORE},
};

static const struct {
	const char *name;
	int action;
} action_names[] = {
    {"ignore", DOCTOR_IGNORE}, {"ok", DOCTOR_OK},   {"done", DOCTOR_DONE},
    {"bad", DOCTOR_BAD},       {"die", DOCTOR_DIE}, {"reset", DOCTOR_RESET},
};

static bool parse_action(const char *text, int *ret)
{
	for (size_t i = 0; i < PSG_COUNT(action_names); i++) {
		if (strcasecmp(text, action_names[i].name) == 0) {
			*ret = action_names[i].action;
			return true;
		}
	}
	uint64_t jump;

	if (psg_u64_parse(text, &jump) || jump == 0 || jump > 10000)
		return false;
	*ret = (int)jump;
	return true;
}

/* One `code=action`; `default` fills what no earlier or later pair names. */
static bool parse_pair(char *pair, int *actions, bool *given, int *fallback)
{
	char *action = strchr(pair, '=');
	int parsed;

	if (!action)
		return false;
	*action++ = '\0';
	if (!parse_action(action, &parsed))
		return false;
	if (strcasecmp(pair, "default") == 0) {
		*fallback = parsed;
		return true;
	}
	for (size_t i = 0; i < DOCTOR_PAM_CODES; i++) {
		if (strcasecmp(pair, code_names[i]) == 0) {
			actions[i] = parsed;
			given[i] = true;
			return true;
		}
	}
	return false;
}

static bool parse_pairs(char *text, int *actions)
{
	bool given[DOCTOR_PAM_CODES] = {false};
	int fallback = DOCTOR_BAD;
	char *rest = NULL;

	for (char *pair = strtok_r(text, " \t\n", &rest); pair;
	     pair = strtok_r(NULL, " \t\n", &rest))
		if (!parse_pair(pair, actions, given, &fallback))
			return false;
	for (size_t i = 0; i < DOCTOR_PAM_CODES; i++)
		if (!given[i])
			actions[i] = fallback;
	return true;
}

bool doctor_control(const char *control, int actions[static DOCTOR_PAM_CODES])
{
	for (size_t i = 0; i < PSG_COUNT(words); i++) {
		if (strcasecmp(control, words[i].name) != 0)
			continue;
		for (size_t code = 0; code < DOCTOR_PAM_CODES; code++)
			actions[code] = words[i].other;
		actions[PAM_SUCCESS] = actions[PAM_NEW_AUTHTOK_REQD] = words[i].success;
		actions[PAM_IGNORE] = words[i].ignore;
		return true;
	}
	size_t len = strlen(control);
	char *text PSG_CLEANUP(psg_free_bytes) =
	    len >= 2 && *control == '[' ? strndup(control + 1, len - 2) : NULL;

	if (text && parse_pairs(text, actions))
		return true;
	for (size_t code = 0; code < DOCTOR_PAM_CODES; code++)
		actions[code] = DOCTOR_BAD;
	return false;
}
