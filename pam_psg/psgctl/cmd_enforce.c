/* psgctl enforce: ends open sessions whose activation is over, where its policy says endSessions. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "enforce.h"

struct round {
	struct enforce *enforce;
	struct psg_logins logins;
	struct psg_dues dues;
};

static void round_clear(struct round *round)
{
	psg_logins_clear(&round->logins);
	psg_dues_clear(&round->dues);
}

/* One person who cannot be judged keeps nobody else's session open. */
static enum psg_err collect(void *arg, const char *subject)
{
	struct round *round = arg;
	struct ctl *ctl = round->enforce->ctl;
	struct psg_dues dues PSG_CLEANUP(psg_dues_clear) = {0};
	enum psg_err err =
	    psg_dues_read(ctl->store, subject, &round->logins, enforce_service, NULL, &dues);

	if (err) {
		ctl_error(ctl, "%s was not judged: %s; `psgctl doctor` looks for the cause",
			  ctl_safe(subject), psg_strerror(err));
		round->enforce->left++;
		return PSG_OK;
	}
	if (dues.count == 0)
		return PSG_OK;
	size_t count = round->dues.count + dues.count;
	struct psg_due *grown = reallocarray(round->dues.items, count, sizeof(*grown));

	if (!grown)
		return PSG_ERR_NO_MEMORY;
	round->dues.items = grown;
	for (size_t i = 0; i < dues.count; i++)
		grown[round->dues.count++] = dues.items[i];
	return PSG_OK;
}

static enum ctl_exit once(struct enforce *enforce)
{
	struct round round PSG_CLEANUP(round_clear) = {.enforce = enforce};
	struct ctl *ctl = enforce->ctl;
	int64_t next_ns;
	enum psg_err err = psg_logins_list(ctl->store, &round.logins);

	enforce->acts = json_array();
	if (!err)
		err = psg_people_each(ctl->store, collect, &round);
	if (!err)
		err = enforce_act(enforce, &round.dues, &round.logins, &next_ns);
	if (ctl->json && enforce->acts) {
		json_t *acts = enforce->acts;

		enforce->acts = NULL;
		if (ctl_print_json(acts) != CTL_DONE)
			return CTL_STORE;
	}
	if (err)
		return ctl_store_error(ctl, "ending sessions", err);
	return enforce->left ? CTL_REFUSED : CTL_DONE;
}

/* A descriptor for each process of a session; and a reader of our output that leaves must not end the watch. */
static void prepare(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	(void)signal(SIGPIPE, SIG_IGN);
	/* It may run in a session that it ends. */
	(void)signal(SIGHUP, SIG_IGN);
}

enum ctl_exit ctl_enforce(struct ctl *ctl)
{
	struct enforce enforce PSG_CLEANUP(enforce_clear) = {.ctl = ctl};
	const struct ctl_option options[] = {{"watch", false, NULL, &enforce.watch},
					     {"dry-run", false, NULL, &enforce.dry_run},
					     {NULL, false, NULL, NULL}};

	if (!ctl_parse(ctl, options, NULL, 0, 0, NULL))
		return CTL_USAGE;
	if (enforce.watch && enforce.dry_run) {
		ctl_error(ctl, "--watch and --dry-run exclude each other: give one");
		ctl_print_usage(ctl->command);
		return CTL_USAGE;
	}
	if (!ctl_open_store(ctl, true) || !ctl_open_policy(ctl))
		return CTL_STORE;
	prepare();
	return enforce.watch ? enforce_watch(&enforce) : once(&enforce);
}
