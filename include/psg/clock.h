/* The two clocks an activation needs, and the boot they belong to. */
#ifndef PSG_CLOCK_H
#define PSG_CLOCK_H

#include "psg/base.h"

#define PSG_NS_PER_S INT64_C(1000000000)
#define PSG_BOOT_ID_SIZE 37 /* 36 characters and NUL */

struct psg_now {
	int64_t realtime_ns; /* since 1970, may be wrong or jump */
	int64_t boottime_ns; /* CLOCK_BOOTTIME: monotonic, counts suspend */
	char boot_id[PSG_BOOT_ID_SIZE];
};

/* Where the time comes from; tests put their own. */
struct psg_clock {
	/* Fills *ret whole. Errors: PSG_ERR_CLOCK, LIMIT, NO_MEMORY; *ret untouched. */
	enum psg_err (*now)(void *self, struct psg_now *ret);
	void *self;
};

/* CLOCK_REALTIME, CLOCK_BOOTTIME and /proc/sys/kernel/random/boot_id. `self` may be a char[PSG_BOOT_ID_SIZE], "" at
 * first, that keeps the boot id: no process outlives its boot. */
extern const struct psg_clock psg_clock_system;

PSG_MUST_CHECK
enum psg_err psg_clock_now(const struct psg_clock *clock, struct psg_now *ret);
/* True when both are the same, well-formed boot. */
bool psg_boot_same(const char *boot_id_a, const char *boot_id_b);

#endif
