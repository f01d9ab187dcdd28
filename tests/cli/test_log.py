"""psgctl log: what happened, whole or torn, past or to come."""

import json
import os
import re
import subprocess
import threading
import time

import pytest

LINES = [
    {"time": "2026-01-31T10:00:00Z", "event": "Activated", "userName": "alice", "service": "sshd",
     "permissionSetGroup": "Finance", "reason": "INC1", "pid": 1},
    {"time": "2026-01-31T11:00:00Z", "event": "Refused", "userName": "bob", "service": "sudo",
     "permissionSet": "Billing", "reason": "not assigned", "pid": 2},
    {"time": "2026-02-01T00:30:00Z", "event": "WrongCode", "userName": "alice", "service": "su",
     "actor": "uid 1000 (bob)", "pid": 3},
]


@pytest.fixture
def log(psgctl):
    """A store whose log holds what a test writes."""
    psgctl.init()
    path = os.path.join(psgctl.store, "log")

    def write(*lines, mode="w"):
        with open(path, mode + "b", buffering=0) as file:
            for line in lines:
                raw = line if isinstance(line, bytes) else (json.dumps(line) + "\n").encode()
                file.write(raw)
        os.chmod(path, 0o600)

    write(*LINES)
    write.path = path
    return write


def test_one_line_an_event_for_people(psgctl, log):
    lines = psgctl.ok("log").out.splitlines()
    assert [line.split() for line in lines] == [
        ["2026-01-31T10:00:00Z", "Activated", "alice", "sshd", "Finance", "INC1"],
        ["2026-01-31T11:00:00Z", "Refused", "bob", "sudo", "Billing", "not", "assigned"],
        ["2026-02-01T00:30:00Z", "WrongCode", "alice", "su", "-", "-", "by", "uid", "1000", "(bob)"]]


def test_json_is_an_array_of_the_events_as_they_are(psgctl, log):
    assert psgctl.ok("log", "--json").json() == LINES


def test_no_log_and_an_empty_log(psgctl, log):
    log()
    assert psgctl.ok("log").out == "" and psgctl.ok("log", "--json").json() == []
    os.unlink(log.path)
    result = psgctl.ok("log")
    assert result.out == "" and result.err == ""
    assert psgctl.ok("log", "--json").json() == []


def test_what_psgctl_did_is_in_it(psgctl, package):
    psgctl.init()
    psgctl.deploy(package().permission_set("Set"))
    psgctl.ok("assign", "alice", "Set")
    psgctl.ok("unassign", "alice", "Set")
    psgctl.ok("recalculate")
    logged = psgctl.ok("log", "--json").json()
    assert [e["event"] for e in logged] == ["Initialized", "Deployed", "Assigned", "Unassigned",
                                            "Deployed"]
    assert all(e["service"] == "psgctl" and e["actor"] for e in logged)


# -- filters --

def users(result):
    return [(e["userName"], e["event"]) for e in result.json()]


def test_of_one_user(psgctl, log):
    result = psgctl.ok("log", "--user", "alice", "--json")
    assert users(result) == [("alice", "Activated"), ("alice", "WrongCode")]
    assert psgctl.ok("log", "--user", "ali", "--json").json() == []
    assert psgctl.ok("log", "--user", "nobody-here").out == ""


@pytest.mark.parametrize("since, count", [
    ("2026-01-31T10:00:00Z", 3), ("2026-01-31T10:00:01Z", 2), ("2026-01-31T13:00+02:00", 2),
    ("2026-01-31 11:00:00", 2), ("2026-01-31", 3), ("2026-02-01", 1), ("2026-02-02", 0)])
def test_since(psgctl, log, since, count):
    assert len(psgctl.ok("log", "--since", since, "--json", env={"TZ": "UTC0"}).json()) == count


def test_since_a_bare_date_is_its_beginning_in_local_time(psgctl, log):
    assert len(psgctl.ok("log", "--since", "2026-02-01", "--json", env={"TZ": "UTC+1"}).json()) == 0
    assert len(psgctl.ok("log", "--since", "2026-02-01", "--json", env={"TZ": "UTC-1"}).json()) == 1


@pytest.mark.parametrize("since", ["yesterday", "", "2026-13-01", "2026-01-31T25:00", "12345"])
def test_since_no_time(psgctl, log, since):
    result = psgctl("log", "--since", since)
    assert result.rc == 3 and result.out == "" and "no time" in result.err


def test_since_and_a_fraction_of_a_second(psgctl, log):
    log({"time": "2026-01-31T10:00:00.250Z", "event": "Activated"}, {"event": "Refused"})
    assert len(psgctl.ok("log", "--json").json()) == 2
    assert len(psgctl.ok("log", "--since", "2026-01-31T10:00:00Z", "--json").json()) == 1


# -- damage --

@pytest.mark.parametrize("damage", [
    b"{\n", b"[1]\n", b'"text"\n', b"\0" * 5000 + b"\n", b'{"event":"A","event":"B"}\n',
    b"\xff\xfe{}\n", b'{"event":"cut\n', b"x" * 200000 + b"\n", b"[" * 100000 + b"\n",
    b'{"time":"\xed\xa0\x80"}\n'], ids=lambda damage: repr(damage[:12]))
