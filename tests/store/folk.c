#include "folk.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../pam_psg/store/folder_memory.h"
#include "psg/bytes.h"
#include "psg/recovery.h"

bool folk_on_files = true, folk_in_memory = false;

static enum psg_err folk_now(void *self, struct psg_now *ret)
{
	const struct folk *folk = self;

	*ret = folk->now;
	return PSG_OK;
}

static enum psg_err folk_proc(void *self, pid_t pid, struct psg_proc_info *ret)
{
	const struct folk *folk = self;

	if (folk->proc_error != PSG_OK)
		return folk->proc_error;
	for (size_t i = 0; i < FOLK_PROCESSES; i++) {
		if (pid > 0 && folk->processes[i].pid == pid) {
			*ret = folk->processes[i].info;
			return PSG_OK;
		}
	}
	return PSG_ERR_NOT_FOUND;
}

static void credential(struct psg_credential *c, char digit)
{
	memset(c, 0, sizeof(*c));
	memset(c->id, digit, PSG_CREDENTIAL_ID_SIZE - 1);
	c->algorithm = PSG_SHA1;
	c->digits = 6;
	c->period_s = 30;
	c->secret_len = 20;
	memset(c->secret, digit, c->secret_len);
	(void)snprintf(c->label, sizeof(c->label), "device %c", digit);
}

int folk_setup(void **state)
{
	bool on_files = *(bool *)*state;
	struct folk *folk = calloc(1, sizeof(*folk));
	const char *base = getenv("TMPDIR");
	struct psg_clock clock = {folk_now, folk};
	struct psg_proc proc = {folk_proc, folk};
	struct psg_folder *root = NULL;

	assert_non_null(folk);
	folk->on_files = on_files;
	/* Files carry the machine's own time, so the test's wall clock starts there. */
	folk->now.realtime_ns = (int64_t)time(NULL) / 30 * 30 * FOLK_S + 5 * FOLK_S;
	folk->now.boottime_ns = INT64_C(1000000) * FOLK_S;
	memcpy(folk->now.boot_id, FOLK_BOOT_A, PSG_BOOT_ID_SIZE);
	folk->throttle =
	    (struct psg_throttle){.attempts = 5, .delay_s = 30, .maximum_delay_s = 900};
	credential(&folk->phone, 'a');
	credential(&folk->tablet, 'b');
	if (on_files) {
		(void)snprintf(folk->path, sizeof(folk->path), "%.40s/psg-XXXXXX",
			       base != NULL && strlen(base) <= 40 ? base : "/tmp");
		assert_non_null(mkdtemp(folk->path));
		assert_int_equal(psg_folder_open_files(folk->path, geteuid(), &root), PSG_OK);
	} else {
		assert_int_equal(psg_folder_open_memory(&folk->now.realtime_ns, &root), PSG_OK);
	}
	assert_int_equal(psg_store_wrap(root, &clock, &proc, &folk->store), PSG_OK);
	*state = folk;
	return 0;
}

int folk_teardown(void **state)
{
	struct folk *folk = *state;
	char command[128];

	psg_store_close(&folk->store);
	if (folk->on_files) {
		(void)snprintf(command, sizeof(command), "rm -rf '%s'", folk->path);
		assert_int_equal(system(command), 0);
	}
	free(folk);
	return 0;
}

void folk_pass(struct folk *folk, int64_t seconds)
{
	folk->now.realtime_ns += seconds * FOLK_S;
	folk->now.boottime_ns += seconds * FOLK_S;
}

void folk_reboot(struct folk *folk, int64_t uptime_s)
{
	folk->now.realtime_ns += uptime_s * FOLK_S;
	folk->now.boottime_ns = uptime_s * FOLK_S;
	memcpy(folk->now.boot_id, FOLK_BOOT_B, PSG_BOOT_ID_SIZE);
}

void folk_enroll(struct folk *folk, const char *subject, const struct psg_credential *c)
{
	assert_int_equal(psg_people_enroll(folk->store, subject, c), PSG_OK);
}

void folk_recovery(struct psg_store *store, const char *subject, char id, const char *const *codes,
		   size_t count)
{
	struct psg_folder *people PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_folder *person PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_buf plain PSG_CLEANUP(psg_buf_clear) = {0};
	uint8_t salt[PSG_RECOVERY_SALT_SIZE] = {1}, sealed[1024];
	char name[PSG_CREDENTIAL_ID_SIZE] = "", place[64];

	memset(name, id, sizeof(name) - 1);
	psg_buf_u8(&plain, 1);
	psg_buf_string(&plain, name);
	psg_buf_u64(&plain, 1700000000);
	psg_buf_u32(&plain, 1);
	psg_buf_u32(&plain, 8);
	psg_buf_put(&plain, salt, sizeof(salt));
	psg_buf_u32(&plain, (uint32_t)count);
	for (size_t i = 0; i < count; i++) {
		uint8_t hash[PSG_RECOVERY_HASH_SIZE];

		assert_int_equal(psg_recovery_hash(codes[i], salt, 1, 8, hash), PSG_OK);
		psg_buf_u8(&plain, (uint8_t)strlen(codes[i]));
		psg_buf_put(&plain, hash, sizeof(hash));
	}
	assert_false(plain.failed);
	(void)snprintf(place, sizeof(place), "people/%s/recovery", subject);
	assert_int_equal(psg_key_seal(store->key, place, plain.data, plain.len, sealed), PSG_OK);
	assert_int_equal(store->root->ops->open(store->root, "people", true, &people), PSG_OK);
	assert_int_equal(people->ops->open(people, subject, true, &person), PSG_OK);
	assert_int_equal(
	    person->ops->replace(person, "recovery", sealed, plain.len + PSG_SEAL_EXTRA), PSG_OK);
}

