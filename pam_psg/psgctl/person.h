/* Whom a people-side command is about, and how it asks them. */
#ifndef PSGCTL_PERSON_H
#define PSGCTL_PERSON_H

#include "psg/recovery.h"
#include "psgctl.h"

#define CTL_ANSWER_SIZE 512

/* The account `name` names, by its canonical name. CTL_INVALID for a malformed name, CTL_STORE when the name
 * service failed; both said. A name without an account is CTL_DONE with uid (uid_t)-1. */
PSG_MUST_CHECK
enum ctl_exit ctl_person(const struct ctl *ctl, const char *name, struct psg_subject *ret);
/* The person who ran `sudo psgctl`: *ret_is false where there is none (root itself). A SUDO_UID
 * that is no account is CTL_INVALID, said. */
PSG_MUST_CHECK
enum ctl_exit ctl_person_sudo(const struct ctl *ctl, struct psg_subject *ret, bool *ret_is);
/* -- suggest_person.c: the store is open -- */
/* The users nearest to a name that nobody has, as by ctl_suggest. NULL. */
const char *ctl_suggest_person(const struct ctl *ctl, const char *given);
/* For what found nothing of a user: warns where there is no such account, for the name may be misspelt. */
void ctl_warn_person(const struct ctl *ctl, const struct psg_subject *subject);
/* `what` ends in front of the name: says it, with whom it may be meant for. */
void ctl_error_person(const struct ctl *ctl, const char *what, const char *name);

/* The Gate's settings, or the defaults where no policy was ever made. Opens the store without key
 * where it is not open. Says what failed. */
PSG_MUST_CHECK
enum ctl_exit ctl_gate_settings(struct ctl *ctl, struct psg_gate_settings *ret);

/* Where a recovery code opened this: logs it, and warns of how many are left. */
void ctl_recovery_used(struct ctl *ctl, const char *subject, const struct psg_activation *made);

/* One line from stdin, without its end. On a terminal `prompt` is shown on stderr and the echo is off; the
 * terminal is as it was on every return and on every signal. The caller wipes `out`.
 * Errors: CANCELLED (end of input), MALFORMED (longer than `out`, or a NUL in it), IO. */
PSG_MUST_CHECK
enum psg_err ctl_ask(const char *prompt, char *out, size_t size);
/* PSG_CLEANUP for a char[CTL_ANSWER_SIZE]. */
void ctl_answer_wipe(char (*answer)[CTL_ANSWER_SIZE]);

#endif
