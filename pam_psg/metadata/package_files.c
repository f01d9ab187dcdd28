/* The files of a package directory.
 *
 * MUST NOT follow a symbolic link below the directory: a package from elsewhere would make root read, and
 *          show in its messages, whatever it points to (package_test: symlinks)
 * MUST NOT open what is no regular file: a FIFO blocks, a device acts (package_test: fifo)
 * MUST bound number, size and depth (package_test: too_many_files, too_large)
 *
 * Every file is read through the descriptor of the folder it was seen in, so nobody can put another in between. */
#include "metadata.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct walk {
	struct psg_package *package;
	struct psg_report report;
	bool full; /* no more is read */
};

void psg_package_clear(struct psg_package *package)
{
	for (size_t i = 0; i < package->document_count; i++)
		psg_document_clear(&package->documents[i]);
	for (size_t i = 0; i < package->destructive_count; i++)
		psg_document_clear(&package->destructive[i]);
	free(package->documents);
	free(package->destructive);
	psg_document_clear(&package->manifest);
	*package = (struct psg_package){0};
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* What a file is by its name. *ret_name_len: of the component's name; *ret_placed false: the metadata
 * format's suffix outside the type's folder. */
static const struct psg_file_type *classify(const char *path, size_t *ret_name_len,
					    bool *ret_placed)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash ? slash + 1 : path;

	for (const struct psg_file_type *type = psg_file_types; type->name; type++) {
		size_t folder_len = strlen(type->folder), suffix_len = strlen(type->suffix);
		char source[64];

		snprintf(source, sizeof(source), "%s-meta.xml", type->suffix);
		*ret_placed = true;
		if (ends_with(base, source)) {
			*ret_name_len = strlen(base) - strlen(source);
		} else if (ends_with(base, type->suffix)) {
			*ret_name_len = strlen(base) - suffix_len;
			*ret_placed = slash && (size_t)(slash - path) == folder_len &&
				      strncmp(path, type->folder, folder_len) == 0;
		} else {
			continue;
		}
		/* Of settings we keep ours; the others are Salesforce's business. */
		if (strcmp(type->name, "Settings") == 0 && strncmp(base, "Gate.", 5) != 0)
			return NULL;
		return type;
	}
	return NULL;
}

static void report_file(struct walk *walk, const char *path, const char *remedy, const char *text)
{
	walk->report.file = path;
	psg_report_error(&walk->report, NULL, remedy, "%s", text);
}

