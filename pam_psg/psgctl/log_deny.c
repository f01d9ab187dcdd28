/* `psgctl log --would-deny`: who would have been kept out while `permissive` let everybody pass. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "log.h"

/* One login is refused in each of its phases: the phase with the most refusals says how many there were. */
enum { PHASES = 4 };

struct denied {
	char *user, *service, *first, *last, *reason;
	uint64_t counts[PHASES];
};

struct log_deny {
	struct denied *items;
	size_t count, room;
	size_t *slots; /* a hash table of items, from 1 */
	size_t slot_count;
};

struct log_deny *log_deny_new(void)
{
	return calloc(1, sizeof(struct log_deny));
}

void log_deny_free(struct log_deny **deny)
{
	struct log_deny *old = *deny;

	*deny = NULL;
	if (!old)
		return;
	for (size_t i = 0; i < old->count; i++) {
		struct denied *one = &old->items[i];

		free(one->user);
		free(one->service);
		free(one->first);
		free(one->last);
		free(one->reason);
	}
	free(old->items);
	free(old->slots);
	free(old);
}

static size_t hash(const char *user, const char *service)
{
	uint64_t value = UINT64_C(14695981039346656037);

	for (int i = 0; i < 2; i++)
		for (const char *at = i ? service : user;; at++) {
			value = (value ^ (unsigned char)*at) * UINT64_C(1099511628211);
			if (!*at)
				break;
		}
	return (size_t)(value ^ value >> 32);
}

static size_t *slot_of(struct log_deny *deny, const char *user, const char *service)
{
	size_t at = hash(user, service) % deny->slot_count;

	while (deny->slots[at]) {
		const struct denied *one = &deny->items[deny->slots[at] - 1];

		if (strcmp(one->user, user) == 0 && strcmp(one->service, service) == 0)
			break;
		at = (at + 1) % deny->slot_count;
	}
	return &deny->slots[at];
}

static bool has_room(struct log_deny *deny)
{
	size_t room = deny->room ? 2 * deny->room : 32;

	if (deny->count < deny->room)
		return true;
	struct denied *grown = reallocarray(deny->items, room, sizeof(*grown));

	if (!grown)
		return false;
	deny->items = grown;
	size_t *slots = calloc(2 * room, sizeof(*slots));

	if (!slots)
		return false;
	free(deny->slots);
	deny->slots = slots;
	deny->slot_count = 2 * room;
	deny->room = room;
	for (size_t i = 0; i < deny->count; i++)
		*slot_of(deny, grown[i].user, grown[i].service) = i + 1;
	return true;
}

static struct denied *find(struct log_deny *deny, const char *user, const char *service)
{
	if (!has_room(deny))
		return NULL;
	size_t *slot = slot_of(deny, user, service);

	if (*slot)
		return &deny->items[*slot - 1];
	struct denied one = {.user = strdup(user), .service = strdup(service)};

	if (!one.user || !one.service) {
		free(one.user);
		free(one.service);
		return NULL;
	}
	deny->items[deny->count++] = one;
	*slot = deny->count;
	return &deny->items[*slot - 1];
}

static enum psg_err replace(char **text, const char *with)
{
	char *copy = strdup(with);

	if (!copy)
		return PSG_ERR_NO_MEMORY;
	free(*text);
	*text = copy;
	return PSG_OK;
}

static size_t phase_of(const json_t *event)
{
	static const char *const names[PHASES - 1] = {"auth", "account", "session"};
	const char *phase = log_text(event, "phase");
	size_t at = 0;

	while (phase && at < PHASES - 1 && strcmp(names[at], phase) != 0)
		at++;
	return phase ? at : PHASES - 1;
}

enum psg_err log_deny_add(struct log_deny *deny, const json_t *event)
{
	const char *user = log_text(event, "userName"), *service = log_text(event, "service");
	const char *when = log_text(event, "time"), *reason = log_text(event, "reason");
	struct denied *one = find(deny, user ? user : "", service ? service : "");
	enum psg_err err = one ? PSG_OK : PSG_ERR_NO_MEMORY;