const char *folk_code(struct folk *folk, const struct psg_credential *c, int offset)
{
	static char code[PSG_CODE_DIGITS_MAX + 1];
	uint64_t step = psg_totp_step(c, folk->now.realtime_ns / FOLK_S);

	assert_int_equal(psg_totp_code(c, step + (uint64_t)(int64_t)offset, code), PSG_OK);
	return code;
}

struct psg_grant folk_grant(const char *target)
{
	return (struct psg_grant){.kind = PSG_TARGET_GROUP,
				  .target = target,
				  .scope = PSG_SCOPE_HOST,
				  .lifetime_s = 3600,
				  .maximum_lifetime_s = 7200,
				  .service = "test",
				  .description = "INC1 because"};
}

struct psg_claim folk_claim(struct folk *folk, const char *subject, const char *code,
			    const struct psg_grant *grant)
{
	return (struct psg_claim){.subject = subject,
				  .code = code,
				  .apart = PSG_NOT_APART,
				  .throttle = &folk->throttle,
				  .window_steps = 1,
				  .grant = grant};
}

enum psg_err folk_try(struct folk *folk, const char *subject, const char *code,
		      const struct psg_grant *grant)
{
	struct psg_claim claim = folk_claim(folk, subject, code, grant);
	int64_t wait;

	return psg_people_claim(folk->store, &claim, NULL, &wait);
}

struct psg_activation folk_activate(struct folk *folk, const char *subject, const char *target)
{
	struct psg_grant grant = folk_grant(target);
	struct psg_claim claim =
	    folk_claim(folk, subject, folk_code(folk, &folk->phone, 0), &grant);
	struct psg_activation activation;
	int64_t wait;

	assert_int_equal(psg_people_claim(folk->store, &claim, &activation, &wait), PSG_OK);
	return activation;
}

struct psg_folder *folk_part(struct folk *folk, const char *subject, const char *part)
{
	struct psg_folder *people PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_folder *person PSG_CLEANUP(psg_folder_release) = NULL;
	struct psg_folder *root = folk->store->root, *ret = NULL;

	assert_int_equal(root->ops->open(root, "people", true, &people), PSG_OK);
	assert_int_equal(people->ops->open(people, subject, true, &person), PSG_OK);
	assert_int_equal(person->ops->open(person, part, true, &ret), PSG_OK);
	return ret;
}

bool folk_has(struct folk *folk, const char *subject, const char *part, const char *name)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = folk_part(folk, subject, part);
	bool there = false;

	assert_int_equal(folder->ops->exists(folder, name, &there), PSG_OK);
	return there;
}

static enum psg_err count_one(void *arg, const char *name)
{
	(void)name;
	++*(size_t *)arg;
	return PSG_OK;
}

size_t folk_count(struct folk *folk, const char *subject, const char *part)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = folk_part(folk, subject, part);
	size_t count = 0;

	assert_int_equal(folder->ops->list(folder, count_one, &count), PSG_OK);
	return count;
}

void folk_plant(struct folk *folk, const char *subject, const char *part, const char *name,
		const void *bytes, size_t len, int64_t mtime_ns, bool odd)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = folk_part(folk, subject, part);
	struct timespec times[2] = {
	    {.tv_sec = mtime_ns / FOLK_S, .tv_nsec = (long)(mtime_ns % FOLK_S)}};
	char path[512];
	int fd;

	if (!folk->on_files) {
		assert_int_equal(psg_folder_memory_plant(folder, name, bytes, len, mtime_ns, odd),
				 PSG_OK);
		return;
	}
	times[1] = times[0];
	(void)snprintf(path, sizeof(path), "%s/people/%s/%s/%s", folk->path, subject, part, name);
	(void)unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(fchmod(fd, odd ? 0644 : 0600), 0);
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
}

size_t folk_live(struct folk *folk, const char *subject)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	size_t live = 0;

	assert_int_equal(psg_people_activations(folk->store, subject, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		list.items[i].in_session = true;
		live += psg_activation_live(&list.items[i], &folk->now);
	}
	return live;
}

struct psg_activation folk_activation(struct folk *folk, const char *subject, const char *file)
{
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};

	assert_int_equal(psg_people_activations(folk->store, subject, &list), PSG_OK);
	for (size_t i = 0; i < list.count; i++) {
		if (strcmp(list.items[i].file, file) == 0)
			return list.items[i];
	}
	fail_msg("no activation %s", file);
	return (struct psg_activation){.valid = false};
}

size_t folk_copy(struct folk *folk, const char *from, const char *to, const char *part,
		 const char *name, const char *new_name)
{
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = folk_part(folk, from, part);
	char bytes[PSG_FILE_MAX];
	struct psg_file_info info;

	assert_int_equal(folder->ops->read(folder, name, bytes, sizeof(bytes), &info), PSG_OK);
	folk_plant(folk, to, part, new_name, bytes, info.len, folk->now.realtime_ns, false);
	return info.len;
}

void folk_process(struct folk *folk, size_t at, pid_t pid, uint64_t start)
{
	folk->processes[at].pid = pid;
	folk->processes[at].info = (struct psg_proc_info){
	    .parent = 1, .session = pid, .start_ticks = start, .audit_id = 5};
}
