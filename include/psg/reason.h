/* The reason somebody gives for an activation, judged by the policy that asks for one. Pure. */
#ifndef PSG_REASON_H
#define PSG_REASON_H

#include "psg/model.h"

#define PSG_REASON_CHARACTERS_MAX 255

enum psg_reason_verdict {
	PSG_REASON_REFUSED =
	    0,                /* too long, no UTF-8, or with characters that a reader cannot see */
	PSG_REASON_MISSING,   /* the policy requires one */
	PSG_REASON_UNMATCHED, /* it does not match reasonPattern */
	PSG_REASON_GOOD,
};

/* `text` "" stands for none. The whole text must match the pattern (psg/pattern.h); where the policy asks for no
 * reason one may be given, and no pattern counts. Errors, with which *ret is not set: NO_MEMORY; CORRUPT, where the
 * policy's pattern is none. */
PSG_MUST_CHECK
enum psg_err psg_reason_judge(const struct psg_activation_policy *policy, const char *text,
			      enum psg_reason_verdict *ret);

#endif
