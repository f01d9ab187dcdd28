/* How a policy file comes about: base and update, record by record, into a file beside.
 *
 *   policy_stage     walks the base: copies, drops or changes each record, then adds what is new
 *     policy_changes   the update by the policy's keys: who gives what, who is assigned what
 *     policy_touched   which keys those are
 *     policy_merge     their records changed
 *     policy_put       the records of a model
 *   policy_sink      takes the records
 *     policy_derived   and adds what follows from them
 *     policy_cdb       into the file
 *   policy_staged    the file, until it is put in force */
#ifndef PSG_POLICY_WRITE_H
#define PSG_POLICY_WRITE_H

#include "policy_private.h"

/* -- the file's form (policy_cdb.c) -- */

struct psg_policy_cdb_entry {
	uint32_t hash, at;
};

struct psg_policy_cdb {
	int fd; /* borrowed; at its beginning, empty */
	char *buffer;
	size_t used;
	uint32_t at;
	struct psg_policy_cdb_entry *entries;
	size_t count, room;
};

/* Errors: NO_MEMORY, NO_ROOM, IO, INVALID when it would be 4 GiB. After one only clear is allowed. */
PSG_MUST_CHECK
enum psg_err psg_policy_cdb_start(struct psg_policy_cdb *cdb, int fd);
PSG_MUST_CHECK
enum psg_err psg_policy_cdb_add(struct psg_policy_cdb *cdb, const char *key, uint32_t key_len,
				const char *value, uint32_t value_len);
PSG_MUST_CHECK
enum psg_err psg_policy_cdb_finish(struct psg_policy_cdb *cdb);
void psg_policy_cdb_clear(struct psg_policy_cdb *cdb);

/* -- writing (policy_sink.c) -- */

/* A policy being written. The first error is kept: add what there is, then ask finish. What follows from the
 * records (names/, keys/, the counts of the format) is the sink's to write: it cannot differ from what is there. */
struct psg_policy_sink;

PSG_MUST_CHECK
enum psg_err psg_policy_sink_start(struct psg_folder *root, struct psg_policy_sink **ret);
/* A record that was started and filled; it is sealed, added and cleared. */
void psg_policy_sink_add(struct psg_policy_sink *sink, struct psg_policy_record *record);
/* A record of another policy, as it is; `hash` its key's. None of those that are the sink's. */
void psg_policy_sink_copy(struct psg_policy_sink *sink, const struct psg_policy_record *record,
			  uint64_t hash);
/* Whether the record is one that the sink writes by itself. */
bool psg_policy_sink_derives(const struct psg_policy_record *record);
void psg_policy_sink_fail(struct psg_policy_sink *sink, enum psg_err err);
/* Makes the file whole, unless anything failed. Frees the sink whatever comes of it. */
PSG_MUST_CHECK
enum psg_err psg_policy_sink_finish(struct psg_policy_sink **sink, uint64_t generation,
				    struct psg_policy_staged **ret);
void psg_policy_sink_free(struct psg_policy_sink **sink);

/* -- what the sink derives (policy_derived.c) -- */

struct psg_policy_derived {
	struct psg_policy_format format; /* the counts alone */
	struct psg_strings groups, sets, policies, documents;
	uint64_t *hashes; /* of every key but keys/ */
	size_t hash_count, hash_room;
};

/* Counts a record in. Errors: CORRUPT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_derived_count(struct psg_policy_derived *derived,
				      const struct psg_policy_record *record, uint64_t hash);
/* Calls `each` (which clears them) with the names/ records; sorts the names. */
void psg_policy_derived_names(struct psg_policy_derived *derived, void *arg,
			      void (*each)(void *arg, struct psg_policy_record *record));
/* The same with the keys/ records, empty ones too: a bucket that is missing proves nothing. Fills
 * format.buckets. Errors: INVALID when a key is there twice, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_derived_keys(struct psg_policy_derived *derived, void *arg,
				     void (*each)(void *arg, struct psg_policy_record *record));
void psg_policy_derived_clear(struct psg_policy_derived *derived);

/* -- staged (policy_staged.c) -- */

/* Takes over a whole file begun by put_start, whatever comes of it. */
PSG_MUST_CHECK
enum psg_err psg_policy_staged_new(struct psg_folder *root, int fd, struct psg_policy_staged **ret);

/* -- the model's records (policy_put.c) -- */

