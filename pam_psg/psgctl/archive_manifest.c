/* What a backup says of itself, and what seals it. */
#include "archive.h"

#include <string.h>

#include "psg/record.h"
#include "psg/text.h"

void ctl_manifest_encode(const struct ctl_manifest *manifest, struct psg_buf *out)
{
	psg_record_begin(out, "backup");
	psg_record_put_text(out, "program", manifest->program);
	psg_record_put_text(out, "host", manifest->host);
	psg_record_put_text(out, "boot", manifest->boot_id);
	psg_record_put_u64(out, "created", (uint64_t)manifest->created_s);
	psg_record_put_text(out, "key", manifest->fingerprint);
	psg_record_put_u64(out, "people", manifest->people);
	psg_record_put_u64(out, "authenticators", manifest->authenticators);
}

enum psg_err ctl_manifest_parse(const char *text, struct ctl_manifest *ret)
{
	struct ctl_manifest manifest = {.created_s = 0};
	struct psg_record record;

	psg_record_open(&record, text, "backup");
	psg_record_get_text(&record, "program", manifest.program, sizeof(manifest.program));
	psg_record_get_text(&record, "host", manifest.host, sizeof(manifest.host));
	psg_record_get_text(&record, "boot", manifest.boot_id, sizeof(manifest.boot_id));
	manifest.created_s =
	    (int64_t)psg_record_get_u64(&record, "created", INT64_MAX / PSG_NS_PER_S);
	psg_record_get_text(&record, "key", manifest.fingerprint, sizeof(manifest.fingerprint));
	manifest.people = psg_record_get_u64(&record, "people", UINT32_MAX);
	manifest.authenticators = psg_record_get_u64(&record, "authenticators", UINT32_MAX);
	enum psg_err err = psg_record_end(&record);
	if (!err)
		*ret = manifest;
	return err;
}

enum psg_err ctl_archive_seal(const struct psg_key *key, const void *bytes, size_t len,
			      char ret[static CTL_SEAL_DIGITS + 1])
{
	uint8_t mac[PSG_MAC_SIZE];
	enum psg_err err = psg_key_mac(key, "backup", bytes, len, mac);
	if (!err)
		psg_hex_encode(mac, sizeof(mac), ret);
	return err;
}
