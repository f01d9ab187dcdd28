/* Housekeeping: removing what is over (DESIGN section 5, rule 4). Nothing depends on its ever running.
 *
 * MUST NOT remove any name of a credential's highest step: it is what keeps older codes spent
 *   (interleave_test.c probes every old code after every tidy; tidy_keeps_the_highest).
 * MUST remove a record before its end: a tidier killed in between leaves an end without a record, never
 *   a record without its end (interleave_test.c, "end, then tidy").
 * MUST NOT remove the name of a recovery code spent (tidy_keeps_recovery_codes_spent).
 * MUST NOT measure age by the wall clock alone. */
#include <stdio.h>
#include <string.h>

#include "people.h"

/* A lapse that nobody ended has not been logged yet: it is left for whoever does, for a day. */
#define UNLOGGED_AGE_NS PSG_ATTEMPT_LIFE_NS

struct tidy {
	const struct psg_person *spent;
	const struct psg_strings *names;   /* of spent/ */
	const struct psg_strings *devices; /* of authenticators/ */
	struct psg_now now;
};

static int64_t since(const struct tidy *tidy, const char *boot_id, int64_t boottime_ns)
{
	/* Of another boot: it was over when this one began. */
	if (!psg_boot_same(boot_id, tidy->now.boot_id))
		return tidy->now.boottime_ns;
	return tidy->now.boottime_ns - boottime_ns;
}

static bool is_over(const struct tidy *tidy, const struct psg_spent *one, int64_t least_ns)
{
	const struct psg_activation *a = &one->activation;

	/* Closed, what its login left behind has until the lapse (psg/enforce.h). */
	if (a->ended && one->end.reason == PSG_END_CLOSED && a->valid &&
	    since(tidy, a->boot_id, a->expires_boottime_ns) < least_ns)
		return false;
	if (a->ended && one->end.reason != PSG_END_NONE)
		return since(tidy, one->end.boot_id, one->end.boottime_ns) >= least_ns;
	if (a->ended)
		return psg_age_by_mtime(&tidy->now, one->end_mtime_ns) >= least_ns;
	if (!a->valid)
		return psg_age_by_mtime(&tidy->now, one->record_mtime_ns) >= least_ns;
	if (least_ns < UNLOGGED_AGE_NS)
		least_ns = UNLOGGED_AGE_NS;
	return since(tidy, a->boot_id, a->expires_boottime_ns) >= least_ns;
}

/* How long it must have been over; false: it stays. */
static bool may_go(const struct tidy *tidy, const struct psg_spent_name *name,
		   int64_t *ret_least_ns)
{
	uint64_t highest = 0;

	*ret_least_ns = PSG_TIDY_AGE_NS;
	if (!psg_spent_highest(tidy->names, name->kind, name->id, &highest) ||
	    name->number < highest)
		return true;
	/* The highest step of a device that is gone: nothing can match it any more. A day is longer
	 * than any window, should the same device come back from a backup. */
	*ret_least_ns = PSG_ATTEMPT_LIFE_NS;
	return name->kind == PSG_SPENT_CODE && !psg_strings_has(tidy->devices, name->id);
}

static enum psg_err remove_all(const struct tidy *tidy, const char *file)
{
	static const enum psg_spent_part order[] = {PSG_SPENT_RECORD, PSG_SPENT_SESSION,
						    PSG_SPENT_ENDED};
	struct psg_folder *folder = tidy->spent->folder;

	for (size_t i = 0; i < PSG_COUNT(order); i++) {
		char name[PSG_ACTIVATION_FILE_SIZE + 16];
		enum psg_err err = PSG_OK;

		psg_spent_beside(file, order[i], name);
		if (psg_strings_has(tidy->names, name))
			err = folder->ops->remove(folder, name);
		if (err != PSG_OK && err != PSG_ERR_NOT_FOUND)
			return err;
	}
	return PSG_OK;
}

/* Not every file system lists its names as they stood at one moment: an end may show that was made while
 * they were read, and the record made just before may not. Taking that end away would bring an ended
 * activation back, so the record is asked for by name: an end is made only beside a record, and what is
 * gone by now was over for an hour. */
static enum psg_err remove_orphans(const struct tidy *tidy, const char *file)
{
	bool there = true;
	enum psg_err err = tidy->spent->folder->ops->exists(tidy->spent->folder, file, &there);

	return err == PSG_OK && !there ? remove_all(tidy, file) : err;
}

/* Each stands for a recovery code that must stay spent, even when its set comes back from a backup. What is over is
 * given an end: a record without one is read at every look for what is live. */
static enum psg_err tidy_recovery(const struct tidy *tidy, const char *file)
{
	char ended[PSG_ACTIVATION_FILE_SIZE + 16];
	struct psg_spent one;

	psg_spent_beside(file, PSG_SPENT_ENDED, ended);
	if (psg_strings_has(tidy->names, ended))
		return PSG_OK;
	enum psg_err err = psg_spent_read(tidy->spent, tidy->names, file, &one);

