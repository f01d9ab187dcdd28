/* A PAM module that answers what the environment says: of the variable its argument names, or GATE. */
#include <security/pam_modules.h>
#include <stdlib.h>

static int answer(int argc, const char **argv)
{
	const char *text = getenv(argc > 0 ? argv[0] : "GATE");

	return text ? atoi(text) : PAM_ABORT;
}

int pam_sm_authenticate(pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)handle;
	(void)flags;
	return answer(argc, argv);
}

int pam_sm_acct_mgmt(pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)handle;
	(void)flags;
	return answer(argc, argv);
}

int pam_sm_open_session(pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)handle;
	(void)flags;
	return answer(argc, argv);
}
