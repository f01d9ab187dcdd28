/* What came of a deployment, for people. */
#include "deploy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define OUTDATED_NAMED 10U

static const char *const change_words[] = {
    [PSG_CHANGE_CREATED] = "created",
    [PSG_CHANGE_CHANGED] = "changed",
    [PSG_CHANGE_UNCHANGED] = "unchanged",
    [PSG_CHANGE_DELETED] = "deleted",
};

void ctl_deploy_counts(const struct psg_deployment *deployment, char *out, size_t size)
{
	size_t counts[PSG_COUNT(change_words)] = {0};
	for (size_t i = 0; i < deployment->component_count; i++)
		counts[deployment->components[i].change]++;
	size_t all = deployment->component_count;
	int len = snprintf(out, size, "%zu component%s", all, all == 1 ? "" : "s");
	const char *before = ": ";
	for (size_t i = 0; i < PSG_COUNT(counts); i++) {
		if (counts[i] == 0 || len < 0 || (size_t)len >= size)
			continue;
		len += snprintf(out + len, size - (size_t)len, "%s%zu %s", before, counts[i],
				change_words[i]);
		before = ", ";
	}
}

static void say_stopped(const struct ctl *ctl, const struct psg_problems *problems)
{
	size_t warnings = problems->count - problems->error_count;
	ctl_error(ctl, "%zu error%s, %zu warning%s: nothing was changed", problems->error_count,
		  problems->error_count == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
	if (problems->error_count == 0)
		ctl_error(ctl, "correct what is warned of, or leave --strict out: then warnings do "
			       "not stop it");
}

/* ", in 12 ms" */
static void format_time_taken(int64_t started_ns, char out[static 48])
{
	struct timespec now = {0};
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	int64_t taken_ms =
	    ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec - started_ns) / 1000000 + 1;
	if (taken_ms < 1000)
		snprintf(out, 48, ", in %d ms", (int)taken_ms);
	else
		snprintf(out, 48, ", in %.1f s", (double)taken_ms / 1000);
}

static void print_changes(const struct ctl_changes *changes)
{
	puts("");
	if (changes->count == 0)
		puts("Nothing would change for people.");
	else
		printf("%zu change%s for people:\n", changes->count,
		       changes->count == 1 ? "" : "s");
	ctl_changes_print(changes);
	puts("");
}

void ctl_say_outdated(const struct ctl *ctl, const struct psg_model *put)
{
	struct psg_buf names PSG_CLEANUP(psg_buf_clear) = {0};
	size_t count = 0;
	for (size_t i = 0; i < put->group_count; i++)
		if (put->groups[i].status == PSG_STATUS_OUTDATED && count++ < OUTDATED_NAMED)
			psg_buf_format(&names, "%s%s", count > 1 ? ", " : "",
				       ctl_safe(put->groups[i].name));
	if (count > OUTDATED_NAMED)
		psg_buf_format(&names, " and %zu more", count - OUTDATED_NAMED);
	if (names.failed)
		ctl_output_failed();
	else if (count > 0)
		ctl_note(ctl,
			 "Outdated: %s. What was in force stays until `psgctl recalculate` puts "
			 "this in force",
			 names.data);
}

/* "TYPE/NAME" among the components, which are sorted by both. */
static int match_component(const void *key, const void *item)
{
	const struct psg_component *component = item;
	const char *document = key;
	size_t len = strcspn(document, "/");
	int order = strncmp(document, component->type, len);
	if (order == 0 && component->type[len] != '\0')
		order = -1;
	return order != 0 ? order : strcmp(document + len + 1, component->name);
}

static bool is_component(const struct psg_deployment *deployment, const char *document)
{
	return deployment->component_count > 0 &&
	       bsearch(document, deployment->components, deployment->component_count,
		       sizeof(*deployment->components), match_component);
}

/* What came into force with it and stands on no line of its own: it was deferred before. */
static void say_taken(const struct ctl *ctl, const struct ctl_deploy_run *run)
{
	const struct psg_deployment *deployment = &run->deployment;
	struct psg_strings before PSG_CLEANUP(psg_strings_clear) = {0};
	struct psg_buf names PSG_CLEANUP(psg_buf_clear) = {0};
	size_t count = 0;
	if (run->defer || psg_policy_pending(ctl->policy, &before) != PSG_OK)
		return;
	for (size_t i = 0; i < before.count && count <= OUTDATED_NAMED; i++)
		if (!psg_strings_has(&deployment->pending, before.items[i]) &&
		    !is_component(deployment, before.items[i]) && count++ < OUTDATED_NAMED)
			psg_buf_format(&names, "%s%s", count > 1 ? ", " : "",
				       ctl_safe(before.items[i]));
	if (names.failed)
		ctl_output_failed();
	else if (count > 0)
		ctl_note(ctl, "%s too, deferred before: %s%s",
			 run->check_only ? "would come into force" : "in force now", names.data,
			 count > OUTDATED_NAMED ? " and more" : "");
}

static void print_summary(const struct ctl_deploy_run *run)
{
	const struct psg_deployment *deployment = &run->deployment;
	char counts[160], taken[48];
	ctl_deploy_counts(deployment, counts, sizeof(counts));
	format_time_taken(run->started_ns, taken);
	if (run->check_only)
		printf("Checked %s%s. Nothing was written (--check-only).\n", counts, taken);
	else if (run->written && run->defer)
		printf("Stored %s%s. Not in force yet (--defer): `psgctl recalculate` does that.\n",
		       counts, taken);
	else if (run->written)
		printf("Deployed %s%s.\n", counts, taken);
	else if (deployment->pending.count > 0)
		printf("Nothing to do: %s, stored already. Not in force yet (--defer): `psgctl "
		       "recalculate` does that.\n",
		       counts);
	else
		printf("Nothing to do: %s, in force already.\n", counts);
}

enum ctl_exit ctl_deploy_report(const struct ctl *ctl, const struct ctl_deploy_run *run)
{
	const struct psg_deployment *deployment = &run->deployment;
	if (run->stopped)
		say_stopped(ctl, &deployment->problems);
	else
		ctl_say_outdated(ctl, &deployment->put);
	if (!run->stopped)
		say_taken(ctl, run);
	if (ctl->json)
		return ctl_deploy_json(run);
	if (run->stopped || ctl->quiet)
		return CTL_DONE;
	for (size_t i = 0; i < deployment->component_count; i++)
		printf("%-9s  %s %s\n", change_words[deployment->components[i].change],
		       ctl_safe(deployment->components[i].type),
		       ctl_safe(deployment->components[i].name));
	if (run->check_only)
		print_changes(&run->changes);
	print_summary(run);
	return CTL_DONE;
}