/* The whole file into *ret; false when it was reported. */
static bool read_file(struct walk *walk, int dir, const char *base, const char *path,
		      struct psg_buf *ret)
{
	/* O_NONBLOCK: should it have become a FIFO since it was judged, open returns and fstat tells. */
	int fd PSG_CLEANUP(psg_close_fd) =
	    openat(dir, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat info;
	char bytes[16384];
	ssize_t got;

	if (fd < 0 || fstat(fd, &info) != 0) {
		report_file(walk, path, "Make it readable.", strerror(errno));
		return false;
	}
	if (!S_ISREG(info.st_mode)) {
		report_file(walk, path, "Remove it from the package.", "Not a regular file");
		return false;
	}
	while ((got = read(fd, bytes, sizeof(bytes))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			report_file(walk, path, "Make it readable.", strerror(errno));
			return false;
		}
		psg_buf_put(ret, bytes, (size_t)got);
		walk->package->byte_count += (size_t)got;
		if (ret->len > PSG_XML_SIZE_MAX ||
		    walk->package->byte_count > PSG_PACKAGE_BYTES_MAX) {
			walk->full = ret->len <= PSG_XML_SIZE_MAX;
			report_file(walk, path, "Split it into several.",
				    ret->len > PSG_XML_SIZE_MAX
					? "The file is larger than 16 MiB"
					: "The package is larger than 600 MiB");
			return false;
		}
	}
	if (ret->failed)
		walk->report.err = PSG_ERR_NO_MEMORY;
	return !ret->failed;
}

/* Takes the bytes over. */
static void fill_document(struct walk *walk, struct psg_document *document, const char *type,
			  const char *name, size_t name_len, const char *path, struct psg_buf *buf)
{
	document->type = strdup(type);
	document->name = strndup(name, name_len);
	document->path = strdup(path);
	document->len = buf->len;
	document->bytes = buf->data ? buf->data : strdup("");
	buf->data = NULL;
	if (!document->type || !document->name || !document->path || !document->bytes)
		walk->report.err = PSG_ERR_NO_MEMORY;
}

static void take_file(struct walk *walk, int dir, const char *base, const char *path)
{
	struct psg_package *package = walk->package;
	struct psg_buf buf PSG_CLEANUP(psg_buf_clear) = {0};
	bool root = base == path, placed = true;
	bool manifest = root && strcmp(base, "package.xml") == 0;
	bool destructive =
	    root && strncmp(base, "destructiveChanges", 18) == 0 && ends_with(base, ".xml");
	size_t name_len = strlen(base);
	const struct psg_file_type *type = classify(path, &name_len, &placed);
	struct psg_document *document = &package->manifest;

	if (type && !placed) {
		walk->report.file = path;
		psg_report_warning(&walk->report, NULL, "Move it there if it is to be deployed.",
				   "Not deployed: its type, %s, belongs in the folder %s",
				   type->name, type->folder);
		return;
	}
	package->has_manifest = package->has_manifest || manifest;
	if ((!type && !manifest && !destructive) || !read_file(walk, dir, base, path, &buf))
		return;
	if (!manifest)
		document = type ? psg_array_add(&package->documents, &package->document_count,
						sizeof(*document))
				: psg_array_add(&package->destructive, &package->destructive_count,
						sizeof(*document));
	if (!document)
		walk->report.err = PSG_ERR_NO_MEMORY;
	else
		fill_document(walk, document, type ? type->name : "", base, type ? name_len : 0,
			      path, &buf);
}

static void walk_folder(struct walk *walk, int fd, const char *prefix, unsigned depth);

static void take_entry(struct walk *walk, int dir, const char *base, const char *path,
		       unsigned depth)
{
	struct stat info;

	if (fstatat(dir, base, &info, AT_SYMLINK_NOFOLLOW) != 0) {
		report_file(walk, path, "Deploy when nobody changes the directory.",
			    strerror(errno));
	} else if (S_ISLNK(info.st_mode)) {
		report_file(walk, path, "Put the file itself there.",
			    "A symbolic link: links are not followed");
	} else if (S_ISREG(info.st_mode)) {
		take_file(walk, dir, base, path);
	} else if (!S_ISDIR(info.st_mode)) {
		report_file(walk, path, "Remove it from the package.", "Not a regular file");
	} else if (depth >= PSG_PACKAGE_DEPTH_MAX) {
		report_file(walk, path, "Deploy the directory that holds the metadata.",
			    "Folders are nested more than 16 deep");
	} else {
		int fd =
		    openat(dir, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

		if (fd < 0)
			report_file(walk, path, "Make it readable.", strerror(errno));
		else
			walk_folder(walk, fd, path, depth + 1);
	}
}

static void close_folder(DIR **folder)
{
	if (*folder)
		closedir(*folder);
}

/* Takes over `fd`. */
static void walk_folder(struct walk *walk, int fd, const char *prefix, unsigned depth)
{
	DIR *folder PSG_CLEANUP(close_folder) = fdopendir(fd);
	const struct dirent *entry;

	if (!folder) {
		close(fd);
		walk->report.err = PSG_ERR_NO_MEMORY;
		return;
	}
	while (walk->report.err == PSG_OK && !walk->full) {
		struct psg_buf path PSG_CLEANUP(psg_buf_clear) = {0};

		errno = 0;
		entry = readdir(folder);
		if (!entry && errno != 0)
			report_file(walk, prefix, "Make it readable.", strerror(errno));
		if (!entry)
			break;
		/* Also of no interest: .git, .sfdx and the like. */
		if (entry->d_name[0] == '.')
			continue;
		walk->full = ++walk->package->entry_count > PSG_PACKAGE_FILES_MAX;
		if (walk->full) {
			report_file(walk, "", "Deploy the directory that holds only the metadata.",
				    "The package has more than 10000 files");
			break;
		}
		psg_buf_format(&path, "%s%s%s", prefix, *prefix ? "/" : "", entry->d_name);
		if (path.failed)
			walk->report.err = PSG_ERR_NO_MEMORY;
		else
			take_entry(walk, dirfd(folder), *prefix ? entry->d_name : path.data,
				   path.data, depth);
	}
}

enum psg_err psg_package_collect(const char *directory, struct psg_package *ret,
				 struct psg_problems *problems)
{
	struct psg_package package PSG_CLEANUP(psg_package_clear) = {0};
	struct walk walk = {.package = &package,
			    .report = {.problems = problems, .type = "", .name = ""}};
	/* The directory itself is the administrator's word: a link to it is followed. */
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOTDIR ? PSG_ERR_INVALID : psg_err_from_errno(errno);
	walk_folder(&walk, fd, "", 1);
	if (walk.report.err != PSG_OK)
		return walk.report.err;
	if (package.document_count > 1)
		qsort(package.documents, package.document_count, sizeof(*package.documents),
		      psg_document_compare);
	*ret = package;
	package = (struct psg_package){0};
	return PSG_OK;
}
