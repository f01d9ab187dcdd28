/* Private: what the people_*.c share. The protocol is DESIGN section 5, the contracts psg/people.h. */
#ifndef PSG_STORE_PEOPLE_H
#define PSG_STORE_PEOPLE_H

#include "psg/bytes.h"
#include "psg/people.h"
#include "psg/recovery.h"

#define PSG_CONTEXT_SIZE 512

/* For what is done on the way out and changes nothing for the caller when it fails. */
static inline void psg_best_effort(enum psg_err err)
{
	(void)err;
}

/* One folder of one person, open. */
struct psg_person {
	struct psg_store *store;        /* borrowed */
	struct psg_folder *folder;      /* owned */
	char context[PSG_CONTEXT_SIZE]; /* "people/NAME/PART": what seals in it are bound to */
};

/* people/NAME/PART, or people/NAME when `part` is NULL. Errors: NOT_FOUND when it is not there and not to be made, INVALID, store's. */
PSG_MUST_CHECK
enum psg_err psg_person_open(struct psg_store *store, const char *subject, const char *part,
			     bool make, struct psg_person *ret);
/* people/NAME/PART of one that is open as people/NAME. Errors: as psg_person_open. */
PSG_MUST_CHECK
enum psg_err psg_person_part(const struct psg_person *whole, const char *part, bool make,
			     struct psg_person *ret);
void psg_person_close(struct psg_person *person);
/* Every name, sorted: *ret is replaced. */
PSG_MUST_CHECK
enum psg_err psg_names_list(struct psg_folder *folder, struct psg_strings *ret);

/* How long ago, by what cannot be set: a file's own time is the wall clock's, so it counts for no more
 * than this boot has lasted, and a time in the future for nothing. */
int64_t psg_age_by_mtime(const struct psg_now *now, int64_t mtime_realtime_ns);
/* The clock is usable: this boot is known, the wall clock after 1970. Errors: CLOCK. */
PSG_MUST_CHECK
enum psg_err psg_people_now(struct psg_store *store, struct psg_now *ret);

/* -- sealed text records -- */

/* Appends the line `seal HEX` over all there is, bound to `context/name`. */
PSG_MUST_CHECK
enum psg_err psg_seal_append(const struct psg_store *store, const char *context, const char *name,
			     struct psg_buf *text);
/* Reads a record, checks and cuts off its seal. CORRUPT for whatever is there and is not such a record
 * (empty, short, odd owner or mode, another's seal): one bad file is never an error of the store.
 * `info` is filled when the file could be read at all, else zeroed. */
PSG_MUST_CHECK
enum psg_err psg_seal_read(const struct psg_store *store, struct psg_folder *folder,
			   const char *context, const char *name,
			   char text[static PSG_FILE_MAX + 1], struct psg_file_info *info);
/* Writes, syncs and closes a file just created, then syncs its name. */
PSG_MUST_CHECK
enum psg_err psg_record_store(struct psg_folder *folder, int file, const struct psg_buf *text);

/* -- spent/ -- */

enum psg_spent_kind { PSG_SPENT_CODE = 0, PSG_SPENT_ADMIN, PSG_SPENT_RECOVERY };
enum psg_spent_part { PSG_SPENT_RECORD = 0, PSG_SPENT_SESSION, PSG_SPENT_ENDED };

/* A name in spent/, taken apart. */
struct psg_spent_name {
	enum psg_spent_kind kind;
	enum psg_spent_part part;
	/* PSG_SPENT_CODE: of the credential; PSG_SPENT_RECOVERY: of the set */
	char id[PSG_CREDENTIAL_ID_SIZE];
	uint64_t number; /* the step, or N */
	char file[PSG_ACTIVATION_FILE_SIZE];
};

bool psg_credential_id_valid(const char *id);
bool psg_spent_name_parse(const char *name, struct psg_spent_name *ret);
/* FILE.session, FILE.ended. */
void psg_spent_beside(const char *file, enum psg_spent_part part,
		      char out[static PSG_ACTIVATION_FILE_SIZE + 16]);
/* The highest number among names of this kind (and credential), companions included. */
bool psg_spent_highest(const struct psg_strings *names, enum psg_spent_kind kind, const char *id,
		       uint64_t *ret);

