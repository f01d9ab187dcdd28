/* Documents as they lie in the policy: packed, since the same few words fill them. Apart from the other
 * records, because the module must not pull zlib into sshd.
 *
 * MUST: what a document unpacks to is bounded, and believable for what is packed, before anything is allocated
 *       (tests/store/policy_document_test.c: bombs). */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "policy_private.h"

/* The most that deflate can do, a run of one byte. */
#define RATIO_MAX 1032U
/* Fast: a deployment packs hundreds of megabytes, and the slower levels gain little. */
#define LEVEL 1

enum psg_err psg_policy_encode_document(struct psg_buf *buf, const struct psg_document *document)
{
	unsigned char *packed PSG_CLEANUP(psg_free_bytes) = NULL;
	uLongf len;

	if (document->len > PSG_POLICY_DOCUMENT_MAX)
		return PSG_ERR_INVALID;
	len = compressBound(document->len);
	packed = malloc(len);
	if (!packed ||
	    compress2(packed, &len, (const Bytef *)document->bytes, document->len, LEVEL) != Z_OK)
		return PSG_ERR_NO_MEMORY;
	psg_buf_string(buf, document->type);
	psg_buf_string(buf, document->name);
	psg_buf_string(buf, document->path);
	psg_buf_u32(buf, (uint32_t)document->len);
	psg_buf_put(buf, packed, len);
	return buf->failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

/* Exactly `len` bytes from exactly what is left. `out` has room for one more: given none at all, zlib
 * lets one byte pass for none. */
static enum psg_err unpack(const struct psg_reader *reader, char *out, size_t len)
{
	uLongf unpacked = len + 1;
	uLong taken = reader->left;
	int result = uncompress2((Bytef *)out, &unpacked, reader->at, &taken);

	if (result == Z_MEM_ERROR)
		return PSG_ERR_NO_MEMORY;
	return result == Z_OK && unpacked == len && taken == reader->left ? PSG_OK
									  : PSG_ERR_CORRUPT;
}

enum psg_err psg_policy_decode_document(struct psg_reader reader, struct psg_document *ret)
{
	struct psg_document document PSG_CLEANUP(psg_document_clear) = {0};

	document.type = psg_read_string(&reader);
	document.name = psg_read_string(&reader);
	document.path = psg_read_string(&reader);
	document.len = psg_read_u32(&reader);
	if (reader.no_memory)
		return PSG_ERR_NO_MEMORY;
	if (reader.failed || document.len > PSG_POLICY_DOCUMENT_MAX ||
	    document.len / RATIO_MAX > reader.left)
		return PSG_ERR_CORRUPT;
	/* One more, for parsers that like a NUL at the end. */
	document.bytes = calloc(1, document.len + 1);
	if (!document.bytes)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = unpack(&reader, document.bytes, document.len);

	if (err)
		return err;
	*ret = document;
	document = (struct psg_document){0};
	return PSG_OK;
}

enum psg_err psg_policy_document(struct psg_policy *policy, const char *type, const char *name,
				 struct psg_document *ret)
{
	struct psg_policy_record record PSG_CLEANUP(psg_policy_record_clear) = {0};
	struct psg_buf key PSG_CLEANUP(psg_buf_clear) = {0};

	if (!type || !name)
		return PSG_ERR_INVALID;
	psg_buf_format(&key, "%s/%s", type, name);
	if (key.failed)
		return PSG_ERR_NO_MEMORY;
	enum psg_err err = psg_policy_get(policy, PSG_KEY_DOCUMENT, key.data, &record);

	return err ? err : psg_policy_decode_document(psg_policy_record_value(&record), ret);
}
