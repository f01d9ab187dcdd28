/* Failures laid over a store's folders. */
#ifndef PSG_TESTS_FAULTY_H
#define PSG_TESTS_FAULTY_H

#include "folk.h"

/* A folder whose n-th operation fails; all handles share the count. */
struct faults {
	int left; /* operations until one fails; negative: none */
	bool for_ever;
	enum psg_err err;
	bool struck;
};

struct faulty {
	struct psg_folder folder;
	struct psg_folder *inner;
	struct faults *faults;
};

/* The folk's store with faults laid over its folder; both must outlive it. */
struct psg_store faulty_store(struct folk *folk, struct faulty *root, struct faults *faults);

#endif
