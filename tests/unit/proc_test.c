/* Processes as /proc shows them: hostile texts, and the real thing. */
#include <grp.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../pam_psg/core/proc.h"

/* -- the texts of /proc -- */

#define TAIL " 10 60 60 34816 60 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654321 5000 6"

static enum psg_err parse(const char *name, const char *after, struct psg_proc_info *ret)
{
	char text[1024];

	snprintf(text, sizeof(text), "77 (%s) %s\n", name, after);
	return psg_proc_parse_stat(text, 77, ret);
}

static void hostile_names(void **state)
{
	static const char *const names[] = {"bash",
					    "",
					    " ",
					    ")",
					    "(",
					    ") Z 1 1 1",
					    "a) S 1 1 1 1 1",
					    "((",
					    "))",
					    "a\nb",
					    "x\n77 (y) R 9 9 9",
					    "\xff\xfe",
					    "Web Content"};

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		struct psg_proc_info info = {0};

		assert_int_equal(parse(names[i], "S" TAIL, &info), PSG_OK);
		assert_int_equal(info.parent, 10);
		assert_int_equal(info.session, 60);
		assert_int_equal(info.start_ticks, 987654321);
	}
}

static void proc_stat_refused(void **state)
{
	static const char *const damaged[] = {
	    "",
	    "S",
	    "S 10",
	    "S 10 60",
	    "S 10 60 60",
	    "S -1 60 60" TAIL,
	    "S x 60 60" TAIL,
	    "SS" TAIL,
	    "S 10 60 99999999999 34816 60 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987654321 5000",
	    "S 10 60 60 34816 60 4194304 1 2 3 4 5 6 7 8 20 0 1 0",
	    "S 10 60 60 34816 60 4194304 1 2 3 4 5 6 7 8 20 0 1 0 987",
	    "S 10 60 60 34816 60 4194304 1 2 3 4 5 6 7 8 20 0 1 0 -9 5000"};
	struct psg_proc_info info = {.parent = 5};
	char foreign[] = "78 (bash) S" TAIL, unnamed[] = "77 S" TAIL, empty[] = "";
	char unopened[] = "77 bash) S" TAIL, unclosed[] = "77 (bash S" TAIL;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(damaged); i++)
		if (parse("bash", damaged[i], &info) != PSG_ERR_PROC)
			fail_msg("taken: %s", damaged[i]);
	assert_int_equal(psg_proc_parse_stat(foreign, 77, &info), PSG_ERR_PROC);
	assert_int_equal(psg_proc_parse_stat(unnamed, 77, &info), PSG_ERR_PROC);
	assert_int_equal(psg_proc_parse_stat(empty, 77, &info), PSG_ERR_PROC);
	assert_int_equal(psg_proc_parse_stat(unopened, 77, &info), PSG_ERR_PROC);
	assert_int_equal(psg_proc_parse_stat(unclosed, 77, &info), PSG_ERR_PROC);
	assert_int_equal(parse("bash", "Z" TAIL, &info), PSG_ERR_NOT_FOUND);
	assert_int_equal(parse("bash", "X" TAIL, &info), PSG_ERR_NOT_FOUND);
	assert_int_equal(info.parent, 5);
}

static void proc_status(void **state)
{
	char well[] = "Name:\ta\\nUid:\\t0\nUmask:\t0022\nUid:\t1000\t0\t0\t0\nGid:\t1\n";
	static const char *const damaged[] = {"",
					      "Name:\tx\n",
					      "Uid:\t1\t1\n",
					      "N:\nUid:\t\t0\n",
					      "N:\nUid:\t1000",
					      "N:\nUid:\t-1\t0\n",
					      "N:\nUid:\t4294967295\t0\n"};
	uid_t uid = 5;

	(void)state;
	for (size_t i = 0; i < PSG_COUNT(damaged); i++) {
		char text[64];

		snprintf(text, sizeof(text), "%s", damaged[i]);
		assert_int_equal(psg_proc_parse_uid(text, &uid), PSG_ERR_PROC);
	}
	assert_int_equal(uid, 5);
	assert_int_equal(psg_proc_parse_uid(well, &uid), PSG_OK);
	assert_int_equal(uid, 1000);
}

/* -- the real /proc -- */

