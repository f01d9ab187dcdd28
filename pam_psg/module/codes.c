/* Verdicts and errors to PAM codes (DESIGN section 3).
 *
 * MUST NOT answer authenticate with SUCCESS unless a code was verified in this call, this very local
 *   session is active already, or after=publickey holds                 (codes_test: auth_*)
 * MUST refuse in account and open with PERM_DENIED and nothing else: sudo runs the command on
 *   PAM_SESSION_ERR                                                     (codes_test: account_open)
 */
#include "psg/codes.h"

#include <security/_pam_types.h>

static int refusal(const struct psg_outcome *outcome)
{
	switch (outcome->err) {
	case PSG_OK:
		return PAM_PERM_DENIED;
	case PSG_ERR_WRONG_CODE:
	case PSG_ERR_REPLAYED:
	case PSG_ERR_MALFORMED:
	case PSG_ERR_CANCELLED:
	case PSG_ERR_STALE:
	case PSG_ERR_STEP_FUTURE:
		return PAM_AUTH_ERR;
	case PSG_ERR_THROTTLED:
		return PAM_MAXTRIES;
	case PSG_ERR_NOT_ENROLLED:
	case PSG_ERR_NOT_FOUND:
	case PSG_ERR_EXISTS:
	case PSG_ERR_IO:
	case PSG_ERR_ACCESS:
	case PSG_ERR_UNSAFE:
	case PSG_ERR_NO_MEMORY:
	case PSG_ERR_LIMIT:
	case PSG_ERR_NO_ROOM:
	case PSG_ERR_NO_INODES:
	case PSG_ERR_QUOTA:
	case PSG_ERR_FILE_LIMIT:
	case PSG_ERR_READ_ONLY:
	case PSG_ERR_CORRUPT:
	case PSG_ERR_VERSION:
	case PSG_ERR_OLD:
	case PSG_ERR_KEY:
	case PSG_ERR_CLOCK:
	case PSG_ERR_PROC:
	case PSG_ERR_NAMES:
	case PSG_ERR_INVALID:
	case PSG_ERR_COUNT:
		break;
	}
	return PAM_AUTHINFO_UNAVAIL;
}

static bool refused(const struct psg_outcome *outcome)
{
	return outcome->err != PSG_OK || outcome->verdict != PSG_ALLOW;
}

static int code_of_auth(const struct psg_outcome *outcome)
{
	if (refused(outcome) && outcome->permissive)
		return PAM_IGNORE;
	/* sudo asks again after AUTH_ERR and not after others: the code alone would tell who is
	 * enrolled. */
	if (refused(outcome))
		return outcome->concealed ? PAM_AUTH_ERR : refusal(outcome);
	if (outcome->code_verified || outcome->after_publickey)
		return PAM_SUCCESS;
	/* Nobody was asked. Alone in a stack a SUCCESS would let a stranger in who came from afar
	 * under this person's name; the person's own live session is no stranger. */
	if (outcome->own_session && outcome->why == PSG_WHY_ACTIVE && !outcome->remote)
		return PAM_SUCCESS;
	return PAM_IGNORE;
}

int psg_pam_code(enum psg_phase phase, const struct psg_outcome *outcome)
{
	switch (phase) {
	case PSG_PHASE_AUTH:
		return code_of_auth(outcome);
	case PSG_PHASE_ACCOUNT:
	case PSG_PHASE_OPEN:
		return refused(outcome) && !outcome->permissive ? PAM_PERM_DENIED : PAM_SUCCESS;
	case PSG_PHASE_SETCRED:
		return outcome->err != PSG_OK && !outcome->permissive ? PAM_CRED_ERR : PAM_SUCCESS;
	case PSG_PHASE_CLOSE:
		return PAM_SUCCESS;
	case PSG_PHASE_CHAUTHTOK:
		return outcome->err != PSG_OK ? PAM_AUTHTOK_ERR : PAM_SUCCESS;
	}
	return PAM_PERM_DENIED;
}

const char *psg_pam_code_name(int code)
{
	static const char *const names[] = {
	    [PAM_SUCCESS] = "PAM_SUCCESS",
	    [PAM_OPEN_ERR] = "PAM_OPEN_ERR",
	    [PAM_SYMBOL_ERR] = "PAM_SYMBOL_ERR",
	    [PAM_SERVICE_ERR] = "PAM_SERVICE_ERR",
	    [PAM_SYSTEM_ERR] = "PAM_SYSTEM_ERR",
	    [PAM_BUF_ERR] = "PAM_BUF_ERR",
	    [PAM_PERM_DENIED] = "PAM_PERM_DENIED",
	    [PAM_AUTH_ERR] = "PAM_AUTH_ERR",
	    [PAM_CRED_INSUFFICIENT] = "PAM_CRED_INSUFFICIENT",
	    [PAM_AUTHINFO_UNAVAIL] = "PAM_AUTHINFO_UNAVAIL",
	    [PAM_USER_UNKNOWN] = "PAM_USER_UNKNOWN",
	    [PAM_MAXTRIES] = "PAM_MAXTRIES",
	    [PAM_NEW_AUTHTOK_REQD] = "PAM_NEW_AUTHTOK_REQD",
	    [PAM_ACCT_EXPIRED] = "PAM_ACCT_EXPIRED",
	    [PAM_SESSION_ERR] = "PAM_SESSION_ERR",
	    [PAM_CRED_UNAVAIL] = "PAM_CRED_UNAVAIL",
	    [PAM_CRED_EXPIRED] = "PAM_CRED_EXPIRED",
	    [PAM_CRED_ERR] = "PAM_CRED_ERR",
	    [PAM_NO_MODULE_DATA] = "PAM_NO_MODULE_DATA",
	    [PAM_CONV_ERR] = "PAM_CONV_ERR",
	    [PAM_AUTHTOK_ERR] = "PAM_AUTHTOK_ERR",
	    [PAM_AUTHTOK_RECOVERY_ERR] = "PAM_AUTHTOK_RECOVERY_ERR",
	    [PAM_AUTHTOK_LOCK_BUSY] = "PAM_AUTHTOK_LOCK_BUSY",
	    [PAM_AUTHTOK_DISABLE_AGING] = "PAM_AUTHTOK_DISABLE_AGING",
	    [PAM_TRY_AGAIN] = "PAM_TRY_AGAIN",
	    [PAM_IGNORE] = "PAM_IGNORE",
	    [PAM_ABORT] = "PAM_ABORT",
	    [PAM_AUTHTOK_EXPIRED] = "PAM_AUTHTOK_EXPIRED",
	    [PAM_MODULE_UNKNOWN] = "PAM_MODULE_UNKNOWN",
	    [PAM_BAD_ITEM] = "PAM_BAD_ITEM",
	    [PAM_CONV_AGAIN] = "PAM_CONV_AGAIN",
	    [PAM_INCOMPLETE] = "PAM_INCOMPLETE",
	};

	return code >= 0 && (size_t)code < PSG_COUNT(names) ? names[code] : "PAM_?";
}
