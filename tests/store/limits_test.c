/* The caller's process is hostile: its umask, limits and closed descriptors (DESIGN section 5, rule 6). */
#include "folk.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../pam_psg/store/files.h"

static enum psg_err put(struct psg_folder *folder, const char *name, const char *text)
{
	int file;
	enum psg_err err = folder->ops->create(folder, name, &file);

	if (err != PSG_OK)
		return err;
	err = folder->ops->write(folder, file, text, strlen(text));
	assert_int_equal(folder->ops->sync(folder, file), PSG_OK);
	folder->ops->close(folder, file);
	assert_int_equal(folder->ops->sync_names(folder), PSG_OK);
	return err;
}

static enum psg_err get(struct psg_folder *folder, const char *name, char *text, size_t size)
{
	struct psg_file_info info;
	enum psg_err err = folder->ops->read(folder, name, text, size - 1, &info);

	if (err == PSG_OK)
		text[info.len] = '\0';
	return err;
}

/* Runs `body` in a process of its own, whose limits are its own to spoil. */
static void apart(struct folk *folk, void (*body)(struct folk *folk))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		body(folk);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(9, "line %d: %s\n", __LINE__, #condition);                         \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

static void with_closed_descriptors(struct folk *folk)
{
	struct psg_folder *root = NULL, *folder;
	char text[16];
	int file, fd;

	(void)dup2(2, 9);
	close(0);
	close(1);
	close(2);
	EXPECT(psg_folder_open_files(folk->path, geteuid(), &root) == PSG_OK);
	EXPECT(root->ops->open(root, "x", true, &folder) == PSG_OK);
	EXPECT(folder->ops->create(folder, "a", &file) == PSG_OK);
	EXPECT(file > 2);
	folder->ops->close(folder, file);
	EXPECT(folder->ops->replace(folder, "a", "text", 4) == PSG_OK);
	EXPECT(folder->ops->append(folder, "a", "\n", 1) == PSG_OK);
	EXPECT(get(folder, "a", text, sizeof(text)) == PSG_OK);
	EXPECT(folder->ops->open_file(folder, "a", &fd) == PSG_OK);
	EXPECT(fd > 2);
	EXPECT(folder->ops->put_start(folder, "b", &file) == PSG_OK);
	EXPECT(file > 2);
	EXPECT(fcntl(0, F_GETFD) == -1 && fcntl(1, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1);
}

static void files_descriptors_above_two(void **state)
{
	apart(*state, with_closed_descriptors);
}

static void with_a_closed_umask(struct folk *folk)
{
	struct psg_folder *root = folk->store->root, *folder;
	struct stat st;
	char path[256], text[16];

	(void)dup2(2, 9);
	umask(0777);
	EXPECT(root->ops->open(root, "masked", true, &folder) == PSG_OK);
	EXPECT(put(folder, "a", "text") == PSG_OK);
	EXPECT(folder->ops->replace(folder, "b", "text", 4) == PSG_OK);
	EXPECT(folder->ops->append(folder, "c", "text", 4) == PSG_OK);
	for (const char *name = "abc"; *name != '\0'; name++) {
		(void)snprintf(path, sizeof(path), "%s/masked/%c", folk->path, *name);
		EXPECT(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
		EXPECT(get(folder, (char[]){*name, '\0'}, text, sizeof(text)) == PSG_OK);
	}
	(void)snprintf(path, sizeof(path), "%s/masked", folk->path);
	EXPECT(stat(path, &st) == 0 && (st.st_mode & 07777) == 0700);
	/* What a process killed between making and chmod leaves: root mends it. */
	EXPECT(chmod(path, 0) == 0);
	EXPECT(root->ops->open(root, "masked", true, &folder) ==
	       (geteuid() == 0 ? PSG_OK : PSG_ERR_ACCESS));
	EXPECT(geteuid() != 0 || (stat(path, &st) == 0 && (st.st_mode & 07777) == 0700));
	EXPECT(chmod(path, 0700) == 0);
}

static void files_umask_0777(void **state)
{
	apart(*state, with_a_closed_umask);
}

static void without_descriptors(struct folk *folk)
{
	struct psg_folder *root = folk->store->root, *folder, *other;
	struct rlimit limit = {0, 0};
	struct psg_file_info info;
	char text[16];
	bool there;
	int fd;

	(void)dup2(2, 9);
	EXPECT(root->ops->open(root, "x", true, &folder) == PSG_OK);
	EXPECT(put(folder, "a", "text") == PSG_OK);
	EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	EXPECT(root->ops->open(root, "x", true, &other) == PSG_ERR_LIMIT);
	EXPECT(folder->ops->read(folder, "a", text, sizeof(text), &info) == PSG_ERR_LIMIT);
	EXPECT(folder->ops->read(folder, "none", text, sizeof(text), &info) != PSG_OK);
	EXPECT(folder->ops->create(folder, "b", &fd) == PSG_ERR_LIMIT);
	EXPECT(folder->ops->open_file(folder, "a", &fd) == PSG_ERR_LIMIT);
	EXPECT(folder->ops->append(folder, "a", "x", 1) == PSG_ERR_LIMIT);
	EXPECT(folder->ops->replace(folder, "a", "x", 1) == PSG_ERR_LIMIT);
	/* These need none. */
	EXPECT(folder->ops->exists(folder, "a", &there) == PSG_OK && there);
}

static void files_out_of_descriptors(void **state)
{
	apart(*state, without_descriptors);
}

static void with_a_file_limit(struct folk *folk)
{
	struct psg_folder *root = folk->store->root, *folder;
	struct rlimit limit = {4, 4};
	char text[16];
	int file;

	(void)dup2(2, 9);
	EXPECT(root->ops->open(root, "x", true, &folder) == PSG_OK);
	EXPECT(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	EXPECT(setrlimit(RLIMIT_FSIZE, &limit) == 0);
	EXPECT(folder->ops->create(folder, "a", &file) == PSG_OK);
	EXPECT(folder->ops->write(folder, file, "12345678", 8) == PSG_ERR_FILE_LIMIT);
	folder->ops->close(folder, file);
	EXPECT(get(folder, "a", text, sizeof(text)) == PSG_OK && text[0] == '\0');
	EXPECT(folder->ops->replace(folder, "b", "12345678", 8) == PSG_ERR_FILE_LIMIT);
	EXPECT(get(folder, "b", text, sizeof(text)) == PSG_ERR_NOT_FOUND);
	EXPECT(folder->ops->replace(folder, "c", "1234", 4) == PSG_OK);
	EXPECT(folder->ops->append(folder, "c", "5", 1) == PSG_ERR_FILE_LIMIT);
}

static void files_short_writes(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *root = folk->store->root;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = NULL;

	apart(folk, with_a_file_limit);
	assert_int_equal(root->ops->open(root, "x", false, &folder), PSG_OK);
	/* Nothing half-written was left beside. */
	assert_int_equal(folder->ops->sweep(folder, INT64_MAX), PSG_OK);
}

/* A disk that fills takes a part: here a pipe does. */
static void files_cut_short(void **state)
{
	static const char bytes[100000];
	int ends[2];

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(psg_files_write(ends[1], bytes, 100), PSG_OK);
	assert_int_equal(psg_files_write(ends[1], bytes, sizeof(bytes)), PSG_ERR_NO_ROOM);
	assert_int_equal(close(ends[0]), 0);
	assert_int_equal(close(ends[1]), 0);
}

/* A claim under every file size limit and every number of descriptors: it fails closed or works. */
static void claim_under(struct folk *folk, int resource, rlim_t limit, bool *ret_opened)
{
	char subject[32], code[16];
	int status;
	pid_t pid;

	(void)snprintf(subject, sizeof(subject), "r%d-%lu", resource, (unsigned long)limit);
	folk_enroll(folk, subject, &folk->phone);
	(void)snprintf(code, sizeof(code), "%s", folk_code(folk, &folk->phone, 0));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct psg_grant grant = folk_grant("Closers");
		struct rlimit rlimit = {limit, limit};

		(void)signal(SIGXFSZ, SIG_IGN);
		(void)umask(0777);
		if (setrlimit((__rlimit_resource_t)resource, &rlimit) != 0)
			_exit(2);
		_exit(folk_try(folk, subject, code, &grant) == PSG_OK ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
	*ret_opened = WEXITSTATUS(status) == 0;
	assert_int_equal(folk_live(folk, subject), *ret_opened);
	/* The next one is not held up. */
	assert_int_equal(folk_try(folk, subject, folk_code(folk, &folk->phone, 1), NULL), PSG_OK);
}

static void claims_under_every_limit(void **state)
{
	struct folk *folk = *state;
	bool opened;

	for (rlim_t limit = 0; limit <= 800; limit += 20) {
		claim_under(folk, RLIMIT_FSIZE, limit, &opened);
		if (limit < 400)
			assert_false(opened);
	}
	assert_true(opened);
	for (rlim_t limit = 0; limit <= 24; limit++)
		claim_under(folk, RLIMIT_NOFILE, limit, &opened);
	assert_true(opened);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_FILES(files_descriptors_above_two),
	    FOLK_FILES(files_umask_0777),
	    FOLK_FILES(files_out_of_descriptors),
	    FOLK_FILES(files_short_writes),
	    FOLK_FILES(files_cut_short),
	    FOLK_FILES(claims_under_every_limit),
	};

	return cmocka_run_group_tests_name("limits", tests, NULL, NULL);
}
