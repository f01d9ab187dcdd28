/* The files of a directory.
 *
 * MUST NOT follow a symbolic link below the directory: a package from elsewhere would make root read, and
 *          show in its messages, whatever it points to (package_hostile_test: symlinks; package_replaced_test)
 * MUST NOT open what is no regular file: a FIFO blocks, a device acts (package_hostile_test: fifo, device_and_socket)
 * MUST bound number, size and depth (package_hostile_test: too_many_files, too_much, too_deep)
 */
#include "source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char changed[] = "Deploy when nobody changes the directory.";

static void walk_folder(struct psg_listing *listing, int fd, const char *prefix, unsigned depth);

static void refuse(struct psg_listing *listing, const char *path, const char *remedy,
		   const char *text)
{
	const struct psg_source_entry entry = {.refused = true};

	psg_listing_refuse(listing, path, remedy, text);
	psg_listing_add(listing, &entry, path);
}

static void take_folder(struct psg_listing *listing, int dir, const char *base, const char *path,
			unsigned depth)
{
	const struct psg_source_entry entry = {.folder = true};
	int fd = openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		refuse(listing, path, "Make it readable.", strerror(errno));
	else if (psg_listing_add(listing, &entry, path))
		walk_folder(listing, fd, path, depth + 1);
	else
		close(fd);
}

static void take_entry(struct psg_listing *listing, int dir, const char *base, const char *path,
		       unsigned depth)
{
	struct psg_source_entry entry = {0};
	struct stat info;

	if (fstatat(dir, base, &info, AT_SYMLINK_NOFOLLOW) != 0) {
		refuse(listing, path, changed, strerror(errno));
	} else if (S_ISLNK(info.st_mode)) {
		refuse(listing, path, "Put the file itself there.",
		       "A symbolic link: links are not followed");
	} else if (S_ISREG(info.st_mode)) {
		entry.size = (uint64_t)info.st_size;
		entry.device = info.st_dev;
		entry.inode = info.st_ino;
		psg_listing_add(listing, &entry, path);
	} else if (!S_ISDIR(info.st_mode)) {
		refuse(listing, path, "Remove it from the package.", "Not a regular file");
	} else if (depth >= PSG_PACKAGE_DEPTH_MAX) {
		refuse(listing, path, "Deploy the directory that holds the metadata.",
		       "Folders are nested more than 16 deep");
	} else {
		take_folder(listing, dir, base, path, depth);
	}
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* The next name that counts, or NULL. */
static const char *next_name(struct psg_listing *listing, DIR *folder, const char *prefix)
{
	const struct dirent *entry;

	while (listing->report.err == PSG_OK && !listing->stopped) {
		errno = 0;
		entry = readdir(folder);
		if (!entry && errno != 0)
			psg_listing_refuse(listing, prefix, "Make it readable.", strerror(errno));
		if (!entry)
			return NULL;
		listing->stopped = ++listing->walked > PSG_SOURCE_ENTRIES_MAX;
		if (listing->stopped)
			psg_listing_refuse(listing, "",
					   "Deploy the directory that holds only the metadata.",
					   "The directory has more than 100000 files and folders");
		/* Also of no interest: .git, .sfdx and the like. */
		else if (entry->d_name[0] != '.' && strcmp(entry->d_name, "__MACOSX") != 0)
			return entry->d_name;
	}
	return NULL;
}

/* Takes over `fd`. */
static void walk_folder(struct psg_listing *listing, int fd, const char *prefix, unsigned depth)
{
	DIR *folder PSG_CLEANUP(close_folder) = fdopendir(fd);
	const char *base;

	if (!folder) {
		close(fd);
		listing->report.err = PSG_ERR_NO_MEMORY;
		return;
	}
	while ((base = next_name(listing, folder, prefix)) != NULL) {
		struct psg_buf path PSG_CLEANUP(psg_buf_clear) = {0};

		psg_buf_format(&path, "%s%s%s", prefix, *prefix ? "/" : "", base);
		if (path.failed)
			listing->report.err = PSG_ERR_NO_MEMORY;
		else
			take_entry(listing, dirfd(folder), base, path.data, depth);
	}
}

void psg_listing_walk(struct psg_listing *listing)
{
	int fd = openat(listing->source->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		listing->report.err = psg_err_from_errno(errno);
	else
		walk_folder(listing, fd, "", 1);
}

/* The file without opening it (O_PATH), folder by folder, so that no link can be put in between. -1: errno. */
static int find_file(int top, const char *name)
{
	int folder PSG_CLEANUP(psg_close_fd) = -1;
	char part[NAME_MAX + 1];

	for (;;) {
		size_t len = strcspn(name, "/");
		int flags = O_PATH | O_NOFOLLOW | O_CLOEXEC | (name[len] ? O_DIRECTORY : 0);
		int found;

		if (len >= sizeof(part)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, len);
		part[len] = '\0';
		found = openat(folder >= 0 ? folder : top, part, flags);
		if (found < 0 || !name[len])
			return found;
		psg_close_fd(&folder);
		folder = found;
		name += len + 1;
	}
}

/* Opens what was listed, and nothing that took its place; -1 when that was reported. */
static int open_listed(const struct psg_source *source, const struct psg_source_entry *entry,
		       struct psg_report *report)
{
	int found PSG_CLEANUP(psg_close_fd) = find_file(source->directory, entry->name);
	struct stat info;
	char by_number[32];
	int fd;

	if (found < 0 || fstat(found, &info) != 0) {
		psg_report_error(report, NULL, changed, "%s", strerror(errno));
		return -1;
	}
	if (!S_ISREG(info.st_mode) || info.st_dev != entry->device || info.st_ino != entry->inode) {
		psg_report_error(report, NULL, changed,
				 "The file was replaced while the package was read");
		return -1;
	}
	snprintf(by_number, sizeof(by_number), "/proc/self/fd/%d", found);
	fd = open(by_number, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		psg_report_error(report, NULL, "Make it readable.", "%s", strerror(errno));
	return fd;
}

bool psg_source_read_file(const struct psg_source *source, const struct psg_source_entry *entry,
			  struct psg_report *report, struct psg_buf *ret)
{
	int fd PSG_CLEANUP(psg_close_fd) = open_listed(source, entry, report);
	char bytes[16384];
	ssize_t got = 1;

	if (fd < 0)
		return false;
	while (got != 0 && ret->len <= entry->size && !ret->failed) {
		got = read(fd, bytes, sizeof(bytes));
		if (got < 0 && errno != EINTR) {
			psg_report_error(report, NULL, "Make it readable.", "%s", strerror(errno));
			return false;
		}
		if (got > 0)
			psg_buf_put(ret, bytes, (size_t)got);
	}
	if (ret->len != entry->size && !ret->failed) {
		psg_report_error(report, NULL, changed,
				 "The file changed while the package was read");
		return false;
	}
	return !ret->failed;
}
