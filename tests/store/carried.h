/* A person carried into a backup, for the tests of both ways. */
#ifndef PSG_TESTS_CARRIED_H
#define PSG_TESTS_CARRIED_H

#include "folk.h"
#include "psg/backup.h"

/* What a backup has of the person; to be freed. */
char *carried_text(struct folk *folk, const char *subject);
/* The same read and judged, as a restore does first. */
void carried_take(struct folk *folk, const char *text, struct psg_carried *ret);
/* alice's phone, with the code of the step `offset` from now. */
enum psg_err carried_try(struct folk *folk, int offset);
void carried_unthrottle(struct folk *folk);

#endif
