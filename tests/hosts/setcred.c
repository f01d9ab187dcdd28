/* setcred SERVICE USER STEP...: calls pam_setcred for each step in one transaction, in this one process, and
 * prints its groups before and after each: "groups=4 27". STEP: establish, delete, refresh, reinitialize, or
 * !COMMAND, which is run and prints nothing. */
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int converse(int count, const struct pam_message **messages, struct pam_response **ret,
		    void *arg)
{
	(void)messages;
	(void)arg;
	*ret = calloc((size_t)count, sizeof(**ret));
	return PAM_SUCCESS;
}

static void print_groups(void)
{
	gid_t gids[1024];
	int count = getgroups(1024, gids);

	printf("groups=");
	for (int i = 0; i < count; i++)
		printf("%s%u", i ? " " : "", (unsigned)gids[i]);
	printf("\n");
	fflush(stdout);
}

static int flag(const char *step)
{
	static const struct {
		const char *name;
		int flag;
	} flags[] = {{"establish", PAM_ESTABLISH_CRED},
		     {"delete", PAM_DELETE_CRED},
		     {"refresh", PAM_REFRESH_CRED},
		     {"reinitialize", PAM_REINITIALIZE_CRED}};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (!strcmp(step, flags[i].name))
			return flags[i].flag;
	exit(2);
}

int main(int argc, char **argv)
{
	struct pam_conv conv = {converse, NULL};
	pam_handle_t *pamh = NULL;

	if (argc < 3 || pam_start(argv[1], argv[2], &conv, &pamh) != PAM_SUCCESS)
		return 2;
	print_groups();
	for (int i = 3; i < argc; i++) {
		if (argv[i][0] == '!') {
			if (system(argv[i] + 1))
				return 2;
			continue;
		}
		int code = pam_setcred(pamh, flag(argv[i]));

		if (code != PAM_SUCCESS)
			printf("%s=%d\n", argv[i], code);
		print_groups();
	}
	pam_end(pamh, PAM_SUCCESS);
	return 0;
}
