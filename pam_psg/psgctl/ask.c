/* One line from the person at the keyboard, unseen by whoever looks at the screen.
 *
 * MUST: give the terminal its echo back on every return and before a signal kills
 *       (tests/cli/test_enroll.py, test_interrupt_gives_the_echo_back).
 * MUST NOT: buffer in stdio: what is typed ahead belongs to the next question, and stdio's buffer is
 *           never wiped. */
#include "person.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

static volatile sig_atomic_t caught;

static void catch (int number)
{
	caught = number;
}

/* Waits for input. The watched signals are let in here and nowhere else: one that came between the
 * prompt and a read() would be caught and leave the read() waiting. */
static enum psg_err wait_for_input(const sigset_t *waiting_mask)
{
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};

	while (ppoll(&input, 1, NULL, waiting_mask) < 0) {
		if (caught)
			return PSG_ERR_CANCELLED;
		if (errno != EINTR)
			return PSG_ERR_IO;
	}
	return PSG_OK;
}

/* Reads byte by byte up to a newline: nothing of the line after is taken. */
static enum psg_err read_line(const sigset_t *waiting_mask, char *out, size_t size)
{
	size_t len = 0;
	bool too_long = false, any = false;

	for (;;) {
		char byte;
		enum psg_err err = wait_for_input(waiting_mask);
		ssize_t got = err ? 0 : read(STDIN_FILENO, &byte, 1);

		if (err)
			return err;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return PSG_ERR_IO;
		if (got == 0 && !any)
			return PSG_ERR_CANCELLED;
		if (got == 0 || byte == '\n')
			break;
		any = true;
		too_long |= len + 1 >= size || byte == '\0';
		if (!too_long)
			out[len++] = byte;
	}
	if (len && out[len - 1] == '\r')
		len--;
	out[len] = '\0';
	return too_long ? PSG_ERR_MALFORMED : PSG_OK;
}

static void say(const char *text)
{
	/* A prompt nobody can see is no reason to fail. */
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		return;
}

static enum psg_err ask_terminal(const char *prompt, char *out, size_t size)
{
	struct sigaction old[PSG_COUNT(watched)];
	struct sigaction catching = {.sa_handler = catch};
	struct termios before, quiet;
	sigset_t held, waiting_mask;

	if (tcgetattr(STDIN_FILENO, &before))
		return PSG_ERR_IO;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	caught = 0;
	sigemptyset(&held);
	for (size_t i = 0; i < PSG_COUNT(watched); i++) {
		sigaddset(&held, watched[i]);
		sigaction(watched[i], &catching, &old[i]);
	}
	sigprocmask(SIG_BLOCK, &held, &waiting_mask);
	/* Unseen first, asked then: whoever answers at once is neither shown nor flushed away. */
	enum psg_err err = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) ? PSG_ERR_IO : PSG_OK;

	if (!err) {
		say(prompt);
		err = read_line(&waiting_mask, out, size);
	}

	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	say("\n");
	for (size_t i = 0; i < PSG_COUNT(watched); i++)
		sigaction(watched[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &waiting_mask, NULL);
	if (caught) {
		psg_wipe(out, size);
		raise(caught);
		return PSG_ERR_CANCELLED;
	}
	return err;
}

enum psg_err ctl_ask(const char *prompt, char *out, size_t size)
{
	caught = 0;
	return isatty(STDIN_FILENO) ? ask_terminal(prompt, out, size) : read_line(NULL, out, size);
}

void ctl_answer_wipe(char (*answer)[CTL_ANSWER_SIZE])
{
	psg_wipe(*answer, sizeof(*answer));
}
