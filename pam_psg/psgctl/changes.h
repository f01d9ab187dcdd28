/* The changes for people that a deployment brings about, kept in little room: there may be a million. */
#ifndef PSGCTL_CHANGES_H
#define PSGCTL_CHANGES_H

#include "index.h"
#include "reach.h"

struct ctl_change_row {
	uint32_t person, application, target, assignee; /* names; of no target CTL_INDEX_NONE */
	uint8_t kind, before, after;
};

/* Zeroed is empty. */
struct ctl_changes {
	struct ctl_index names;
	struct ctl_change_row *rows;
	size_t count, room;
};

/* Adds a copy: a ctl_change_fn with the list as its argument. */
PSG_MUST_CHECK
enum psg_err ctl_changes_add(void *list, const struct ctl_change *change);
/* Row `at`; `through` is filled where there is one. Both borrow from the list. */
void ctl_changes_get(const struct ctl_changes *list, size_t at, struct ctl_change *ret,
		     struct psg_assignment *through);
void ctl_changes_clear(struct ctl_changes *list);

/* `alice  gains  sshd  (needs activation, through PermissionSetGroup X)`, one a line, in columns. */
void ctl_changes_print(const struct ctl_changes *list);
/* With what DeployResult has none of: `userName`, `application`, `change`, … */
json_t *ctl_changes_json(const struct ctl_changes *list, size_t at);

#endif