/* What could not be read back, or would have no key. */
bool psg_policy_model_writable(const struct psg_model *model);
/* Groups, sets, muting sets, activation policies, documents; `governed`: sorted names of all activation policies. */
void psg_policy_put_model(struct psg_policy_sink *sink, const struct psg_model *model,
			  const struct psg_strings *governed);
/* NULL: the defaults. */
void psg_policy_put_settings(struct psg_policy_sink *sink,
			     const struct psg_gate_settings *settings);

/* -- an update by the policy's keys (policy_changes.c); strings are borrowed -- */

struct psg_policy_giver {
	const char *permission, *set;
	bool gives; /* else: no longer */
	bool done;  /* merged into what was there; said of the first of a permission */
};

struct psg_policy_assigning {
	const struct psg_assignment *assignment;
	bool put;  /* else: removed */
	bool done; /* as above, of an assignee */
};

struct psg_policy_changes {
	struct psg_strings lost; /* permissions that a set gives no longer: text for the next */
	struct psg_policy_giver *givers; /* by permission, then set, each pair once */
	size_t giver_count, giver_room;
	struct psg_policy_assigning *assigned; /* by assignee, kind, target, each once */
	size_t assigned_count;
	struct psg_strings gone_groups, gone_sets; /* sorted: whose assignments go */
	struct psg_strings governed; /* sorted: names of all activation policies that will be */
};

/* Errors: INVALID (an assignment malformed, or there twice with different ends), CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_changes_build(struct psg_policy *base,
				      const struct psg_policy_update *update,
				      struct psg_policy_changes *ret);
void psg_policy_changes_clear(struct psg_policy_changes *changes);
/* Where the changes of the permission, or assignee, that begin at `first` end. */
size_t psg_policy_givers_end(const struct psg_policy_changes *changes, size_t first);
size_t psg_policy_assigned_end(const struct psg_policy_changes *changes, size_t first);
bool psg_policy_assignment_valid(const struct psg_assignment *assignment);
/* By assignee, kind and target, bytewise. */
int psg_policy_assignment_order(const struct psg_assignment *a, const struct psg_assignment *b);

/* -- which keys an update touches (policy_touched.c) -- */

enum psg_policy_touch {
	PSG_POLICY_UNTOUCHED = 0,
	PSG_POLICY_DROPPED,  /* removed, or written anew */
	PSG_POLICY_GIVERS,   /* changed by changes->givers from `first` on */
	PSG_POLICY_ASSIGNED, /* likewise */
	PSG_POLICY_GOVERNED, /* whether an activation policy governs it */
};

struct psg_policy_touched_key {
	const char *prefix, *name; /* borrowed */
	uint32_t first;
	enum psg_policy_touch touch;
};

struct psg_policy_touched {
	struct psg_policy_touched_key *keys;
	size_t count, room;
	uint64_t *slots; /* upper half of the hash, and which of keys, from 1 */
	size_t slot_count;
	struct psg_strings owned; /* names made for this */
};

/* Errors: NO_MEMORY, INVALID. */
PSG_MUST_CHECK
enum psg_err psg_policy_touched_build(const struct psg_policy_update *update,
				      const struct psg_policy_changes *changes,
				      struct psg_policy_touched *ret);
/* NULL when it is not touched; `hash` its key's. */
const struct psg_policy_touched_key *
psg_policy_touched_find(const struct psg_policy_touched *touched,
			const struct psg_policy_record *record, uint64_t hash);
void psg_policy_touched_clear(struct psg_policy_touched *touched);

/* -- records changed by an update (policy_merge.c) -- */

/* From `first` on, those of one permission or assignee merged into its record. */
PSG_MUST_CHECK
enum psg_err psg_policy_merge_givers(struct psg_policy_sink *sink,
				     const struct psg_policy_record *record,
				     struct psg_policy_changes *changes, size_t first);
PSG_MUST_CHECK
enum psg_err psg_policy_merge_assigned(struct psg_policy_sink *sink,
				       const struct psg_policy_record *record,
				       struct psg_policy_changes *changes, size_t first);
/* Whether an assigned/ record names a group or set that goes. */
PSG_MUST_CHECK
enum psg_err psg_policy_loses_target(const struct psg_policy_record *record,
				     const struct psg_policy_changes *changes, bool *ret);
/* Those that no record was there for. */
void psg_policy_put_givers(struct psg_policy_sink *sink, const struct psg_policy_changes *changes);
void psg_policy_put_assigned(struct psg_policy_sink *sink,
			     const struct psg_policy_changes *changes);

#endif
