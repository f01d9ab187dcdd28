/* Many processes give the real module the same code at the same instant.
 *
 *   race SERVICE USER COUNT CODE     prints how many pam_authenticate let in
 *
 * Each waits inside its conversation until all have been asked, so that all verify at once. */
#include <pthread.h>
#include <security/pam_appl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_barrier_t *barrier;

static int converse(int count, const struct pam_message **messages, struct pam_response **responses,
		    void *code)
{
	struct pam_response *out = calloc((size_t)count, sizeof(*out));
	if (out == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < count; i++) {
		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF)
			continue;
		pthread_barrier_wait(barrier);
		out[i].resp = strdup(code);
	}
	*responses = out;
	return PAM_SUCCESS;
}

static int try_once(const char *service, const char *user, char *code)
{
	const struct pam_conv conv = {converse, code};
	pam_handle_t *pam = NULL;
	if (pam_start(service, user, &conv, &pam) != PAM_SUCCESS)
		return PAM_ABORT;
	int result = pam_authenticate(pam, 0);
	pam_end(pam, result);
	return result;
}

int main(int argc, char **argv)
{
	int let_in = 0, count = argc == 5 ? atoi(argv[3]) : 0;
	pthread_barrierattr_t shared;

	barrier =
	    mmap(NULL, sizeof(*barrier), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (count < 1 || barrier == MAP_FAILED)
		return 2;
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(barrier, &shared, (unsigned)count);
	/* One that is refused before it is asked would leave the others waiting. */
	alarm(60);
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		if (child < 0)
			return 2;
		if (child == 0) {
			alarm(60);
			_exit(try_once(argv[1], argv[2], argv[4]) == PAM_SUCCESS ? 0 : 1);
		}
	}
	for (int i = 0, status = 0; i < count; i++) {
		if (wait(&status) < 0 || !WIFEXITED(status))
			return 3;
		let_in += WEXITSTATUS(status) == 0;
	}
	printf("%d\n", let_in);
	return 0;
}
