/* What the folders of people and logins hold, put there by whoever: parts of one input, each a file. Its first byte says
 * which and how: as it is, sealed as the store seals it, or sealed for another place. Read through the public interface.
 *
 * Only what was sealed for its own place may be an activation, a credential, a login or a binding that covers; an end
 * ends in any state; no code opens anything where no credential was sealed; and nothing shuts the door. */
#include "fuzz.h"

#include <sodium.h>
#include <stdio.h>

#include "../../pam_psg/store/folder_memory.h"
#include "../../pam_psg/store/logins.h"

#define BOOT "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define SUBJECT "alice"
#define CREDENTIAL "00112233445566aa"
#define CODE_FILE CREDENTIAL "-56666666"
#define NOW_S INT64_C(1700000000)
#define LEADER 4711
#define PARTS_MAX 12

enum how { AS_IT_IS, SEALED, SEALED_ELSEWHERE, HOWS };

/* Where a part may go. `text`: sealed by a line of its own; else as a credential. */
static const struct place {
	const char *part, *name; /* part NULL: sessions/ */
	bool text;
} places[] = {
    {"spent", "admin-1", true},
    {"spent", CODE_FILE, true},
    {"spent", "admin-1.session", true},
    {"spent", CODE_FILE ".session", true},
    {"spent", "admin-1.ended", true},
    {"spent", CODE_FILE ".ended", true},
    {"authenticators", CREDENTIAL, false},
    {"attempts", "1", true},
    {"attempts", NULL, true},
    {"spent", NULL, true},
    {NULL, BOOT "-4711", true},
    {NULL, BOOT "-4711-99", true},
};

struct world {
	struct psg_store *store;
	bool sealed[PSG_COUNT(places)], there[PSG_COUNT(places)];
};

static enum psg_err clock_now(void *self, struct psg_now *ret)
{
	(void)self;
	*ret = (struct psg_now){NOW_S * PSG_NS_PER_S, INT64_C(100000) * PSG_NS_PER_S, BOOT};
	return PSG_OK;
}

static enum psg_err process(void *self, pid_t pid, struct psg_proc_info *ret)
{
	(void)self;
	if (pid != LEADER)
		return PSG_ERR_NOT_FOUND;
	*ret = (struct psg_proc_info){
	    .parent = 1, .session = LEADER, .start_ticks = 99, .audit_id = 4711};
	return PSG_OK;
}

/* One key for all runs, so that an input says the same each time. */
static void no_random(void *const bytes, const size_t len)
{
	memset(bytes, 0x2a, len);
}

static const char *no_random_name(void)
{
	return "fixed";
}

static uint32_t no_random_word(void)
{
	return 42;
}

static void make_world(struct world *world)
{
	static randombytes_implementation fixed = {
	    .implementation_name = no_random_name, .random = no_random_word, .buf = no_random};
	const struct psg_clock clock = {clock_now, NULL};
	const struct psg_proc proc = {process, NULL};
	static const int64_t mtime_ns = NOW_S * PSG_NS_PER_S;
	struct psg_folder *root = NULL;

	randombytes_set_implementation(&fixed);
	*world = (struct world){.store = NULL};
	expect(psg_folder_open_memory(&mtime_ns, &root) == PSG_OK);
	expect(psg_store_wrap(root, &clock, &proc, &world->store) == PSG_OK);
}

static struct psg_person open_place(struct world *world, const struct place *place)
{
	struct psg_person person = {.store = world->store, .context = PSG_LOGINS_FOLDER};
	enum psg_err err =
	    place->part ? psg_person_open(world->store, SUBJECT, place->part, true, &person)
			: world->store->root->ops->open(world->store->root, PSG_LOGINS_FOLDER, true,
							&person.folder);

	expect(err == PSG_OK);
	return person;
}

static void seal(struct world *world, const struct place *place, const char *context,
		 const char *name, struct psg_buf *bytes)
{
	char whole[PSG_CONTEXT_SIZE + PSG_CREDENTIAL_ID_SIZE], sealed[PSG_FILE_MAX];

	if (place->text) {
		/* INVALID: longer than any record may be. */
		(void)!psg_seal_append(world->store, context, name, bytes);
		return;
	}
	snprintf(whole, sizeof(whole), "%.400s/%s", context, name);
	expect(psg_key_seal(world->store->key, whole, bytes->data, bytes->len, sealed) == PSG_OK);
	size_t len = bytes->len + PSG_SEAL_EXTRA;

	psg_buf_clear(bytes);
	psg_buf_put(bytes, sealed, len);
}

/* "NAME=BYTES" where the place leaves the name open. */
static const char *name_of(const struct place *place, char *part, char **ret_bytes, size_t *len)
{
	char *end = memchr(part, '=', *len);

	*ret_bytes = part;
	if (place->name)
		return place->name;
	if (!end || end == part || memchr(part, '/', (size_t)(end - part)) || *part == '.' ||
	    end - part > 100)
		return NULL;
	*end = '\0';
	*ret_bytes = end + 1;
	*len -= (size_t)(end + 1 - part);
	return part;
}

static void plant(struct world *world, char *part, size_t len)
{
	size_t pick = (unsigned char)part[0] % PSG_COUNT(places);
	enum how how = (enum how)((unsigned char)part[0] / PSG_COUNT(places) % HOWS);
	const struct place *place = &places[pick];
	struct psg_buf bytes PSG_CLEANUP(psg_buf_clear) = {0};
	char *at;
	size_t left = len - 1;
	const char *name = name_of(place, part + 1, &at, &left);
	struct psg_person person PSG_CLEANUP(psg_person_close) = {0};
	int file;

	if (!name || left > 900)
		return;
	person = open_place(world, place);
	psg_buf_put(&bytes, at, left);
	if (how != AS_IT_IS)
		seal(world, place, how == SEALED ? person.context : "people/bob/spent", name,
		     &bytes);
	if (bytes.failed || person.folder->ops->create(person.folder, name, &file) != PSG_OK)
		return;
	expect(person.folder->ops->write(person.folder, file, bytes.data ? bytes.data : "",
					 bytes.len) == PSG_OK);
	person.folder->ops->close(person.folder, file);
	world->there[pick] = true;
	world->sealed[pick] = how == SEALED;
}

