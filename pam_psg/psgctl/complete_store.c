/* What there is in the store and on this host to offer. As another user than root nothing of the store opens. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "complete.h"
#include "live.h"
#include "stack.h"

/* More help nobody to choose; and a name server is never asked, for it may be slow. */
#define MOST 2000
#define SMALLEST_UID 1000
#define LARGEST_UID 59999

struct collection {
	struct ctl *ctl;
	enum complete_kind kind;
	const char *prefix;
	struct psg_now now;
	struct psg_strings *out;
};

/* A shell puts it on the line as it is: a user named `$(id)` in an assignment must not be run there. */
static bool is_plain(const char *name)
{
	return name[0] != '\0' &&
	       name[strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				 "0123456789_.%+@:/,=-")] == '\0';
}

void complete_add(struct psg_strings *out, const char *name, const char *prefix)
{
	if (out->count < MOST && is_plain(name) && strncmp(name, prefix, strlen(prefix)) == 0)
		(void)!psg_strings_add(out, name);
}

static void add(const struct collection *c, const char *name)
{
	complete_add(c->out, name, c->prefix);
}

static void add_list(const struct collection *c, const struct psg_strings *list)
{
	for (size_t i = 0; i < list->count; i++)
		add(c, list->items[i]);
}

static void close_file(FILE **file)
{
	if (*file != NULL)
		fclose(*file);
}

static void add_accounts(const struct collection *c)
{
	FILE *file PSG_CLEANUP(close_file) = fopen("/etc/passwd", "re");
	const struct passwd *entry;
	while (file != NULL && (entry = fgetpwent(file)) != NULL)
		if (entry->pw_uid >= SMALLEST_UID && entry->pw_uid <= LARGEST_UID)
			add(c, entry->pw_name);
}

/* Only who has typed the % wants one. */
static void add_unix_groups(const struct collection *c)
{
	FILE *file PSG_CLEANUP(close_file) = fopen("/etc/group", "re");
	const struct group *entry;
	char name[COMPLETE_WORD];
	while (c->prefix[0] == '%' && file != NULL && (entry = fgetgrent(file)) != NULL)
		if (snprintf(name, sizeof(name), "%%%s", entry->gr_name) < (int)sizeof(name))
			add(c, name);
}

static enum psg_err add_assignee(void *arg, const struct psg_assignment *assignment)
{
	const struct collection *c = arg;
	if (assignment->assignee[0] != '%' || c->kind == COMPLETE_ASSIGNEE)
		add(c, assignment->assignee);
	return c->out->count < MOST ? PSG_OK : PSG_ERR_EXISTS;
}

static void add_targets(const struct collection *c)
{
	struct psg_strings groups PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_strings sets PSG_CLEANUP(psg_strings_clear) = {0};
	if (psg_policy_group_names(c->ctl->policy, &groups) == PSG_OK)
		add_list(c, &groups);
	if (c->kind == COMPLETE_TARGET && psg_policy_set_names(c->ctl->policy, &sets) == PSG_OK)
		add_list(c, &sets);
}

static enum psg_err add_live(void *arg, const char *subject)
{
	const struct collection *c = arg;
	struct psg_activations list PSG_CLEANUP(psg_activations_clear) = {0};
	if (ctl_live_list(c->ctl, subject, &c->now, &list) != PSG_OK)
		return PSG_OK;
	for (size_t i = 0; i < list.count; i++) {
		char id[PSG_ACTIVATION_ID_SIZE], session[PSG_SESSION_ID_SIZE];
		bool live = false;
		if (ctl_live(c->ctl->store, &list.items[i], &c->now, &live) != PSG_OK || !live)
			continue;
		psg_activation_id_format(subject, list.items[i].file, id);
		ctl_live_session(&list.items[i], session);
		if (c->kind == COMPLETE_ACTIVATION)
			add(c, id);
		else if (list.items[i].bound)
			add(c, session);
	}
	return PSG_OK;
}

static enum psg_err add_authenticators(void *arg, const char *subject)
{
	const struct collection *c = arg;
	struct psg_credentials list PSG_CLEANUP(psg_credentials_clear) = {0};
	if (psg_people_credentials(c->ctl->store, subject, &list) == PSG_OK)
		for (size_t i = 0; i < list.count; i++)
			add(c, list.items[i].id);
	return PSG_OK;
}

static enum psg_err add_person(void *arg, const char *subject)
{
	add(arg, subject);
	return PSG_OK;
}

static void add_logins(const struct collection *c)
{
	struct psg_logins list PSG_CLEANUP(psg_logins_clear) = {0};
	char id[PSG_SESSION_ID_SIZE];
	if (psg_logins_list(c->ctl->store, &list) != PSG_OK)
		return;
	for (size_t i = 0; i < list.count; i++) {
		psg_session_id_format(&list.items[i].binding, id);
		if (list.items[i].alive)
			add(c, id);
	}
}

/* Without a word, unlike ctl_open_store. */
static bool opened(struct ctl *ctl, struct psg_now *ret_now)
{
	return ctl_resolve_paths(ctl) &&
	       psg_store_open(ctl->store_path, ctl->key_path, true, &ctl->store) == PSG_OK &&
	       psg_policy_open(ctl->store->root, &ctl->policy) == PSG_OK &&
	       psg_clock_now(&ctl->store->clock, ret_now) == PSG_OK;
}

static void add_stored(struct collection *c, const char *user)
{
	if (!opened(c->ctl, &c->now))
		return;
	switch (c->kind) {
	case COMPLETE_ASSIGNEE:
	case COMPLETE_USER:
		(void)!psg_policy_each_assigned(c->ctl->policy, add_assignee, c);
		(void)!psg_people_each(c->ctl->store, add_person, c);
		break;
	case COMPLETE_TARGET:
	case COMPLETE_GROUP:
		add_targets(c);
		break;
	case COMPLETE_SESSION:
		add_logins(c);
		(void)!psg_people_each(c->ctl->store, add_live, c);
		break;
	case COMPLETE_ACTIVATION:
		(void)!(user ? add_live(c, user) : psg_people_each(c->ctl->store, add_live, c));
		break;
	case COMPLETE_AUTHENTICATOR:
		(void)!(user ? add_authenticators(c, user)
			     : psg_people_each(c->ctl->store, add_authenticators, c));
		break;
	case COMPLETE_FREE:
	case COMPLETE_LITERAL:
	case COMPLETE_SERVICE:
	case COMPLETE_COMMAND:
	case COMPLETE_FILE:
	case COMPLETE_DIRECTORY:
		break;
	}
}

void complete_collect(struct ctl *ctl, enum complete_kind kind, const char *prefix,
		      const char *user, struct psg_strings *out)
{
	struct collection c = {.ctl = ctl, .kind = kind, .prefix = prefix, .out = out};
	if (kind == COMPLETE_SERVICE) {
		struct psg_strings services PSG_CLEANUP(psg_strings_clear) = {0};
		if (stack_services(NULL, &services) == PSG_OK)
			add_list(&c, &services);
		return;
	}
	if (kind == COMPLETE_USER || kind == COMPLETE_ASSIGNEE)
		add_accounts(&c);
	if (kind == COMPLETE_ASSIGNEE)
		add_unix_groups(&c);
	add_stored(&c, user);
}
