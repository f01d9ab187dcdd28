/* The whole process table, for what ends sessions: no login reads this. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "proc.h"
#include "psg/text.h"

void psg_processes_clear(struct psg_processes *list)
{
	free(list->items);
	*list = (struct psg_processes){0};
}

static int by_pid(const void *left, const void *right)
{
	const struct psg_process *a = left, *b = right;

	return (a->pid > b->pid) - (a->pid < b->pid);
}

const struct psg_process *psg_processes_find(const struct psg_processes *list, pid_t pid)
{
	struct psg_process key = {.pid = pid};

	return list->count ? bsearch(&key, list->items, list->count, sizeof(key), by_pid) : NULL;
}

static enum psg_err add(struct psg_processes *list, size_t *room, pid_t pid)
{
	struct psg_process process = {.pid = pid};
	enum psg_err err = psg_proc_look_whole(pid, &process.info);

	if (err != PSG_OK)
		return err == PSG_ERR_NOT_FOUND ? PSG_OK : err;
	if (list->count == *room) {
		size_t grown = *room ? 2 * *room : 256;
		struct psg_process *items = reallocarray(list->items, grown, sizeof(*items));

		if (items == NULL)
			return PSG_ERR_NO_MEMORY;
		list->items = items;
		*room = grown;
	}
	list->items[list->count++] = process;
	return PSG_OK;
}

static void close_dir(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

enum psg_err psg_processes_read(struct psg_processes *ret)
{
	struct psg_processes list PSG_CLEANUP(psg_processes_clear) = {0};
	DIR *dir PSG_CLEANUP(close_dir) = opendir("/proc");
	size_t room = 0;

	if (dir == NULL)
		return PSG_ERR_PROC;
	for (;;) {
		uint64_t pid = 0;

		errno = 0;
		const struct dirent *entry = readdir(dir);

		if (entry == NULL)
			break;
		if (psg_u64_parse(entry->d_name, &pid) != PSG_OK || pid > INT32_MAX)
			continue;
		enum psg_err err = add(&list, &room, (pid_t)pid);

		if (err != PSG_OK)
			return err;
	}
	if (errno != 0)
		return PSG_ERR_PROC;
	if (list.count)
		qsort(list.items, list.count, sizeof(*list.items), by_pid);
	*ret = list;
	list = (struct psg_processes){0};
	return PSG_OK;
}
