/* The policy file: what the administrator decided, compiled into one immutable indexed file (cdb).
 *
 * Readers (the module) look up a few keys with plain reads, never mmap; every record carries a checksum over
 * key and value. No decision rests on a record's absence where absence would open a door.
 * Only psgctl writes, under psg_policy_lock. */
#ifndef PSG_POLICY_H
#define PSG_POLICY_H

#include "psg/folder.h"
#include "psg/model.h"

#define PSG_POLICY_VERSION 4U
#define PSG_POLICY_VERSION_OLDEST 3U /* what is read still */
/* The largest document that is kept: PSG_ERR_INVALID above, PSG_ERR_CORRUPT when one in the file says more. */
#define PSG_POLICY_DOCUMENT_MAX (16U * 1024 * 1024)

struct psg_policy; /* an open policy; immutable, not shared between threads */

/* Opens root/policy. Errors: NOT_FOUND (no policy was ever deployed or made), VERSION (newer: the program must
 * be upgraded), OLD (of an earlier form: to be deployed again), CORRUPT, and the store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_open(struct psg_folder *root, struct psg_policy **ret);
void psg_policy_close(struct psg_policy **policy);

/* How often policies were written to this store: rises with each. */
uint64_t psg_policy_generation(const struct psg_policy *policy);
/* Whether any %unixgroup is assigned anything: when not, nobody's groups need be asked for. */
bool psg_policy_has_unix_groups(const struct psg_policy *policy);

/* Each *ret is filled whole, to be cleared by the caller; untouched on failure. */
PSG_MUST_CHECK
enum psg_err psg_policy_settings(struct psg_policy *policy, struct psg_gate_settings *ret);
/* What is assigned to exactly this assignee ("alice", "%wheel"): an empty list when nothing, expired ones included. */
PSG_MUST_CHECK
enum psg_err psg_policy_assigned(struct psg_policy *policy, const char *assignee,
				 struct psg_assignments *ret);
/* Errors: NOT_FOUND, CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_group(struct psg_policy *policy, const char *name, struct psg_group *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_set(struct psg_policy *policy, const char *name,
			    struct psg_permission_set *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_muting_set(struct psg_policy *policy, const char *name,
				   struct psg_permission_set *ret);
/* Of a set without its permissions: what a login needs. Any out may be NULL. */
PSG_MUST_CHECK
enum psg_err psg_policy_set_brief(struct psg_policy *policy, const char *name, bool *ret_requires,
				  uint32_t *ret_permission_count);
/* Which of `count` permission keys a set gives, and the rest of its brief: what a login asks of each set that somebody
 * has, so that who else gives a permission, and how many do, is nothing to it. By the keys' 64-bit hashes: two of one
 * set's that are the same would be an accident of 1 in 2^64. Errors: NOT_FOUND, CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_set_gives(struct psg_policy *policy, const char *name,
				  const char *const *keys, size_t count, bool *ret_gives,
				  bool *ret_requires, uint32_t *ret_permission_count);
/* The policy that governs a target, defaults of the settings filled in (lifetime, maximum, scope; enrollWithin; a lifetime above
 * the maximum is the maximum): there always is one. NOT_FOUND never
 * means "none": the group or set record says whether one must be there. Errors: CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_activation_policy(struct psg_policy *policy, enum psg_target_kind kind,
					  const char *target, struct psg_activation_policy *ret);
/* The names of the permission sets that give one permission key, sorted; empty when none. One lookup, however many there are. */
PSG_MUST_CHECK
enum psg_err psg_policy_givers(struct psg_policy *policy, const char *permission_key,
			       struct psg_strings *ret_sets);
/* Whether a muting set takes `permission_key` away. NOT_FOUND is an error to deny by. */
PSG_MUST_CHECK
enum psg_err psg_policy_mutes(struct psg_policy *policy, const char *muting_set,
			      const char *permission_key, bool *ret);
/* Effective permissions of a group or set: union minus muting, sorted keys. For groups, explain, PSG_PERMISSIONS. */
PSG_MUST_CHECK
enum psg_err psg_policy_effective(struct psg_policy *policy, enum psg_target_kind kind,
				  const char *target, struct psg_strings *ret_keys);

/* -- psgctl -- */

