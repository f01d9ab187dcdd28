#include "entries.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <syslog.h>
#include <unistd.h>

#include <cmocka.h>

#define UNIX_GROUP "psg-testers" /* WORLD_USER is in it, and not by the account's own gid */
#define GATED .policy = {.requires_activation = true, .scope = PSG_SCOPE_SESSION}
#define HOSTWIDE .policy = {.requires_activation = true, .scope = PSG_SCOPE_HOST}
#define UNASSIGNED .policy = {.unassigned = true}
#define ALONE                                                                                      \
	.policy = {.requires_activation = true,                                                    \
		   .scope = PSG_SCOPE_HOST,                                                        \
		   .enrollment = PSG_ENROLLMENT_SELF,                                              \
		   .assigned_s = -60}
#define BY_GROUP .policy = {.requires_activation = true, .assignee = "%" UNIX_GROUP}
#define RIGHT ""
#define WRONG "000000"

const struct entry entries[] = {
    {"authenticate, right code", HOSTWIDE, "gate", pam_authenticate, .answer = RIGHT,
     .has = ENTRY_AUTHENTICATOR, .record = true},
    {"authenticate, wrong code", HOSTWIDE, "gate", pam_authenticate, .answer = WRONG,
     .has = ENTRY_AUTHENTICATOR, .expected = PAM_AUTH_ERR, .record = true},
    {"authenticate, not enrolled", HOSTWIDE, "gate", pam_authenticate, .answer = WRONG,
     .expected = PAM_AUTHINFO_UNAVAIL},
    {"account, right code", HOSTWIDE, "gate", pam_acct_mgmt, .answer = RIGHT,
     .has = ENTRY_AUTHENTICATOR, .record = true},
    {"account, wrong code", HOSTWIDE, "gate", pam_acct_mgmt, .answer = WRONG,
     .has = ENTRY_AUTHENTICATOR, .expected = PAM_PERM_DENIED, .record = true},
    {"account, no code", HOSTWIDE, "gate", pam_acct_mgmt, .has = ENTRY_AUTHENTICATOR,
     .expected = PAM_PERM_DENIED, .record = true},
    {"account, live", HOSTWIDE, "gate", pam_acct_mgmt, .has = ENTRY_ACTIVE},
    {"account, lapsed", HOSTWIDE, "gate", pam_acct_mgmt, .has = ENTRY_LAPSED,
     .expected = PAM_PERM_DENIED, .record = true},
    {"account, ended", HOSTWIDE, "gate", pam_acct_mgmt, .has = ENTRY_ENDED,
     .expected = PAM_PERM_DENIED, .record = true},
    {"account, unassigned", UNASSIGNED, "gate", pam_acct_mgmt, .expected = PAM_PERM_DENIED},
    {"account by a group, unassigned_ok", BY_GROUP, "lax", pam_acct_mgmt,
     .expected = PAM_PERM_DENIED, .lookups = true},
    {"authenticate by a group, unassigned_ok", BY_GROUP, "lax", pam_authenticate,
     .expected = PAM_AUTHINFO_UNAVAIL, .lookups = true},
    {"session, live", HOSTWIDE, "gate", pam_open_session, .has = ENTRY_ACTIVE},
    {"session, right code", GATED, "gate", pam_open_session, .answer = RIGHT,
     .has = ENTRY_AUTHENTICATOR},
    {"session, bound by its ticket", GATED, "gate", pam_open_session, .before = pam_authenticate,
     .answer = RIGHT, .has = ENTRY_AUTHENTICATOR},
    {"session, unassigned", UNASSIGNED, "gate", pam_open_session, .expected = PAM_PERM_DENIED},
    {"close", GATED, "gate", pam_close_session, .before = pam_authenticate, .answer = RIGHT,
     .has = ENTRY_AUTHENTICATOR},
    {"setcred, live", HOSTWIDE, "gate", pam_setcred, .has = ENTRY_ACTIVE},
    {"enrol", HOSTWIDE, "psg-enroll", pam_chauthtok, .answer = RIGHT},
    {"authenticate, first login", ALONE, "gate", pam_authenticate, .answer = RIGHT, .record = true},
};
const size_t entry_count = PSG_COUNT(entries);

static char code[PSG_CODE_DIGITS_MAX + 1];

int entries_group(void **state)
{
	char path[] = "/tmp/psg-group-XXXXXX", command[256];
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command),
		 "cp /etc/group %s && chmod 0644 %s && echo '" UNIX_GROUP ":x:64997:" WORLD_USER
		 "' >>%s",
		 path, path, path);
	assert_int_equal(system(command), 0);
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
	assert_int_equal(mount(path, "/etc/group", "none", MS_BIND, NULL), 0);
	return unlink(path);
}

