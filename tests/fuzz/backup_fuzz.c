/* Any bytes as a backup that the right key sealed: opened, listed, read, its people parsed and judged. No name may lead out
 * of a folder, nothing is read that was not bounded, and what is taken is what is written again.
 * The first byte picks: 0 the text of a person; else a whole backup, whose last bytes are made the right seal, or, from
 * 128 on, are left as they are, and then nothing of it may be taken. */
#include "fuzz.h"

#include <stdio.h>

#include "../../pam_psg/psgctl/archive.h"
#include "psg/backup.h"
#include "psg/text.h"

/* A name, and nothing that is more than one. */
static void check_name(const char *name)
{
	expect(*name && *name != '.' && *name != '-' && strlen(name) < PSG_ACTIVATION_FILE_SIZE);
	expect(!strchr(name, '/') && !strchr(name, '.'));
}

static void check_names(const struct psg_strings *list)
{
	for (size_t i = 0; i < list->count; i++) {
		check_name(list->items[i]);
		expect(i == 0 || strcmp(list->items[i - 1], list->items[i]) < 0);
	}
}

static void check_person(const struct psg_key *key, const char *text)
{
	struct psg_carried carried PSG_CLEANUP(psg_carried_clear) = {.authenticators = NULL};
	char folder[PSG_FOLDER_NAME_SIZE];

	if (psg_carried_parse(text, &carried) != PSG_OK)
		return;
	expect(psg_folder_name(carried.subject, folder) == PSG_OK);
	check_names(&carried.spent);
	check_names(&carried.ended);
	for (size_t i = 0; i < carried.attempts_count; i++)
		expect(carried.attempts[i].count > 0 && carried.attempts[i].count <= 1000000);
	for (size_t i = 0; i < carried.authenticator_count; i++) {
		expect(carried.authenticators[i].len <= PSG_SEALED_MAX);
		expect(strlen(carried.authenticators[i].id) == PSG_CREDENTIAL_ID_SIZE - 1);
	}
	/* Nobody seals by chance. */
	if (carried.authenticator_count > 0)
		expect(psg_carried_judge(key, &carried) != PSG_OK);
}

static bool may_be_named(const char *name)
{
	char subject[PSG_SUBJECT_SIZE];

	return strcmp(name, "manifest") == 0 || strcmp(name, "policy") == 0 ||
	       strcmp(name, "key") == 0 || strncmp(name, "log", 3) == 0 ||
	       (strncmp(name, "people/", 7) == 0 &&
		psg_folder_subject(name + 7, subject) == PSG_OK);
}

static void check_archive(const struct psg_key *key, const struct psg_buf *bytes)
{
	struct ctl_archive *archive PSG_CLEANUP(ctl_archive_close) = NULL;

	if (ctl_archive_open(bytes, &archive) != PSG_OK)
		return;
	for (size_t i = 0; i < ctl_archive_count(archive); i++) {
		struct psg_buf content PSG_CLEANUP(psg_buf_clear) = {0};
		struct ctl_manifest manifest;
		const char *name = ctl_archive_name(archive, i);

		expect(may_be_named(name) && ctl_archive_find(archive, name) == i);
		/* A few bytes may unpack to 4 GiB, honestly said: these are enough. */
		if (strcmp(name, "policy") == 0 || strncmp(name, "log", 3) == 0)
			continue;
		if (ctl_archive_read(archive, i, true, &content) != PSG_OK)
			continue;
		expect(content.len <= PSG_CARRIED_MAX);
		if (strcmp(name, "manifest") == 0)
			(void)!ctl_manifest_parse(content.data, &manifest);
		else if (strncmp(name, "people/", 7) == 0)
			check_person(key, content.data);
	}
}

static struct psg_key *a_key(void)
{
	static struct psg_key *key;
	char text[PSG_KEY_TEXT_SIZE + 1];

	if (key == NULL) {
		(void)snprintf(text, sizeof(text), "psg-key 1 %064d\n", 0);
		expect(psg_key_parse(text, PSG_KEY_TEXT_SIZE, &key) == PSG_OK);
	}
	return key;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	char fingerprint[PSG_FINGERPRINT_SIZE], seal[CTL_SEAL_DIGITS + 1];
	uint8_t way = fuzz_byte(&input);

	psg_buf_put(&bytes, input.at, input.left);
	psg_buf_text(&bytes, "");
	if (bytes.failed)
		return 0;
	if (way == 0) {
		if (strlen(bytes.data) == bytes.len)
			check_person(a_key(), bytes.data);
		return 0;
	}
	if (ctl_archive_fingerprint(&bytes, fingerprint) != PSG_OK)
		return 0;
	if (way >= 128) {
		expect(ctl_archive_authenticate(&bytes, a_key()) != PSG_OK);
		return 0;
	}
	expect(ctl_archive_seal(a_key(), bytes.data, bytes.len - CTL_SEAL_DIGITS, seal) == PSG_OK);
	memcpy(bytes.data + bytes.len - CTL_SEAL_DIGITS, seal, CTL_SEAL_DIGITS);
	expect(ctl_archive_authenticate(&bytes, a_key()) == PSG_OK);
	check_archive(a_key(), &bytes);
	return 0;
}
