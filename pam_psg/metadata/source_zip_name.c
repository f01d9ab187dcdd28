/* What the names in a zip may be: paths below the package, written one way. */
#include "source.h"

#include <string.h>

static bool refuse(struct psg_listing *listing, const char *name, const char *text)
{
	psg_listing_refuse(listing, name, "Zip the package's directory with relative, plain names.",
			   text);
	return false;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Whether one of the name's parts is `wanted`. */
static bool has_part(const char *name, const char *wanted)
{
	size_t wanted_len = strlen(wanted);

	for (;; name++) {
		size_t len = strcspn(name, "/");

		if (len == wanted_len && memcmp(name, wanted, len) == 0)
			return true;
		name += len;
		if (!*name)
			return false;
	}
}

static size_t count_folders(const char *name)
{
	size_t count = 0;

	for (; *name; name++)
		count += *name == '/';
	return count;
}

bool psg_zip_name_good(struct psg_listing *listing, const char *name)
{
	size_t len = strlen(name);

	if (psg_utf8_valid(name, len) != len)
		return refuse(listing, name, "The name in the zip is not valid UTF-8");
	if (psg_utf8_has_control(name, false))
		return refuse(listing, name, "The name in the zip has a control character in it");
	if (strchr(name, '\\'))
		return refuse(listing, name, "The name in the zip has a backslash in it");
	if (*name == '/')
		return refuse(listing, name, "The name in the zip is absolute");
	if (is_letter(*name) && name[1] == ':')
		return refuse(listing, name, "The name in the zip begins with a drive letter");
	if (has_part(name, ".."))
		return refuse(listing, name, "The name in the zip leads out of it by '..'");
	if (has_part(name, "") || has_part(name, "."))
		return refuse(listing, name, "The name in the zip has an empty part or '.' in it");
	if (count_folders(name) >= PSG_PACKAGE_DEPTH_MAX)
		return refuse(listing, name, "Folders are nested more than 16 deep");
	return true;
}

bool psg_zip_name_passed(const char *name)
{
	for (;; name++) {
		size_t len = strcspn(name, "/");

		if (*name == '.' || (len == 8 && memcmp(name, "__MACOSX", 8) == 0))
			return true;
		name += len;
		if (!*name)
			return false;
	}
}
