/* Lists what changes for people: as lines, and as JSON. */
#include "changes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ctl_changes_clear(struct ctl_changes *list)
{
	ctl_index_clear(&list->names);
	free(list->rows);
	*list = (struct ctl_changes){0};
}

enum psg_err ctl_changes_add(void *arg, const struct ctl_change *change)
{
	struct ctl_changes *list = arg;
	const struct psg_assignment *through = change->through;
	struct ctl_change_row row = {.target = CTL_INDEX_NONE,
				     .assignee = CTL_INDEX_NONE,
				     .kind = through != NULL ? (uint8_t)through->kind : 0,
				     .before = (uint8_t)change->before,
				     .after = (uint8_t)change->after};
	if (list->count == list->room) {
		size_t room = list->room > 0 ? 2 * list->room : 64;
		struct ctl_change_row *grown = reallocarray(list->rows, room, sizeof(*grown));
		if (grown == NULL)
			return PSG_ERR_NO_MEMORY;
		list->rows = grown;
		list->room = room;
	}
	enum psg_err err = ctl_index_add(&list->names, change->person, &row.person);
	if (!err)
		err = ctl_index_add(&list->names, change->application, &row.application);
	if (!err && through != NULL)
		err = ctl_index_add(&list->names, through->target, &row.target);
	if (!err && through != NULL)
		err = ctl_index_add(&list->names, through->assignee, &row.assignee);
	if (!err)
		list->rows[list->count++] = row;
	return err;
}

void ctl_changes_get(const struct ctl_changes *list, size_t at, struct ctl_change *ret,
		     struct psg_assignment *through)
{
	const struct ctl_change_row *row = &list->rows[at];
	char *const *names = list->names.names.items;
	*ret = (struct ctl_change){.person = names[row->person],
				   .application = names[row->application],
				   .before = (enum ctl_reach)row->before,
				   .after = (enum ctl_reach)row->after};
	if (row->target == CTL_INDEX_NONE)
		return;
	*through = (struct psg_assignment){.assignee = names[row->assignee],
					   .kind = (enum psg_target_kind)row->kind,
					   .target = names[row->target]};
	ret->through = through;
}

static const char *service(const struct ctl_change *change)
{
	return strcmp(change->application, CTL_APPLICATION_ANY) == 0
		   ? "every service"
		   : ctl_safe(change->application);
}

/* Characters, not bytes: UTF-8 continuation bytes take no column. */
static int columns(const char *text)
{
	int count = 0;
	for (; *text != '\0'; text++)
		count += ((unsigned char)*text & 0xc0U) != 0x80U;
	return count;
}

static void print_cell(const char *text, int width)
{
	printf("%s%*s", text, width - columns(text) + 2, "");
}

static void print_how(const struct ctl_change *change)
{
	const struct psg_assignment *through = change->through;
	bool gains = change->before == CTL_REACH_NONE, loses = change->after == CTL_REACH_NONE;
	printf("(%s", loses                                       ? "was "
		      : gains && change->after == CTL_REACH_GATED ? "needs activation, "
		      : gains                                     ? "needs no activation, "
								  : "");
	if (through == NULL)
		printf("an exempt user)\n");
	else if (strcmp(through->assignee, change->person) == 0)
		printf("through %s %s)\n", psg_target_kind_name(through->kind),
		       ctl_safe(through->target));
	else
		printf("through %s %s, assigned to %s)\n", psg_target_kind_name(through->kind),
		       ctl_safe(through->target), ctl_safe(through->assignee));
}

void ctl_changes_print(const struct ctl_changes *list)
{
	int person = 0, words = 0, application = 0;
	for (int printing = 0; printing < 2; printing++) {
		for (size_t i = 0; i < list->count; i++) {
			struct psg_assignment through;
			struct ctl_change change;
			ctl_changes_get(list, i, &change, &through);
			const char *name = ctl_safe(change.person), *what = service(&change);
			const char *verb = ctl_change_words(&change);
			if (printing) {
				print_cell(name, person);
				print_cell(verb, words);
				print_cell(what, application);
				print_how(&change);
			} else {
				person = columns(name) > person ? columns(name) : person;
				words = columns(verb) > words ? columns(verb) : words;
				application =
				    columns(what) > application ? columns(what) : application;
			}
		}
	}
}

json_t *ctl_changes_json(const struct ctl_changes *list, size_t at)
{
	struct psg_assignment through = {0};
	struct ctl_change change;
	ctl_changes_get(list, at, &change, &through);
	bool group = through.kind == PSG_TARGET_GROUP, set = through.kind == PSG_TARGET_SET;
	return json_pack(
	    "{s:o, s:o, s:s, s:b, s:b, s:o, s:o, s:o}", "userName", ctl_json_text(change.person),
	    "application", ctl_json_text(change.application), "change", ctl_change_name(&change),
	    "requiresActivation", change.after == CTL_REACH_GATED, "exempt", change.through == NULL,
	    "permissionSetGroup", ctl_json_text(group ? through.target : NULL), "permissionSet",
	    ctl_json_text(set ? through.target : NULL), "assignee",
	    ctl_json_text(through.assignee));
}
