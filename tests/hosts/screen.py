"""A terminal of 80 x 24, and what is to be seen on it."""

import base64
import re
import subprocess
import time

import world
from machine import PASSWORD, totp, wait_until

COLUMNS, LINES = 80, 24


class Screen:
    """A program on a terminal of its own (tmux): its screen is read as a person would, and typed into."""

    count = 0

    def __init__(self, *command):
        Screen.count += 1
        self.socket = f"{world.ROOT}/tmp/screen-{Screen.count}"
        quoted = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
        subprocess.run(["tmux", "-S", self.socket, "-f", "/dev/null", "-u", "new-session", "-d", "-x", str(COLUMNS),
                        "-y", str(LINES), quoted + "; echo status=$?; sleep 1000"], check=True, cwd="/",
                       env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server", check=False)

    def tmux(self, *words, check=True):
        return subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True, check=check).stdout

    def text(self):
        return self.tmux("capture-pane", "-p")

    def type(self, line):
        self.tmux("send-keys", "-l", line)
        self.tmux("send-keys", "Enter")

    def wait(self, pattern):
        """Until the pattern is to be seen; returns the screen."""
        assert wait_until(lambda: re.search(pattern, self.text())), f"no {pattern!r} on the screen:\n{self.text()}"
        return self.text()


def scan(text, folder):
    """What a phone reads of the half blocks on a dark terminal; the lines that belong to none are as they are."""
    rows = []
    for line in text.splitlines():
        if "\u2588" in line and not line.strip("\u2588\u2580\u2584 "):
            cells = line.strip(" ").ljust(max(map(len, text.splitlines())))
            rows += [[cell in " \u2584" for cell in cells], [cell in " \u2580" for cell in cells]]
    assert rows, text
    scale, width = 6, len(rows[0])
    path = f"{folder}/screen.pgm"
    with open(path, "wb") as file:
        file.write(b"P5 %d %d 255\n" % ((width + 8) * scale, (len(rows) + 8) * scale))
        # Around the picture the terminal is dark.
        for row in [[True] * width] * 4 + rows + [[True] * width] * 4:
            line = [True] * 4 + row + [True] * 4
            file.write(b"".join((b"\0" if dark else b"\xff") * scale for dark in line) * scale)
    done = subprocess.run(["zbarimg", "-q", "--raw", path], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def ssh(server, person):
    screen = Screen("ssh", "-p", str(server.port), *server.options(person, False), f"{person.name}@127.0.0.1")
    screen.wait("assword:")
    screen.type(PASSWORD)
    return screen


def key_on(screen):
    """The secret, from the key that the screen shows."""
    shown = re.search(r"6 digits\): ((?:[A-Z2-7]{4} ?){8})$", screen, re.M)
    assert shown, screen
    return base64.b32decode(shown.group(1).replace(" ", ""))


def code_of(secret):
    return totp(secret, int(time.time()) // 30)
