/* Runs another program to read what it says: no shell, no environment of the caller's, an end to waiting. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "doctor.h"

#define LIMIT_MS 5000
#define OUTPUT_MAX (4U << 20)
#define PATH_SIZE 4096

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static bool find(const char *const *folders, const char *name, char out[static PATH_SIZE])
{
	for (; *folders; folders++)
		if (snprintf(out, PATH_SIZE, "%s/%s", *folders, name) < PATH_SIZE &&
		    access(out, X_OK) == 0)
			return true;
	return false;
}

static void become(const char *path, const char *const *argv, const int out[2],
		   const int problem[2])
{
	static const char *const environment[] = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
						  NULL};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	if (null >= 0 && dup2(null, 0) == 0 && dup2(out[1], 1) == 1 && dup2(problem[1], 2) == 2)
		execve(path, (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
	_exit(127);
}

/* False at its end. */
static bool take(int fd, struct psg_buf *out)
{
	char bytes[4096];
	ssize_t len = read(fd, bytes, sizeof(bytes));

	if (len < 0)
		return errno == EINTR || errno == EAGAIN;
	if (len > 0 && out->len < OUTPUT_MAX)
		psg_buf_put(out, bytes, (size_t)len);
	return len > 0;
}

/* Reads both until both end; false when the time was over first. */
static bool gather(int out_fd, int problem_fd, int64_t end, struct psg_buf *out,
		   struct psg_buf *problem)
{
	struct pollfd fds[] = {{out_fd, POLLIN, 0}, {problem_fd, POLLIN, 0}};
	struct psg_buf *into[] = {out, problem};

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		int64_t left = end - now_ms();

		if (left <= 0)
			return false;
		if (poll(fds, 2, (int)left) < 0 && errno != EINTR)
			return false;
		for (size_t i = 0; i < 2; i++)
			if (fds[i].fd >= 0 && fds[i].revents && !take(fds[i].fd, into[i]))
				fds[i].fd = -1;
	}
	return true;
}

/* It may have closed its streams and go on: waits till the end, then ends it. -1 when it was ended. */
static int await(pid_t child, int64_t end)
{
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(child, &status, WNOHANG)) == 0 && now_ms() < end)
		poll(NULL, 0, 1);
	if (ended == 0) {
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
	}
	return ended == child && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void close_pair(int (*pair)[2])
{
	psg_close_fd(&(*pair)[0]);
	psg_close_fd(&(*pair)[1]);
}

enum psg_err doctor_run(const char *const *folders, const char *const *argv, struct psg_buf *out,
			struct psg_buf *problem, int *ret_status)
{
	int streams[2] PSG_CLEANUP(close_pair) = {-1, -1};
	int problems[2] PSG_CLEANUP(close_pair) = {-1, -1};
	char path[PATH_SIZE];
	int status = 0;

	if (!find(folders, argv[0], path))
		return PSG_ERR_NOT_FOUND;
	if (pipe2(streams, O_CLOEXEC) != 0 || pipe2(problems, O_CLOEXEC) != 0)
		return psg_err_from_errno(errno);
	pid_t child = fork();

	if (child < 0)
		return psg_err_from_errno(errno);
	if (child == 0)
		become(path, argv, streams, problems);
	psg_close_fd(&streams[1]);
	psg_close_fd(&problems[1]);
	int64_t end = now_ms() + LIMIT_MS;
	bool whole = gather(streams[0], problems[0], end, out, problem);

	status = await(child, whole ? end : 0);
	/* Never NULL for the caller; of stderr the first line says most. */
	psg_buf_text(out, "");
	psg_buf_text(problem, "");
	if (out->failed || problem->failed)
		return PSG_ERR_NO_MEMORY;
	problem->data[strcspn(problem->data, "\r\n")] = '\0';
	*ret_status = whole ? status : -1;
	return PSG_OK;
}
