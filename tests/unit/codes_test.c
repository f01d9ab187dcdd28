/* Verdicts and errors to PAM codes: DESIGN section 3's table row by row, then every outcome there is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <security/_pam_types.h>

#include "psg/codes.h"

#define ALLOWED .verdict = PSG_ALLOW
#define ACTIVE ALLOWED, .why = PSG_WHY_ACTIVE

struct row {
	struct psg_outcome outcome;
	int code;
};

static void check(enum psg_phase phase, const struct row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int code = psg_pam_code(phase, &rows[i].outcome);

		if (code != rows[i].code)
			fail_msg("phase %d row %zu: %s, expected %s", phase, i,
				 psg_pam_code_name(code), psg_pam_code_name(rows[i].code));
	}
}

/* SUCCESS only if a code was verified in this call, or a Session activation of this very session
 * serves and PAM_RHOST is unset; IGNORE for every other ALLOW. */
static void auth_allowed(void **state)
{
	static const struct row rows[] = {
	    {{ACTIVE, .code_verified = true}, PAM_SUCCESS},
	    {{ACTIVE, .code_verified = true, .remote = true}, PAM_SUCCESS},
	    {{ACTIVE, .own_session = true}, PAM_SUCCESS},
	    {{ACTIVE, .own_session = true, .remote = true}, PAM_IGNORE},
	    {{ACTIVE}, PAM_IGNORE}, /* for the host */
	    {{ACTIVE, .remote = true}, PAM_IGNORE},
	    {{ALLOWED, .why = PSG_WHY_NOT_REQUIRED}, PAM_IGNORE},
	    {{ALLOWED, .why = PSG_WHY_NOT_REQUIRED, .own_session = true}, PAM_IGNORE},
	    {{ALLOWED, .why = PSG_WHY_ROOT}, PAM_IGNORE},
	    {{ALLOWED, .why = PSG_WHY_EXEMPT}, PAM_IGNORE},
	    {{ALLOWED, .why = PSG_WHY_UNASSIGNED_OK}, PAM_IGNORE},
	    {{ALLOWED, .why = PSG_WHY_NOT_REQUIRED, .permissive = true}, PAM_IGNORE},
	    /* key + code: the key has authenticated */
	    {{ACTIVE, .after_publickey = true, .remote = true}, PAM_SUCCESS},
	    {{ALLOWED, .why = PSG_WHY_NOT_REQUIRED, .after_publickey = true}, PAM_SUCCESS},
	    {{ALLOWED, .why = PSG_WHY_ROOT, .after_publickey = true, .remote = true}, PAM_SUCCESS},
	    {{ALLOWED, .why = PSG_WHY_EXEMPT, .after_publickey = true}, PAM_SUCCESS},
	    {{ALLOWED, .why = PSG_WHY_UNASSIGNED_OK, .after_publickey = true}, PAM_SUCCESS},
	};

	(void)state;
	check(PSG_PHASE_AUTH, rows, PSG_COUNT(rows));
}

