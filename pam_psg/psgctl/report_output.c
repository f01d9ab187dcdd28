/* A file that says who was where: root's alone, and there whole or not at all.
 *
 * MUST NOT open what has the name: it may be another's link or a device   (test_report: output_*) */
#include "report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool cannot(const struct ctl *ctl, const char *path, int errnum)
{
	const char *remedy = psg_remedy(psg_err_from_errno(errnum));
	ctl_error(ctl, "cannot write %s: %s; %s", ctl_safe(path), strerror(errnum),
		  errnum == ENOENT ? "make the directory it is to be in first"
		  : remedy != NULL ? remedy
				   : "name another with --output, or - for standard output");
	return false;
}

static bool open_folder(const struct ctl *ctl, struct report_output *output)
{
	const char *slash = strrchr(output->path, '/');
	char *parent PSG_CLEANUP(psg_free_bytes) =
	    slash != NULL ? strndup(output->path, (size_t)(slash - output->path) + 1) : strdup(".");
	struct stat info;
	output->name = slash != NULL ? slash + 1 : output->path;
	if (parent == NULL)
		return cannot(ctl, output->path, ENOMEM);
	output->folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (output->folder < 0)
		return cannot(ctl, output->path, errno);
	if (output->name[0] != '\0' &&
	    (fstatat(output->folder, output->name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
	     S_ISREG(info.st_mode)))
		return true;
	ctl_error(ctl,
		  "%s is no plain file, and is left as it is: name a file with --output, or - for "
		  "standard output",
		  ctl_safe(output->path));
	return false;
}

bool report_output_open(const struct ctl *ctl, const char *path, struct report_output *ret)
{
	*ret = (struct report_output){.path = path, .folder = -1, .stream = stdout};
	if (strcmp(path, "-") == 0)
		return true;
	ret->stream = NULL;
	if (!open_folder(ctl, ret))
		return false;
	snprintf(ret->beside, sizeof(ret->beside), ".psgctl-%ld", (long)getpid());
	(void)unlinkat(ret->folder, ret->beside, 0); /* of a process that had our number */
	int fd = openat(ret->folder, ret->beside,
			O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ret->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (ret->stream != NULL)
		return true;
	(void)cannot(ctl, path, errno);
	psg_close_fd(&fd);
	return false;
}

bool report_output_end(const struct ctl *ctl, struct report_output *output, bool keep)
{
	if (output->folder < 0)
		return true; /* standard output: main judges it */
	errno = 0;
	bool well = output->stream != NULL && fflush(output->stream) == 0 &&
		    !ferror(output->stream) && fsync(fileno(output->stream)) == 0;
	int errnum = errno;
	if (output->stream != NULL)
		fclose(output->stream);
	if (well && keep) {
		well =
		    renameat(output->folder, output->beside, output->folder, output->name) == 0 &&
		    fsync(output->folder) == 0;
		errnum = errno;
	}
	if (!well || !keep)
		(void)unlinkat(output->folder, output->beside, 0);
	psg_close_fd(&output->folder);
	return well || !keep || cannot(ctl, output->path, errnum != 0 ? errnum : EIO);
}