	if (err)
		return err;
	one->counts[phase_of(event)]++;
	/* ISO 8601 in UTC sorts as it reads; lines do not come sorted where a clock was set back. */
	if (when && (!one->first || strcmp(when, one->first) < 0))
		err = replace(&one->first, when);
	if (!err && when && (!one->last || strcmp(when, one->last) >= 0)) {
		err = replace(&one->last, when);
		if (!err && reason && strcmp(reason, PSG_EVENT_MORE) != 0)
			err = replace(&one->reason, reason);
	}
	return err;
}

static uint64_t times(const struct denied *one)
{
	uint64_t most = 0;

	for (size_t i = 0; i < PHASES; i++)
		if (one->counts[i] > most)
			most = one->counts[i];
	return most;
}

static int by_user(const void *a, const void *b)
{
	const struct denied *left = a, *right = b;
	int order = strcmp(left->user, right->user);

	return order ? order : strcmp(left->service, right->service);
}

/* As `psgctl explain` has it, of today: who was assigned and enrolled since needs nothing more. */
static enum ctl_exit find_next(struct ctl *ctl, const struct denied *one, struct psg_buf *out)
{
	struct explain explain PSG_CLEANUP(explain_clear) = {.ctl = ctl};
	enum psg_err err = psg_subject_by_name(one->user, &explain.subject);

	if (err == PSG_ERR_NOT_FOUND) {
		psg_buf_text(out, "nothing: there is no such account any more");
		return CTL_DONE;
	}
	if (err || strlen(one->service) >= sizeof(explain.service) || !*one->service) {
		psg_buf_format(out, "psgctl explain %s SERVICE", ctl_safe(one->user));
		return CTL_DONE;
	}
	enum ctl_exit status = explain_service(&explain, one->service);

	if (!status)
		status = explain_run(&explain);
	if (!status && explain.deciding)
		explain_next(&explain, out);
	return status == CTL_STORE ? status : CTL_DONE;
}

static json_t *one_json(const struct denied *one, const char *next)
{
	return json_pack("{so so sI so so so so}", "userName", ctl_json_text(one->user), "service",
			 ctl_json_text(one->service), "times", (json_int_t)times(one), "first",
			 ctl_json_text(one->first), "last", ctl_json_text(one->last), "reason",
			 ctl_json_text(one->reason), "next", ctl_json_text(next));
}

enum ctl_exit log_deny_print(struct ctl *ctl, struct log_deny *deny)
{
	static const char *const header[] = {"USER", "SERVICE", "TIMES", "FIRST",
					     "LAST", "WHY",     "NEXT"};
	struct ctl_table *table = ctl->json ? NULL : ctl_table_new(header, PSG_COUNT(header));
	enum ctl_exit status = CTL_DONE;
	size_t shown = 0;

	if (deny->count)
		qsort(deny->items, deny->count, sizeof(*deny->items), by_user);
	for (size_t i = 0; i < deny->count && !status; i++) {
		const struct denied *one = &deny->items[i];
		struct psg_buf next PSG_CLEANUP(psg_buf_clear) = {0};
		char count[24];

		status = find_next(ctl, one, &next);
		const char *text = next.failed || !next.data ? "" : next.data;

		snprintf(count, sizeof(count), "%ju", (uintmax_t)times(one));
		const char *cells[] = {one->user, one->service, count, one->first,
				       one->last, one->reason,  text};

		if (ctl->json && !status)
			ctl_json_array_put(&shown, one_json(one, text));
		else if (!status)
			ctl_table_row(table, cells);
	}
	if (ctl->json)
		return ctl_json_array_end(shown) == CTL_DONE ? status : CTL_STORE;
	ctl_table_print_free(table);
	return status;
}
