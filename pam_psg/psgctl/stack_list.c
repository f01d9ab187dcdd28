/* Which services a host has stacks for. */
#include "stack.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

/* Debian's, Red Hat's and Arch's. */
static const char *const shared[] = {
    "common-*",   "system-auth*", "password-auth*",  "fingerprint-auth*",  "smartcard-auth*",
    "postlogin*", "system-login", "system-services", "system-local-login", "system-remote-login"};
/* What package managers and editors leave behind. */
static const char *const leftovers[] = {".*",       "*~",        "*.dpkg-*", "*.rpm*",
					"*.ucf-*",  "*.bak",     "*.orig",   "*.save",
					"*.pacnew", "*.pacsave", "*.swp"};

static bool matches(const char *name, const char *const *patterns, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fnmatch(patterns[i], name, 0) == 0)
			return true;
	return false;
}

bool stack_is_shared(const char *file)
{
	const char *slash = strrchr(file, '/');

	return matches(slash ? slash + 1 : file, shared, PSG_COUNT(shared));
}

static bool is_service(const char *name)
{
	for (const char *at = name; *at; at++)
		if (isupper((unsigned char)*at)) /* pam_start lower-cases what it looks for */
			return false;
	return !stack_is_shared(name) && !matches(name, leftovers, PSG_COUNT(leftovers));
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static enum psg_err list(const char *path, struct psg_strings *out)
{
	DIR *directory PSG_CLEANUP(close_directory) = opendir(path);
	enum psg_err err = PSG_OK;

	if (!directory)
		return psg_err_from_errno(errno);
	for (errno = 0; !err;) {
		const struct dirent *entry = readdir(directory);

		if (!entry)
			return errno ? PSG_ERR_IO : PSG_OK;
		if (is_service(entry->d_name) && entry->d_type != DT_DIR)
			err = psg_strings_add(out, entry->d_name);
	}
	return err;
}

enum psg_err stack_services(const char *directory, struct psg_strings *ret)
{
	struct psg_strings names PSG_CLEANUP(psg_strings_clear) = {0};
	enum psg_err err = list(directory ? directory : STACK_DIRECTORY, &names);

	if (!err && !directory) {
		err = list(STACK_VENDOR_DIRECTORY, &names);
		if (err == PSG_ERR_NOT_FOUND)
			err = PSG_OK;
	}
	if (err)
		return err;
	psg_strings_sort(&names);
	*ret = names;
	names = (struct psg_strings){0};
	return PSG_OK;
}
