/* Listing a folder as it was at one moment, see files.h.
 *
 * MUST NOT return half of one moment and half of another (listing_is_whole in tests/store/folder_test.c):
 * a listing that misses both a marker and the newer marker that replaced it would forget attempts.
 * The kernel holds a folder still during one getdents64, and only during one. So what does not fit into
 * one call is read again with more room, and where a file system hands out less than fits, two listings
 * in a row must agree. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"

#define FIRST_SIZE ((size_t)64 * 1024)
#define LAST_SIZE ((size_t)64 * 1024 * 1024)
#define TRIES 12

struct listing {
	char *bytes;
	size_t len, size;
	unsigned int calls; /* that returned names */
};

static void listing_clear(struct listing *listing)
{
	free(listing->bytes);
	*listing = (struct listing){0};
}

/* *ret_full: there is more than `size` bytes of it. */
static enum psg_err listing_read(int fd, size_t size, struct listing *ret, bool *ret_full)
{
	ret->bytes = malloc(size);
	ret->size = size;
	*ret_full = false;
	if (ret->bytes == NULL)
		return PSG_ERR_NO_MEMORY;
	if (lseek(fd, 0, SEEK_SET) != 0)
		return psg_err_from_errno(errno);
	for (;;) {
		ssize_t n = 0;

		if (size - ret->len < sizeof(struct dirent64)) {
			*ret_full = true;
			return PSG_OK;
		}
		n = getdents64(fd, ret->bytes + ret->len, size - ret->len);
		if (n < 0)
			return psg_err_from_errno(errno);
		if (n == 0)
			return PSG_OK;
		ret->len += (size_t)n;
		ret->calls++;
	}
}

static bool listing_equal(const struct listing *a, const struct listing *b)
{
	return a->bytes != NULL && a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static enum psg_err listing_settle(int fd, struct listing *ret)
{
	struct listing before PSG_CLEANUP(listing_clear) = {0};
	size_t size = FIRST_SIZE;

	for (int i = 0; i < TRIES && size <= LAST_SIZE; i++) {
		struct listing now PSG_CLEANUP(listing_clear) = {0};
		bool full;
		enum psg_err err = listing_read(fd, size, &now, &full);

		if (err != PSG_OK)
			return err;
		if (full) {
			size *= 4;
			continue;
		}
		if (now.calls <= 1 || listing_equal(&before, &now)) {
			*ret = now;
			now.bytes = NULL;
			return PSG_OK;
		}
		listing_clear(&before);
		before = now;
		now.bytes = NULL;
	}
	return PSG_ERR_IO;
}

enum psg_err psg_files_list(int folder, bool hidden, psg_name_fn *each, void *arg, bool *ret_hidden)
{
	struct listing listing PSG_CLEANUP(listing_clear) = {0};
	enum psg_err err = listing_settle(folder, &listing);
	bool any_hidden = false;

	for (size_t at = 0; err == PSG_OK && at < listing.len;) {
		const struct dirent64 *entry =
		    (const struct dirent64 *)(const void *)(listing.bytes + at);
		const char *name = entry->d_name;

		at += entry->d_reclen;
		if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
			continue;
		any_hidden |= name[0] == '.';
		if ((name[0] == '.') == hidden)
			err = each(arg, name);
	}
	if (err == PSG_OK && ret_hidden != NULL)
		*ret_hidden = any_hidden;
	return err;
}
