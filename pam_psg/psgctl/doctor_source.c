/* Lines of sshd_config and sudoers with the files they include, to name the line that is to be changed. */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "doctor.h"

#define DEPTH_MAX 16
#define PATH_SIZE 4096
#define BLANKS " \t\r\n"

struct source {
	enum doctor_syntax syntax;
	doctor_line_fn *each;
	void *arg;
};

static bool read_one(const struct source *source, const char *path, unsigned int depth);

/* sudo reads no name of an includedir that has a dot or ends in a tilde. */
static bool is_skipped(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return !*name || strchr(name, '.') || name[strlen(name) - 1] == '~';
}

static bool read_pattern(const struct source *source, const char *from, const char *pattern,
			 bool folder, unsigned int depth)
{
	char whole[PATH_SIZE];
	const char *slash = strrchr(from, '/');
	int length = *pattern == '/' || !slash ? 0 : (int)(slash + 1 - from);
	glob_t found = {0};
	bool enough = false;

	/* sshd takes relative names from /etc/ssh, sudo from beside the file. */
	if (*pattern != '/' && source->syntax == DOCTOR_SSHD_CONFIG) {
		from = "/etc/ssh/";
		length = (int)strlen(from);
	}
	if (snprintf(whole, sizeof(whole), "%.*s%s%s", length, from, pattern, folder ? "/*" : "") >=
		PATH_SIZE ||
	    glob(whole, 0, NULL, &found) != 0)
		return false;
	for (size_t i = 0; i < found.gl_pathc && !enough; i++)
		if (!folder || !is_skipped(found.gl_pathv[i]))
			enough = read_one(source, found.gl_pathv[i], depth + 1);
	globfree(&found);
	return enough;
}

/* Follows an include; false when the line is none, or was not enough. */
static bool follow(const struct source *source, const char *path, const char *text,
		   unsigned int depth)
{
	size_t len = strcspn(text, BLANKS "=");
	char *names PSG_CLEANUP(psg_free_bytes) = NULL;
	bool folder = false, enough = false;
	char *rest = NULL;

	if (source->syntax == DOCTOR_SSHD_CONFIG) {
		if (len != 7 || strncasecmp(text, "include", len) != 0)
			return false;
	} else {
		folder = len == 11;
		if ((*text != '@' && *text != '#') || (len != 8 && len != 11) ||
		    strncmp(text + 1, "includedir", len - 1) != 0)
			return false;
	}
	names = strdup(text + len);
	for (char *name = names ? strtok_r(names, BLANKS "=\"", &rest) : NULL; name && !enough;
	     name = strtok_r(NULL, BLANKS "=\"", &rest))
		enough = read_pattern(source, path, name, folder, depth);
	return enough;
}

static void close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

static bool read_one(const struct source *source, const char *path, unsigned int depth)
{
	FILE *file PSG_CLEANUP(close_file) = depth > DEPTH_MAX ? NULL : fopen(path, "re");
	char *text PSG_CLEANUP(psg_free_bytes) = NULL;
	size_t size = 0;

	for (unsigned int line = 1; file && getline(&text, &size, file) >= 0; line++) {
		const char *word = text + strspn(text, BLANKS);

		if (source->each(source->arg, path, line, word) ||
		    follow(source, path, word, depth))
			return true;
	}
	return false;
}

bool doctor_source(enum doctor_syntax syntax, const char *path, doctor_line_fn *each, void *arg)
{
	const struct source source = {syntax, each, arg};

	return read_one(&source, path, 0);
}
