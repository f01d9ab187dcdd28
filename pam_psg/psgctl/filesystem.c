/* Whether a store may live where it is to be made: on this host's own disk, where names are exclusive. */
#include "psgctl.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statfs.h>

/* statfs(2); <linux/magic.h> does not name them all. */
#define MAGIC_FUSE 0x65735546U
#define MAGIC_CIFS 0xff534d42U
#define MAGIC_SMB2 0xfe534d42U
#define MAGIC_SMB 0x517bU
#define MAGIC_CEPH 0x00c36400U
#define MAGIC_NFS 0x6969U
#define MAGIC_9P 0x01021997U
#define MAGIC_AFS 0x5346414fU
#define MAGIC_GFS2 0x01161970U
#define MAGIC_OCFS2 0x7461636fU
#define MAGIC_LUSTRE 0x0bd00bd0U
#define MAGIC_VBOX 0x786f4256U
#define MAGIC_OVERLAY 0x794c7630U
#define MAGIC_TMPFS 0x01021994U
#define MAGIC_RAMFS 0x858458f6U

static const struct kind {
	unsigned magic;
	const char *name;
	bool refused;
} kinds[] = {
    {MAGIC_NFS, "NFS", true},
    {MAGIC_FUSE, "FUSE", true},
    {MAGIC_9P, "9p", true},
    {MAGIC_CIFS, "CIFS", true},
    {MAGIC_SMB2, "SMB", true},
    {MAGIC_SMB, "SMB", true},
    {MAGIC_CEPH, "Ceph", true},
    {MAGIC_AFS, "AFS", true},
    {MAGIC_GFS2, "GFS2", true},
    {MAGIC_OCFS2, "OCFS2", true},
    {MAGIC_LUSTRE, "Lustre", true},
    {MAGIC_VBOX, "a VirtualBox shared folder", true},
    {MAGIC_OVERLAY, "overlayfs", false},
    {MAGIC_TMPFS, "tmpfs", false},
    {MAGIC_RAMFS, "ramfs", false},
};

static const struct kind *kind_of(unsigned magic)
{
	for (size_t i = 0; i < PSG_COUNT(kinds); i++)
		if (kinds[i].magic == magic)
			return &kinds[i];
	return NULL;
}

enum ctl_filesystem ctl_filesystem(const char *given, const char **ret_name)
{
	char path[PATH_MAX];
	struct statfs info;
	if (snprintf(path, sizeof(path), "%s", given) >= (int)sizeof(path))
		return CTL_FILESYSTEM_UNKNOWN;
	/* What is not there yet will be made on the file system of the nearest folder that is. */
	while (statfs(path, &info) != 0) {
		char *slash = strrchr(path, '/');
		if (slash == NULL || strcmp(path, "/") == 0)
			return CTL_FILESYSTEM_UNKNOWN;
		slash[slash == path ? 1 : 0] = '\0';
	}
	const struct kind *kind = kind_of((unsigned)info.f_type);
	if (kind == NULL)
		return CTL_FILESYSTEM_GOOD;
	*ret_name = kind->name;
	return kind->refused ? CTL_FILESYSTEM_REFUSED : CTL_FILESYSTEM_VOLATILE;
}

bool ctl_judge_filesystem(const struct ctl *ctl)
{
	const char *name = NULL;
	switch (ctl_filesystem(ctl->store_path, &name)) {
	case CTL_FILESYSTEM_GOOD:
		return true;
	case CTL_FILESYSTEM_VOLATILE:
		ctl_warn(ctl,
			 "%s is on %s: it may not outlive a restart; put a store that must on a "
			 "local disk",
			 ctl_safe(ctl->store_path), name);
		return true;
	case CTL_FILESYSTEM_REFUSED:
		ctl_error(
		    ctl,
		    "%s is on %s. A store must be on a local file system: only there does one "
		    "process alone make a name, and one boot's clock judge it. Name another "
		    "directory with --store",
		    ctl_safe(ctl->store_path), name);
		return false;
	case CTL_FILESYSTEM_UNKNOWN:
		break;
	}
	ctl_error(ctl,
		  "cannot tell the file system of %s: see that the directories above it are there",
		  ctl_safe(ctl->store_path));
	return false;
}