/* Reads all of it: each record's checksum, each value, whatever a group is made of, each name by the index. Errors:
 * CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_sound(struct psg_policy *policy);
/* Of an open file that is to be a policy; the descriptor is taken over. Errors: as psg_policy_open. */
PSG_MUST_CHECK
enum psg_err psg_policy_open_fd(int fd, struct psg_policy **ret);
/* All names of a kind, sorted. */
PSG_MUST_CHECK
enum psg_err psg_policy_group_names(struct psg_policy *policy, struct psg_strings *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_set_names(struct psg_policy *policy, struct psg_strings *ret);
/* Of the groups and sets that an activation policy governs. */
PSG_MUST_CHECK
enum psg_err psg_policy_governed_names(struct psg_policy *policy, struct psg_strings *ret);
/* An activation policy as it was deployed: no defaults filled in. NOT_FOUND when there is none of that name. */
PSG_MUST_CHECK
enum psg_err psg_policy_activation_policy_raw(struct psg_policy *policy, const char *name,
					      struct psg_activation_policy *ret);
/* Every assignment, sorted by assignee, then target. */
PSG_MUST_CHECK
enum psg_err psg_policy_all_assigned(struct psg_policy *policy, struct psg_assignments *ret);
/* One after the other without holding them all, in no order; what `each` returns but PSG_OK ends it. */
typedef enum psg_err psg_policy_assignment_fn(void *arg, const struct psg_assignment *assignment);
PSG_MUST_CHECK
enum psg_err psg_policy_each_assigned(struct psg_policy *policy, psg_policy_assignment_fn *each,
				      void *arg);
/* "TYPE/NAME" of every document as deployed, sorted. */
PSG_MUST_CHECK
enum psg_err psg_policy_document_names(struct psg_policy *policy, struct psg_strings *ret);
/* One document. Errors: NOT_FOUND, CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_document(struct psg_policy *policy, const char *type, const char *name,
				 struct psg_document *ret);
/* "TYPE/NAME" of what was deployed, or deleted, and deferred: the documents are ahead of what is in force. Sorted. */
PSG_MUST_CHECK
enum psg_err psg_policy_pending(struct psg_policy *policy, struct psg_strings *ret);

/* Whether psg_policy_lock would wait now: a writer holds the lock, or somebody is just asking. */
PSG_MUST_CHECK
enum psg_err psg_policy_is_locked(struct psg_folder *root, bool *ret);
/* The writers' lock: psgctl's alone, never taken by the module. Waits. *ret_fd is closed to release. What a writer that was killed
 * left behind is removed when it is an hour old. */
PSG_MUST_CHECK
enum psg_err psg_policy_lock(struct psg_folder *root, int *ret_fd);
/* Says, under the lock, which groups are being recalculated, for who looks meanwhile; it ends with the lock. Said
 * again it replaces what was said. Kept in root/updating, a text record: not synced, dropped by the next holder,
 * never read by the module; nothing rests on it. */
PSG_MUST_CHECK
enum psg_err psg_policy_announce(struct psg_folder *root, const struct psg_strings *groups);
/* Those announced by a writer that holds the lock now, sorted; empty when nobody does, or the list is just being
 * written. Never waits; a writer waits for it no longer than one look takes. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_updating(struct psg_folder *root, struct psg_strings *ret);

/* What is to be different. All borrowed; names to be removed may come twice or not be there. What is removed
 * and put is put; what is unassigned and assigned is assigned. A group or set that is removed loses its
 * assignments, also when it is put again. */
struct psg_policy_update {
	/* Added or replaced whole: groups, sets, muting sets, activation policies, settings where has_settings, documents. */
	const struct psg_model *put; /* may be NULL */
	const struct psg_strings *removed_groups, *removed_sets, *removed_muting_sets,
	    *removed_policies, *removed_documents /* "TYPE/NAME" */; /* each may be NULL */
	bool settings_removed;                                       /* back to the defaults */
	const struct psg_strings *pending;      /* the list that is to be; NULL: as it was */
	const struct psg_assignments *assign;   /* put, or their until changed; may be NULL */
	const struct psg_assignments *unassign; /* removed; may be NULL */
	uint64_t generation_above; /* what it is to replace, where that is not `base`; 0 */
};
struct psg_policy_staged; /* a policy written beside the one in force */

/* Writes `base` (NULL: nothing) with the update: all other records are copied as they are, what depends on the
 * changed (who gives a permission, whether a policy governs a target) is derived again, and assignments to a
 * removed group or set go with it. The generation is one above base's and `generation_above`. Not yet in force, not
 * yet durable.
 * `root` need not be base's. Until it is committed or dropped, nothing else can be staged or replaced through
 * this `root`. On an error nothing is left. Errors: INVALID (a name put twice, a set's permissions not sorted,
 * a document above PSG_POLICY_DOCUMENT_MAX, an assignment malformed or put twice with different ends, 4 GiB),
 * EXISTS (one is staged), CORRUPT, store's. */
PSG_MUST_CHECK
enum psg_err psg_policy_stage(struct psg_folder *root, struct psg_policy *base,
			      const struct psg_policy_update *update,
			      struct psg_policy_staged **ret);
/* As the module would see it. Borrowed; ends with the staged. */
struct psg_policy *psg_policy_staged_policy(struct psg_policy_staged *staged);
/* Puts it in force: synced, renamed over, folder synced. On any error the one before stays, but for the last
 * sync, that of the folder: which of the two a power failure would leave is then not known. Frees it whatever
 * comes of it. */
PSG_MUST_CHECK
enum psg_err psg_policy_commit(struct psg_policy_staged **staged);
void psg_policy_drop(struct psg_policy_staged **staged);

/* A whole policy in one step, its generation as given. The model is recalculated (psg_recalculate) already. */
PSG_MUST_CHECK
enum psg_err psg_policy_write(struct psg_folder *root, const struct psg_model *model,
			      const struct psg_assignments *assignments, uint64_t generation);
/* The policy in force with one assignment put (added, or its until changed) or removed.
 * *ret_changed false: it was so already, nothing written. */
PSG_MUST_CHECK
enum psg_err psg_policy_assign(struct psg_folder *root, const struct psg_assignment *assignment,
			       bool *ret_changed);
PSG_MUST_CHECK
enum psg_err psg_policy_unassign(struct psg_folder *root, const struct psg_assignment *assignment,
				 bool *ret_changed);

#endif