/* Runs `body` in a child of its own; what it returns is its exit status. */
static void in_child(int (*body)(void))
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(body());
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("child: status 0x%x", status);
}

/* In the child: 0 or the line that did not hold. */
#define HOLDS(condition)                                                                           \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__ % 250 + 1;                                                 \
	} while (0)

static int own_session(void)
{
	struct psg_call call, again;
	struct psg_proc_info info;
	bool lives = false;

	HOLDS(setsid() == getpid());
	HOLDS(prctl(PR_SET_NAME, ") Z 1\n(1 1") == 0);
	HOLDS(psg_proc_system.info(NULL, getpid(), &info) == PSG_OK);
	HOLDS(info.parent == getppid() && info.session == getpid() && info.real_uid == getuid());
	HOLDS(psg_session_identify(&psg_proc_system, 0, getuid(), &call) == PSG_OK);
	HOLDS(psg_session_identify(&psg_proc_system, getpid(), getuid(), &again) == PSG_OK);
	HOLDS(call.pid == getpid() && call.leader.pid == getpid() && call.real_uid == getuid());
	HOLDS(call.lineage[0].pid == getpid() && again.lineage_count == call.lineage_count);
	HOLDS(call.lineage[0].start_ticks == call.leader.start_ticks);
	/* as root the walk ends here, as another it goes on */
	HOLDS(getuid() == 0 ? call.lineage_count == 1 : call.lineage_count > 1);
	HOLDS(psg_session_alive(&psg_proc_system, &call.leader, &lives) == PSG_OK && lives);
	return 0;
}

static void real_leader(void **state)
{
	(void)state;
	in_child(own_session);
}

static int as_another(void)
{
	struct psg_call call;
	pid_t parent = getppid();

	HOLDS(getuid() != 0 || setresuid(12345, 0, 0) == 0);
	HOLDS(setsid() == getpid());
	HOLDS(psg_session_identify(&psg_proc_system, 0, 12345, &call) == PSG_OK);
	HOLDS(call.real_uid == getuid());
	HOLDS(call.lineage_count > 1 && call.lineage[1].pid == parent);
	return 0;
}

/* As su does it: real uid the caller's, effective root. */
static void real_uid_of_caller(void **state)
{
	(void)state;
	in_child(as_another);
}

static void real_deaths(void **state)
{
	pid_t child = fork();
	struct psg_proc_info info;
	struct psg_leader leader;
	bool lives = false;
	siginfo_t death;

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_int_equal(psg_proc_system.info(NULL, child, &info), PSG_OK);
	leader = (struct psg_leader){child, info.start_ticks};
	assert_int_equal(psg_session_alive(&psg_proc_system, &leader, &lives), PSG_OK);
	assert_true(lives);
	kill(child, SIGKILL);
	assert_int_equal(waitid(P_PID, (id_t)child, &death, WEXITED | WNOWAIT), 0);
	/* a zombie stands for no session */
	assert_int_equal(psg_proc_system.info(NULL, child, &info), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_session_alive(&psg_proc_system, &leader, &lives), PSG_OK);
	assert_false(lives);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(psg_proc_system.info(NULL, child, &info), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_proc_system.info(NULL, 0, &info), PSG_ERR_NOT_FOUND);
	assert_int_equal(psg_proc_system.info(NULL, -1, &info), PSG_ERR_NOT_FOUND);
}

static int orphan(void)
{
	int pipe_fds[2];
	char byte;
	pid_t middle;
	struct psg_call call;

	HOLDS(setsid() == getpid() && pipe(pipe_fds) == 0);
	HOLDS(getuid() != 0 || setresuid(12345, 0, 0) == 0);
	middle = fork();
	if (middle == 0) {
		pid_t last = fork();

		if (last != 0)
			_exit(0);
		while (getppid() == middle)
			;
		close(pipe_fds[0]);
		/* The session's leader lives; the parent does not. */
		byte = psg_session_identify(&psg_proc_system, 0, 12345, &call) == PSG_OK &&
		       call.leader.pid == getsid(0) && call.lineage[0].pid == getpid() &&
		       call.leader.pid != getpid();
		_exit(write(pipe_fds[1], &byte, 1) != 1);
	}
	close(pipe_fds[1]);
	HOLDS(waitpid(middle, NULL, 0) == middle);
	HOLDS(read(pipe_fds[0], &byte, 1) == 1 && byte == 1);
	return 0;
}

