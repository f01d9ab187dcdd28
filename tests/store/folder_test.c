/* The folders: one contract, on files and in memory; then what only files can meet. */
#include "folk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct psg_folder *part(struct folk *folk)
{
	return folk_part(folk, "alice", "spent");
}

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

static void names_and_contents(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);
	char text[16], tight[4];
	struct psg_file_info info;
	bool there = true;

	assert_int_equal(folder->ops->exists(folder, "a", &there), PSG_OK);
	assert_false(there);
	assert_int_equal(get(folder, "a", text, sizeof(text)), PSG_ERR_NOT_FOUND);
	assert_int_equal(folder->ops->remove(folder, "a"), PSG_ERR_NOT_FOUND);
	assert_int_equal(put(folder, "a", "first"), PSG_OK);
	assert_int_equal(put(folder, "a", "second"), PSG_ERR_EXISTS);
	assert_int_equal(get(folder, "a", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "first");
	assert_int_equal(folder->ops->read(folder, "a", tight, sizeof(tight), &info),
			 PSG_ERR_CORRUPT);
	assert_int_equal(folder->ops->read(folder, "a", text, 5, &info), PSG_OK);
	assert_int_equal(info.len, 5);
	assert_int_equal(folder->ops->replace(folder, "a", "third", 5), PSG_OK);
	assert_int_equal(folder->ops->replace(folder, "b", "", 0), PSG_OK);
	assert_int_equal(get(folder, "a", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "third");
	assert_int_equal(folk_count(folk, "alice", "spent"), 2);
	assert_int_equal(folder->ops->remove(folder, "a"), PSG_OK);
	assert_int_equal(folder->ops->exists(folder, "a", &there), PSG_OK);
	assert_false(there);
}

static void another_name_in_one_step(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);
	char text[16];

	assert_int_equal(folder->ops->rename(folder, "a", "b", true), PSG_ERR_NOT_FOUND);
	assert_int_equal(put(folder, "a", "first"), PSG_OK);
	assert_int_equal(put(folder, "c", "between"), PSG_OK);
	assert_int_equal(folder->ops->rename(folder, "a", "d", true), PSG_OK);
	assert_int_equal(get(folder, "a", text, sizeof(text)), PSG_ERR_NOT_FOUND);
	assert_int_equal(get(folder, "d", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "first");
	/* Over one that is there, and onto itself. */
	assert_int_equal(folder->ops->rename(folder, "d", "c", true), PSG_OK);
	assert_int_equal(folder->ops->rename(folder, "c", "c", true), PSG_OK);
	assert_int_equal(get(folder, "c", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "first");
	assert_int_equal(folk_count(folk, "alice", "spent"), 1);
	/* Only where nothing is. */
	assert_int_equal(put(folder, "e", "later"), PSG_OK);
	assert_int_equal(folder->ops->rename(folder, "e", "c", false), PSG_ERR_EXISTS);
	assert_int_equal(get(folder, "c", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "first");
	assert_int_equal(folder->ops->rename(folder, "e", "f", false), PSG_OK);
	assert_int_equal(folder->ops->rename(folder, "e", "g", false), PSG_ERR_NOT_FOUND);
	assert_int_equal(get(folder, "e", text, sizeof(text)), PSG_ERR_NOT_FOUND);
	assert_int_equal(get(folder, "f", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "later");
}

static void folders_are_found_or_made(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *root = folk->store->root, *folder = NULL;

	assert_int_equal(root->ops->open(root, "x", false, &folder), PSG_ERR_NOT_FOUND);
	assert_int_equal(root->ops->open(root, "x", true, &folder), PSG_OK);
	psg_folder_release(&folder);
	assert_int_equal(root->ops->open(root, "x", false, &folder), PSG_OK);
	psg_folder_release(&folder);
	assert_null(folder);
	assert_int_equal(root->ops->replace(root, "file", "", 0), PSG_OK);
	assert_int_equal(root->ops->open(root, "file", true, &folder), PSG_ERR_UNSAFE);
}

/* A file whose name is gone goes on taking what is written: nobody reads it. */
static void removed_files_take_writes(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);
	char text[16];
	int file;

	assert_int_equal(folder->ops->create(folder, "a", &file), PSG_OK);
	assert_int_equal(folder->ops->remove(folder, "a"), PSG_OK);
	assert_int_equal(put(folder, "a", "new"), PSG_OK);
	assert_int_equal(folder->ops->write(folder, file, "old", 3), PSG_OK);
	folder->ops->close(folder, file);
	assert_int_equal(get(folder, "a", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "new");
}

static void large_files(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *root = folk->store->root;
	struct stat st;
	char byte;
	int fd, other;

	assert_int_equal(root->ops->put_start(root, "policy", &fd), PSG_OK);
	assert_int_equal(root->ops->put_start(root, "policy", &other), PSG_ERR_EXISTS);
	for (int i = 0; i < 20000; i++)
		assert_int_equal(write(fd, "0123456789", 10), 10);
	assert_int_equal(root->ops->open_file(root, "policy", &other), PSG_ERR_NOT_FOUND);
	assert_int_equal(root->ops->put_finish(root, "policy", -1, true), PSG_ERR_INVALID);
	assert_int_equal(root->ops->put_finish(root, "policy", fd, true), PSG_OK);
	assert_int_equal(root->ops->open_file(root, "policy", &fd), PSG_OK);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_size, 200000);
	assert_int_equal(pread(fd, &byte, 1, 199999), 1);
	assert_int_equal(byte, '9');
	close(fd);
	assert_int_equal(root->ops->put_start(root, "policy", &fd), PSG_OK);
	assert_int_equal(root->ops->put_finish(root, "policy", fd, false), PSG_OK);
	assert_int_equal(root->ops->open_file(root, "policy", &fd), PSG_OK);
	close(fd);
	/* One that is under way when the folder is closed leaves nothing. */
	assert_int_equal(root->ops->put_start(root, "policy", &fd), PSG_OK);
}

static void lines_are_appended(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *root = folk->store->root;
	char text[16];

	assert_int_equal(root->ops->append(root, "log", "a\n", 2), PSG_OK);
	assert_int_equal(root->ops->append(root, "log", "b\n", 2), PSG_OK);
	assert_int_equal(get(root, "log", text, sizeof(text)), PSG_OK);
	assert_string_equal(text, "a\nb\n");
}

struct stop {
	int left;
};

static enum psg_err stop_after(void *arg, const char *name)
{
	struct stop *stop = arg;

	assert_true(name[0] != '.');
	return stop->left-- > 0 ? PSG_OK : PSG_ERR_STALE;
}

static void listing_is_whole(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);
	struct stop stop = {2};
	char name[256];

	folk_plant(folk, "alice", "spent", ".hidden", "", 0, 0, false);
	/* Long names, so that the folder does not fit in the first call. */
	for (int i = 0; i < 600; i++) {
		(void)snprintf(name, sizeof(name), "%0200d", i);
		folk_plant(folk, "alice", "spent", name, "", 0, 0, false);
	}
	assert_int_equal(folk_count(folk, "alice", "spent"), 600);
	assert_int_equal(folder->ops->list(folder, stop_after, &stop), PSG_ERR_STALE);
	assert_int_equal(stop.left, -1);
}

static void leavings_are_swept(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);

	folk_plant(folk, "alice", "spent", ".old", "", 0, 5 * FOLK_S, false);
	folk_plant(folk, "alice", "spent", ".new", "", 0, 15 * FOLK_S, false);
	folk_plant(folk, "alice", "spent", "kept", "", 0, 5 * FOLK_S, false);
	assert_int_equal(folder->ops->sweep(folder, 10 * FOLK_S), PSG_OK);
	assert_false(folk_has(folk, "alice", "spent", ".old"));
	assert_true(folk_has(folk, "alice", "spent", ".new"));
	assert_true(folk_has(folk, "alice", "spent", "kept"));
}

/* -- on files alone -- */

static void path_of(const struct folk *folk, const char *name, char out[static 256])
{
	(void)snprintf(out, 256, "%s/people/alice/spent/%s", folk->path, name);
}

static void files_odd_are_unsafe(void **state)
{
	static const mode_t modes[] = {0644, 0640, 0604, 0666, 0601};
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);
	struct psg_folder *stranger = NULL;
	char path[256], other[256], text[16];
	int fd;

	path_of(folk, "a", path);
	path_of(folk, "b", other);
	assert_int_equal(put(folder, "a", "text"), PSG_OK);
	for (size_t i = 0; i < PSG_COUNT(modes); i++) {
		assert_int_equal(chmod(path, modes[i]), 0);
		assert_int_equal(get(folder, "a", text, sizeof(text)), PSG_ERR_UNSAFE);
		assert_int_equal(folder->ops->open_file(folder, "a", &fd), PSG_ERR_UNSAFE);
		assert_int_equal(folder->ops->append(folder, "a", "x\n", 2), PSG_ERR_UNSAFE);
	}
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(symlink(path, other), 0);
	assert_int_equal(get(folder, "b", text, sizeof(text)), PSG_ERR_UNSAFE);
	assert_int_equal(folder->ops->append(folder, "b", "x\n", 2), PSG_ERR_UNSAFE);
	assert_int_equal(put(folder, "b", "x"), PSG_ERR_EXISTS);
	assert_int_equal(unlink(other), 0);
	assert_int_equal(mkdir(other, 0700), 0);
	assert_int_equal(get(folder, "b", text, sizeof(text)), PSG_ERR_UNSAFE);
	/* Of another owner: the same folder, asked for on another's behalf. */
	assert_int_equal(psg_folder_open_files(folk->path, geteuid() + 1, &stranger),
			 PSG_ERR_UNSAFE);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, 1, 0), 0);
		assert_int_equal(get(folder, "a", text, sizeof(text)), PSG_ERR_UNSAFE);
	}
}

