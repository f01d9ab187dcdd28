/* One process as /proc shows it: parent, session, start, real uid, audit session.
 *
 * MUST take for the name all between the first '(' and the last ')'   (proc_test: hostile_names)
 * MUST tell "no such process" from "cannot see"                       (proc_faults_test; proc_test: proc_*)
 * MUST NOT read another pid namespace's /proc                         (proc_test: proc_foreign)
 */
#include "proc.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "psg/text.h"

#define PROC_MAGIC 0x9fa0 /* linux/magic.h, PROC_SUPER_MAGIC */
#define STAT_SIZE 1024    /* a name of 64 and 20 numbers of 20 digits, and room */

/* The word at *at, ended by a space; *at is moved behind it. */
static char *take_word(char **at)
{
	char *word = *at, *end = strchr(word, ' ');

	if (!end || end == word)
		return NULL;
	*end = '\0';
	*at = end + 1;
	return word;
}

static bool take_pid(char **at, pid_t *ret)
{
	char *word = take_word(at);
	uint64_t value = 0;

	if (!word || psg_u64_parse(word, &value) != PSG_OK || value > INT32_MAX)
		return false;
	*ret = (pid_t)value;
	return true;
}

/* proc_pid_stat(5). The name is whatever the process says: spaces, parentheses, newlines. */
enum psg_err psg_proc_parse_stat(char *text, pid_t pid, struct psg_proc_info *ret)
{
	char *at = text, *name_end = strrchr(text, ')'), *state, *word;
	struct psg_proc_info info = {.real_uid = (uid_t)-1, .audit_id = PSG_AUDIT_NONE};
	pid_t own = 0, group = 0;
	uint64_t tty = 0, threads = 0;

	if (!take_pid(&at, &own) || own != pid || *at != '(' || !name_end || name_end[1] != ' ')
		return PSG_ERR_PROC;
	at = name_end + 2;
	state = take_word(&at);
	if (!state || state[1] != '\0')
		return PSG_ERR_PROC;
	info.stopped = state[0] == 'T';
	if (strchr("Xx", state[0]))
		return PSG_ERR_NOT_FOUND;
	if (!take_pid(&at, &info.parent) || !take_pid(&at, &group) || !take_pid(&at, &info.session))
		return PSG_ERR_PROC;
	word = take_word(&at);
	if (!word || psg_u64_parse(word, &tty) != PSG_OK || tty > UINT32_MAX)
		return PSG_ERR_PROC;
	info.tty = (uint32_t)tty;
	/* The state is field 3, the session field 6, the terminal field 7, the threads field 20, the start field 22. */
	for (int field = 8; field < 22; field++) {
		word = take_word(&at);
		if (!word || (field == 20 && psg_u64_parse(word, &threads) != PSG_OK))
			return PSG_ERR_PROC;
	}
	/* A process whose first thread ended reads as a zombie, and goes on in the others. */
	if (state[0] == 'Z' && threads < 2)
		return PSG_ERR_NOT_FOUND;
	word = take_word(&at);
	if (!word || psg_u64_parse(word, &info.start_ticks) != PSG_OK)
		return PSG_ERR_PROC;
	*ret = info;
	return PSG_OK;
}

enum psg_err psg_proc_parse_uid(char *text, uid_t *ret)
{
	/* Never within the name, where the kernel writes a newline as \n. */
	static const char label[] = "\nUid:\t";
	char *at = strstr(text, label), *end;
	uint64_t value = 0;

	if (!at)
		return PSG_ERR_PROC;
	at += sizeof(label) - 1;
	end = strchr(at, '\t');
	if (!end)
		return PSG_ERR_PROC;
	*end = '\0';
	if (psg_u64_parse(at, &value) != PSG_OK || value >= UINT32_MAX)
		return PSG_ERR_PROC;
	*ret = (uid_t)value;
	return PSG_OK;
}

/* One read: the kernel gives these files whole. */
static enum psg_err read_file(int dir, const char *name, char *buf, size_t size)
{
	int fd PSG_CLEANUP(psg_close_fd) = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t got;

	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? PSG_ERR_NOT_FOUND
							 : psg_err_lacking(errno, PSG_ERR_PROC);
	do
		got = read(fd, buf, size - 1);
	while (got < 0 && errno == EINTR);
	if (got < 0 && errno == ESRCH)
		return PSG_ERR_NOT_FOUND;
	if (got <= 0)
		return PSG_ERR_PROC;
	buf[got] = '\0';
	return PSG_OK;
}

/* True when this /proc numbers processes as this process does: one of another pid namespace, or one
 * that hides us, would show strangers under our pids. */
static bool proc_is_ours(int proc)
{
	char text[32];
	struct statfs fs;
	ssize_t len = readlinkat(proc, "self", text, sizeof(text) - 1);
	uint64_t pid = 0;

	if (len <= 0 || fstatfs(proc, &fs) != 0 || fs.f_type != PROC_MAGIC)
		return false;
	text[len] = '\0';
	return psg_u64_parse(text, &pid) == PSG_OK && pid == (uint64_t)getpid();
}

