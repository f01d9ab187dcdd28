/* Control groups as /proc/PID/cgroup shows them: systemd's, in the unified hierarchy or its own named one. */
#include "scope.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_SIZE 8192

static bool read_cgroup(pid_t pid, char out[static PSG_CGROUP_SIZE])
{
	static const char *const labels[] = {"\n0::", ":name=systemd:"};
	char path[40], text[TEXT_SIZE] = "\n";

	(void)snprintf(path, sizeof(path), "/proc/%jd/cgroup", (intmax_t)pid);
	int fd PSG_CLEANUP(psg_close_fd) = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, text + 1, sizeof(text) - 2);

	if (got <= 0)
		return false;
	text[got + 1] = '\0';
	for (size_t i = 0; i < PSG_COUNT(labels); i++) {
		const char *at = strstr(text, labels[i]);

		if (!at)
			continue;
		at += strlen(labels[i]);
		size_t len = strcspn(at, "\n");

		if (len == 0 || len >= PSG_CGROUP_SIZE || at[0] != '/')
			continue;
		memcpy(out, at, len);
		out[len] = '\0';
		return true;
	}
	return false;
}

void psg_scope_place(pid_t leader, uid_t uid, struct psg_scope_place *ret)
{
	ret->uid = uid;
	if (leader <= 0 || !read_cgroup(leader, ret->leader))
		ret->leader[0] = '\0';
}

static bool is_session_scope(const char *path)
{
	const char *name = strrchr(path, '/') + 1;
	size_t len = strlen(name);

	return len > 14 && !strncmp(name, "session-", 8) && !strcmp(name + len - 6, ".scope");
}

bool psg_scope_holds(const struct psg_scope_place *place, pid_t pid)
{
	char path[PSG_CGROUP_SIZE];

	return place->leader[0] && is_session_scope(place->leader) && read_cgroup(pid, path) &&
	       !strcmp(path, place->leader);
}

/* Below user.slice everything is some user's session, and a group that the user owns proves nothing. */
static bool is_users_own(const struct psg_scope_place *place, const char *path)
{
	char folder[PSG_CGROUP_SIZE + 32];
	struct stat info;

	if (!strncmp(path, "/user.slice/", 12))
		return true;
	(void)snprintf(folder, sizeof(folder), "/sys/fs/cgroup%s", path);
	return stat(folder, &info) != 0 || info.st_uid == place->uid;
}

bool psg_scope_is_elsewhere(const struct psg_scope_place *place, pid_t pid)
{
	size_t len = strlen(place->leader);
	char path[PSG_CGROUP_SIZE];

	if (len == 0 || !read_cgroup(pid, path))
		return false;
	/* Below "/" is everything. */
	if (!strncmp(path, place->leader, len) &&
	    (path[len] == '\0' || path[len] == '/' || len == 1))
		return len == 1 && strcmp(path, "/") != 0 && !is_users_own(place, path);
	return !is_users_own(place, path);
}
