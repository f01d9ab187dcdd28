/* A host that looks at itself before and after each call of the module: what belongs to a process must be as it was.
 *
 *   untouched ACTIVE IDLE      prints what account says to each; exit status 1 with a line for what changed */
#include <dirent.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

extern char **environ;

struct look {
	struct sigaction actions[NSIG];
	sigset_t blocked;
	struct itimerval timer;
	mode_t mask;
	char directory[256];
	unsigned descriptors, variables;
};

static unsigned open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	while (dir && readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static void look(struct look *out)
{
	memset(out, 0, sizeof(*out));
	for (int i = 1; i < NSIG; i++)
		sigaction(i, NULL, &out->actions[i]);
	sigprocmask(SIG_BLOCK, NULL, &out->blocked);
	getitimer(ITIMER_REAL, &out->timer);
	out->mask = umask(0);
	umask(out->mask);
	if (!getcwd(out->directory, sizeof(out->directory)))
		exit(2);
	out->descriptors = open_descriptors();
	for (char **at = environ; *at; at++)
		out->variables++;
}

static void handle(int number)
{
	(void)number;
}

static int refuse(int count, const struct pam_message **messages, struct pam_response **responses,
		  void *data)
{
	(void)count, (void)messages, (void)responses, (void)data;
	return PAM_CONV_ERR;
}

static int account(const char *user)
{
	const struct pam_conv conv = {refuse, NULL};
	pam_handle_t *pam = NULL;
	struct look before, after;

	if (pam_start("sshd", user, &conv, &pam) != PAM_SUCCESS ||
	    pam_set_item(pam, PAM_RHOST, "192.0.2.1") != PAM_SUCCESS)
		exit(2);
	/* What is loaded once stays open for no longer than the first call. */
	(void)pam_acct_mgmt(pam, 0);
	look(&before);
	int code = pam_acct_mgmt(pam, 0);

	look(&after);
	pam_end(pam, code);
	for (int i = 1; i < NSIG; i++)
		if (before.actions[i].sa_handler != after.actions[i].sa_handler ||
		    sigismember(&before.blocked, i) != sigismember(&after.blocked, i))
			printf("signal %d changed\n", i), code = -1;
	if (code >= 0 && before.mask == after.mask && before.descriptors == after.descriptors &&
	    before.variables == after.variables && strcmp(before.directory, after.directory) == 0 &&
	    memcmp(&before.timer, &after.timer, sizeof(before.timer)) == 0)
		return code;
	printf("changed: descriptors %u %u, umask %o %o, variables %u %u\n", before.descriptors,
	       after.descriptors, before.mask, after.mask, before.variables, after.variables);
	exit(1);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handle};
	struct itimerval timer = {{0, 0}, {0, 0}};
	sigset_t blocked;

	if (argc != 3)
		return 2;
	for (int i = 1; i < 32; i++)
		sigaction(i, &action, NULL);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGUSR2);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
	umask(0123);
	int first = account(argv[1]);

	printf("%d %d\n", first, account(argv[2]));
	return 0;
}
