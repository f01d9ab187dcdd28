/* What a won name opens: the activation's times, its record, the last look. The administrator's grants.
 *
 * MUST count both deadlines from the attempt, and a renewal's from its chain's first start
 *   (renewal_keeps_the_maximum in tests/store/claim_test.c).
 * MUST look once more after the record is durable: not ended, still under its name, within 60 s
 *   (interleave_test.c, "end and tidy against claim").
 * MUST leave nothing live behind a failure (claim_fails_at_every_call in tests/store/fault_test.c). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "people.h"

#define GRANT_TURNS 64

static int64_t later(int64_t from_ns, int64_t seconds)
{
	int64_t ns;

	if (seconds > INT64_MAX / PSG_NS_PER_S ||
	    __builtin_add_overflow(from_ns, seconds * PSG_NS_PER_S, &ns))
		return INT64_MAX;
	return ns;
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Cuts at a character: half of one would be no UTF-8. */
static void copy_text(const char *from, char *out, size_t size)
{
	size_t len = from == NULL ? 0 : strnlen(from, size);

	if (len == size) {
		len--;
		while (len > 0 && ((unsigned char)from[len] & 0xc0) == 0x80)
			len--;
	}
	if (len > 0)
		memcpy(out, from, len);
	out[len] = '\0';
}

enum psg_err psg_grant_fill(const struct psg_grant *grant, const char *file,
			    const struct psg_now *now, struct psg_activation *ret)
{
	const struct psg_activation *old = grant->renews;
	struct psg_activation a = {.valid = true,
				   .kind = grant->kind,
				   .scope = grant->scope,
				   .created_realtime_ns = now->realtime_ns,
				   .created_boottime_ns = now->boottime_ns,
				   .binding.audit_id = PSG_AUDIT_NONE};

	copy_text(file, a.file, sizeof(a.file));
	copy_text(grant->target, a.target, sizeof(a.target));
	copy_text(grant->service, a.service, sizeof(a.service));
	copy_text(grant->description, a.description, sizeof(a.description));
	memcpy(a.boot_id, now->boot_id, sizeof(a.boot_id));
	if (old != NULL && !psg_boot_same(old->boot_id, now->boot_id))
		return PSG_ERR_STALE;
	a.first_realtime_ns = old != NULL ? old->first_realtime_ns : now->realtime_ns;
	a.first_boottime_ns = old != NULL ? old->first_boottime_ns : now->boottime_ns;
	a.expires_realtime_ns = sooner(later(now->realtime_ns, grant->lifetime_s),
				       later(a.first_realtime_ns, grant->maximum_lifetime_s));
	a.expires_boottime_ns = sooner(later(now->boottime_ns, grant->lifetime_s),
				       later(a.first_boottime_ns, grant->maximum_lifetime_s));
	if (grant->scope == PSG_SCOPE_SESSION && grant->binding != NULL) {
		a.bound = true;
		a.binding = *grant->binding;
	} else if (grant->scope == PSG_SCOPE_SESSION && grant->ticket != NULL) {
		a.has_ticket = true;
		memcpy(a.ticket, grant->ticket, sizeof(a.ticket));
	}
	if (psg_activation_left_ns(&a, now) <= 0)
		return PSG_ERR_STALE;
	*ret = a;
	return PSG_OK;
}

enum psg_err psg_grant_still(const struct psg_person *spent, const struct psg_grant *grant)
{
	char ended[PSG_ACTIVATION_FILE_SIZE + 16];
	bool there = false;
	enum psg_err err;

	if (grant->renews == NULL)
		return PSG_OK;
	psg_spent_beside(grant->renews->file, PSG_SPENT_ENDED, ended);
	err = spent->folder->ops->exists(spent->folder, ended, &there);
	return err == PSG_OK && there ? PSG_ERR_STALE : err;
}

enum psg_err psg_still_soon(struct psg_store *store, const struct psg_now *then,
			    struct psg_now *ret)
{
	struct psg_now now;
	enum psg_err err = psg_people_now(store, &now);

	if (err != PSG_OK)
		return err;
	if (!psg_boot_same(now.boot_id, then->boot_id) || now.boottime_ns < then->boottime_ns ||
	    now.boottime_ns - then->boottime_ns > PSG_VERIFY_LIMIT_NS)
		return PSG_ERR_STALE;
	*ret = now;
	return PSG_OK;
}

/* In this order: tidy removes a record before its end, so a record that is still there proves that no
 * end was there a moment before and is gone. */
