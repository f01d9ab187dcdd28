/* A store, a policy, a PAM configuration directory and a scripted person, made afresh per test. */
#ifndef PSG_TESTS_WORLD_H
#define PSG_TESTS_WORLD_H

#include <security/pam_appl.h>

#include "psg/gate.h"
#include "psg/people.h"
#include "psg/policy.h"

#define WORLD_USER "nobody" /* an account that every Debian has and that is not root */
#define WORLD_GROUP "Operators"
#define WORLD_PERIOD_S 3600 /* long, so that no test crosses a step's edge by chance */

/* libpam turns a stack of IGNORE alone into PERM_DENIED. In these stacks a module below answers for an
 * ignored authenticate, with a code that ours never gives. */
#define WORLD_IGNORED PAM_ACCT_EXPIRED

/* What the person answers to the prompts, in turn; after the last: NULL. */
struct person {
	const char *answers[8];
	int conv_code;                    /* what the conversation returns when not PAM_SUCCESS */
	int prompts, texts;               /* counted */
	int echoed;                       /* prompts whose answer is shown as it is typed */
	char said[8192];                  /* all texts, each with a newline */
	char asked[2048];                 /* all prompts, each with a newline */
	void (*before_answer)(void *arg); /* called at each prompt, before the answer is given */
	void *arg;
};

struct world {
	char dir[64], store_dir[80], conf_dir[80];
	struct psg_store *store;
	struct psg_credential credential;
	pam_handle_t *pamh;
	struct person person;
};

/* The policy of a world: one group WORLD_GROUP with the set Login_PS. */
struct world_policy {
	const char *assignee; /* NULL: WORLD_USER */
	bool unassigned, requires_activation, failed, muted;
	int64_t until_s, assigned_s; /* assigned_s 0: nobody knows since when; below: so long ago */
	const char *applications[8]; /* "gate" always; more here */
	int64_t lifetime_s, maximum_lifetime_s, warn_before_s;
	enum psg_scope scope;
	enum psg_reason_rule reason;
	const char *reason_pattern;
	enum psg_enrollment enrollment;
	int64_t enroll_within_s;
	bool second_group; /* Wide: the same set and one permission more */
	bool end_sessions;
	uint32_t attempts; /* throttle; 0: 5 */
	int64_t delay_s;   /* of the throttle, each; 0: as by default */
	unsigned users;    /* that many more are assigned WORLD_GROUP: world_user(0), … */
};

extern const char *world_place; /* where worlds are made: /tmp */
void world_make(struct world *world, const struct world_policy *policy);
void world_deploy(struct world *world, const struct world_policy *policy);
void world_drop(struct world *world);
void world_enroll(struct world *world);
/* Another authenticator of anybody's, told by `number` from the others; `secret` 20 bytes, or NULL for a random one. */
struct psg_credential world_device(struct world *world, const char *user, unsigned number,
				   const uint8_t *secret);
/* A person without an account: to the module one like everybody else. */
const char *world_user(unsigned number);
/* Writes CONF/SERVICE with pam_psg in all four types, `arguments` after store=; see WORLD_IGNORED. */
void world_stack(struct world *world, const char *service, const char *arguments);
/* Writes CONF/SERVICE literally; %s stands for the module and its store= argument. */
void world_stack_text(struct world *world, const char *service, const char *text);
/* Starts a transaction for `user` on `service`; ends one that is there. */
void world_start(struct world *world, const char *service, const char *user);
void world_end(struct world *world);
/* A transaction of the caller's own, for those who hold several. */
pam_handle_t *world_open(const struct world *world, const char *service, const char *user,
			 struct person *person);
/* The code of the step `offset` steps from now. */
const char *world_code(struct world *world, int offset);
/* The same of another authenticator, and which step that is. */
uint64_t world_code_of(struct world *world, const struct psg_credential *credential, int offset,
		       char out[static PSG_CODE_DIGITS_MAX + 1]);
/* An activation of WORLD_GROUP, made `age_s` ago, for `lifetime_s`; binding NULL for scope Host. */
void world_activate(struct world *world, int64_t age_s, int64_t lifetime_s,
		    const struct psg_binding *binding);
/* `user`'s, made `age_s` ago by the administrator. */
void world_grant(struct world *world, const char *user, const struct psg_grant *grant,
		 int64_t age_s, struct psg_activation *ret);
/* WORLD_USER's activation; of several the last in the listing. */
struct psg_activation world_activation(struct world *world);
/* How many attempts count now. */
uint64_t world_attempts(struct world *world);
/* A before_answer: types the key that a prompt shows into an app, whose code is one of the answers. */
struct world_app {
	const struct person *person;
	char *code; /* room for PSG_CODE_DIGITS_MAX + 1 */
};
void world_read_key(void *app);
/* From here on the boot clock stands `days` higher for this process's children: what is tidied away is an hour or a day
 * old, and a machine need not have been up for so long. For main, before anything else. */
void world_has_been_up(unsigned days);
/* The store's clock as it was `age_s` ago, until called with 0. */
void world_look_back(struct world *world, int64_t age_s);
/* How many of the user's activations are live, whatever session they are of. */
unsigned world_live(struct world *world, const char *user);
/* Runs `tests` in a session whose leader lives and is another process, whatever this one was started
 * from; for main. */
int world_run_in_session(int (*tests)(void));
/* Runs `body` in a child that leads its own session; its return value is the exit status. */
int world_in_new_session(int (*body)(void));
/* Path of the built module or psgctl. */
const char *world_built(const char *name);

#endif