static void folders_odd_are_unsafe(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *root = folk->store->root, *folder = NULL;
	char path[128], link[128], slashed[160];

	psg_folder_release(&(struct psg_folder *){part(folk)});
	(void)snprintf(path, sizeof(path), "%s/people", folk->path);
	assert_int_equal(chmod(path, 0750), 0);
	assert_int_equal(root->ops->open(root, "people", true, &folder), PSG_ERR_UNSAFE);
	assert_int_equal(chmod(path, 0701), 0);
	assert_int_equal(root->ops->open(root, "people", false, &folder), PSG_ERR_UNSAFE);
	assert_int_equal(chmod(path, 0700), 0);
	(void)snprintf(link, sizeof(link), "%s/linked", folk->path);
	assert_int_equal(symlink("people", link), 0);
	assert_int_equal(root->ops->open(root, "linked", true, &folder), PSG_ERR_UNSAFE);
	assert_int_equal(psg_folder_open_files(link, geteuid(), &folder), PSG_ERR_UNSAFE);
	(void)snprintf(slashed, sizeof(slashed), "%s//", link);
	assert_int_equal(psg_folder_open_files(slashed, geteuid(), &folder), PSG_ERR_UNSAFE);
	assert_int_equal(chmod(folk->path, 0755), 0);
	assert_int_equal(psg_folder_open_files(folk->path, geteuid(), &folder), PSG_ERR_UNSAFE);
	assert_int_equal(chmod(folk->path, 0700), 0);
	assert_int_equal(psg_folder_open_files("/nonexistent", 0, &folder), PSG_ERR_NOT_FOUND);
}

