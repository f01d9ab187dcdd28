"""assign --file and unassign --file: many assignments in one step, all or none."""

import errno
import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import termios
import time

import pytest

from conftest import PSGCTL
from policies import FAILED, events, finance, openings, set_group_status


@pytest.fixture
def store(psgctl, package):
    """Finance and Billing deployed, alice assigned Finance."""
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["sudo"]).muting_set("Mute", apps=["sudo"]))
    psgctl.ok("assign", "alice", "Finance")
    return psgctl


def lines(tmp_path, text, name="people"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assignments(psgctl):
    return {(a["assignee"], a.get("permissionSetGroup") or a["permissionSet"]): a["expirationDate"]
            for a in psgctl.ok("assignments", "--json").json()}


def told(result):
    """What stderr says, but for names that this host does not know."""
    return [line for line in result.err.splitlines() if "this host has no" not in line]


def test_many_are_assigned_in_one_step(store, tmp_path):
    path = lines(tmp_path, "\ufeff# who may do what\r\n\r\n"
                           "root Finance\r\n"
                           "\t%staff\tBilling\t2099-06-30T12:00Z  # for a while\r\n"
                           '"CORP\\jane doe" Finance\r\n'
                           '"%domain users" Finance 2099-01-01T00:00+01:00\r\n'
                           "root Finance\r\n"  # again: the same
                           "alice Finance")
    generation = len(events(store))
    result = store.ok("assign", "--file", path)
    assert told(result) == [f"psgctl: {path}: 4 assigned, 0 with another end, 1 as before"]
    assert assignments(store) == {
        ("alice", "Finance"): None, ("root", "Finance"): None, ("CORP\\jane doe", "Finance"): None,
        ("%staff", "Billing"): "2099-06-30T12:00:00Z",
        ("%domain users", "Finance"): "2098-12-31T23:00:00Z"}
    logged = events(store)[generation:]
    assert sorted(e["userName"] for e in logged) == sorted(["root", "%staff", "CORP\\jane doe", "%domain users"])
    assert all(e["reason"] == f"4 assigned, 0 with another end, 1 as before, from {path}" for e in logged)


def test_again_it_writes_nothing(store, tmp_path):
    path = lines(tmp_path, "root Finance\nalice Finance\n")
    store.ok("assign", "--file", path)
    before, logged = store.policy_bytes(), len(events(store))
    assert told(store.ok("assign", "--file", path)) == [
        f"psgctl: {path}: 0 assigned, 0 with another end, 2 as before"]
    assert store.policy_bytes() == before and len(events(store)) == logged


def test_ends_are_set_anew(store, tmp_path):
    result = store.ok("assign", "--file", lines(tmp_path, "alice Finance 2099-01-01T00:00Z\n"), "--json")
    assert result.json() == {"assigned": 0, "changed": 1, "unchanged": 0}
    assert assignments(store) == {("alice", "Finance"): "2099-01-01T00:00:00Z"}
    store.ok("assign", "--file", lines(tmp_path, "alice Finance\n"))
    assert assignments(store) == {("alice", "Finance"): None}


def test_from_standard_input(store):
    result = store.ok("assign", "--file", "-", input="root Finance\nroot Billing\n")
    assert told(result) == ["psgctl: standard input: 2 assigned, 0 with another end, 0 as before"]
    result = store.ok("unassign", "--file", "-", input="root Finance\nroot Free\n", env={"LC_ALL": "C"})
    assert told(result) == ["psgctl: standard input: 1 unassigned, 1 not assigned before"]
    assert events(store, "Unassigned")[-1]["reason"] == "1 unassigned, 1 not assigned before, from standard input"


ERRORS = [  # a line, and what is said of it
    ("alice", "there is one field only (write ASSIGNEE NAME [UNTIL], a name with blanks in double quotes)"),
    ("alice Finance 2099-01-01 12:00", "there are more than three fields (write ASSIGNEE NAME [UNTIL], a name with "
                                       "blanks in double quotes)"),
    ('"jane doe Finance', "a double quote is not closed (write ASSIGNEE NAME [UNTIL], a name with blanks in double "
                          "quotes)"),
    ("al/ice Finance", '"al/ice" cannot be assigned anything (name a user, or a Unix group as %NAME)'),
    ("% Finance", '"%" cannot be assigned anything (name a user, or a Unix group as %NAME)'),
    ("alice Finance tomorrow", "tomorrow is no time (write 2026-12-31 or 2026-12-31T18:00Z)"),
    ("alice Finance 2020-01-01", "2020-01-01 is over already (leave the line out, or give a later one)"),
    ("alice Finanse", "there is no permission set group or permission set Finanse (did you mean Finance?)"),
    ("alice Mute", "there is no permission set group or permission set Mute (`psgctl groups` lists the groups)"),
    ("alice Zzzzzzzz", "there is no permission set group or permission set Zzzzzzzz (`psgctl groups` lists the "
                       "groups)"),
    ("bob Finance\nbob Finance 2099-01-01", "bob is given Finance with another end in line 1 (leave one of the two "
                                            "lines out)"),
    ("a" * 1100 + " Finance", "the line is longer than 1022 bytes, or has a byte 0 (write ASSIGNEE NAME [UNTIL])"),
    ("al\0ice Finance", "the line is longer than 1022 bytes, or has a byte 0 (write ASSIGNEE NAME [UNTIL])"),
    ("al\u202eice/ Finance", '"al\\xe2\\x80\\xaeice/" cannot be assigned anything (name a user, or a Unix group as '
                             '%NAME)'),
]


@pytest.mark.parametrize("line, problem", ERRORS)
def test_each_error_names_file_line_and_remedy(store, tmp_path, line, problem):
    before = store.policy_bytes()
    path = lines(tmp_path, line + "\n")
    result = store("assign", "--file", path)
    number = line.count("\n") + 1
    assert result.rc == 3 and result.out == ""
    assert told(result) == [f"{path}:{number}: Error: {problem}", f"psgctl: 1 error in {path}: nothing was changed"]
    assert store.policy_bytes() == before


def test_all_errors_are_told_in_order_and_nothing_is_assigned(store, tmp_path):
    before = store.policy()
    path = lines(tmp_path, "root Finance\nalice Finanse\nalice\nroot Billing\nal/ice Finance\n")
    result = store("assign", "--file", path, "--quiet")
    assert result.rc == 3 and store.policy() == before and events(store, "Assigned")[1:] == []
    assert re.findall(rf"^{re.escape(str(path))}:(\d+): Error", result.err, re.M) == ["2", "3", "5"]
    assert result.err.endswith(f"psgctl: 3 errors in {path}: nothing was changed\n")


def test_of_very_many_errors_fifty_are_told_and_all_counted(store, tmp_path):
    path = lines(tmp_path, "alice Nothing\nal/ice Finance\n" * 400)
    result = store("assign", "--file", path)
    assert result.err.count(": Error: ") == 50 and "psgctl: and 351 more\n" in result.err
    assert result.err.endswith(f"psgctl: 401 errors in {path}: nothing was changed\n")


def test_a_group_that_is_not_updated(store, tmp_path):
    set_group_status(store.store + "/policy", "Finance", FAILED)
    path = lines(tmp_path, "alice Finance\nbob Finance\n")
    result = store("assign", "--file", path)
    assert result.rc == 3 and told(result)[0] == (
        f'{path}:2: Error: You can only assign users to permission set groups that have the "Updated" status. Finance '
        "is Failed (it gives nothing: deploy what it lacks, or the group without it)")
    assert store.ok("unassign", "--file", path).rc == 0


def test_unassigning_takes_the_same_file(store, tmp_path):
    path = lines(tmp_path, "root Finance 2099-01-01\n%staff Billing\nalice Finance\nnobody9 Finance\n")
    store.ok("assign", "--file", lines(tmp_path, "root Finance 2099-01-01\n%staff Billing\n", "some"))
    result = store.ok("unassign", "--file", path, "--json")
    assert result.json() == {"unassigned": 3, "unchanged": 1} and assignments(store) == {}
    before = store.policy_bytes()
    assert store.ok("unassign", "--file", path, "--json").json() == {"unassigned": 0, "unchanged": 4}
    assert store.policy_bytes() == before
    assert len(events(store, "Unassigned")) == 3


def test_unassigning_takes_a_set_of_the_groups_name_too(store, package, tmp_path):
    store.deploy(package("twin").permission_set("Twin", apps=["su"]))
    store.ok("assign", "bob", "Twin")
    store.deploy(package("twins").group("Twin", ["Twin"]))
    store.ok("assign", "bob", "Twin")
    assert store.ok("unassign", "--file", lines(tmp_path, "bob Twin\n"), "--json").json()["unassigned"] == 2


def test_what_opens_is_warned_of(store, tmp_path):
    result = store.ok("assign", "--file", lines(tmp_path, "alice Free\nbob Free\n"))
    line, = openings(result)
    assert "alice needed an activation for sudo and no longer does: PermissionSet Free" in line


def test_many_are_one_event(store, tmp_path):
    path = lines(tmp_path, "".join(f"user{n} Finance\n" for n in range(1001)))
    store.ok("assign", "--file", path)
    event = events(store, "Assigned")[-1]
    assert len(events(store, "Assigned")) == 2 and "userName" not in event
    assert event["reason"] == f"1001 assigned, 0 with another end, 0 as before, from {path}"


def test_of_too_many_names_none_is_looked_up(store, tmp_path):
    path = lines(tmp_path, "".join(f"user{n} Finance\n" for n in range(10001)))
    before = store.policy_bytes()
    result = store("assign", "--file", lines(tmp_path, path.read_text() + "alice Nothing\n"))
    assert result.rc == 3 and store.policy_bytes() == before
    assert told(result)[0] == ("psgctl: 10002 names are too many to be looked up on this host: each is taken as it is "
                               "written") and "this host has no" not in result.err


def test_unknown_names_are_warned_of_and_assigned(store, tmp_path):
    result = store.ok("assign", "--file", lines(tmp_path, "".join(f"user{n} Finance\n" for n in range(60))))
    assert result.err.count("this host has no user user") == 50
    assert "psgctl: warning: and 10 more that this host does not know\n" in result.err
    assert len(assignments(store)) == 61


@pytest.mark.parametrize("args, problem", [
    (["assign"], "assign needs ASSIGNEE and NAME, or --file"),
    (["assign", "alice"], "assign needs ASSIGNEE and NAME, or --file"),
    (["assign", "alice", "Finance", "--file", "x"], "assign needs ASSIGNEE and NAME, or --file"),
    (["assign", "--file", "x", "--until", "2099-01-01"], "--until does not go with --file: the lines say until when"),
    (["unassign", "alice"], "unassign needs ASSIGNEE and NAME, or --file"),
])
def test_usage(store, args, problem):
    result = store(*args)
    assert result.rc == 2 and f"psgctl: {problem}\n" in result.err


@pytest.mark.parametrize("path, code", [("/nonexistent/file", errno.ENOENT), ("/tmp", errno.EISDIR)])
def test_a_file_that_cannot_be_read(store, path, code):
    for command in ("assign", "unassign"):
        result = store(command, "--file", path)
        assert result.rc == 3
        assert result.err == (f"psgctl: cannot read {path}: {os.strerror(code)}; nothing was changed. "
                              "Name a file that root can read, or - for standard input\n")


# -- the progress bar, at a terminal, while the file comes slowly --

def read_until(fd, pattern, seen=b""):
    """What the terminal shows, until it matches."""
    deadline = time.monotonic() + 60
    while not re.search(pattern, seen):
        assert time.monotonic() < deadline, seen
        if select.select([fd], [], [], 1)[0]:
            try:
                seen += os.read(fd, 65536)
            except OSError:
                break
    return seen


@pytest.fixture
def slow(store):
    """assign --file - at a terminal, fed by hand: (process, terminal)."""
    started = []

    def start(*options):
        terminal, end = pty.openpty()
        process = subprocess.Popen([PSGCTL, "assign", "--file", "-", *options], stdin=subprocess.PIPE, stderr=end,
                                   stdout=subprocess.DEVNULL, env=store.environment())
        os.close(end)
        started.append((process, terminal))
        return process, terminal

    yield start
    for process, terminal in started:
        process.kill()
        process.wait()
        os.close(terminal)


def feed(process):
    process.stdin.write(b"root Finance\n")
    process.stdin.flush()
    time.sleep(0.01)


def test_a_progress_bar_comes_at_a_terminal_and_goes(slow):
    process, terminal = slow()
    seen, deadline = b"", time.monotonic() + 60
    while b"Reading  " not in seen:
        assert time.monotonic() < deadline, seen
        feed(process)
        if select.select([terminal], [], [], 0)[0]:
            seen += os.read(terminal, 65536)
    process.stdin.close()
    seen = read_until(terminal, rb"as before\r\n", seen)
    assert process.wait(timeout=60) == 0
    text = seen.decode()
    assert re.match(r"\rReading  [\d,]+", text)
    # Blanks over all of it, and then the result, as if there had been nothing.
    assert re.search(r"\r +\rpsgctl: standard input: 1 assigned, 0 with another end, 0 as before\r\n$", text)
    assert "\x1b" not in text


# A monotonic clock by which each look is two seconds after the one before.
HASTE = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *out)
{
	static int looks;
	int (*next)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
	int failed = next(clock, out);
	if (clock == CLOCK_MONOTONIC)
		out->tv_sec += 2 * looks++;
	return failed;
}
"""


@pytest.mark.parametrize("options, width, lines", [
    ([], 80, rb"\rReading  \[#{10}\.{30}\]   25 %  52 of 208 *\rReading  \[#{20}\.{20}\]   50 %  104 of 208 *"),
    ([], 41, rb"\rReading  \[##\.{8}\]   25 %  52 of 208 *\rReading  \[#####\.{5}\]   50 %  104 of 208 *"),
    ([], 30, rb"\rReading   25 %  52 of 208 *\rReading   50 %  104 of 208 *"),
    ([], 16, rb"\rReading   25 % *\rReading   50 % *"),
    ([], 8, rb"\rReading\rReading\rReading\rReading\rLooking\r {7}\r\rWriting\r {7}\r"),
    (["--quiet"], 80, None),
    (["--json"], 80, None),
])
def test_the_bar_fits_the_terminal(store, tmp_path, options, width, lines):
    """By a clock of its own: nothing here waits."""
    source, library = tmp_path / "haste.c", tmp_path / "haste.so"
    source.write_text(HASTE)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    path = tmp_path / "people"
    path.write_text("".join("root Finance # a line of just so many characters: 52"[:51] + "\n" for _ in range(4)))
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    done = subprocess.run([PSGCTL, "assign", "--file", path, *options], stderr=end, stdout=subprocess.DEVNULL,
                          env=store.environment(LD_PRELOAD=str(library), ASAN_OPTIONS="verify_asan_link_order=0"),
                          stdin=subprocess.DEVNULL, check=False)
    os.close(end)
    assert done.returncode == 0
    seen = b"" if options == ["--quiet"] else read_until(terminal, rb"as before")
    os.close(terminal)
    assert (re.match(lines, seen) if lines else b"Reading" not in seen), seen
