/* Three people and one store, for the tests that kill and stop. Each login and each psgctl is a process of its own. */
#ifndef PSG_TESTS_TOWN_H
#define PSG_TESTS_TOWN_H

#include "../pam/world.h"
#include "tracer.h"

enum town_who {
	TOWN_VICTIM,    /* in whose name things are killed and stopped */
	TOWN_BYSTANDER, /* has a code and no activation */
	TOWN_LIVE,      /* has an activation for a year and no code */
	TOWN_PEOPLE
};
enum town_phase { TOWN_BEFORE, TOWN_AUTH, TOWN_ACCT, TOWN_OPEN, TOWN_CLOSE, TOWN_DONE };
/* What a login came to, as far as it got: in memory that it shares with us. */
struct town_seen {
	volatile int phase, result[TOWN_DONE]; /* -1: not called yet */
	volatile int64_t ahead_s; /* its clocks are ahead by; see stopped_login_test.c */
};
struct town {
	struct world world;
	struct psg_credential device[TOWN_PEOPLE]; /* secret_len 0: none */
	struct psg_credential other; /* a second that may be the victim's; secret_len 0: none */
	char *listing,
	    *doctor;  /* what a store is to look like, what is said of it; NULL: not known yet */
	void *policy; /* the file, as the town was made with */
	size_t policy_len;
	unsigned kills, stops;
};
struct town_visit {
	struct town *town;
	enum town_who who;
	const char *code; /* NULL: the prompt is cancelled */
	struct town_seen *seen;
};
struct town_command {
	struct town *town;
	const char *words
	    [12]; /* after `psgctl --store DIR`; `package` and `later` add a set and a group: Extra, Later */
	const char *input; /* NULL: nothing */
	const char *said;  /* name of a file in the town's folder for what it says; NULL: nowhere */
};

extern const char *const town_names[TOWN_PEOPLE];

/* Runs `tests` in a process that leads its session, for main. A login that waits for anybody ends it. */
int town_run(int (*tests)(void));
/* On tmpfs where there is one: a kill loses nothing that was written, and nothing need be synced. */
void town_make(struct town *town, const struct world_policy *policy);
void town_drop(struct town *town);
/* New authenticators for who has one; nobody but TOWN_LIVE has an activation, nobody an attempt. */
void town_fresh(struct town *town);

/* The code `offset` steps from now, of the device; -1, 0 and 1 are in the window, 9 is wrong. */
const char *town_code(struct town *town, const struct psg_credential *device, int offset);
/* The body of a login: authenticate, acct_mgmt, open_session, close_session, by a process that leads its session. */
void town_visit(void *visit);
struct town_seen *town_seen_new(void);
/* A login from start to end; the second asks whether all three phases let in, and fails when they do not agree. */
void town_login(struct town *town, enum town_who who, const char *code, struct town_seen *ret);
bool town_lets_in(struct town *town, enum town_who who, const char *code);
/* The body of a psgctl, and one run from start to end: its exit status. */
void town_command(void *command);
int town_psgctl(const struct town_command *command);
/* The text of a file in the town's folder. To be freed. */
char *town_said(const struct town *town, const char *name);
/* Ends whatever of theirs has a name, as psgctl deactivate does; whether anything of theirs is live. */
void town_deactivate(struct town *town, enum town_who who);
bool town_has_live(struct town *town, enum town_who who);
/* True when spent/ has the name of a code of `offset` steps from now. */
bool town_spent(struct town *town, const struct psg_credential *device, int offset);
/* Keeps the policy as it is now, and writes the packages; puts it back. */
void town_policy_keep(struct town *town);
void town_policy_put(const struct town *town);
/* What is in force, as text. To be freed. */
char *town_policy(const struct town *town);

/* -- the judgement (town_judge.c) -- */

enum town_expect { TOWN_NOT_LIVE, TOWN_IS_LIVE, TOWN_EITHER };
struct town_verdict {
	enum town_expect victim;
	void (*mend)(struct town *town); /* what the administrator does next; NULL: nothing */
	bool doctor;                     /* ask psgctl doctor too */
	int fresh;                       /* offset of the codes that nobody used yet */
};
/* After a kill: everybody's next login is right at once, the code that the victim may have used (offset -1) opens
 * nothing twice, and two days later the store holds the names that it would hold without the kill. */
void town_judge(struct town *town, const struct town_verdict *verdict);

#endif