/* Whether a backup may hold it: a name in spent/, of whatever kind, that is no path and has no companion's suffix. */
bool psg_carried_name_valid(const char *name);

/* An activation and what tidy wants to know besides. */
struct psg_spent {
	struct psg_activation activation;
	int64_t record_mtime_ns; /* 0: not known */
	struct psg_end end;      /* reason NONE: damaged */
	int64_t end_mtime_ns;    /* 0: not known */
};

/* Reads FILE as it stands in `names`, one listing of spent/. NOT_FOUND: gone since. */
PSG_MUST_CHECK
enum psg_err psg_spent_read(const struct psg_person *spent, const struct psg_strings *names,
			    const char *file, struct psg_spent *ret);
/* Makes FILE.ended. Ended already: *ret_first false. */
PSG_MUST_CHECK
enum psg_err psg_spent_end(const struct psg_person *spent, const char *file,
			   enum psg_end_reason reason, bool *ret_first);
/* Ends what `newer` supersedes. Best effort: what it cannot end lapses by itself. */
void psg_spent_supersede(const struct psg_person *spent, const struct psg_activation *newer);

/* -- opening an activation -- */

/* What a grant comes to when its name was won at `now`. Errors: STALE when nothing of its time is left. */
PSG_MUST_CHECK
enum psg_err psg_grant_fill(const struct psg_grant *grant, const char *file,
			    const struct psg_now *now, struct psg_activation *ret);
/* Whether what the grant continues is still not ended. Errors: STALE. */
PSG_MUST_CHECK
enum psg_err psg_grant_still(const struct psg_person *spent, const struct psg_grant *grant);
/* Writes the record into the file just created (closes it), durably, then looks once more: the name
 * still holds these very bytes, is not ended, no more than 60 s went by. On any error what was written
 * is not live. */
PSG_MUST_CHECK
enum psg_err psg_grant_write(const struct psg_person *spent, const struct psg_grant *grant,
			     int file, const struct psg_activation *activation);
/* No more than PSG_VERIFY_LIMIT_NS of this boot since `then`; *ret is now. Errors: STALE, CLOCK. */
PSG_MUST_CHECK
enum psg_err psg_still_soon(struct psg_store *store, const struct psg_now *then,
			    struct psg_now *ret);

/* As psg_people_credentials, psg_attempt_take and psg_attempts_forgive, of a person whose folder is open: a claim
 * looks for it once. */
PSG_MUST_CHECK
enum psg_err psg_credentials_read(const struct psg_person *whole, struct psg_credentials *ret);
PSG_MUST_CHECK
enum psg_err psg_attempt_take_of(const struct psg_person *whole, uid_t apart,
				 const struct psg_throttle *throttle, struct psg_attempt *ret,
				 int64_t *ret_wait_ns);
PSG_MUST_CHECK
enum psg_err psg_attempts_forgive_of(const struct psg_person *whole, uid_t apart, uint64_t number);

/* A credential's bytes, as they stand in `context`/id, opened. CORRUPT for whatever does not open. */
PSG_MUST_CHECK
enum psg_err psg_credential_unseal(const struct psg_key *key, const char *context, const char *id,
				   const void *sealed, size_t len, struct psg_credential *ret);
/* One credential, opened. CORRUPT for whatever is there and does not open. */
PSG_MUST_CHECK
enum psg_err psg_credential_read(const struct psg_person *authenticators, const char *id,
				 struct psg_credential *ret);

/* -- recovery codes -- */

/* What stands in people/NAME/recovery: hashes, no code. */
struct psg_recovery_set {
	char id[PSG_CREDENTIAL_ID_SIZE];
	int64_t created_realtime_s;
	uint32_t passes, memory_kib; /* of the hash */
	uint8_t salt[PSG_RECOVERY_SALT_SIZE];
	size_t count;
	struct {
		uint8_t chars; /* of the code: 10, or 8 digits from elsewhere */
		uint8_t hash[PSG_RECOVERY_HASH_SIZE];
	} items[PSG_RECOVERY_MAX];
};

