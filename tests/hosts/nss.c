/* A source of names that fails as it is told to: mounted over libnss_hesiod.so.2 in the private machine, where
 * /etc/nsswitch.conf says hesiod.
 *
 * /run/psg/tmp/nss says how: a word (ok, notfound, tryagain, unavail, erange, long, slow) and, for ok and slow, the one
 * account it knows: NAME UID GID GROUP GROUPID. In GROUP are the account's members. */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct told {
	char how[16], name[32], group[32];
	unsigned uid, gid, group_gid;
};

static enum nss_status ask(struct told *told, int *errnop)
{
	FILE *file = fopen("/run/psg/tmp/nss", "re");

	memset(told, 0, sizeof(*told));
	if (!file)
		return NSS_STATUS_NOTFOUND;
	int words = fscanf(file, "%15s %31s %u %u %31s %u", told->how, told->name, &told->uid,
			   &told->gid, told->group, &told->group_gid);

	fclose(file);
	if (words >= 1 && strcmp(told->how, "tryagain") == 0) {
		*errnop = EAGAIN;
		return NSS_STATUS_TRYAGAIN;
	}
	if (words >= 1 && strcmp(told->how, "unavail") == 0) {
		*errnop = ENOENT;
		return NSS_STATUS_UNAVAIL;
	}
	if (words >= 1 && strcmp(told->how, "erange") == 0) {
		*errnop = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	if (words >= 1 && strcmp(told->how, "slow") == 0)
		usleep(200 * 1000);
	*errnop = ENOENT;
	return words == 6 ? NSS_STATUS_SUCCESS : NSS_STATUS_NOTFOUND;
}

static enum nss_status account(const struct told *told, struct passwd *out, char *buf, size_t len,
			       int *errnop)
{
	static char empty[] = "", shell[] = "/bin/sh", home[] = "/";

	if (strlen(told->name) >= len) {
		*errnop = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	*out = (struct passwd){.pw_name = strcpy(buf, told->name),
			       .pw_passwd = empty,
			       .pw_uid = told->uid,
			       .pw_gid = told->gid,
			       .pw_gecos = empty,
			       .pw_dir = home,
			       .pw_shell = shell};
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_hesiod_getpwnam_r(const char *name, struct passwd *out, char *buf, size_t len,
				       int *errnop)
{
	struct told told;
	enum nss_status status = ask(&told, errnop);

	if (status != NSS_STATUS_SUCCESS || strcmp(name, told.name) != 0)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	return account(&told, out, buf, len, errnop);
}

enum nss_status _nss_hesiod_getpwuid_r(uid_t uid, struct passwd *out, char *buf, size_t len,
				       int *errnop)
{
	struct told told;
	enum nss_status status = ask(&told, errnop);

	if (status != NSS_STATUS_SUCCESS || uid != told.uid)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	return account(&told, out, buf, len, errnop);
}

static enum nss_status group(const struct told *told, struct group *out, char *buf, size_t len,
			     int *errnop)
{
	static char empty[] = "", *nobody[] = {NULL};

	if (strlen(told->group) >= len) {
		*errnop = ERANGE;
		return NSS_STATUS_TRYAGAIN;
	}
	*out = (struct group){.gr_name = strcpy(buf, told->group),
			      .gr_passwd = empty,
			      .gr_gid = told->group_gid,
			      .gr_mem = nobody};
	return NSS_STATUS_SUCCESS;
}

enum nss_status _nss_hesiod_getgrgid_r(gid_t gid, struct group *out, char *buf, size_t len,
				       int *errnop)
{
	struct told told;
	enum nss_status status = ask(&told, errnop);

	if (status != NSS_STATUS_SUCCESS || gid != told.group_gid)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	return group(&told, out, buf, len, errnop);
}

enum nss_status _nss_hesiod_getgrnam_r(const char *name, struct group *out, char *buf, size_t len,
				       int *errnop)
{
	struct told told;
	enum nss_status status = ask(&told, errnop);

	if (status != NSS_STATUS_SUCCESS || strcmp(name, told.group) != 0)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	return group(&told, out, buf, len, errnop);
}

enum nss_status _nss_hesiod_initgroups_dyn(const char *user, gid_t skip, long *start, long *size,
					   gid_t **groups, long limit, int *errnop)
{
	struct told told;
	enum nss_status status = ask(&told, errnop);

	(void)skip;
	(void)limit;
	if (status != NSS_STATUS_SUCCESS || strcmp(user, told.name) != 0)
		return status == NSS_STATUS_SUCCESS ? NSS_STATUS_NOTFOUND : status;
	if (*start < *size)
		(*groups)[(*start)++] = told.group_gid;
	return NSS_STATUS_SUCCESS;
}
