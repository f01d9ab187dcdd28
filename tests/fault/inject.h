/* The n-th system call of a process fails: for what no test can bring about by itself. */
#ifndef PSG_TESTS_INJECT_H
#define PSG_TESTS_INJECT_H

#include <stdbool.h>

#define INJECT_SHORT                                                                               \
	0 /* instead of an errno: a read finds the end, a write takes the half, silently */

struct injection {
	long nth;   /* counted from 1 between inject_begin and inject_end; 0: none fails */
	int errnum; /* or INJECT_SHORT */
	long
	    only; /* this system call alone counts; 0: all do. read(2), whose number that is, never alone */
};

struct injected {
	long calls;     /* how many could have failed */
	long struck;    /* the number of the system call that did; -1: none */
	int status;     /* what body returned; -1: it was killed, by `signal` */
	int signal;     /* SIGALRM: it hung */
	int fds_leaked; /* descriptors open at inject_end that were not at inject_begin */
	char path[128]; /* of the call that was struck, where it names one */
};

/* Runs `body` in a child of its own. */
void inject_run(const struct injection *what, int (*body)(void *arg), void *arg,
		struct injected *ret);
/* In the body: what lies between is what fails. */
void inject_begin(void);
void inject_end(void);

#endif
