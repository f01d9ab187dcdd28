/* The terminal of the live view: another screen, keys unseen, and the way back.
 *
 * MUST give the terminal back as it was on every way out: q, a signal, a stop, an error
 *   (test_status_watch.py: given_back_*) */
#include "status.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define ANOTHER_SCREEN "\x1b[?1049h\x1b[?25l\x1b[2J"
#define OLD_SCREEN "\x1b[0m\x1b[?25h\x1b[?1049l"

static const int watched[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};

static struct {
	struct sigaction before[PSG_COUNT(watched)];
	struct termios keys;
	sigset_t waiting; /* while waiting, and nowhere else, signals are let in */
	bool has_keys, entered;
} terminal;

static volatile sig_atomic_t caught;

static void catch (int number)
{
	/* What ends is not forgotten for a change of size after it. */
	if (caught == 0 || caught == SIGWINCH)
		caught = number;
}

static bool put(const char *text, size_t len)
{
	while (len > 0) {
		ssize_t done = write(STDOUT_FILENO, text, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		text += done;
		len -= (size_t)done;
	}
	return true;
}

enum psg_err watch_terminal_enter(void)
{
	struct sigaction catching = {.sa_handler = catch};
	struct termios quiet;
	sigset_t held;

	caught = 0;
	sigemptyset(&held);
	for (size_t i = 0; i < PSG_COUNT(watched); i++) {
		sigaddset(&held, watched[i]);
		sigaction(watched[i], &catching, &terminal.before[i]);
	}
	sigprocmask(SIG_BLOCK, &held, &terminal.waiting);
	terminal.entered = true;
	terminal.has_keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal.keys) == 0;
	if (terminal.has_keys) {
		quiet = terminal.keys;
		quiet.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		quiet.c_cc[VMIN] = 0;
		quiet.c_cc[VTIME] = 0;
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
	}
	return put(ANOTHER_SCREEN, strlen(ANOTHER_SCREEN)) ? PSG_OK : PSG_ERR_IO;
}

void watch_terminal_leave(void)
{
	if (!terminal.entered)
		return;
	terminal.entered = false;
	(void)put(OLD_SCREEN, strlen(OLD_SCREEN));
	if (terminal.has_keys)
		(void)tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal.keys);
	for (size_t i = 0; i < PSG_COUNT(watched); i++)
		sigaction(watched[i], &terminal.before[i], NULL);
	sigprocmask(SIG_SETMASK, &terminal.waiting, NULL);
}

void watch_terminal_size(struct watch_screen *screen)
{
	struct winsize size = {0};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0)
		size = (struct winsize){.ws_row = 24, .ws_col = 80};
	/* Without the last column: to clear the rest of a line that reaches it takes its last letter away (xterm). */
	screen->width = size.ws_col > 1 ? size.ws_col - 1U : 1;
	screen->height = size.ws_row;
}

bool watch_terminal_show(const struct psg_buf *screen)
{
	return !screen->failed && put(screen->data, screen->len);
}

/* q, or the end of what is typed: no terminal any more. */
static bool is_quit(void)
{
	char keys[64];
	ssize_t got = read(STDIN_FILENO, keys, sizeof(keys));

	if (got <= 0)
		return got == 0 || (errno != EINTR && errno != EAGAIN);
	return memchr(keys, 'q', (size_t)got) || memchr(keys, 'Q', (size_t)got) ||
	       memchr(keys, '\x04', (size_t)got);
}

/* Stopped as any program is, on its own screen; on again when it is continued. */
static bool stop(void)
{
	watch_terminal_leave();
	(void)raise(SIGTSTP);
	return watch_terminal_enter() == PSG_OK;
}

bool watch_terminal_wait(const struct psg_now *now, int *ret_signal)
{
	struct pollfd input = {.fd = terminal.has_keys ? STDIN_FILENO : -1, .events = POLLIN};
	int64_t rest_ns = PSG_NS_PER_S - now->boottime_ns % PSG_NS_PER_S;
	const struct timespec rest = {.tv_sec = rest_ns / PSG_NS_PER_S,
				      .tv_nsec = rest_ns % PSG_NS_PER_S};
	int ready = ppoll(&input, 1, &rest, &terminal.waiting);
	int number = caught;

	*ret_signal = 0;
	caught = 0;
	if (ready > 0)
		return is_quit();
	if (ready == 0 || number == 0 || number == SIGWINCH)
		return ready < 0 && errno != EINTR;
	if (number == SIGTSTP)
		return !stop();
	*ret_signal = number;
	return true;
}