static void files_fifo_does_not_block(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char path[256], text[16];
	int socket_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	path_of(folk, "fifo", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	/* Or the test would wait with it. */
	(void)alarm(30);
	assert_int_equal(get(folder, "fifo", text, sizeof(text)), PSG_ERR_UNSAFE);
	assert_int_equal(folder->ops->append(folder, "fifo", "x\n", 2), PSG_ERR_UNSAFE);
	path_of(folk, "socket", path);
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(socket_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(get(folder, "socket", text, sizeof(text)), PSG_ERR_UNSAFE);
	close(socket_fd);
	(void)alarm(0);
}

static enum psg_err add_name(void *arg, const char *name)
{
	return psg_strings_add(arg, name);
}

/* A folder that cannot be listed is not one with nothing in it: no code would be spent. The kernel refuses to list
 * what was removed, and a disk that fails. */
static void files_listing_may_fail(void **state)
{
	struct folk *folk = *state;
	struct psg_folder *folder PSG_CLEANUP(psg_folder_release) = part(folk);
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/people/alice/spent", folk->path);
	assert_int_equal(folder->ops->list(folder, add_name, &names), PSG_OK);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(folder->ops->list(folder, add_name, &names), PSG_ERR_NOT_FOUND);
	assert_int_equal(folder->ops->sweep(folder, 0), PSG_ERR_NOT_FOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FOLK_BOTH(names_and_contents),
	    FOLK_BOTH(folders_are_found_or_made),
	    FOLK_BOTH(another_name_in_one_step),
	    FOLK_BOTH(removed_files_take_writes),
	    FOLK_BOTH(large_files),
	    FOLK_BOTH(lines_are_appended),
	    FOLK_BOTH(listing_is_whole),
	    FOLK_BOTH(leavings_are_swept),
	    FOLK_FILES(files_odd_are_unsafe),
	    FOLK_FILES(folders_odd_are_unsafe),
	    FOLK_FILES(files_fifo_does_not_block),
	    FOLK_FILES(files_listing_may_fail),
	};

	return cmocka_run_group_tests_name("folder", tests, NULL, NULL);
}
