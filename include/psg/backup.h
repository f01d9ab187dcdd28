/* One person's part of a backup: carried away, judged, put back.
 *
 * Its text (a record, psg/record.h; documented in psg(7)) holds the authenticators as they are sealed, how many
 * attempts count, and the names of the codes spent; never an activation, never a recovery code. */
#ifndef PSG_BACKUP_H
#define PSG_BACKUP_H

#include "psg/people.h"

#define PSG_CARRIED_MAX (16U * 1024 * 1024)

/* What carrying left out, or found. */
struct psg_carry_count {
	size_t authenticators, spent;
	size_t unreadable; /* authenticators that do not open, left out */
};

/* Appends a person's text to `out`, nothing when there is nothing to carry. May run beside anything. *ret_count is added
 * to. Errors: the store's, KEY. */
PSG_MUST_CHECK
enum psg_err psg_people_carry(struct psg_store *store, const char *subject, struct psg_buf *out,
			      struct psg_carry_count *ret_count);

struct psg_carried_authenticator {
	char id[PSG_CREDENTIAL_ID_SIZE];
	uint8_t sealed[PSG_SEALED_MAX];
	size_t len;
	uint32_t period_s; /* psg_carried_judge's */
};

struct psg_carried_attempts {
	uid_t apart;
	uint64_t count;
};

struct psg_carried {
	char subject[PSG_SUBJECT_SIZE];
	struct psg_carried_authenticator *authenticators;
	struct psg_carried_attempts *attempts;
	size_t authenticator_count, attempts_count;
	bool has_until;
	int64_t until_s; /* the mark until-N: what was enrolled alone by then is void */
	struct psg_strings spent, ended; /* names in spent/, without and with an end */
	bool recovery;                   /* had recovery codes, which are not carried */
};
void psg_carried_clear(struct psg_carried *carried);

/* Accepts what psg_people_carry writes. Errors: CORRUPT, VERSION, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_carried_parse(const char *text, struct psg_carried *ret);
/* Every authenticator opens with `key`, as this person's. Errors: CORRUPT, VERSION, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_carried_judge(const struct psg_key *key, struct psg_carried *carried);

struct psg_put_back {
	struct psg_carried *carried; /* judged */
	uint32_t window_steps;       /* the widest that counted, or will */
	bool attempts;               /* they still count: the backup is less than a day old */
};
struct psg_put_back_result {
	size_t put, removed; /* authenticators written, and removed since they are not in it */
	int64_t next_code_s; /* when the first code that can work begins; 0: no authenticator */
	bool recovery_lost;  /* had recovery codes, and has none here */
};
/* First spends, durably, whatever may have been used: the names carried, and of every authenticator each step up to the
 * end of the window of now. Then the attempts, where more counted than here. Only then the authenticators, replaced
 * whole; those that are not carried are removed. May be killed anywhere and called again. May run beside logins: each of
 * them is refused, or right. Errors: the store's, CLOCK. */
PSG_MUST_CHECK
enum psg_err psg_people_put_back(struct psg_store *store, const struct psg_put_back *how,
				 struct psg_put_back_result *ret);
/* What psg_people_put_back would come to, without writing. */
PSG_MUST_CHECK
enum psg_err psg_people_put_back_look(struct psg_store *store, const struct psg_put_back *how,
				      struct psg_put_back_result *ret);

#endif