void entry_make(struct world *world, const struct entry *entry)
{
	world_make(world, &entry->policy);
	world_stack(world, "lax", "application=gate unassigned_ok");
	world_stack(world, "psg-enroll", "enroll");
}

static void forget_people(struct world *world)
{
	static unsigned number;
	char from[160], to[160];

	snprintf(from, sizeof(from), "%s/people/" WORLD_USER, world->store_dir);
	snprintf(to, sizeof(to), "%s/forgotten-%u", world->dir, number++);
	if (rename(from, to) != 0)
		assert_int_equal(errno, ENOENT);
}

void entry_prepare(struct world *world, const struct entry *entry)
{
	forget_people(world);
	if (entry->has == ENTRY_NOTHING)
		return;
	world_enroll(world);
	snprintf(code, sizeof(code), "%s", world_code(world, 0));
	if (entry->has >= ENTRY_ACTIVE)
		world_activate(world, entry->has == ENTRY_LAPSED ? 3601 : 0, 3600, NULL);
	if (entry->has == ENTRY_ENDED)
		assert_int_equal(psg_activation_end(world->store, WORLD_USER,
						    world_activation(world).file,
						    PSG_END_DEACTIVATED, NULL),
				 PSG_OK);
}

static bool enrols(const struct entry *entry)
{
	return entry->call == pam_chauthtok || entry->policy.enrollment == PSG_ENROLLMENT_SELF;
}

bool entry_start(struct world *world, const struct entry *entry)
{
	static struct world_app app;
	bool right = entry->answer && !*entry->answer;

	world->person = (struct person){.answers = {right ? code : entry->answer}};
	if (enrols(entry)) {
		app = (struct world_app){&world->person, code};
		world->person.before_answer = world_read_key;
		world->person.arg = &app;
	}
	world_start(world, entry->service, WORLD_USER);
	syslog(LOG_AUTHPRIV | LOG_DEBUG, "libc keeps one descriptor from here on");
	return !entry->before || entry->before(world->pamh, 0) == PAM_SUCCESS;
}

static size_t live(struct world *world)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_now now;
	size_t count = 0;

	assert_int_equal(psg_clock_now(&world->store->clock, &now), PSG_OK);
	assert_int_equal(psg_people_activations(world->store, WORLD_USER, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++)
		count += list.items[i].valid && !list.items[i].ended &&
			 psg_activation_left_ns(&list.items[i], &now) > 0;
	return count;
}

static size_t enrolled(struct world *world)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};

	assert_int_equal(psg_people_credentials(world->store, WORLD_USER, &list), PSG_OK);
	return list.count;
}

/* IGNORE too lets in where another module has let in. */
static bool passes(int result)
{
	return result == PAM_SUCCESS || result == WORLD_IGNORED || result == PAM_IGNORE ||
	       result == PAM_NEW_AUTHTOK_REQD;
}

const char *entry_judge(struct world *world, const struct entry *entry, int result)
{
	if (passes(result) && result != entry->expected)
		return "it passed";
	/* SYSTEM_ERR is libpam's own, which could not reach the kernel's audit after all was done. */
	if (entry->record && result != PAM_SYSTEM_ERR &&
	    (live(world) > 0) != (result == PAM_SUCCESS))
		return result == PAM_SUCCESS ? "it passed and nothing is live"
					     : "it refused and something is live";
	if (enrols(entry) && result == PAM_SUCCESS && enrolled(world) != 1)
		return "it enrolled nobody";
	return NULL;
}

static int again(struct world *world, const struct entry *entry, const char *answer,
		 int (*call)(pam_handle_t *pamh, int flags))
{
	world->person = (struct person){.answers = {answer}};
	world_start(world, entry->service, WORLD_USER);
	return call(world->pamh, 0);
}

void entry_works(struct world *world, const struct entry *entry)
{
	if (enrols(entry)) {
		forget_people(world);
		assert_true(entry_start(world, entry));
		assert_int_equal(entry->call(world->pamh, 0), PAM_SUCCESS);
	} else if (entry->has == ENTRY_NOTHING) {
		assert_int_equal(again(world, entry, NULL, pam_acct_mgmt), PAM_PERM_DENIED);
	} else if (entry->has == ENTRY_ACTIVE) {
		assert_int_equal(again(world, entry, NULL, pam_acct_mgmt), PAM_SUCCESS);
		assert_int_equal(world->person.prompts, 0);
	} else {
		/* A code of its own, and no delay stands in the way. */
		assert_int_equal(again(world, entry, world_code(world, 1), pam_acct_mgmt),
				 PAM_SUCCESS);
	}
}