static enum psg_err last_look(const struct psg_person *spent, const struct psg_grant *grant,
			      const struct psg_activation *activation, const struct psg_buf *text)
{
	char ended[PSG_ACTIVATION_FILE_SIZE + 16], bytes[PSG_FILE_MAX];
	struct psg_now then = {.boottime_ns = activation->created_boottime_ns}, now;
	struct psg_file_info info;
	bool there = false;
	enum psg_err err;

	psg_spent_beside(activation->file, PSG_SPENT_ENDED, ended);
	err = spent->folder->ops->exists(spent->folder, ended, &there);
	if (err == PSG_OK && there)
		err = PSG_ERR_STALE;
	if (err == PSG_OK)
		err = spent->folder->ops->read(spent->folder, activation->file, bytes,
					       sizeof(bytes), &info);
	if (err == PSG_ERR_NOT_FOUND)
		err = PSG_ERR_STALE;
	if (err == PSG_OK && (info.len != text->len || memcmp(bytes, text->data, info.len) != 0))
		err = PSG_ERR_STALE;
	if (err == PSG_OK)
		err = psg_grant_still(spent, grant);
	memcpy(then.boot_id, activation->boot_id, sizeof(then.boot_id));
	return err == PSG_OK ? psg_still_soon(spent->store, &then, &now) : err;
}

/* Takes back what may be written: an end; where even a name finds no room, a record spoiled by more
 * bytes, or emptied. */
static void take_back(const struct psg_person *spent, const char *file, int handle)
{
	static const char spoil[] = "failed\n";

	if (psg_spent_end(spent, file, PSG_END_FAILED, NULL) == PSG_OK)
		return;
	if (spent->folder->ops->write(spent->folder, handle, spoil, sizeof(spoil) - 1) != PSG_OK)
		(void)spent->folder->ops->replace(spent->folder, file, "", 0);
}

enum psg_err psg_grant_write(const struct psg_person *spent, const struct psg_grant *grant,
			     int file, const struct psg_activation *activation)
{
	const struct psg_folder_ops *ops = spent->folder->ops;
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};
	enum psg_err err;

	psg_activation_encode(activation, &text);
	err = psg_seal_append(spent->store, spent->context, activation->file, &text);
	if (err != PSG_OK) {
		ops->close(spent->folder, file);
		return err;
	}
	err = ops->write(spent->folder, file, text.data, text.len);
	if (err == PSG_OK)
		err = ops->sync(spent->folder, file);
	if (err == PSG_OK)
		err = ops->sync_names(spent->folder);
	if (err == PSG_OK)
		err = last_look(spent, grant, activation, &text);
	if (err != PSG_OK)
		take_back(spent, activation->file, file);
	ops->close(spent->folder, file);
	return err;
}

/* -- the administrator's -- */

/* Wins a name admin-N that is the highest. A granter that slept may win a name that was used and tidied
 * away; it finds a higher one then, leaves the name empty and goes on. */
static enum psg_err admin_name(const struct psg_person *spent, char name[static PSG_NUMBER_SIZE],
			       int *ret_file)
{
	for (int i = 0; i < GRANT_TURNS; i++) {
		struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
		uint64_t highest = 0, again = 0;
		enum psg_err err = psg_names_list(spent->folder, &names);

		if (err != PSG_OK)
			return err;
		(void)psg_spent_highest(&names, PSG_SPENT_ADMIN, NULL, &highest);
		(void)snprintf(name, PSG_NUMBER_SIZE, "admin-%" PRIu64, highest + 1);
		err = spent->folder->ops->create(spent->folder, name, ret_file);
		if (err == PSG_ERR_EXISTS)
			continue;
		if (err != PSG_OK)
			return err;
		err = psg_names_list(spent->folder, &names);
		(void)psg_spent_highest(&names, PSG_SPENT_ADMIN, NULL, &again);
		if (err == PSG_OK && again == highest + 1)
			return PSG_OK;
		spent->folder->ops->close(spent->folder, *ret_file);
		if (err != PSG_OK)
			return err;
	}
	return PSG_ERR_STALE;
}

enum psg_err psg_people_grant(struct psg_store *store, const char *subject,
			      const struct psg_grant *grant, struct psg_activation *ret)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_activation activation;
	char name[PSG_NUMBER_SIZE];
	struct psg_now now;
	int file;
	enum psg_err err = store->key == NULL ? PSG_ERR_KEY : PSG_OK;

	if (err == PSG_OK)
		err = psg_person_open(store, subject, "spent", true, &spent);
	if (err == PSG_OK)
		err = admin_name(&spent, name, &file);
	if (err != PSG_OK)
		return err;
	err = psg_people_now(store, &now);
	if (err == PSG_OK)
		err = psg_grant_fill(grant, name, &now, &activation);
	if (err != PSG_OK) {
		spent.folder->ops->close(spent.folder, file);
		return err;
	}
	err = psg_grant_write(&spent, grant, file, &activation);
	if (err != PSG_OK)
		return err;
	psg_spent_supersede(&spent, &activation);
	if (ret != NULL)
		*ret = activation;
	return PSG_OK;
}
