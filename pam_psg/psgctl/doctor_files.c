/* Files on disk that a stack rests on: the pam.d files and the module. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doctor.h"

#ifndef PSG_MODULE_DIRECTORY
#error "the Makefile says where libpam looks for modules"
#endif
#define PATH_SIZE 4096

static const char *writable_by_others(const struct stat *info)
{
	if (info->st_uid != 0)
		return "it does not belong to root";
	if (info->st_mode & S_IWOTH)
		return "everybody may write it";
	return info->st_mode & S_IWGRP ? "its group may write it" : NULL;
}

static const char *problem_of(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 ? writable_by_others(&info) : NULL;
}

static void judge_mode(struct doctor *doctor, enum doctor_code code, const char *path)
{
	char folder[PATH_SIZE];
	const char *problem = problem_of(path), *slash = strrchr(path, '/');

	if (problem)
		doctor_add(doctor, code, (struct doctor_place){.file = path}, "%s", problem);
	if (!slash || slash == path ||
	    snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path) >= PATH_SIZE)
		return;
	/* Who may rename in the folder may replace the file. */
	problem = problem_of(folder);
	if (problem)
		doctor_add(doctor, code, (struct doctor_place){.file = folder}, "%s", problem);
}

/* Loads a module as libpam would; in a process of its own, for it is somebody's code. It is judged on the handle: under
 * --pam-dir the path may be anybody's, who could put another file there in between. */
static bool loads(const char *path)
{
	int file PSG_CLEANUP(psg_close_fd) = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char handle[64];
	struct stat info;
	int status = 0;

	if (file < 0 || fstat(file, &info) != 0 || !S_ISREG(info.st_mode) ||
	    writable_by_others(&info))
		return false;
	snprintf(handle, sizeof(handle), "/proc/self/fd/%d", file);
	pid_t child = fork();

	if (child == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		if (null >= 0)
			dup2(null, STDERR_FILENO);
		alarm(10);
		void *module = dlopen(handle, RTLD_NOW | RTLD_LOCAL);

		_exit(module && dlsym(module, "pam_sm_acct_mgmt") ? 0 : 1);
	}
	while (child > 0 && waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void judge_module(struct doctor *doctor, const struct doctor_service *service,
			 const struct stack_line *line)
{
	char path[PATH_SIZE];
	size_t before = doctor->count;

	if (snprintf(path, sizeof(path), "%s%s",
		     *line->module == '/' ? "" : PSG_MODULE_DIRECTORY "/",
		     line->module) >= PATH_SIZE)
		return;
	if (access(path, F_OK) != 0) {
		doctor_add(doctor, DOCTOR_MODULE_MISSING, doctor_at(service, line),
			   "there is no %s", path);
		return;
	}
	judge_mode(doctor, DOCTOR_MODULE_MODE, path);
	/* What others may write is not run here. */
	if (doctor->count == before && !loads(path))
		doctor_add(doctor, DOCTOR_MODULE_UNLOADABLE, doctor_at(service, line),
			   "%s cannot be loaded", path);
}

void doctor_judge_files(struct doctor *doctor, const struct doctor_service *service)
{
	const struct stack *stack = &service->stack;
	const char *last = NULL;

	for (size_t i = 0; i < stack->paths.count; i++)
		judge_mode(doctor, DOCTOR_STACK_MODE, stack->paths.items[i]);
	for (size_t i = 0; i < stack->count; i++) {
		const struct stack_line *line = &stack->items[i];

		if (!stack_calls_psg(line) || (last && !strcmp(last, line->module)))
			continue;
		judge_module(doctor, service, line);
		last = line->module;
	}
}