static void real_orphan(void **state)
{
	(void)state;
	in_child(orphan);
}

/* What needs a namespace of one's own says so where it may not have one. */
static bool is_root(void)
{
	if (getuid() == 0)
		return true;
	print_message("needs root\n");
	return false;
}

static int foreign_namespace(void)
{
	struct psg_call call;
	struct psg_proc_info info;
	pid_t child;
	int status;

	HOLDS(unshare(CLONE_NEWPID) == 0);
	child = fork();
	if (child == 0) {
		/* Pid 1 in here; /proc/1 is somebody else. */
		HOLDS(getpid() == 1);
		HOLDS(psg_proc_system.info(NULL, 1, &info) == PSG_ERR_PROC);
		HOLDS(psg_session_identify(&psg_proc_system, 0, 0, &call) == PSG_ERR_PROC);
		_exit(0);
	}
	HOLDS(waitpid(child, &status, 0) == child);
	return WEXITSTATUS(status);
}

static void proc_foreign(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	in_child(foreign_namespace);
}

static int private_mounts(void)
{
	HOLDS(unshare(CLONE_NEWNS) == 0);
	HOLDS(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL) == 0);
	return 0;
}

static int hidden_processes(void)
{
	struct psg_proc_info info;
	struct psg_call call;
	bool lives = true;

	HOLDS(private_mounts() == 0);
	HOLDS(mount("proc", "/proc", "proc", 0, "hidepid=2") == 0);
	/* Group 0 would see all: it is the gid= of hidepid unless another is named. */
	HOLDS(setgroups(0, NULL) == 0 && setresgid(12345, 12345, 12345) == 0);
	HOLDS(setresuid(12345, 12345, 12345) == 0);
	/* There, and not to be seen: not "gone". */
	HOLDS(psg_proc_system.info(NULL, 1, &info) == PSG_ERR_PROC);
	HOLDS(psg_session_alive(&psg_proc_system, &(struct psg_leader){1, 1}, &lives) ==
	      PSG_ERR_PROC);
	HOLDS(psg_session_identify(&psg_proc_system, 0, 12345, &call) == PSG_ERR_PROC);
	HOLDS(psg_proc_system.info(NULL, 4194303, &info) == PSG_ERR_NOT_FOUND);
	return 0;
}

static void proc_hidden(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	in_child(hidden_processes);
}

static int no_proc(void)
{
	struct psg_proc_info info;
	char path[64];

	HOLDS(private_mounts() == 0);
	HOLDS(mount("tmpfs", "/proc", "tmpfs", 0, NULL) == 0);
	HOLDS(psg_proc_system.info(NULL, getpid(), &info) == PSG_ERR_PROC);
	HOLDS(psg_proc_system.info(NULL, 4194303, &info) == PSG_ERR_PROC);
	/* a stage set in its place */
	snprintf(path, sizeof(path), "%jd", (intmax_t)getpid());
	HOLDS(symlink(path, "/proc/self") == 0);
	snprintf(path, sizeof(path), "mkdir /proc/%jd", (intmax_t)getpid());
	HOLDS(system(path) == 0);
	HOLDS(psg_proc_system.info(NULL, getpid(), &info) == PSG_ERR_PROC);
	/* with the whole play on it */
	snprintf(path, sizeof(path), "/proc/%jd/stat", (intmax_t)getpid());
	FILE *stat = fopen(path, "w");

	HOLDS(stat && fprintf(stat, "%jd (login) S" TAIL "\n", (intmax_t)getpid()) > 0);
	HOLDS(fclose(stat) == 0);
	HOLDS(psg_proc_system.info(NULL, getpid(), &info) == PSG_ERR_PROC);
	return 0;
}

static void proc_not_mounted(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	in_child(no_proc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hostile_names),      cmocka_unit_test(proc_stat_refused),
	    cmocka_unit_test(proc_status),        cmocka_unit_test(real_leader),
	    cmocka_unit_test(real_uid_of_caller), cmocka_unit_test(real_deaths),
	    cmocka_unit_test(real_orphan),        cmocka_unit_test(proc_foreign),
	    cmocka_unit_test(proc_hidden),        cmocka_unit_test(proc_not_mounted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