static void auth_refused(void **state)
{
	static const struct row rows[] = {
	    {{0}, PAM_PERM_DENIED},
	    {{.why = PSG_WHY_UNASSIGNED}, PAM_PERM_DENIED},
	    {{.why = PSG_WHY_MUTED, .after_publickey = true}, PAM_PERM_DENIED},
	    {{.verdict = PSG_ACTIVATE, .why = PSG_WHY_NEEDS_ACTIVATION}, PAM_PERM_DENIED},
	    {{.verdict = PSG_ACTIVATE, .after_publickey = true}, PAM_PERM_DENIED},
	    {{.verdict = PSG_ACTIVATE, .code_verified = true}, PAM_PERM_DENIED},
	    {{.err = PSG_ERR_WRONG_CODE, .verdict = PSG_ACTIVATE}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_REPLAYED, .verdict = PSG_ACTIVATE}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_MALFORMED, .verdict = PSG_ACTIVATE}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_CANCELLED, .verdict = PSG_ACTIVATE}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_STALE, .verdict = PSG_ACTIVATE}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_STEP_FUTURE, .verdict = PSG_ACTIVATE}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_THROTTLED, .verdict = PSG_ACTIVATE}, PAM_MAXTRIES},
	    {{.err = PSG_ERR_NOT_ENROLLED, .verdict = PSG_ACTIVATE}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_NOT_FOUND}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_IO}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_CORRUPT}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_KEY}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_UNSAFE}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_PROC}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_NAMES}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_INVALID}, PAM_AUTHINFO_UNAVAIL},
	    /* an error whatever the verdict */
	    {{.err = PSG_ERR_IO, ACTIVE, .code_verified = true, .own_session = true},
	     PAM_AUTHINFO_UNAVAIL},
	    {{.err = PSG_ERR_STALE, ACTIVE, .after_publickey = true}, PAM_AUTH_ERR},
	    {{.err = (enum psg_err)99, ACTIVE}, PAM_AUTHINFO_UNAVAIL},
	    {{.err = (enum psg_err) - 1, ACTIVE}, PAM_AUTHINFO_UNAVAIL},
	    {{.verdict = (enum psg_verdict)3, .why = PSG_WHY_ACTIVE}, PAM_PERM_DENIED},
	    {{.permissive = true}, PAM_IGNORE},
	    {{.permissive = true, .after_publickey = true}, PAM_IGNORE},
	    {{.err = PSG_ERR_THROTTLED, .permissive = true}, PAM_IGNORE},
	    /* whoever it is: sudo asks again after this one alone */
	    {{.concealed = true}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_NOT_ENROLLED, .verdict = PSG_ACTIVATE, .concealed = true},
	     PAM_AUTH_ERR},
	    {{.err = PSG_ERR_THROTTLED, .verdict = PSG_ACTIVATE, .concealed = true}, PAM_AUTH_ERR},
	    {{.err = PSG_ERR_IO, .concealed = true}, PAM_AUTH_ERR},
	};

	(void)state;
	check(PSG_PHASE_AUTH, rows, PSG_COUNT(rows));
}

static void account_open(void **state)
{
	static const struct row rows[] = {
	    {{ACTIVE}, PAM_SUCCESS},
	    {{ALLOWED, .why = PSG_WHY_ROOT}, PAM_SUCCESS},
	    {{ACTIVE, .remote = true}, PAM_SUCCESS},
	    {{0}, PAM_PERM_DENIED},
	    {{.verdict = PSG_ACTIVATE}, PAM_PERM_DENIED},
	    {{.verdict = PSG_ACTIVATE, .code_verified = true}, PAM_PERM_DENIED},
	    {{.err = PSG_ERR_NOT_ENROLLED}, PAM_PERM_DENIED},
	    {{.err = PSG_ERR_THROTTLED}, PAM_PERM_DENIED},
	    {{.err = PSG_ERR_WRONG_CODE}, PAM_PERM_DENIED},
	    {{.err = PSG_ERR_IO, ACTIVE}, PAM_PERM_DENIED},
	    {{.permissive = true}, PAM_SUCCESS},
	    {{.err = PSG_ERR_IO, .permissive = true}, PAM_SUCCESS},
	};

	(void)state;
	check(PSG_PHASE_ACCOUNT, rows, PSG_COUNT(rows));
	check(PSG_PHASE_OPEN, rows, PSG_COUNT(rows));
}

static void the_others(void **state)
{
	static const struct row setcred[] = {
	    {{0}, PAM_SUCCESS}, /* nothing to lend is no failure */
	    {{ACTIVE}, PAM_SUCCESS},
	    {{.err = PSG_ERR_IO, ACTIVE}, PAM_CRED_ERR},
	    {{.err = PSG_ERR_IO, .permissive = true}, PAM_SUCCESS},
	};
	static const struct row close_session[] = {
	    {{0}, PAM_SUCCESS},
	    {{.err = PSG_ERR_IO}, PAM_SUCCESS},
	};
	static const struct row chauthtok[] = {
	    {{0}, PAM_SUCCESS},
	    {{.err = PSG_ERR_WRONG_CODE}, PAM_AUTHTOK_ERR},
	    {{.err = PSG_ERR_CANCELLED, .permissive = true}, PAM_AUTHTOK_ERR},
	    {{.err = PSG_ERR_NO_ROOM, ACTIVE}, PAM_AUTHTOK_ERR},
	};

	(void)state;
	check(PSG_PHASE_SETCRED, setcred, PSG_COUNT(setcred));
	check(PSG_PHASE_CLOSE, close_session, PSG_COUNT(close_session));
	check(PSG_PHASE_CHAUTHTOK, chauthtok, PSG_COUNT(chauthtok));
	check((enum psg_phase)6, &(struct row){{ACTIVE}, PAM_PERM_DENIED}, 1);
}

