/* What the policy file's reader and writer share: the form of a record. policy_write.h has what only the writer
 * knows.
 *
 * The file is a cdb. Each record's value ends in a checksum over key and value. Keys:
 *   format                     magic, version, generation, counts; magic and version stay where they are
 *   settings                   the Gate's
 *   group/NAME  set/NAME  muting/NAME  policy/NAME
 *   brief/set/NAME             what a login needs of a set; hashes stand for its permissions
 *   givers/PERMISSION          the names of the sets that give it
 *   assigned/ASSIGNEE          what is assigned to it
 *   doc/TYPE/NAME              a metadata file as deployed, packed
 *   pending                    which of these were deferred; not there when none was
 *   names/group  names/set  names/policy  names/doc      all names of the kind, sorted
 *   keys/0 ... keys/N          hashes of all keys above: what a key's absence is proved by */
#ifndef PSG_POLICY_PRIVATE_H
#define PSG_POLICY_PRIVATE_H

#include "psg/bytes.h"
#include "psg/policy.h"

#define PSG_POLICY_FILE "policy"
#define PSG_POLICY_LOCK_FILE "lock"
#define PSG_POLICY_MAGIC "psg-cdb\n"
#define PSG_POLICY_MAGIC_SIZE 8U
#define PSG_POLICY_CHECK_SIZE 8U
/* How many keys/ records: enough that each fits a page, a power of two, named in the format. */
#define PSG_POLICY_BUCKETS_MIN 64U
#define PSG_POLICY_BUCKETS_MAX (1U << 26)
#define PSG_POLICY_BUCKET_KEYS 128U
#define PSG_POLICY_BUCKET_NAME_SIZE 9U
/* With an assignment's kind: when it was made follows. Version 3 had none, and its records are copied as they are. */
#define PSG_POLICY_DATED 0x80U
#define PSG_POLICY_DATA_START 2048U
/* Above the largest document; a damaged length must not become an allocation. */
#define PSG_POLICY_RECORD_MAX (64U * 1024 * 1024)

#define PSG_KEY_FORMAT "format"
#define PSG_KEY_SETTINGS "settings"
#define PSG_KEY_GROUP "group/"
#define PSG_KEY_SET "set/"
#define PSG_KEY_BRIEF "brief/set/"
#define PSG_KEY_MUTING "muting/"
#define PSG_KEY_POLICY "policy/"
#define PSG_KEY_GIVERS "givers/"
#define PSG_KEY_ASSIGNED "assigned/"
#define PSG_KEY_DOCUMENT "doc/"
#define PSG_KEY_PENDING "pending"
#define PSG_KEY_NAMES "names/"
#define PSG_NAMES_GROUPS "group"
#define PSG_NAMES_SETS "set"
#define PSG_NAMES_POLICIES "policy"
#define PSG_NAMES_DOCUMENTS "doc"
#define PSG_KEY_KEYS "keys/"

struct psg_policy_format {
	uint64_t generation, created_s;
	uint32_t records; /* in the file, all kinds together */
	uint32_t buckets; /* of them, keys/ */
	uint32_t groups, sets, assignments;
	uint32_t unix_group_assignments; /* of the assignments, those to a %group */
};

struct psg_policy {
	int fd;
	uint64_t size;
	unsigned char *
	    head; /* the file's beginning: the places of all tables, or the whole of a small file */
	size_t head_len; /* PSG_POLICY_DATA_START at least */
	struct psg_policy_format format;
};

/* key length (u32), key, value, checksum: in one piece, so that the checksum runs over it. */
struct psg_policy_record {
	struct psg_buf frame;
	uint32_t key_len;
};

/* -- records (policy_read_record.c) -- */

/* Begins a record's frame; the value is then appended to record->frame. */
void psg_policy_record_start(struct psg_policy_record *record, const char *prefix,
			     const char *name);
/* Appends the checksum. */
void psg_policy_record_seal(struct psg_policy_record *record);
/* A frame with room for a key and a value still to be read. Errors: CORRUPT when no record is that large. */
PSG_MUST_CHECK
enum psg_err psg_policy_record_room(struct psg_policy_record *record, uint32_t key_len,
				    uint32_t value_len);