static enum psg_err view_open(struct psg_proc_view *view)
{
	if (view->fd >= 0)
		return PSG_OK;
	view->fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (view->fd < 0)
		return psg_err_lacking(errno, PSG_ERR_PROC);
	if (proc_is_ours(view->fd))
		return PSG_OK;
	psg_close_fd(&view->fd);
	return PSG_ERR_PROC;
}

static void view_close(struct psg_proc_view *view)
{
	psg_close_fd(&view->fd);
}

/* What a name missing in /proc stands for. Under hidepid others' processes are not there either, in the
 * folder that is open already too, though a signal could reach them. */
static enum psg_err absent(pid_t pid)
{
	return kill(pid, 0) != 0 && errno == ESRCH ? PSG_ERR_NOT_FOUND : PSG_ERR_PROC;
}

/* The folder's handle stays that process's, whoever gets its pid next. */
static enum psg_err open_process(const struct psg_proc_view *view, pid_t pid, int *ret_dir)
{
	char name[16];
	int dir;

	snprintf(name, sizeof(name), "%jd", (intmax_t)pid);
	dir = openat(view->fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		return errno == ENOENT ? absent(pid) : psg_err_lacking(errno, PSG_ERR_PROC);
	*ret_dir = dir;
	return PSG_OK;
}

static enum psg_err read_audit(int dir, uint32_t *ret)
{
	char text[32];
	enum psg_err err = read_file(dir, "sessionid", text, sizeof(text));
	uint64_t value = 0;

	/* No such file: a kernel without audit, if the process is still there when stat is read. */
	if (err == PSG_ERR_NOT_FOUND) {
		*ret = PSG_AUDIT_NONE;
		return PSG_OK;
	}
	if (err != PSG_OK)
		return err;
	text[strcspn(text, "\n")] = '\0';
	if (psg_u64_parse(text, &value) != PSG_OK || value > UINT32_MAX)
		return PSG_ERR_PROC;
	*ret = (uint32_t)value;
	return PSG_OK;
}

static enum psg_err read_real_uid(int dir, uid_t *ret)
{
	char text[STAT_SIZE];
	enum psg_err err = read_file(dir, "status", text, sizeof(text));

	return err == PSG_OK ? psg_proc_parse_uid(text, ret) : err;
}

static enum psg_err read_stat(int dir, pid_t pid, struct psg_proc_info *ret)
{
	char text[STAT_SIZE];
	enum psg_err err = read_file(dir, "stat", text, sizeof(text));

	if (err == PSG_ERR_NOT_FOUND)
		return absent(pid);
	return err == PSG_OK ? psg_proc_parse_stat(text, pid, ret) : err;
}

static enum psg_err open_in(struct psg_proc_view *view, pid_t pid, int *ret_dir)
{
	enum psg_err err;

	if (pid <= 0)
		return PSG_ERR_NOT_FOUND;
	err = view_open(view);
	return err == PSG_OK ? open_process(view, pid, ret_dir) : err;
}

static enum psg_err look(struct psg_proc_view *view, pid_t pid, bool with_uid,
			 struct psg_proc_info *ret)
{
	int dir PSG_CLEANUP(psg_close_fd) = -1;
	struct psg_proc_info info;
	uint32_t audit_id = PSG_AUDIT_NONE;
	enum psg_err err = open_in(view, pid, &dir);

	if (err == PSG_OK)
		err = read_audit(dir, &audit_id);
	if (err == PSG_OK)
		err = read_stat(dir, pid, &info);
	if (err != PSG_OK)
		return err;
	info.audit_id = audit_id;
	/* status costs more than all the rest, and nobody asks whose the others are. */
	if (pid == getpid())
		info.real_uid = getuid();
	else if (with_uid || info.session == pid)
		err = read_real_uid(dir, &info.real_uid);
	if (err == PSG_ERR_NOT_FOUND)
		return absent(pid);
	if (err == PSG_OK)
		*ret = info;
	return err;
}

static enum psg_err system_info(void *self, pid_t pid, struct psg_proc_info *ret)
{
	struct psg_proc_view once PSG_CLEANUP(view_close) = {.fd = -1};

	return look(self ? self : &once, pid, false, ret);
}

enum psg_err psg_proc_start(void *self, pid_t pid, uint64_t *ret_ticks)
{
	struct psg_proc_view once PSG_CLEANUP(view_close) = {.fd = -1};
	int dir PSG_CLEANUP(psg_close_fd) = -1;
	struct psg_proc_info info;
	enum psg_err err = open_in(self ? self : &once, pid, &dir);

	if (err == PSG_OK)
		err = read_stat(dir, pid, &info);
	if (err == PSG_OK)
		*ret_ticks = info.start_ticks;
	return err;
}

enum psg_err psg_proc_look_whole(pid_t pid, struct psg_proc_info *ret)
{
	struct psg_proc_view once PSG_CLEANUP(view_close) = {.fd = -1};

	return look(&once, pid, true, ret);
}

const struct psg_proc psg_proc_system = {.info = system_info};
