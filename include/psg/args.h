/* The module's arguments, parsed by table, for the module and for explain alike. */
#ifndef PSG_ARGS_H
#define PSG_ARGS_H

#include "psg/gate.h"

struct psg_args {
	const char *store, *key; /* borrowed from argv; key NULL: the store's own */
	struct psg_demand demand;
	bool subject_caller; /* subject=caller, the default in sudo, sudo-i, su, su-l */
	bool after_publickey;
	bool even_root, unassigned_ok, permissive, choose, conceal, noprompt, echo, quiet, debug,
	    enroll;
	const char *prompt; /* borrowed; "Authenticator code: " unless given */
};

/* Fills *ret with the defaults for `service` (NULL: no demand can be formed, INVALID) and the arguments over them.
 * Errors: INVALID for an unknown argument, a bad or empty value, a relative store= or key=, two demands, a repeated key=value argument; *ret_bad (may be NULL) is
 * then the argument. On error *ret still holds what root_first needs. */
PSG_MUST_CHECK
enum psg_err psg_args_parse(int argc, const char **argv, const char *service, struct psg_args *ret,
			    const char **ret_bad);
/* Only even_root, enroll, after= and subject=, leniently: what must be known before anything may fail. */
void psg_args_first(int argc, const char **argv, const char *service, struct psg_args *ret);

#endif
