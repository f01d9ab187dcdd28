/* One line from the person at the keyboard, unseen by whoever looks at the screen.
 *
 * MUST: give the terminal its echo back on every return and before a signal kills
 *       (tests/cli/test_enroll.py, test_interrupt_gives_the_echo_back).
 * MUST NOT: buffer in stdio: what is typed ahead belongs to the next question, and stdio's buffer is
 *           never wiped. */
#include "person.h"

#include <errno.h>
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

/* Reads byte by byte up to a newline: nothing of the line after is taken. */
static enum psg_err read_line(char *out, size_t size)
{
	size_t len = 0;
	bool too_long = false, any = false;

	for (;;) {
		char byte;
		ssize_t got = read(STDIN_FILENO, &byte, 1);

		if (got < 0 && errno == EINTR && !caught)
			continue;
		if (got < 0)
			return caught ? PSG_ERR_CANCELLED : PSG_ERR_IO;
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
	struct sigaction catching = {.sa_handler = catch}; /* no SA_RESTART: read() is to return */
	struct termios before, quiet;

	if (tcgetattr(STDIN_FILENO, &before))
		return PSG_ERR_IO;
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	caught = 0;
	for (size_t i = 0; i < PSG_COUNT(watched); i++)
		sigaction(watched[i], &catching, &old[i]);
	say(prompt);
	enum psg_err err =
	    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) ? PSG_ERR_IO : read_line(out, size);

	tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
	say("\n");
	for (size_t i = 0; i < PSG_COUNT(watched); i++)
		sigaction(watched[i], &old[i], NULL);
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
	return isatty(STDIN_FILENO) ? ask_terminal(prompt, out, size) : read_line(out, size);
}

bool ctl_text_valid(const char *text, size_t most)
{
	for (size_t count = 0; *text; count++) {
		uint32_t point = 0;
		size_t len = psg_utf8_decode(text, &point);

		if (len == 0 || psg_char_is_unsafe(point) || count == most)
			return false;
		text += len;
	}
	return true;
}

void ctl_answer_wipe(char (*answer)[CTL_ANSWER_SIZE])
{
	psg_wipe(*answer, sizeof(*answer));
}
