/* See faulty.h. */
#include "faulty.h"

#include <stdlib.h>

static const struct psg_folder_ops faulty_ops;

static struct faulty *of(struct psg_folder *folder)
{
	return (struct faulty *)(void *)folder;
}

static bool strikes(struct psg_folder *folder)
{
	struct faults *faults = of(folder)->faults;

	if (faults->left < 0 || faults->left-- > 0)
		return false;
	faults->struck = true;
	if (faults->for_ever)
		faults->left = 0;
	return true;
}

static enum psg_err faulty_wrap(struct psg_folder *inner, struct faults *faults,
				struct psg_folder **ret)
{
	struct faulty *faulty = calloc(1, sizeof(*faulty));

	assert_non_null(faulty);
	faulty->folder.ops = &faulty_ops;
	faulty->inner = inner;
	faulty->faults = faults;
	*ret = &faulty->folder;
	return PSG_OK;
}

#define FAIL_OR(call) (strikes(folder) ? of(folder)->faults->err : (call))
#define INNER of(folder)->inner

static enum psg_err faulty_open(struct psg_folder *folder, const char *name, bool make,
				struct psg_folder **ret)
{
	struct psg_folder *inner;
	enum psg_err err = FAIL_OR(INNER->ops->open(INNER, name, make, &inner));

	return err == PSG_OK ? faulty_wrap(inner, of(folder)->faults, ret) : err;
}

static enum psg_err faulty_list(struct psg_folder *folder, psg_name_fn *each, void *arg)
{
	return FAIL_OR(INNER->ops->list(INNER, each, arg));
}

/* Either before the name is made or after. */
static enum psg_err faulty_create(struct psg_folder *folder, const char *name, int *ret_file)
{
	enum psg_err err = FAIL_OR(INNER->ops->create(INNER, name, ret_file));

	if (err == PSG_OK && strikes(folder)) {
		INNER->ops->close(INNER, *ret_file);
		return of(folder)->faults->err;
	}
	return err;
}

/* Either nothing or half of it is written. */
static enum psg_err faulty_write(struct psg_folder *folder, int file, const void *bytes, size_t len)
{
	if (strikes(folder))
		return of(folder)->faults->err;
	if (strikes(folder)) {
		assert_int_equal(INNER->ops->write(INNER, file, bytes, len / 2), PSG_OK);
		return PSG_ERR_NO_ROOM;
	}
	return INNER->ops->write(INNER, file, bytes, len);
}

static enum psg_err faulty_sync(struct psg_folder *folder, int file)
{
	return FAIL_OR(INNER->ops->sync(INNER, file));
}

static void faulty_close(struct psg_folder *folder, int file)
{
	INNER->ops->close(INNER, file);
}

static enum psg_err faulty_sync_names(struct psg_folder *folder)
{
	return FAIL_OR(INNER->ops->sync_names(INNER));
}

static enum psg_err faulty_read(struct psg_folder *folder, const char *name, void *buf, size_t size,
				struct psg_file_info *ret)
{
	return FAIL_OR(INNER->ops->read(INNER, name, buf, size, ret));
}

static enum psg_err faulty_exists(struct psg_folder *folder, const char *name, bool *ret)
{
	return FAIL_OR(INNER->ops->exists(INNER, name, ret));
}

static enum psg_err faulty_replace(struct psg_folder *folder, const char *name, const void *bytes,
				   size_t len)
{
	return FAIL_OR(INNER->ops->replace(INNER, name, bytes, len));
}

static enum psg_err faulty_rename(struct psg_folder *folder, const char *name, const char *to,
				  bool over)
{
	return FAIL_OR(INNER->ops->rename(INNER, name, to, over));
}

static enum psg_err faulty_remove(struct psg_folder *folder, const char *name)
{
	return FAIL_OR(INNER->ops->remove(INNER, name));
}

static enum psg_err faulty_sweep(struct psg_folder *folder, int64_t before_realtime_ns)
{
	return FAIL_OR(INNER->ops->sweep(INNER, before_realtime_ns));
}

static void faulty_release(struct psg_folder *folder)
{
	psg_folder_release(&of(folder)->inner);
	free(of(folder));
}

static const struct psg_folder_ops faulty_ops = {
    .open = faulty_open,
    .list = faulty_list,
    .create = faulty_create,
    .write = faulty_write,
    .sync = faulty_sync,
    .close = faulty_close,
    .sync_names = faulty_sync_names,
    .read = faulty_read,
    .exists = faulty_exists,
    .replace = faulty_replace,
    .rename = faulty_rename,
    .remove = faulty_remove,
    .release = faulty_release,
    .sweep = faulty_sweep,
};

struct psg_store faulty_store(struct folk *folk, struct faulty *root, struct faults *faults)
{
	struct psg_store store = *folk->store;

	*root = (struct faulty){
	    .folder.ops = &faulty_ops, .inner = folk->store->root, .faults = faults};
	store.root = &root->folder;
	return store;
}
