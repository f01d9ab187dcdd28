/* The six entry points. What each returns: psg_pam_code, and DESIGN section 3. */
#include "module.h"

#define ENTRY __attribute__((visibility("default")))

ENTRY int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct psg_request req;

	if (!psg_request_start(&req, pamh, PSG_PHASE_AUTH, flags, argc, argv))
		psg_pass(&req, true);
	return psg_request_end(&req);
}

ENTRY int pam_sm_acct_mgmt(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct psg_request req;

	if (!psg_request_start(&req, pamh, PSG_PHASE_ACCOUNT, flags, argc, argv))
		psg_pass(&req, !req.args.noprompt);
	return psg_request_end(&req);
}

ENTRY int pam_sm_open_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct psg_request req;

	/* su and `sudo -E` hand on the caller's environment, whoever wrote what into it. */
	psg_export_forget(pamh);
	if (!psg_request_start(&req, pamh, PSG_PHASE_OPEN, flags, argc, argv)) {
		psg_pass(&req, !req.args.noprompt);
		if (!req.outcome.err && req.outcome.verdict == PSG_ALLOW)
			req.outcome.err = psg_session_begin(&req);
	}
	/* Whatever came of it, no ticket reaches the person's own processes. */
	psg_ticket_drop(pamh);
	return psg_request_end(&req);
}

ENTRY int pam_sm_close_session(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct psg_request req;

	if (!psg_request_start(&req, pamh, PSG_PHASE_CLOSE, flags, argc, argv))
		req.outcome.err = psg_session_end(&req);
	return psg_request_end(&req);
}

ENTRY int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct psg_request req;

	if (flags & PAM_DELETE_CRED)
		return psg_gids_return(pamh) == PSG_OK ? PAM_SUCCESS : PAM_CRED_ERR;
	if (!psg_request_start(&req, pamh, PSG_PHASE_SETCRED, flags, argc, argv))
		req.outcome.err = psg_lend_groups(&req);
	return psg_request_end(&req);
}

ENTRY int pam_sm_chauthtok(pam_handle_t *pamh, int flags, int argc, const char **argv)
{
	struct psg_request req;

	psg_args_first(argc, argv, NULL, &req.args);
	if (!req.args.enroll || flags & PAM_CHANGE_EXPIRED_AUTHTOK)
		return PAM_IGNORE;
	if (flags & PAM_PRELIM_CHECK)
		return PAM_SUCCESS;
	if (!psg_request_start(&req, pamh, PSG_PHASE_CHAUTHTOK, flags, argc, argv))
		req.outcome.err = psg_enroll(&req);
	return psg_request_end(&req);
}
