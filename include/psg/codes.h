/* Verdicts and errors to PAM return codes: one function, tested row by row, used by the module
 * and by explain. The codes are libpam's numbers (security/_pam_types.h). */
#ifndef PSG_CODES_H
#define PSG_CODES_H

#include "psg/args.h"

enum psg_phase {
	PSG_PHASE_AUTH = 0,
	PSG_PHASE_ACCOUNT,
	PSG_PHASE_OPEN,
	PSG_PHASE_SETCRED,
	PSG_PHASE_CLOSE,
	PSG_PHASE_CHAUTHTOK
};

/* What came of one call. */
struct psg_outcome {
	enum psg_err err;         /* PSG_OK, or why it is refused whatever the verdict */
	enum psg_verdict verdict; /* as it is at the end of the call */
	enum psg_why why;
	bool code_verified;   /* in this call */
	bool own_session;     /* a Session activation of this very session serves */
	bool remote;          /* PAM_RHOST is set */
	bool after_publickey; /* after=publickey was given and its line is there */
	bool permissive;
	bool concealed; /* `conceal`: every refusal of authenticate reads like a wrong code */
};

/* The PAM code. ACTIVATE left at the end is a refusal like DENY. */
int psg_pam_code(enum psg_phase phase, const struct psg_outcome *outcome);
/* "PAM_SUCCESS", …; "PAM_?" for what it does not know. Never NULL. */
const char *psg_pam_code_name(int code);

#endif
