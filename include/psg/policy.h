/* The policy file: what the administrator decided, compiled into one immutable indexed file (cdb).
 *
 * Readers (the module) look up a few keys with plain reads, never mmap; every record carries a checksum over
 * key and value. No decision rests on a record's absence where absence would open a door.
 * Only psgctl writes, under psg_policy_lock. */
#ifndef PSG_POLICY_H
#define PSG_POLICY_H

#include "psg/folder.h"
#include "psg/model.h"

#define PSG_POLICY_VERSION 1U

struct psg_policy; /* an open policy; immutable, not shared between threads */

/* Opens root/policy. Errors: NOT_FOUND (no policy was ever deployed or made), VERSION (newer: the program must
 * be upgraded), CORRUPT, and the store's. */
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
/* The policy that governs a target, defaults of the settings filled in (lifetime, maximum, scope; a lifetime above
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

/* All names of a kind, sorted. */
PSG_MUST_CHECK
enum psg_err psg_policy_group_names(struct psg_policy *policy, struct psg_strings *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_set_names(struct psg_policy *policy, struct psg_strings *ret);
/* Every assignment, sorted by assignee, then target. */
PSG_MUST_CHECK
enum psg_err psg_policy_all_assigned(struct psg_policy *policy, struct psg_assignments *ret);
/* Every document as deployed, sorted by type, then name: documents and count of ret only. */
PSG_MUST_CHECK
enum psg_err psg_policy_documents(struct psg_policy *policy, struct psg_model *ret);

/* The writers' lock: psgctl's alone, never taken by the module. Waits. *ret_fd is closed to release. */
PSG_MUST_CHECK
enum psg_err psg_policy_lock(struct psg_folder *root, int *ret_fd);
/* Puts a whole policy in force: beside, synced, renamed over, folder synced. The model is recalculated
 * (psg_recalculate) already. On any error the one before stays in force. `generation`: above the one before. */
PSG_MUST_CHECK
enum psg_err psg_policy_write(struct psg_folder *root, const struct psg_model *model,
			      const struct psg_assignments *assignments, uint64_t generation);
/* The same policy with one assignment put (added, or its until changed) or removed; all other records are copied as they are.
 * *ret_changed false: it was so already, nothing written. */
PSG_MUST_CHECK
enum psg_err psg_policy_assign(struct psg_folder *root, const struct psg_assignment *assignment,
			       bool *ret_changed);
PSG_MUST_CHECK
enum psg_err psg_policy_unassign(struct psg_folder *root, const struct psg_assignment *assignment,
				 bool *ret_changed);

#endif
