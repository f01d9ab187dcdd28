"""No syslogd, one that is stopped, one that speaks another kind of socket: nobody waits and nobody gets in.

syslog(3) waits without end in its send() once the queue of a stopped syslogd is full."""

import contextlib
import os
import re
import socket
import subprocess
import threading

import pytest

LOG = "/dev/log"
STACK = "auth required pam_psg.so\naccount required pam_psg.so\nsession required pam_psg.so\n"


@contextlib.contextmanager
def instead(kind, listens=True):
    """Another /dev/log, or none: yields its socket."""
    os.rename(LOG, LOG + ".kept")
    try:
        with socket.socket(socket.AF_UNIX, kind) as sock:
            if listens:
                sock.bind(LOG)
                os.chmod(LOG, 0o666)
            yield sock
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(LOG)
        os.rename(LOG + ".kept", LOG)


def fill():
    """Sends to /dev/log until its queue is full."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
        sender.setblocking(False)
        sender.connect(LOG)
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.send(b"<13>nobody reads this")


@pytest.fixture(name="people")
def fixture_people(machine):
    machine.stack_text("sshd", STACK)
    active, idle = machine.person(), machine.person()
    active.activate_host()
    return active, idle


def judged(tools, people):
    """What the door says to one who is active and to one who is not: (0, 6) is right. Waits no minute for it."""
    active, idle = (tools.probe("sshd", one, "acct_mgmt", "open_session") for one in people)
    assert active["acct_mgmt"] == active["open_session"] and idle["acct_mgmt"] == idle["open_session"]
    return active["acct_mgmt"], idle["acct_mgmt"]


def test_none(tools, people):
    with instead(socket.SOCK_DGRAM, listens=False):
        assert judged(tools, people) == (0, 6)


@pytest.mark.parametrize("argument", ["", " debug"])
def test_a_stopped_syslogd(machine, tools, people, argument):
    machine.stack_text("sshd", STACK.replace(".so\n", f".so{argument}\n"))
    with instead(socket.SOCK_DGRAM):
        fill()
        assert judged(tools, people) == (0, 6)
        active = people[0]
        got = tools.probe("sshd", people[1], "answer=" + people[1].code(), "authenticate", "acct_mgmt")
        assert (got["authenticate"], got["acct_mgmt"]) == (0, 0)
        # The administrator's acts are logged too.
        machine.psgctl("deactivate", "--all", "--user", active.name)
    # What happened is in the store's log all the same.
    events = [entry["event"] for entry in machine.psgctl_json("log")]
    assert "Activated" in events and "Deactivated" in events


def test_debug(machine, tools, people):
    machine.stack_text("sshd", STACK.replace(".so\n", ".so debug\n"))
    with instead(socket.SOCK_DGRAM) as sock:
        sock.settimeout(30)
        assert judged(tools, people) == (0, 6)
        line = sock.recv(65536)
    assert line.startswith(b"<87>")
    assert line.endswith(b": pam_psg(sshd:account): verdict ALLOW (Active), no error: PAM_SUCCESS")


def test_one_that_goes_on_gets_the_line(tools, people):
    """Whoever reads within the second loses nothing."""
    with instead(socket.SOCK_DGRAM) as sock:
        fill()
        said = []

        def read():
            sock.settimeout(30)
            while not said or b"pam_psg" not in said[-1]:
                said.append(sock.recv(65536))

        reader = threading.Thread(target=read)
        reader.start()
        assert judged(tools, people) == (0, 6)
        reader.join()
        assert f"user={people[1].name}".encode() in said[-1] and b"Refused" in said[-1]


def test_a_stream(tools, people):
    """What some syslogds have instead: each line ends with a NUL."""
    with instead(socket.SOCK_STREAM) as sock:
        sock.listen(8)
        assert judged(tools, people) == (0, 6)
        line = sock.accept()[0].recv(65536)
        assert line.endswith(b"\0") and b"pam_psg: Refused: user=" in line and line.count(b"\0") == 1


def test_the_line_is_as_of_syslog(machine, tools, people):
    """Facility, level, time, program and its pid, as logger(1) writes them."""
    with instead(socket.SOCK_DGRAM) as sock:
        subprocess.run(["logger", "-p", "authpriv.notice", "--id=7", "-t", "probe", "text"], check=True)
        theirs = sock.recv(65536)
        sock.settimeout(30)
        judged(tools, people)
        ours = sock.recv(65536)
    assert theirs.startswith(b"<85>") and theirs.rstrip(b"\0").endswith(b" probe[7]: text")
    priority, rest = ours.split(b">", 1)
    assert priority == b"<85" and rest.split(b"[")[0][15:] == b" probe"
    assert rest[:15].split()[0] == theirs[4:19].split()[0] and rest[15:].split(b"]: ", 1)[1].startswith(b"pam_psg: ")
    assert machine.psgctl("doctor", status=None).returncode in (0, 1)


@pytest.mark.parametrize("name", ["x\nsshd[1]: Accepted", "sshd[1]: Accepted publickey for root", "\033]0;x\a",
                                  "a" * 120000, ""], ids=["lines", "tag", "terminal", "long", "none"])
def test_a_name_of_the_callers_choice(tools, people, name):
    """Whoever runs su names the program: that forges no line, and pushes none beyond what a syslogd takes."""
    caller = ("/bin/bash", "-c", 'exec -a "$1" "${@:2}"', "bash", name)
    with instead(socket.SOCK_DGRAM) as sock:
        sock.settimeout(10)
        assert tools.probe("sshd", people[1], "acct_mgmt", prefix=caller)["acct_mgmt"] == 6
        line = sock.recv(262144)
    tag, said = line[len("<85>Feb  1 00:00:00 "):].split(b": ", 1)
    assert re.fullmatch(rb"[\w.?-]{1,32}\[\d+\]", tag) and said.startswith(b"pam_psg: Refused: ")
