/* What a directory still holds and the policy no longer does. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "retrieve.h"

struct search {
	const struct psg_strings *there; /* "TYPE/NAME", sorted */
	struct psg_strings found;
};

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* The length of the component's name; 0 when the file is none of this type. */
static size_t name_len(const char *file, const struct psg_file_type *type)
{
	const char *const ends[] = {"-meta.xml", ""};
	size_t len = strlen(file), suffix_len = strlen(type->suffix);

	for (size_t i = 0; i < PSG_COUNT(ends); i++) {
		size_t end_len = strlen(ends[i]);

		if (len > end_len + suffix_len && strcmp(file + len - end_len, ends[i]) == 0 &&
		    strncmp(file + len - end_len - suffix_len, type->suffix, suffix_len) == 0)
			return len - end_len - suffix_len;
	}
	return 0;
}

static enum psg_err look_at(struct search *search, const struct psg_file_type *type,
			    const char *file)
{
	struct psg_buf document PSG_CLEANUP(psg_buf_clear) = {0};
	struct psg_buf path PSG_CLEANUP(psg_buf_clear) = {0};
	size_t len = file[0] == '.' ? 0 : name_len(file, type);

	/* Of settings we keep ours; the others are Salesforce's business. */
	if (len == 0 || (strcmp(type->name, "Settings") == 0 && strncmp(file, "Gate.", 5) != 0))
		return PSG_OK;
	psg_buf_format(&document, "%s/%.*s", type->name, (int)len, file);
	psg_buf_format(&path, "%s/%s", type->folder, file);
	if (document.failed || path.failed)
		return PSG_ERR_NO_MEMORY;
	return psg_strings_has(search->there, document.data)
		   ? PSG_OK
		   : psg_strings_add(&search->found, path.data);
}

static enum psg_err look_into(struct search *search, int root, const struct psg_file_type *type)
{
	int fd = openat(root, type->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir PSG_CLEANUP(close_dir) = fd < 0 ? NULL : fdopendir(fd);
	enum psg_err err = PSG_OK;

	if (!dir) {
		err = errno == ENOENT ? PSG_OK : psg_err_from_errno(errno);
		psg_close_fd(&fd);
		return err;
	}
	while (err == PSG_OK) {
		errno = 0;
		const struct dirent *entry = readdir(dir);

		if (!entry)
			return errno ? psg_err_from_errno(errno) : PSG_OK;
		err = look_at(search, type, entry->d_name);
	}
	return err;
}

enum psg_err psg_retrieve_strangers(struct psg_policy *policy, const char *directory,
				    struct psg_strings *ret)
{
	static const char *const destructive[] = {
	    "destructiveChanges.xml", "destructiveChangesPost.xml", "destructiveChangesPre.xml"};
	struct psg_strings there PSG_CLEANUP(psg_strings_clear) = {0};
	struct search search = {.there = &there};
	int root PSG_CLEANUP(psg_close_fd) = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum psg_err err =
	    root < 0 ? psg_err_from_errno(errno) : psg_policy_document_names(policy, &there);

	for (size_t i = 0; i < PSG_COUNT(destructive) && err == PSG_OK; i++)
		if (faccessat(root, destructive[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			err = psg_strings_add(&search.found, destructive[i]);
	for (size_t i = 0; psg_file_types[i].name && err == PSG_OK; i++)
		err = look_into(&search, root, &psg_file_types[i]);
	if (err != PSG_OK) {
		psg_strings_clear(&search.found);
		return err;
	}
	psg_strings_sort(&search.found);
	*ret = search.found;
	return PSG_OK;
}