/* What must hold of every outcome, whatever the rows above forgot. */
static void holds_everywhere(const struct psg_outcome *o)
{
	bool fine = o->err == PSG_OK && o->verdict == PSG_ALLOW;
	int auth = psg_pam_code(PSG_PHASE_AUTH, o), account = psg_pam_code(PSG_PHASE_ACCOUNT, o);

	assert_int_equal(account, psg_pam_code(PSG_PHASE_OPEN, o));
	assert_int_equal(account, fine || o->permissive ? PAM_SUCCESS : PAM_PERM_DENIED);
	if (auth == PAM_SUCCESS) {
		assert_true(fine);
		assert_true(o->code_verified || o->after_publickey ||
			    (o->own_session && o->why == PSG_WHY_ACTIVE && !o->remote));
	} else if (auth == PAM_IGNORE) {
		assert_true(fine || o->permissive);
		if (fine)
			assert_false(o->code_verified || o->after_publickey);
	} else {
		assert_false(fine || o->permissive);
		assert_true(auth == PAM_PERM_DENIED || auth == PAM_AUTH_ERR ||
			    auth == PAM_MAXTRIES || auth == PAM_AUTHINFO_UNAVAIL);
		assert_int_equal(auth == PAM_PERM_DENIED, o->err == PSG_OK);
	}
}

static void every_outcome(void **state)
{
	struct psg_outcome o;

	(void)state;
	for (int err = 0; err <= PSG_ERR_COUNT; err++) {
		for (int why = 0; why <= PSG_WHY_COUNT; why++) {
			for (unsigned bits = 0; bits < 128; bits++) {
				o = (struct psg_outcome){
				    .err = (enum psg_err)err,
				    .verdict = (enum psg_verdict)(bits & 3),
				    .why = (enum psg_why)why,
				    .code_verified = bits & 4,
				    .own_session = bits & 8,
				    .remote = bits & 16,
				    .after_publickey = bits & 32,
				    .permissive = bits & 64,
				};
				holds_everywhere(&o);
			}
		}
	}
}

static void code_names(void **state)
{
	(void)state;
	assert_string_equal(psg_pam_code_name(PAM_SUCCESS), "PAM_SUCCESS");
	assert_string_equal(psg_pam_code_name(PAM_PERM_DENIED), "PAM_PERM_DENIED");
	assert_string_equal(psg_pam_code_name(PAM_IGNORE), "PAM_IGNORE");
	assert_string_equal(psg_pam_code_name(PAM_AUTHINFO_UNAVAIL), "PAM_AUTHINFO_UNAVAIL");
	assert_string_equal(psg_pam_code_name(PAM_MAXTRIES), "PAM_MAXTRIES");
	for (int code = 0; code < _PAM_RETURN_VALUES; code++)
		assert_int_equal(strncmp(psg_pam_code_name(code), "PAM_", 4), 0);
	for (int code = 0; code < _PAM_RETURN_VALUES; code++)
		assert_string_not_equal(psg_pam_code_name(code), "PAM_?");
	assert_string_equal(psg_pam_code_name(-1), "PAM_?");
	assert_string_equal(psg_pam_code_name(_PAM_RETURN_VALUES), "PAM_?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(auth_allowed),  cmocka_unit_test(auth_refused),
	    cmocka_unit_test(account_open),  cmocka_unit_test(the_others),
	    cmocka_unit_test(every_outcome), cmocka_unit_test(code_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
