/* `psgctl status --watch`: what is live, as it comes, counts down and goes. */
#include "status.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EVERY_NS PSG_NS_PER_S
/* A look that takes long, with very many people, is taken less often: never more than a twentieth of the time. */
#define SHARE 20

struct watching {
	struct ctl *ctl;
	const char *subject;
	struct watch_rows rows;
	struct psg_now now;
	int64_t next_ns; /* of the boot clock, when to look again */
};

static void watching_clear(struct watching *watching)
{
	watch_terminal_leave();
	watch_rows_clear(&watching->rows);
}

static enum psg_err look(struct watching *watching, struct status_list *list, bool *ret_changed)
{
	struct ctl *ctl = watching->ctl;
	struct psg_now after;

	/* An assignment that was taken away, a shorter lifetime: as they are now. */
	psg_policy_close(&ctl->policy);
	enum psg_err err = status_look(ctl, watching->subject, list);

	if (!err)
		err = psg_clock_now(&ctl->store->clock, &after);
	if (err)
		return err;
	int64_t took_ns = after.boottime_ns - list->now.boottime_ns;

	/* A little early, so that each second's turn has its look. */
	watching->next_ns =
	    list->now.boottime_ns + (took_ns * SHARE > EVERY_NS ? took_ns * SHARE : EVERY_NS / 2);
	return watch_rows_take(&watching->rows, ctl->policy, list, ret_changed);
}

static bool is_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < PSG_COUNT(names); i++) {
		const char *value = getenv(names[i]);

		if (value && *value)
			return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
	}
	return false;
}

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

static enum psg_err draw(const struct watching *watching, struct watch_screen *screen,
			 bool *ret_seen)
{
	struct psg_buf text PSG_CLEANUP(psg_buf_clear) = {0};

	watch_terminal_size(screen);
	watch_draw(&watching->rows, &watching->now, screen, &text);
	*ret_seen = watch_terminal_show(&text);
	return text.failed ? PSG_ERR_NO_MEMORY : PSG_OK;
}

static enum ctl_exit on_terminal(struct watching *watching)
{
	struct watch_screen screen = {.colour = !is_set("NO_COLOR"), .utf8 = is_utf8()};
	struct ctl *ctl = watching->ctl;
	enum psg_err err = watch_terminal_enter();
	bool over = false, seen = true;
	int number = 0;

	while (!err && !over && seen) {
		struct status_list list PSG_CLEANUP(status_list_clear) = {0};
		bool changed;

		err = psg_clock_now(&ctl->store->clock, &watching->now);
		if (!err && watching->now.boottime_ns >= watching->next_ns)
			err = look(watching, &list, &changed);
		if (!err)
			err = draw(watching, &screen, &seen);
		if (!err && seen)
			err = psg_clock_now(&ctl->store->clock, &watching->now);
		if (!err && seen)
			over = watch_terminal_wait(&watching->now, &number);
	}
	watch_terminal_leave();
	/* As it would have ended without us. */
	if (number)
		(void)raise(number);
	return err ? ctl_store_error(ctl, "reading the activations", err) : CTL_DONE;
}

static void print_json(const struct status_list *list)
{
	json_t *rows = json_array();

	for (size_t i = 0; i < list->count; i++)
		if (json_array_append_new(rows, status_json(&list->rows[i])) != 0)
			ctl_output_failed();
	ctl_json_line(rows);
}

static void print_plain(const struct status_list *list)
{
	char when[PSG_TIME_SIZE];

	psg_time_format(list->now.realtime_ns / PSG_NS_PER_S, when);
	printf("-- %s\n", when);
	status_print_table(list);
}

/* Until the reader is gone. */
static enum ctl_exit in_lines(struct watching *watching)
{
	struct ctl *ctl = watching->ctl;
	enum psg_err err = PSG_OK;

	while (!err) {
		struct status_list list PSG_CLEANUP(status_list_clear) = {0};
		struct pollfd reader = {.fd = STDOUT_FILENO, .events = 0};
		bool changed = false;

		err = look(watching, &list, &changed);
		if (err)
			break;
		if (changed && ctl->json)
			print_json(&list);
		else if (changed)
			print_plain(&list);
		if (fflush(stdout) != 0 || ferror(stdout))
			break;
		int64_t rest_ns = watching->next_ns - list.now.boottime_ns;

		if (poll(&reader, 1, (int)((rest_ns > EVERY_NS ? rest_ns : EVERY_NS) / 1000000)) >
		    0)
			break;
	}
	return err ? ctl_store_error(ctl, "reading the activations", err) : CTL_DONE;
}

enum ctl_exit status_watch(struct ctl *ctl, const char *subject)
{
	struct watching watching PSG_CLEANUP(watching_clear) = {.ctl = ctl,
								.rows = {.subject = subject}};
	const char *kind = getenv("TERM");

	watching.subject = subject;
	if (!ctl->json && isatty(STDOUT_FILENO) && kind && *kind && strcmp(kind, "dumb") != 0)
		return on_terminal(&watching);
	return in_lines(&watching);
}