	if (err == PSG_ERR_NOT_FOUND || (err == PSG_OK && !is_over(tidy, &one, PSG_TIDY_AGE_NS)))
		return PSG_OK;
	return err == PSG_OK ? psg_spent_end(tidy->spent, file, PSG_END_LAPSED, NULL) : err;
}

static enum psg_err tidy_name(const struct tidy *tidy, const char *text)
{
	struct psg_spent_name name;
	struct psg_spent one;
	int64_t least_ns;
	enum psg_err err;

	if (!psg_spent_name_parse(text, &name))
		return PSG_OK;
	if (name.kind == PSG_SPENT_RECOVERY)
		return name.part == PSG_SPENT_RECORD ? tidy_recovery(tidy, name.file) : PSG_OK;
	/* Companions go with their record; those that are left without one go by themselves. */
	if (name.part != PSG_SPENT_RECORD && psg_strings_has(tidy->names, name.file))
		return PSG_OK;
	if (!may_go(tidy, &name, &least_ns))
		return PSG_OK;
	if (name.part != PSG_SPENT_RECORD)
		return remove_orphans(tidy, name.file);
	err = psg_spent_read(tidy->spent, tidy->names, name.file, &one);
	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	if (err == PSG_OK && is_over(tidy, &one, least_ns))
		err = remove_all(tidy, name.file);
	return err;
}

static enum psg_err devices_list(const struct psg_person *whole, const struct psg_now *now,
				 struct psg_strings *ret)
{
	struct psg_person devices PSG_CLEANUP(psg_person_close) = {0};
	enum psg_err err = psg_person_part(whole, "authenticators", false, &devices);

	if (err == PSG_OK)
		err = psg_names_list(devices.folder, ret);
	if (err == PSG_OK)
		err =
		    devices.folder->ops->sweep(devices.folder, now->realtime_ns - PSG_TIDY_AGE_NS);
	return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
}

static enum psg_err tidy_spent(const struct psg_person *whole, const struct psg_now *now)
{
	struct psg_person spent PSG_CLEANUP(psg_person_close) = {0};
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings devices PSG_CLEANUP(psg_strings_clear) = {0};
	struct tidy tidy = {&spent, &names, &devices, *now};
	enum psg_err err = devices_list(whole, now, &devices);

	if (err == PSG_OK)
		err = psg_person_part(whole, "spent", false, &spent);
	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	if (err == PSG_OK)
		err = psg_names_list(spent.folder, &names);
	if (err == PSG_OK)
		err = spent.folder->ops->sweep(spent.folder, now->realtime_ns - PSG_TIDY_AGE_NS);
	for (size_t i = 0; i < names.count && err == PSG_OK; i++)
		err = tidy_name(&tidy, names.items[i]);
	return err;
}

struct part_tidy {
	struct psg_person *person;
	struct psg_now now;
};

static enum psg_err tidy_attempts(void *arg, const char *name)
{
	const struct part_tidy *part = arg;
	struct psg_person attempts PSG_CLEANUP(psg_person_close) = {.store = part->person->store};
	enum psg_err err;

	if (strncmp(name, "attempts", strlen("attempts")) != 0)
		return PSG_OK;
	(void)snprintf(attempts.context, sizeof(attempts.context), "%s%s", part->person->context,
		       name);
	err = part->person->folder->ops->open(part->person->folder, name, false, &attempts.folder);
	if (err == PSG_OK)
		err = psg_attempts_tidy(&attempts);
	if (err == PSG_OK)
		err = attempts.folder->ops->sweep(attempts.folder,
						  part->now.realtime_ns - PSG_TIDY_AGE_NS);
	return err;
}

enum psg_err psg_people_tidy(struct psg_store *store, const char *subject)
{
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	struct part_tidy part = {.person = &person};
	enum psg_err err = psg_people_now(store, &part.now), other;

	if (err == PSG_OK)
		err = psg_person_open(store, subject, NULL, false, &person);
	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	err = person.folder->ops->list(person.folder, tidy_attempts, &part);
	if (err == PSG_OK)
		err = person.folder->ops->sweep(person.folder,
						part.now.realtime_ns - PSG_TIDY_AGE_NS);
	other = tidy_spent(&person, &part.now);
	return err != PSG_OK ? err : other;
}

struct each {
	psg_subject_fn *call;
	void *arg;
};

static enum psg_err each_folder(void *arg, const char *name)
{
	const struct each *each = arg;
	char subject[PSG_SUBJECT_SIZE];

	if (psg_folder_subject(name, subject) != PSG_OK)
		return PSG_OK;
	return each->call(each->arg, subject);
}

enum psg_err psg_people_each(struct psg_store *store, psg_subject_fn *call, void *arg)
{
	struct psg_folder *people PSG_CLEANUP(psg_folder_release) = NULL;
	struct each each = {call, arg};
	enum psg_err err = store->root->ops->open(store->root, "people", false, &people);

	if (err == PSG_ERR_NOT_FOUND)
		return PSG_OK;
	return err == PSG_OK ? people->ops->list(people, each_folder, &each) : err;
}