static bool is_sealed(const struct world *world, const char *file)
{
	for (size_t i = 0; i < PSG_COUNT(places); i++)
		if (places[i].name && strcmp(places[i].name, file) == 0)
			return world->sealed[i];
	/* Of a name that the input chose: any of them may have been. */
	return world->sealed[9];
}

static bool is_there(const struct world *world, const char *file, const char *suffix)
{
	char name[PSG_ACTIVATION_FILE_SIZE + 16];

	snprintf(name, sizeof(name), "%s%s", file, suffix);
	for (size_t i = 0; i < PSG_COUNT(places); i++)
		if (places[i].name && strcmp(places[i].name, name) == 0)
			return world->there[i];
	return false;
}

static void check_activations(struct world *world)
{
	struct psg_call call = {.pid = 5000,
				.real_uid = 1000,
				.subject_uid = 1000,
				.lineage = {{5000, 7}, {LEADER, 99}},
				.lineage_count = 2,
				.audit_id = 4711,
				.parent_audit_id = 4711};
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	struct psg_now now;
	char beside[PSG_ACTIVATION_FILE_SIZE + 16];

	expect(clock_now(NULL, &now) == PSG_OK);
	expect(psg_session_place(world->store, SUBJECT, &call) == PSG_OK);
	expect(!(call.audit_own || call.login.pid) || world->sealed[10] || world->sealed[11]);
	expect(psg_people_activations_in(world->store, SUBJECT, &call, &list) == PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		const struct psg_activation *one = &list.items[i];

		expect(!one->valid || is_sealed(world, one->file));
		expect(one->ended || !is_there(world, one->file, ".ended"));
		expect(!psg_activation_live(one, &now) || (one->valid && !one->ended));
		psg_spent_beside(one->file, PSG_SPENT_SESSION, beside);
		/* A ticket that somebody took is bound, and to nothing but by a whole binding. */
		if (one->valid && one->has_ticket && is_there(world, one->file, ".session"))
			expect(one->bound &&
			       (one->binding.leader.pid == 0 || is_sealed(world, beside)));
	}
}

static void check_credentials(struct world *world)
{
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	struct psg_logins logins PSG_CLEANUP(psg_logins_clear) = {0};

	expect(psg_people_credentials(world->store, SUBJECT, &list) == PSG_OK);
	expect(list.count + list.unreadable == (world->there[6] ? 1 : 0));
	for (size_t i = 0; i < list.count; i++) {
		const struct psg_credential *one = &list.items[i];

		expect(world->sealed[6] && strcmp(one->id, CREDENTIAL) == 0);
		expect(one->digits >= PSG_CODE_DIGITS_MIN && one->digits <= PSG_CODE_DIGITS_MAX &&
		       one->period_s >= 5 && one->secret_len > 0 &&
		       one->secret_len <= PSG_SECRET_MAX &&
		       memchr(one->label, '\0', sizeof(one->label)));
	}
	expect(psg_logins_list(world->store, &logins) == PSG_OK);
	expect(logins.count == 0 || world->sealed[10] || world->sealed[11]);
}

/* A guess that is hardly right, whatever was planted. */
static void check_guess(struct world *world)
{
	const struct psg_throttle throttle = {5, 30, 900};
	struct psg_grant grant = {.kind = PSG_TARGET_GROUP,
				  .target = "Ops",
				  .scope = PSG_SCOPE_HOST,
				  .lifetime_s = 3600,
				  .maximum_lifetime_s = 3600,
				  .service = "sshd"};
	struct psg_claim claim = {.subject = SUBJECT,
				  .code = "755224",
				  .apart = PSG_NOT_APART,
				  .throttle = &throttle,
				  .window_steps = 1,
				  .grant = &grant};
	struct psg_activation made = {.valid = false};
	uint64_t before = 0, after = 0;
	int64_t wait_ns = 0;
	enum psg_err err;

	expect(psg_attempts_look(world->store, SUBJECT, PSG_NOT_APART, &throttle, &before,
				 &wait_ns) == PSG_OK);
	expect(wait_ns >= 0 && wait_ns <= 900 * PSG_NS_PER_S && (wait_ns == 0 || before >= 5));
	err = psg_people_claim(world->store, &claim, &made, &wait_ns);
	expect(err != PSG_OK || (world->sealed[6] && made.valid));
	expect(psg_attempts_look(world->store, SUBJECT, PSG_NOT_APART, &throttle, &after,
				 &wait_ns) == PSG_OK);
	expect(err != PSG_ERR_WRONG_CODE || after > before || before == 0);
	expect(err != PSG_ERR_WRONG_CODE || after > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};
	struct world world;

	make_world(&world);
	for (int i = 0; i < PARTS_MAX && input.left > 0; i++) {
		size_t len;
		char *part = fuzz_part(&input, &len);

		if (part && len > 0)
			plant(&world, part, len);
		free(part);
	}
	check_activations(&world);
	check_credentials(&world);
	check_guess(&world);
	expect(psg_people_tidy(world.store, SUBJECT) == PSG_OK);
	expect(psg_sessions_tidy(world.store) == PSG_OK);
	psg_store_close(&world.store);
	return 0;
}
