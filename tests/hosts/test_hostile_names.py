"""Names that were made to hurt: as user, remote host, terminal, remote user and service, and on psgctl's
command line.

Nobody gets in by one, nothing is written outside the store, and no byte of one reaches a terminal, syslog or JSON
that could move a cursor, begin a line or be taken for something else."""

import json
import os
import subprocess

import pytest

import world
from soak import soak

STACK = "auth required pam_psg.so\naccount required pam_psg.so\nsession required pam_psg.so\n"
NAMES = {
    "empty": b"", "dot": b".", "up": b"..", "slash": b"/", "path": b"../../etc/passwd", "store": b"../x",
    "newline": b"x\nMar  1 00:00:00 host sshd[1]: pam_psg: Activated: user=x", "escape": b"\x1b[2J\x1b]0;owned\x07x",
    "c1": b"\xc2\x9b31mx", "bidi": "x\u202egnp\u2066".encode(), "separator": "x\u2028y".encode(),
    "long": b"A" * 4096, "group": b"%wheel", "dash": b"--all", "invalid": b"\xff\xfe\x80x", "overlong": b"\xc0\xaf",
    "json": b"x\",\"verdict\":\"ALLOW", "format": b"%s%s%n%x", "space": b" x ", "colon": b"root:x:0:0",
    "tab": b"x\ty\rz\bq", "shell": b"$(id)`id`;id", "root?": b"root ", "ROOT": b"ROOT", "delete": b"x\x7f",
    "surrogate": b"\xed\xa0\x80", "number": b"0", "sign": b"+",
}
HARM = [chr(number) for number in (*range(0x20), *range(0x7f, 0xa0)) if chr(number) != "\n"] + list(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029")


def harmless(data, what):
    """Asserts that `data` may be shown at a terminal."""
    text = data.decode("utf-8")  # strict: broken UTF-8 is harm
    assert not [mark for mark in HARM if mark in text], f"{what}: {text!r}"
    return text


def probe(tools, service, user, *arguments):
    done = subprocess.run([tools.path("probe").encode(), service, user, *arguments], stdin=subprocess.DEVNULL,
                          capture_output=True, check=False, timeout=60, start_new_session=True)
    assert done.returncode in (0, 2), done
    harmless(done.stderr, "stderr")
    return harmless(done.stdout, "stdout").splitlines() if done.returncode == 0 else []


def listing():
    """Every path that a name could have made."""
    found = []
    for top in ("/var/lib", "/etc", "/"):
        for where, folders, names in os.walk(top):
            if top == "/":
                folders.clear()
            found += [os.path.join(where, name) for name in (*folders, *names)
                      if not where.startswith("/var/lib/psg")]
    return sorted(found)


def said(machine):
    """This test's syslog, raw, as lines."""
    machine.syslog()
    with open(world.SYSLOG, "rb") as file:
        file.seek(machine.log_start)
        return [line for line in file.read().split(b"\n") if line]


@pytest.fixture(name="stacks")
def fixture_stacks(machine):
    for service in ("sshd", "other"):
        machine.stack_text(service, STACK)
    return machine


def logged(machine):
    """Every line of syslog and of the log is sound; the log's entries."""
    for line in said(machine):
        harmless(line, "syslog")
        assert line.count(b"pam_psg: ") == 1 or b"pam_psg" not in line or b"\\x0a" in line, line
    path = "/var/lib/psg/log"
    lines = open(path, "rb").read().split(b"\n")[:-1] if os.path.exists(path) else []
    return [json.loads(harmless(line, "log")) for line in lines]


def test_as_user(stacks, tools):
    """In every phase, with an answer at hand, for a gate that would ask."""
    before = listing()
    for user in NAMES.values():
        refused_as_user(tools, user)
    assert listing() == before and os.listdir("/var/lib/psg/people") == []
    logged(stacks)


def refused_as_user(tools, user):
    lines = probe(tools, b"sshd", user, b"answer=123456", b"authenticate", b"acct_mgmt", b"open_session", b"setcred",
                  b"close_session")
    if lines:
        results = dict(line.split("=", 1) for line in lines if "=" in line)
        assert results["authenticate"] not in ("0", "25") and results["acct_mgmt"] == results["open_session"] == "6"


@pytest.mark.parametrize("what", [b"rhost=", b"tty=", b"ruser="])
def test_as_an_item(stacks, tools, what):
    """For somebody who is refused, and for one whose code is logged with it."""
    stacks.deploy(attempts=100)
    person = stacks.person()
    idle = stacks.person(assigned=False, enrolled=False)
    for number, name in enumerate(NAMES.values()):
        lines = probe(tools, b"sshd", idle.name.encode(), what + name, b"acct_mgmt")
        assert "acct_mgmt=6" in lines
        answer = person.code() if number < 4 else person.wrong_code()
        lines = probe(tools, b"sshd", person.name.encode(), what + name, b"answer=" + answer.encode(),
                      b"authenticate")
        assert ("authenticate=0" in lines) == (number < 4), lines
        stacks.psgctl("deactivate", "--all", "--user", person.name)
    events = [entry["event"] for entry in logged(stacks)]
    assert events.count("Activated") == 4 and events.count("WrongCode") == len(NAMES) - 4
    for arguments in (["log"], ["--json", "log"]):
        done = subprocess.run(["psgctl", *arguments], capture_output=True, check=True, timeout=60)
        harmless(done.stdout.replace(b"\t", b""), "psgctl log")


def test_as_service(stacks, tools):
    """An application that takes its service's name from somebody."""
    person = stacks.person()
    person.activate_host()
    for name in NAMES.values():
        lines = probe(tools, name, person.name.encode(), b"acct_mgmt", b"open_session")
        # None is called so that the group gives it; a name with a slash has no stack at all.
        assert not lines or ("acct_mgmt=0" not in lines and "open_session=0" not in lines), (name, lines)
    logged(stacks)


COMMANDS = [["explain", "@", "sshd"], ["check", "--user", "@", "--service", "sshd"], ["status", "@"],
            ["unlock", "@"], ["authenticators", "@"], ["assign", "@", "Operators"],
            ["assign", "nobody", "@"], ["groups", "@"],
            ["unassign", "@", "Operators"], ["activate", "Operators", "--user", "@", "--scope", "Host"],
            ["deactivate", "--all", "--user", "@"], ["deactivate", "--id", "@"], ["enroll", "@", "--no-confirm"],
            ["unenroll", "@"], ["verify", "@"], ["log", "--user", "@"], ["log", "--since", "@"],
            ["explain", "nobody", "@"], ["doctor", "@"], ["recalculate", "@"], ["deploy", "@"],
            ["@"], ["--store", "@", "status"]]
# Where a folder is asked for, these are one: `deploy /` would go through the whole machine.
SHOWN = soak(["empty", "escape", "newline", "invalid", "delete"],
             [name for name in NAMES if name not in ("slash", "up", "dot")])


@pytest.mark.parametrize("form", [[], [b"--json"]], ids=["text", "json"])
def test_on_the_command_line(stacks, form):
    """What is shown is safe, and with --json one document or none."""
    before = listing()
    empty = f"{world.ROOT}/tmp/empty"
    os.makedirs(empty, exist_ok=True)
    for command in COMMANDS:
        for name in SHOWN:
            line = [b"psgctl", *form, *(NAMES[name] if part == "@" else part.encode() for part in command)]
            done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=60,
                                  cwd=empty)
            assert 0 <= done.returncode <= 4, (line, done)
            for output in (done.stdout, done.stderr):
                harmless(output.replace(b"\t", b""), line)
            if form and done.stdout.strip():
                json.loads(done.stdout)
    assert listing() == before
    logged(stacks)


def test_an_account_of_a_hostile_name(stacks, tools):
    """One that stands in /etc/passwd all the same gets nowhere, and nothing is made of its name."""
    for name in ("..", "../x", "x\x1b[31m", "-", "%wheel", "\u202egnp"):
        stacks.person(name=name, assigned=False, enrolled=False)
        assert "acct_mgmt=6" in probe(tools, b"sshd", name.encode(), b"acct_mgmt")
    assert os.listdir("/var/lib/psg/people") == [] and not os.path.exists("/var/lib/psg/x")
    logged(stacks)