/* Whether the checksum holds. */
bool psg_policy_record_holds(const struct psg_policy_record *record);
/* Key and value of a whole frame; the value without its checksum. */
const char *psg_policy_record_key(const struct psg_policy_record *record);
struct psg_reader psg_policy_record_value(const struct psg_policy_record *record);
bool psg_policy_record_under(const struct psg_policy_record *record, const char *prefix);
void psg_policy_record_clear(struct psg_policy_record *record);
/* Whether it is the record of this very key. */
bool psg_policy_record_is(const struct psg_policy_record *record, const char *prefix,
			  const char *name);
/* What follows the prefix of its key, as a fresh string. A NUL cannot be in a name. Errors: CORRUPT, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_record_name(const struct psg_policy_record *record, const char *prefix,
				    char **ret);
/* What stands for a key in keys/. */
uint64_t psg_policy_key_hash(const void *key, size_t len);
/* Which of `buckets` keys/ records knows this hash. */
void psg_policy_bucket_name(uint64_t bucket, char out[static PSG_POLICY_BUCKET_NAME_SIZE]);

/* -- the index (policy_index.c): the numbers and the search of cdb(5) -- */

uint32_t psg_policy_cdb_hash(const void *key, size_t len);
void psg_policy_cdb_pack(uint32_t number, unsigned char ret[static 4]);
uint32_t psg_policy_cdb_unpack(const unsigned char bytes[static 4]);
/* Reads the head; fd and size are there. Errors: CORRUPT, IO, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_index_open(struct psg_policy *policy);
/* The record of a key as the index has it, its checksum not looked at. Errors: NOT_FOUND, CORRUPT, IO, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_index_find(const struct psg_policy *policy, const char *key,
				   uint32_t key_len, struct psg_policy_record *ret);

/* -- reading (policy_read.c) -- */

/* One record, its checksum verified. NOT_FOUND only when keys/ proves that it was never written.
 * Errors: NOT_FOUND, CORRUPT, IO, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_get(struct psg_policy *policy, const char *prefix, const char *name,
			    struct psg_policy_record *ret);

/* -- values to structures (policy_read_decode.c); anything left over or out of range is CORRUPT -- */

PSG_MUST_CHECK
enum psg_err psg_policy_decode_format(struct psg_reader reader, struct psg_policy_format *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_decode_settings(struct psg_reader reader, struct psg_gate_settings *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_decode_group(struct psg_reader reader, struct psg_group *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_decode_set(struct psg_reader reader, struct psg_permission_set *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_decode_policy(struct psg_reader reader, struct psg_activation_policy *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_decode_assigned(struct psg_reader reader, const char *assignee,
					struct psg_assignments *ret);
PSG_MUST_CHECK
enum psg_err psg_policy_decode_strings(struct psg_reader reader, struct psg_strings *ret);

/* -- structures to values (policy_encode.c) -- */

void psg_policy_encode_format(struct psg_buf *buf, const struct psg_policy_format *format);
void psg_policy_encode_settings(struct psg_buf *buf, const struct psg_gate_settings *settings);
void psg_policy_encode_group(struct psg_buf *buf, const struct psg_group *group, bool has_policy);
void psg_policy_encode_set(struct psg_buf *buf, const struct psg_permission_set *set);
void psg_policy_encode_brief(struct psg_buf *buf, const struct psg_permission_set *set,
			     bool has_policy);
void psg_policy_encode_policy(struct psg_buf *buf, const struct psg_activation_policy *policy);
void psg_policy_encode_assigned(struct psg_buf *buf, const struct psg_assignment *const *items,
				size_t count);

/* -- documents (policy_document.c): apart, because the module must not pull zlib -- */

/* Errors: INVALID when above PSG_POLICY_DOCUMENT_MAX, NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_encode_document(struct psg_buf *buf, const struct psg_document *document);
/* Errors: CORRUPT, also for what would unpack to more than it says or than a document may be; NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err psg_policy_decode_document(struct psg_reader reader, struct psg_document *ret);

/* -- every record in turn (policy_walk.c) -- */

typedef enum psg_err psg_policy_record_fn(void *arg, const struct psg_policy_record *record);

/* Calls `each` for every record, verified, in the order written; what it returns but PSG_OK ends the
 * walk. The record lies in the walk's own buffer until `each` returns. CORRUPT also when there are fewer or
 * more than the format says. */
PSG_MUST_CHECK
enum psg_err psg_policy_walk(struct psg_policy *policy, psg_policy_record_fn *each, void *arg);

#endif