def test_damaged_lines_are_skipped_and_counted(psgctl, log, damage):
    log(LINES[0], damage, LINES[1])
    result = psgctl.ok("log", "--json")
    assert result.json() == LINES[:2] and "1 damaged line was skipped" in result.err


def test_an_empty_line_is_no_damage(psgctl, log):
    """Two events at one moment may have one between them (store/files_append.c)."""
    log(LINES[0], b"\n", LINES[1])
    result = psgctl.ok("log", "--json")
    assert result.json() == LINES[:2] and result.err == ""


def test_a_torn_last_line(psgctl, log):
    log(LINES[0], json.dumps(LINES[1]).encode()[:40])
    result = psgctl.ok("log", "--json")
    assert result.json() == LINES[:1] and "1 damaged line" in result.err
    log(LINES[0], b"x" * 70000)
    result = psgctl.ok("log", "--json")
    assert result.json() == LINES[:1] and "1 damaged line" in result.err


def test_lines_across_the_buffers_edge(psgctl, log):
    many = [{"time": "2026-01-31T10:00:00Z", "event": "Refused", "reason": "r" * (n % 997), "pid": n}
            for n in range(1000)]
    log(*many)
    assert psgctl.ok("log", "--json").json() == many


def test_values_of_another_type(psgctl, log):
    log({"time": 5, "event": None, "userName": ["alice"], "reason": {"a": 1}, "service": True})
    assert psgctl.ok("log").out.split() == ["-"] * 6
    assert psgctl.ok("log", "--user", "alice").out == ""


def test_escapes_reach_no_terminal(psgctl, log):
    evil = "\x1b[2J\x1b]0;owned\x07\r\nforged\u009b31m\u202eabc\u2028\x7f"
    log({name: evil for name in ("time", "event", "userName", "service", "permissionSetGroup",
                                 "reason", "actor")})
    harmful = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202e]")
    for args in (["log"], ["log", "--json"], ["log", "--user", "x" + evil]):
        result = psgctl.ok(*args)
        assert not harmful.search(result.out + result.err)
    assert len(psgctl.ok("log").out.splitlines()) == 1
    assert psgctl.ok("log", "--json").json()[0]["reason"] == evil


def test_a_log_that_is_no_plain_file(psgctl, log):
    os.unlink(log.path)
    os.symlink("/etc/passwd", log.path)
    result = psgctl("log")
    assert result.rc == 4 and "root:" not in result.out


def test_a_log_that_others_could_have_written(psgctl, log):
    os.chmod(log.path, 0o666)
    assert psgctl("log").rc == 4


# -- follow --

class Follower:
    """psgctl log --follow, its lines read one at a time."""

    def __init__(self, psgctl, *args):
        self.process = psgctl.popen("log", "--follow", *args, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def line(self):
        """The next line; "" when none comes within a minute."""
        end = threading.Timer(60, self.process.kill)
        end.start()
        try:
            return self.process.stdout.readline()
        finally:
            end.cancel()


def test_follow_prints_what_comes(psgctl, log):
    with Follower(psgctl, "--json") as follower:
        assert [json.loads(follower.line()) for _ in LINES] == LINES
        log(LINES[0], mode="a")
        assert json.loads(follower.line()) == LINES[0]
        raw = json.dumps(LINES[1]).encode() + b"\n"
        log(raw[:20], mode="a")  # a line that comes in two pieces is one line
        time.sleep(0.6)
        log(raw[20:], LINES[2], mode="a")
        assert json.loads(follower.line()) == LINES[1]
        assert json.loads(follower.line()) == LINES[2]
        assert follower.process.poll() is None


def test_follow_filters(psgctl, log):
    with Follower(psgctl, "--json", "--user", "bob") as follower:
        assert json.loads(follower.line()) == LINES[1]
        log(LINES[0], LINES[1], mode="a")
        assert json.loads(follower.line()) == LINES[1]


def test_follow_survives_rotation_and_truncation(psgctl, log):
    with Follower(psgctl, "--json") as follower:
        for _ in LINES:
            follower.line()
        os.rename(log.path, log.path + ".1")
        time.sleep(0.6)
        log(LINES[2])
        assert json.loads(follower.line()) == LINES[2]
        log(b"")  # cut to nothing
        time.sleep(0.6)
        log(LINES[1], mode="a")
        assert json.loads(follower.line()) == LINES[1]


def test_follow_waits_for_a_first_log(psgctl, log):
    os.unlink(log.path)
    with Follower(psgctl) as follower:
        time.sleep(0.3)
        assert follower.process.poll() is None
        log(LINES[0])
        assert "Activated" in follower.line()


def test_follow_ends_when_nobody_reads_any_more(psgctl, log):
    follower = psgctl.popen("log", "--follow", stdout=subprocess.PIPE)
    follower.stdout.readline()
    follower.stdout.close()
    assert follower.wait(timeout=30) in (0, 4)
