"""status --watch: the screen as a terminal shows it, what it gives back, and what it says where there is none."""

import json
import os
import re
import shlex
import subprocess
import time

import pytest

from conftest import PSGCTL
from person import PERSON, Session, policy

LONG = "a-service-account-with-a-name-that-is-too-long-for-any-column"


def wait_until(condition, seconds=30):
    """What the condition gives once it is true."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got or time.monotonic() > end:
            assert got
            return got
        time.sleep(0.05)


class Terminal:
    """A shell in a terminal of that size, by tmux."""

    def __init__(self, psgctl, folder, width, height, **environment):
        self.socket = str(folder / "tmux")
        kept = {"PSG_STORE": psgctl.store, "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"], "PS1": "shell$ ",
                **environment}
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", width, "-y", height,
                  "env -i TERM=screen-256color " + " ".join(f"{k}={shlex.quote(v)}" for k, v in kept.items())
                  + " sh")
        self.wait("shell$")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.tmux("kill-server")

    def tmux(self, *args):
        return subprocess.run(["tmux", "-u", "-S", self.socket, *map(str, args)], check=True, capture_output=True,
                              text=True).stdout

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def watch(self, *args):
        self.type(shlex.join([PSGCTL, "status", "--watch", *args]), "Enter")
        return self.wait("q: quit")

    def lines(self, *options):
        return self.tmux("capture-pane", "-p", *options).split("\n")

    def wait(self, text):
        return wait_until(lambda: text in "\n".join(self.lines()) and self.lines())

    def wait_gone(self, text):
        return wait_until(lambda: text not in "\n".join(self.lines()) and self.lines())


@pytest.fixture
def store(psgctl, package):
    policy(psgctl, package, lifetime="PT8H", maximumLifetime="P3D", warnBefore="PT10M")

    def grant(user, long="8h"):
        psgctl.ok("assign", user, "Billing")
        return psgctl.ok("--json", "activate", "Billing", "--user", user, "--for", long).json()["id"]

    psgctl.grant = grant
    return psgctl


def row(lines, user):
    found = [line for line in lines if re.match(rf". +{re.escape(user)}\b", line)]
    assert len(found) <= 1
    return found[0] if found else ""


def test_fits_80_by_24(store, tmp_path):
    for user, long in (("alice", "2d"), ("bob", "5m"), ("carol", "3h"), (LONG, "4h")):
        store.grant(user, long)
    with Terminal(store, tmp_path, 80, 24) as terminal:
        lines = terminal.watch()
        assert re.match(r"4 active, 4 people +\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", lines[0])
        assert lines[1].split() == ["USER", "TARGET", "SERVICE", "SESSION", "LEFT"]
        # the soonest first, each in its line
        users = [line[1:].split()[0] for line in lines[2:6]]
        assert users[:2] + users[3:] == ["bob", "carol", "alice"] and re.match("a-service-a.*…$", users[2])
        assert row(lines, "bob").startswith("!") and re.search(r"\b0:0[45]:\d\d  ", row(lines, "bob"))
        assert re.search(r"Billing +psgctl +\(Host\) +(2d 00:00:00|1d 23:59:\d\d)  ━{8,}$", row(lines, "alice"))
        assert lines[23] == "q: quit" and all(len(line) < 80 for line in lines)


def test_fits_40_by_10(store, tmp_path):
    for n in range(12):
        store.grant(f"user{n:02}", f"{n + 1}h")
    with Terminal(store, tmp_path, 40, 10) as terminal:
        lines = terminal.watch()
        assert re.match(r"12 active, 12 people +\d\d:\d\d:\d\dZ$", lines[0])
        assert lines[1].split() == ["USER", "TARGET", "LEFT"]
        assert [line.split()[0] for line in lines[2:9]] == [f"user{n:02}" for n in range(7)]
        assert lines[9] == "q: quit   5 more that last longer" and all(len(line) < 40 for line in lines)
        # As the window grows and shrinks; what is too small for anything breaks nothing.
        terminal.tmux("resize-window", "-x", 100, "-y", 20)
        lines = terminal.wait("SESSION")
        assert row(lines, "user11") and wait_until(lambda: terminal.lines()[19] == "q: quit")
        terminal.tmux("resize-window", "-x", 6, "-y", 2)
        assert wait_until(lambda: terminal.lines()[0] == "12 a…")


def test_counts_down_and_flashes(store, tmp_path):
    store.grant("alice", "1h")
    short = store.grant("bob", "3s")
    with Terminal(store, tmp_path, 80, 12) as terminal:
        first = row(terminal.watch(), "alice")
        assert first.startswith(" ")  # it was there before
        ended = wait_until(lambda: [line for line in terminal.lines() if "lapsed" in line])
        assert ended[0].startswith("-") and " bob " in ended[0]
        store.grant("carol", "2h")
        store.ok("deactivate", "--all", "--user", "alice")
        wait_until(lambda: row(terminal.lines(), "carol").startswith("+"))
        assert row(terminal.lines(), "alice") != first
        wait_until(lambda: re.match(r"-  alice .* ended ", row(terminal.lines(), "alice")))
        # Neither stays for good.
        lines = wait_until(lambda: not row(terminal.lines(), "alice")
                           and row(terminal.lines(), "carol").startswith(" ") and terminal.lines())
        assert lines[0].startswith("1 active, 1 person ")
    assert [e["activationId"] for e in store.ok("log", "--json", "--kind", "Lapsed").json()] == [short]


def test_of_one_person_and_a_session(store, tmp_path):
    store.grant("alice")
    store.ok("assign", PERSON, "Quiet")
    with Session(store) as session:
        store.ok("activate", "Quiet", "--user", PERSON, "--session", session.id())
        with Terminal(store, tmp_path, 120, 10) as terminal:
            lines = terminal.watch(PERSON)
            assert lines[0].startswith(f"1 active: {PERSON} ") and not row(lines, "alice")
            assert session.id() in row(lines, PERSON)
            session.shell.stdin.write("exit\n")
            session.shell.stdin.flush()
            wait_until(lambda: " ended " in row(terminal.lines(), PERSON))  # with its session


def test_nothing(store, tmp_path):
    with Terminal(store, tmp_path, 60, 6) as terminal:
        assert terminal.watch()[2] == "Nothing is active."


def test_colour_and_none(store, tmp_path):
    store.grant("alice", "30s")
    store.grant("bob", "5m")
    store.grant("carol", "8h")
    with Terminal(store, tmp_path, 80, 8) as terminal:
        terminal.watch()
        lines = terminal.lines("-e")
        assert "\x1b[31m" in row_of(lines, "alice") and "\x1b[33m" in row_of(lines, "bob")
        assert "\x1b[32m" in row_of(lines, "carol")
        terminal.type("q")
        terminal.wait("shell$")
        terminal.tmux("respawn-pane", "-k", "env -i TERM=screen-256color NO_COLOR=1 LC_ALL=C "
                      + shlex.join([PSGCTL, "--store", store.store, "status", "--watch"]))
        terminal.wait("q: quit")
        text = "\n".join(terminal.lines("-e"))
        assert "carol" in text and not re.search(r"\x1b\[[0-9;]*[1-9]", text)
        assert "━" not in text and "########" in text


def row_of(lines, user):
    """With its colours, which tmux writes where they change."""
    at = next(n for n, line in enumerate(lines) if user in line)
    return lines[at - 1] + lines[at]


def test_harmless(store, tmp_path):
    evil = "x\x1b[2J\u202eevil"
    store.ok("assign", evil.replace("\x1b", "é"), "Billing")
    store.ok("activate", "Billing", "--user", evil.replace("\x1b", "é"))
    with Terminal(store, tmp_path, 100, 8) as terminal:
        lines = terminal.watch()
        assert "xé[2J\\xe2\\x80\\xaeevil" in "\n".join(lines)


@pytest.mark.parametrize("how", ["q", "C-c", "TERM", "HUP"])
def test_given_back(store, tmp_path, how):
    store.grant("alice")
    with Terminal(store, tmp_path, 80, 12) as terminal:
        terminal.type("echo before", "Enter")
        terminal.wait("before")
        settings = terminal_settings(terminal)
        terminal.watch()
        if how in ("TERM", "HUP"):
            pid = wait_until(lambda: child_of(terminal))
            os.kill(pid, {"TERM": 15, "HUP": 1}[how])
        else:
            terminal.type(how)
        terminal.wait_gone("alice")
        terminal.type("echo ended $?", "Enter")
        status = {"q": 0, "C-c": 130, "TERM": 143, "HUP": 129}[how]
        assert "before" in terminal.wait(f"ended {status}")  # the old screen is there again
        assert terminal_settings(terminal) == settings
        assert terminal.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").split() == ["1", "0"]


def terminal_settings(terminal):
    tty = terminal.tmux("display-message", "-p", "#{pane_tty}").strip()
    with open(tty, "rb") as file:
        return subprocess.run(["stty", "-g"], stdin=file, check=True, capture_output=True).stdout


def child_of(terminal):
    shell = terminal.tmux("display-message", "-p", "#{pane_pid}").strip()
    with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
        children = file.read().split()
    return int(children[0]) if children else None


def test_given_back_while_stopped(store, tmp_path):
    store.grant("alice")
    with Terminal(store, tmp_path, 80, 12) as terminal:
        terminal.type("set -m", "Enter")
        terminal.watch()
        terminal.type("C-z")
        terminal.wait_gone("alice")
        assert terminal.tmux("display-message", "-p", "#{cursor_flag} #{alternate_on}").split() == ["1", "0"]
        terminal.type("fg", "Enter")
        terminal.wait("alice")
        terminal.type("q")
        terminal.wait_gone("alice")


def test_given_back_when_the_store_goes(store, tmp_path):
    store.grant("alice")
    with Terminal(store, tmp_path, 120, 12) as terminal:
        terminal.watch()
        os.chmod(os.path.join(store.store, "people"), 0o777)
        terminal.wait("reading the activations")
        terminal.type("echo ended $?", "Enter")
        terminal.wait("ended 4")


# -- where there is no terminal --

def reader(psgctl, *args):
    return psgctl.popen(*args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)


def test_json_a_line_for_each_change(store):
    one = store.grant("alice")
    with reader(store, "--json", "status", "--watch") as process:
        assert [row["id"] for row in json.loads(process.stdout.readline())] == [one]
        other = store.grant("bob")
        rows = json.loads(process.stdout.readline())
        assert [row["id"] for row in rows] == [one, other] and set(rows[0]) >= {"userName", "expirationDate"}
        store.ok("deactivate", "--all", "--user", "alice")
        assert [row["id"] for row in json.loads(process.stdout.readline())] == [other]
        process.stdout.close()
        assert process.wait(timeout=30) in (0, 4)


def test_plain_a_table_for_each_change(store):
    store.grant("alice")
    with reader(store, "status", "--watch") as process:
        lines = [process.stdout.readline() for _ in range(3)]
        assert re.match(r"-- \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", lines[0]) and lines[1].startswith("USER ")
        assert lines[2].startswith("alice ") and "\x1b" not in "".join(lines)
        store.ok("deactivate", "--all", "--user", "alice")
        assert process.stdout.readline().startswith("-- ") and process.stdout.readline() == "None.\n"
        process.terminate()
        assert process.wait(timeout=30) == -15
