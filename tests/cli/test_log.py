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


def pids(result):
    return [e["pid"] for e in result.json()]


@pytest.mark.parametrize("options, found", [
    (["--user", "alice", "--user", "bob"], [1, 2, 3]), (["--user=bob"], [2]),
    (["--service", "sudo", "--service", "su"], [2, 3]), (["--service", "ssh"], []),
    (["--group", "Finance"], [1]), (["--group", "Billing"], [2]),
    (["--group", "Billing", "--group", "Finance"], [1, 2]), (["--group", "Fin"], []),
    (["--kind", "WrongCode"], [3]), (["--kind", "Activated", "--kind", "Refused"], [1, 2]),
    (["--user", "alice", "--kind", "Refused"], []), (["--user", "alice", "--service", "su"], [3]),
    (["--until", "2026-01-31T10:00:00Z"], [1]), (["--until", "2026-01-31"], [1, 2]),
    (["--since", "2026-01-31T10:30Z", "--until", "2026-01-31T11:30Z"], [2]),
    (["--since", "2h"], []), (["--until", "PT1S"], [1, 2, 3]), (["--since", "366d"], [1, 2, 3]),
    (["--limit", "2"], [2, 3]), (["--limit", "0"], []), (["--limit", "99"], [1, 2, 3]),
    (["--limit", "1", "--user", "bob"], [2])])
def test_filters(psgctl, log, options, found):
    log(*LINES)
    assert pids(psgctl.ok("log", "--json", *options, env={"TZ": "UTC0"})) == found


def test_a_name_is_found_however_it_is_written(psgctl, log):
    """What passes lines over by their bytes misses none that means the same."""
    log(b'{"time":"2026-01-31T10:00:00Z","userName":"\\u0061lice","event":"Ref\\u0075sed","pid":1}\n',
        {"userName": 'a"b', "pid": 2}, {"userName": "jos\u00e9", "pid": 3},
        {"userName": "jos\u0065\u0301", "pid": 4}, {"userName": "DOM\\bob", "pid": 5},
        {"service": "alice", "pid": 6}, {"time": "2026-01-31T10:00:00.9Z", "userName": "x", "pid": 7})
    for options, found in ((["--user", "alice"], [1]), (["--user", 'a"b'], [2]), (["--user", "jos\u00e9"], [3]),
                           (["--user", "DOM\\bob"], [5]), (["--kind", "Refused"], [1]),
                           (["--since", "2026-01-31T10:00:00Z", "--user", "x"], [7])):
        assert pids(psgctl.ok("log", "--json", *options)) == found


@pytest.mark.parametrize("kind, said", [
    ("wrongcode", "did you mean WrongCode?"), ("Activate", "did you mean Activated?"),
    ("Nothing-like-it-at-all", "there is no event"), ("", "there is no event")])
def test_a_kind_that_is_none(psgctl, log, kind, said):
    result = psgctl("log", "--kind", "Refused", "--kind", kind)
    assert result.rc == 2 and result.out == "" and said in result.err
    assert "Activated" in result.err and "WouldRefuse" in result.err


@pytest.mark.parametrize("options", [
    ["--follow", "--until", "1h"], ["--limit", "-1"], ["--limit", "many"], ["--prune", "--user", "alice"],
    ["--prune", "--follow"], ["--would-deny", "--kind", "Refused"], ["--would-deny", "--limit", "3"],
    ["--would-deny", "--follow"], ["--user", ""], ["--group", ""], ["--user", "a", "--service", ""],
    ["--user"] + ["a", "--user"] * 64 + ["a"]],
    ids=lambda options: " ".join(options)[:30])
def test_what_does_not_go_together(psgctl, log, options):
    result = psgctl("log", *options)
    assert result.rc == 2 and result.out == "" and "Usage:" in result.err


@pytest.mark.parametrize("option", ["--since", "--until"])
def test_no_time_says_what_is_one(psgctl, log, option):
    result = psgctl("log", option, "noon")
    assert result.rc == 3 and option in result.err and "2h" in result.err


def test_a_clock_set_back_hides_nothing(psgctl, log):
    """Times that fall do not lead past a line that matches."""
    hours = [10, 11, 23, 9, 9, 10, 8, 22, 7, 7]
    log(*[{"time": f"2026-01-31T{hour:02}:00:00Z", "event": "Bound", "pid": n} for n, hour in enumerate(hours)])
    assert pids(psgctl.ok("log", "--json", "--since", "2026-01-31T20:00Z")) == [2, 7]
    assert pids(psgctl.ok("log", "--json", "--since", "2026-01-31T20:00Z", "--limit", "2")) == [2, 7]


def test_json_lines(psgctl, log):
    result = psgctl.ok("log", "--json-lines")
    assert [json.loads(line) for line in result.out.splitlines()] == LINES
    assert psgctl.ok("log", "--json-lines", "--user", "nobody").out == ""


# -- renamed files --

def older(psgctl, number, *lines, age_days=0):
    path = os.path.join(psgctl.store, f"log.{number:010}")
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    os.chmod(path, 0o600)
    then = time.time() - age_days * 86400
    os.utime(path, (then, then))
    return path


def test_all_files_are_one_log(psgctl, log):
    log(LINES[2])
    older(psgctl, 8, LINES[0])
    older(psgctl, 12, LINES[1])
    assert psgctl.ok("log", "--json").json() == LINES
    assert pids(psgctl.ok("log", "--json", "--limit", "2")) == [2, 3]


def prune(psgctl, *args):
    return psgctl.ok("--json", "log", "--prune", *args).json()


