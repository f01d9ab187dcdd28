/* psgctl status: what is live, once or as it goes on. */
#ifndef PSGCTL_STATUS_H
#define PSGCTL_STATUS_H

#include "live.h"

struct status_row {
	char *subject;
	struct psg_activation activation;
};

struct status_list {
	struct psg_now now;
	struct status_row *rows; /* by user and end */
	size_t count;
};

void status_list_clear(struct status_list *list);
/* What is live now, of one subject or (NULL) of everybody. Lapses that nobody noticed are written. Errors: the store's. */
PSG_MUST_CHECK
enum psg_err status_look(struct ctl *ctl, const char *subject, struct status_list *ret);
void status_print_table(const struct status_list *list);
json_t *status_json(const struct status_row *row);

/* -- status_watch.c -- */

/* Until a signal, `q`, or nobody reads any more. On a terminal a screen that is drawn each second; else, and under --json (a
 * document a line), the list again whenever it changed. */
enum ctl_exit status_watch(struct ctl *ctl, const char *subject);

/* -- status_rows.c: what is on the screen -- */

/* How long what came or went is marked. */
#define WATCH_FLASH_NS (3 * PSG_NS_PER_S)

struct watch_row {
	char id[PSG_ACTIVATION_ID_SIZE];
	char *subject;
	struct psg_activation activation;
	int64_t warn_ns;  /* left, when it is time to warn */
	int64_t since_ns; /* boot time when it was first seen; 0: it was there from the start */
	int64_t ended_ns; /* when it was last seen; 0: it is live */
};

struct watch_rows {
	const char *subject; /* whose, or NULL */
	struct watch_row *items;
	size_t count, live, people;
	bool looked;
};

void watch_rows_clear(struct watch_rows *rows);
/* Takes what a look found; *ret_changed: it is not what it was. Errors: NO_MEMORY. */
PSG_MUST_CHECK
enum psg_err watch_rows_take(struct watch_rows *rows, struct psg_policy *policy,
			     const struct status_list *list, bool *ret_changed);

/* -- status_screen.c -- */

struct watch_screen {
	unsigned width, height;
	bool colour, utf8;
};
/* The whole screen, from its first cell on; each line as wide as the screen at most. */
void watch_draw(const struct watch_rows *rows, const struct psg_now *now,
		const struct watch_screen *screen, struct psg_buf *out);

/* -- status_terminal.c -- */

/* Takes the terminal over, and gives it back on every way out. */
PSG_MUST_CHECK
enum psg_err watch_terminal_enter(void);
void watch_terminal_leave(void);
/* Width and height now. */
void watch_terminal_size(struct watch_screen *screen);
/* All at once; false when nobody sees it any more. */
bool watch_terminal_show(const struct psg_buf *screen);
/* Until a second, by the boot clock, is over, the size changes, or it is to end (true). A stop from the keyboard is answered
 * in here. */
bool watch_terminal_wait(const struct psg_now *now, int *ret_signal);

#endif
