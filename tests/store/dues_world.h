/* A policy, logins and a stack around folk.h's person, for what psg_dues_read makes of them. */
#ifndef DUES_WORLD_H
#define DUES_WORLD_H

#include "folk.h"

#include "psg/enforce.h"

#define DUES_LIFETIME_S 3600
#define DUES_MAXIMUM_S 7200
#define DUES_ASSIGNED_MAX 4

/* The policy as the next dues_deploy() writes it. `rules` govern Ops, which opens sshd, and Other, which opens sudo;
 * Plain opens su without an activation. */
struct dues_world {
	struct psg_activation_policy rules;
	bool ops_gone;
	const char *exempt; /* or NULL */
	struct psg_assignment assigned[DUES_ASSIGNED_MAX];
	size_t assigned_count;
	struct psg_login login_items[4];
	struct psg_logins logins;
	struct psg_service stack; /* of every service, but for `su`, which Plain opens */
	enum psg_err stack_error;
	const char *who;
};
extern struct dues_world dues;

/* Sessions of alice's: two logins that are registered, a shell of hers that is not, and one that root leads. */
extern const struct psg_binding dues_login, dues_second, dues_shell, dues_roots;

int dues_setup(void **state);
#define DUES_BOTH(test)                                                                            \
	{#test " (files)", test, dues_setup, folk_teardown, &folk_on_files},                       \
	{                                                                                          \
#test " (memory)", test, dues_setup, folk_teardown, &folk_in_memory                \
	}

void dues_assign(const char *assignee, const char *target, int64_t until_s);
void dues_deploy(struct folk *folk);
enum psg_err dues_ask(struct folk *folk, struct psg_dues *ret);
/* By a code, for that session, or for the Host (NULL). */
struct psg_activation dues_activate(struct folk *folk, const char *target,
				    const struct psg_binding *session);
void dues_end(struct folk *folk, const struct psg_activation *activation,
	      enum psg_end_reason reason);

/* What becomes of an activation's session. LEFT is zero. */
enum dues_fate { DUES_LEFT = 0, DUES_LATER, DUES_OVER };
/* `ret` may be NULL. Fails the test when it is due more than once. */
enum dues_fate dues_fate(struct folk *folk, const struct psg_activation *activation,
			 struct psg_due *ret);
size_t dues_count(struct folk *folk);

#endif
