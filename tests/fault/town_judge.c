#include "town.h"

#include <ctype.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define NAMES_MAX 512
#define TWO_DAYS_NS (INT64_C(2) * 86400 * PSG_NS_PER_S)

/* -- two days later -- */

static enum psg_err later(void *self, struct psg_now *ret)
{
	enum psg_err err = psg_clock_now(&psg_clock_system, ret);

	(void)self;
	ret->realtime_ns += TWO_DAYS_NS;
	ret->boottime_ns += TWO_DAYS_NS;
	return err;
}

static size_t skip; /* of the store's own path */
static char *names[NAMES_MAX];
static size_t count;

/* Which code, attempt, process it was differs from one login to the next. */
static int note(const char *path, const struct stat *st, int type, struct FTW *at)
{
	char name[512];
	size_t len = 0;

	(void)st, (void)type, (void)at;
	for (const char *from = path + skip; *from != '\0' && len < sizeof(name) - 1;) {
		size_t run = strspn(from, "0123456789abcdef"), digits = strcspn(from, "0123456789");

		if (run > 0 && digits < run) {
			name[len++] = '#';
			from += run;
		} else {
			name[len++] = *from++;
		}
	}
	name[len] = '\0';
	assert_true(count < NAMES_MAX);
	names[count++] = strdup(name);
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char *listing(const struct town *town)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	skip = strlen(town->world.store_dir);
	count = 0;
	assert_int_equal(nftw(town->world.store_dir, note, 16, FTW_PHYS), 0);
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		fprintf(out, "%s\n", names[i]);
		free(names[i]);
	}
	assert_int_equal(fclose(out), 0);
	return text;
}

/* What `a` has more of than `b`, a line each; sorted both. */
static void say_more(const char *what, const char *a, const char *b)
{
	while (*a != '\0') {
		size_t len = strcspn(a, "\n") + 1, other = strcspn(b, "\n") + 1;
		int order = *b == '\0' ? -1 : strncmp(a, b, len < other ? len : other);

		if (order < 0)
			print_error("%s %.*s", what, (int)len, a);
		a += order <= 0 ? len : 0;
		b += order >= 0 ? other : 0;
	}
}

/* What a killed writer left beside the policy goes with the next writer's lock, once it is an hour old. */
static int age(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	(void)st, (void)type;
	if (strncmp(path + at->base, ".tmp-", 5) == 0)
		assert_int_equal(utimensat(AT_FDCWD, path, old, AT_SYMLINK_NOFOLLOW), 0);
	return 0;
}

static void nothing_is_left(struct town *town)
{
	struct psg_store *store = town->world.store;
	struct psg_clock clock = store->clock;
	int lock = -1;

	assert_int_equal(nftw(town->world.store_dir, age, 16, FTW_PHYS), 0);
	store->clock = (struct psg_clock){later, NULL};
	for (enum town_who who = 0; who < TOWN_PEOPLE; who++)
		assert_int_equal(psg_people_tidy(store, town_names[who]), PSG_OK);
	assert_int_equal(psg_sessions_tidy(store), PSG_OK);
	store->clock = clock;
	assert_int_equal(psg_policy_lock(store->root, &lock), PSG_OK);
	psg_close_fd(&lock);
	char *found = listing(town);

	if (town->listing == NULL) {
		town->listing = found;
		return;
	}
	say_more("left behind:", found, town->listing);
	say_more("missing:", town->listing, found);
	assert_string_equal(found, town->listing);
	free(found);
}

/* -- at once -- */

/* What it says of the store, with everything well, is that it is on a volatile file system. */
static void doctor_is_content(struct town *town)
{
	char *text, *about = NULL, *rest;
	const struct town_command command = {
	    .town = town,
	    .words = {"doctor", "--pam-dir", town->world.conf_dir, "gate"},
	    .said = "doctor"};
	size_t len;

	(void)town_psgctl(&command);
	rest = text = town_said(town, "doctor");
	FILE *out = open_memstream(&about, &len);

	for (const char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (strncmp(line, town->world.store_dir, strlen(town->world.store_dir)) == 0)
			fprintf(out, "%s\n", line);
	assert_int_equal(fclose(out), 0);
	free(text);
	if (town->doctor == NULL) {
		town->doctor = about;
		return;
	}
	if (strcmp(about, town->doctor) != 0)
		fail_msg("doctor says:\n%s\ninstead of:\n%s", about, town->doctor);
	free(about);
}

static void old_code_opens_nothing_twice(struct town *town, const struct psg_credential *device)
{
	const char *used = town_code(town, device, -1);
	bool spent = town_spent(town, device, -1), in = town_lets_in(town, TOWN_VICTIM, used);

	if (in && spent)
		fail_msg("a spent code was accepted again");
	town_deactivate(town, TOWN_VICTIM);
	assert_false(town_lets_in(town, TOWN_VICTIM, used));
}

static bool victim_gets_in(struct town *town, int fresh)
{
	if (town_lets_in(town, TOWN_VICTIM, town_code(town, &town->device[TOWN_VICTIM], fresh)))
		return true;
	return town->other.secret_len > 0 &&
	       town_lets_in(town, TOWN_VICTIM, town_code(town, &town->other, fresh));
}

void town_judge(struct town *town, const struct town_verdict *verdict)
{
	const struct psg_credential *device = town->device;
	bool live = town_lets_in(town, TOWN_VICTIM, NULL);

	if (verdict->victim != TOWN_EITHER)
		assert_int_equal(live, verdict->victim == TOWN_IS_LIVE);
	assert_true(town_lets_in(town, TOWN_LIVE, NULL));
	assert_false(town_lets_in(town, TOWN_BYSTANDER, NULL));
	if (verdict->mend != NULL)
		verdict->mend(town);
	if (verdict->doctor)
		doctor_is_content(town);
	town_deactivate(town, TOWN_VICTIM);
	assert_false(town_lets_in(town, TOWN_VICTIM, NULL));
	for (enum town_who who = 0; who < TOWN_LIVE; who++)
		assert_false(town_lets_in(town, who, town_code(town, &device[who], 9)));
	old_code_opens_nothing_twice(town, &device[TOWN_VICTIM]);
	assert_true(victim_gets_in(town, verdict->fresh));
	assert_true(town_lets_in(town, TOWN_BYSTANDER,
				 town_code(town, &device[TOWN_BYSTANDER], verdict->fresh)));
	town_deactivate(town, TOWN_VICTIM);
	town_deactivate(town, TOWN_BYSTANDER);
	nothing_is_left(town);
}