/* Errors: NOT_FOUND, CORRUPT for whatever is there and does not open, store's. */
PSG_MUST_CHECK
enum psg_err psg_recovery_read(const struct psg_person *whole, struct psg_recovery_set *ret);
/* Whether a normalized code has the length of one: nothing else need be read of the set. */
bool psg_recovery_may_be(const char *code);
/* The name in spent/ of the code that this is. `names`: one listing of spent/. One hashing, whatever matches.
 * Errors: WRONG_CODE, REPLAYED, NO_MEMORY, CORRUPT. */
PSG_MUST_CHECK
enum psg_err psg_recovery_match(const struct psg_recovery_set *set, const struct psg_strings *names,
				const char *code, char ret_file[static PSG_ACTIVATION_FILE_SIZE]);
/* The same set is still there. Errors: STALE, store's. */
PSG_MUST_CHECK
enum psg_err psg_recovery_still(struct psg_store *store, const char *subject,
				const struct psg_recovery_set *then);
/* recovery-SET-N */
void psg_recovery_file(const struct psg_recovery_set *set, size_t number,
		       char out[static PSG_ACTIVATION_FILE_SIZE]);

#define PSG_CREDENTIAL_SEALED_MAX 1024
/* The bytes of its file. Errors: INVALID, NO_MEMORY, KEY. */
PSG_MUST_CHECK
enum psg_err psg_credential_seal(const struct psg_person *authenticators,
				 const struct psg_credential *credential, uint8_t *sealed,
				 size_t size, size_t *ret_len);

/* -- who enrolled alone (people_enroll_self.c) -- */

/* The time of the assignment that let it be enrolled, where the id is of such a credential. */
bool psg_self_id_parse(const char *id, int64_t *ret_assigned_s);
#define PSG_SELF_UNTIL_MAX ((INT64_C(1) << 40) - 1)
/* until-N: what was enrolled so by an assignment made up to N is void, whenever it is put. */
bool psg_self_until_parse(const char *name, int64_t *ret_until_s);
/* The highest N of authenticators/; -1: none. */
int64_t psg_self_until(const struct psg_strings *names);
/* Whether a credential of this id is not void. Errors: NOT_FOUND when it is, store's. */
PSG_MUST_CHECK
enum psg_err psg_self_still(const struct psg_person *authenticators, const char *id);
/* Makes until-N durably, unless a higher one is there. */
PSG_MUST_CHECK
enum psg_err psg_self_void(const struct psg_person *authenticators, int64_t until_s);

/* -- attempts/ -- */

#define PSG_NUMBER_SIZE 32

struct psg_tally {
	uint64_t highest;  /* of attempts and markers; 0: none */
	uint64_t forgiven; /* the highest marker; 0: none */
};

struct psg_judgement {
	uint64_t count; /* that count against the next one */
	int64_t wait_ns;
	bool outlived; /* the highest is a day old: none counts */
	bool unknown;  /* its age is not known: taken for new */
};

void psg_attempt_name(uint64_t number, char out[static PSG_NUMBER_SIZE]);
void psg_attempt_marker_name(uint64_t number, char out[static PSG_NUMBER_SIZE]);
bool psg_attempt_name_parse(const char *name, uint64_t *ret_number, bool *ret_marker);
struct psg_tally psg_tally_of(const struct psg_strings *names);
PSG_MUST_CHECK
enum psg_err psg_tally_list(const struct psg_person *attempts, struct psg_tally *ret);
PSG_MUST_CHECK
enum psg_err psg_attempts_open(const struct psg_person *whole, uid_t apart, bool make,
			       struct psg_person *ret);
/* What an attempt's file says, sealed for that name. */
PSG_MUST_CHECK
enum psg_err psg_stamp_encode(const struct psg_person *attempts, const char *name,
			      const struct psg_now *now, struct psg_buf *out);
PSG_MUST_CHECK
enum psg_err psg_stamp_anew(const struct psg_person *attempts, uint64_t number);
/* Errors: NOT_FOUND when the highest attempt was removed since it was listed; store's. */
PSG_MUST_CHECK
enum psg_err psg_attempts_judge(const struct psg_person *attempts,
				const struct psg_throttle *throttle, struct psg_tally tally,
				struct psg_judgement *ret);
/* Sweeps attempts that no longer count out of an open attempts folder. */
PSG_MUST_CHECK
enum psg_err psg_attempts_tidy(const struct psg_person *attempts);

#endif
