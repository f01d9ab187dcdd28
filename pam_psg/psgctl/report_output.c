/* A file that says who was where: root's alone, and there whole or not at all (psg/output.h).
 *
 * MUST NOT replace what is no plain file: it may be another's link or a device   (test_report: output_*) */
#include "report.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static bool cannot(const struct ctl *ctl, const char *path, enum psg_err err)
{
	const char *remedy = psg_remedy(err);

	if (err == PSG_ERR_UNSAFE)
		ctl_error(
		    ctl,
		    "%s is no plain file, and is left as it is: name a file with --output, or - "
		    "for standard output",
		    ctl_safe(path));
	else
		ctl_error(ctl, "cannot write %s: %s; %s", ctl_safe(path), psg_strerror(err),
			  err == PSG_ERR_NOT_FOUND ? "make the directory it is to be in first"
			  : remedy != NULL
			      ? remedy
			      : "name another with --output, or - for standard output");
	return false;
}

/* A report may take the place of any plain file that is named. */
static bool any_file(int fd)
{
	(void)fd;
	return true;
}

bool report_output_open(const struct ctl *ctl, const char *path, struct report_output *ret)
{
	*ret = (struct report_output){
	    .path = path, .file = {.folder = -1, .fd = -1}, .stream = stdout};
	if (strcmp(path, "-") == 0)
		return true;
	ret->stream = NULL;
	enum psg_err err = psg_output_begin(path, any_file, &ret->file);

	if (err)
		return cannot(ctl, path, err);
	int fd PSG_CLEANUP(psg_close_fd) = dup(ret->file.fd);

	ret->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (ret->stream == NULL) {
		err = psg_err_from_errno(errno);
		psg_output_drop(&ret->file);
		return cannot(ctl, path, err);
	}
	fd = -1;
	return true;
}

bool report_output_end(const struct ctl *ctl, struct report_output *output, bool keep)
{
	enum psg_err err = PSG_OK;

	if (output->stream == stdout)
		return true; /* main judges it */
	errno = 0;
	if (fflush(output->stream) != 0 || ferror(output->stream))
		err = psg_err_from_errno(errno != 0 ? errno : EIO);
	fclose(output->stream);
	if (err)
		psg_output_drop(&output->file);
	else
		err = psg_output_end(&output->file, keep);
	return !err || !keep || cannot(ctl, output->path, err);
}