def test_prune_by_the_settings(psgctl, log, package):
    psgctl.deploy(package().gate(logRetention="P90D", logMaximumSize=1))
    log(mode="w")
    ancient, old = older(psgctl, 1, LINES[0], age_days=91), older(psgctl, 2, LINES[1], age_days=89)
    done = prune(psgctl)
    assert (done["removed"], done["rotated"], done["held"]) == (1, False, 0)
    assert done["removedSize"] > 0 and done["size"] == os.path.getsize(old)
    assert not os.path.exists(ancient) and os.path.exists(old)
    log(*[dict(LINES[0], reason="x" * 900)] * 200)
    result = psgctl.ok("log", "--prune")
    assert "a new log was begun" in result.err and result.out == ""
    assert not os.path.exists(log.path) and len(psgctl.ok("log", "--json").json()) == 201
    psgctl.deploy(package("another").permission_set("Set"))
    assert [e["event"] for e in psgctl.ok("log", "--json", "--limit", "1").json()] == ["Deployed"]
    assert os.stat(log.path).st_mode & 0o777 == 0o600


def test_prune_by_size_spares_the_last_week(psgctl, log, package):
    psgctl.deploy(package().gate(logMaximumSize=1))
    many = [dict(LINES[0], reason="x" * 900)] * 600
    log()
    paths = [older(psgctl, n, *many, age_days=20 - 5 * n) for n in (1, 2, 3)]  # 15, 10 and 5 days old
    assert prune(psgctl)["removed"] == 2
    assert [os.path.exists(path) for path in paths] == [False, False, True]
    for n in (1, 2):
        older(psgctl, n, *many, age_days=6)
    result = psgctl.ok("log", "--prune")
    assert all(map(os.path.exists, paths)) and "larger than logMaximumSize" in result.err


def test_prune_nothing_and_default(psgctl, log):
    result = psgctl.ok("log", "--prune")
    assert "nothing to do" in result.err
    assert prune(psgctl)["removed"] == 0
    ancient = older(psgctl, 1, {"event": "Bound"}, age_days=367)
    assert prune(psgctl)["removed"] == 1 and not os.path.exists(ancient)


def test_prune_waits_for_who_writes(psgctl, log):
    log()
    path = older(psgctl, 1, LINES[0], age_days=400)
    with open(path, "ab"):
        result = psgctl.ok("log", "--prune")
        assert "stays" in result.err and os.path.exists(path)
    assert prune(psgctl)["removed"] == 1


@pytest.mark.parametrize("element, value", [
    ("logRetention", "0s"), ("logRetention", "P400D"), ("logMaximumSize", "0"), ("logMaximumSize", "100M"),
    ("logMaximumSize", "1048577")])
def test_settings_that_are_none(psgctl, package, element, value):
    psgctl.init()
    result = psgctl("deploy", package().gate(**{element: value}))
    assert result.rc == 3 and element in result.err


# -- who would have been kept out --

def would(user, service, phase, reason, when):
    return {"time": when, "event": "WouldRefuse", "userName": user, "service": service, "phase": phase,
            "reason": reason, "pid": 9}


def test_would_deny(accounts, psgctl, log, package):
    psgctl.deploy(package().permission_set("Set", apps=["sshd"]).group("Door", ["Set"], requires=True))
    psgctl.ok("assign", "bob", "Door")
    morning, noon, night = (f"2026-01-31T{h}:00:00Z" for h in ("08", "12", "22"))
    log(would("bob", "sshd", "account", "NeedsActivation", noon),
        would("bob", "sshd", "session", "NeedsActivation", noon),
        would("alice", "sshd", "auth", "Unassigned", noon), would("alice", "sshd", "account", "Unassigned", morning),
        would("alice", "sshd", "account", "Unassigned", night), LINES[0],
        would("alice", "sshd", "account", "more like this are not logged until the minute ends", night),
        would("zoe", "su", None, None, noon))
    rows = accounts(psgctl, "--json", "log", "--would-deny").json()
    assert [(r["userName"], r["service"], r["times"], r["first"], r["last"], r["reason"]) for r in rows] == [
        ("alice", "sshd", 3, morning, night, "Unassigned"), ("bob", "sshd", 1, noon, noon, "NeedsActivation"),
        ("zoe", "su", 1, noon, noon, None)]
    assert rows[0]["next"] == "psgctl assign alice Door" and rows[1]["next"] == "psgctl enroll bob"
    assert "no such account" in rows[2]["next"]
    out = accounts(psgctl, "log", "--would-deny", "--user", "bob").out
    assert "psgctl enroll bob" in out and "alice" not in out
    since = accounts(psgctl, "--json", "log", "--would-deny", "--since", "2026-01-31T13:00Z", "--service",
                     "sshd").json()
    assert [(r["userName"], r["times"]) for r in since] == [("alice", 2)]
    psgctl.ok("assign", "alice", "Set")
    assert accounts(psgctl, "--json", "log", "--would-deny").json()[0]["next"] == "nothing"


def test_would_deny_nobody(psgctl, log):
    assert psgctl.ok("log", "--would-deny").out == "None.\n"
    assert psgctl.ok("--json", "log", "--would-deny").json() == []


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
    """A writer that sees a line half written begins with a line break."""
    log(LINES[0], b"\n", b"\n", LINES[1])
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


def test_follow_goes_on_over_pruning(psgctl, log, package):
    psgctl.deploy(package().gate(logMaximumSize=1))
    log(*[dict(LINES[0], reason="x" * 900)] * 200)
    with Follower(psgctl, "--json", "--limit", "1", "--kind", "Refused", "--kind", "Activated") as follower:
        assert json.loads(follower.line())["reason"] == "x" * 900
        assert prune(psgctl)["rotated"]
        log(LINES[1], mode="a")
        assert json.loads(follower.line()) == LINES[1]
        log(LINES[2], LINES[0], mode="a")
        assert json.loads(follower.line()) == LINES[0]


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
