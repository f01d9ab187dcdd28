"""status: what is live, for whom, and how long."""

import os
import subprocess
import time

import pytest

from person import (PERSON, Session, as_person, code, enroll, events, policy, wait_for_fresh_step,
                    wrong_code)


@pytest.fixture
def billing(psgctl, package):
    policy(psgctl, package)
    for user in (PERSON, "bin"):
        psgctl.ok("assign", user, "Billing")
    return psgctl


def status(psgctl, *args, **more):
    return psgctl.ok("--json", "status", *args, **more).json()


def grant(psgctl, user=PERSON, *args):
    return psgctl.ok("--json", "activate", "Billing", "--user", user, *args).json()


def test_nothing(billing):
    assert status(billing) == [] and status(billing, PERSON) == []
    assert billing.ok("status").out == "None.\n"


def test_whose(billing):
    one, other = grant(billing), grant(billing, "bin")
    assert status(billing) == [other, one]  # by user
    assert status(billing, PERSON) == [one]
    assert status(billing, env=as_person()) == [one]
    assert status(billing, "bin", env=as_person()) == [other]  # --user's like is root's to ask
    assert status(billing, env={"SUDO_UID": "0"}) == [other, one]
    assert status(billing, "nobody-at-all") == []


def test_for_people(billing):
    grant(billing, PERSON, "--for", "2h", "--reason", "INC1 phone lost")
    out = billing.ok("status").out
    assert "Billing" in out and "1h 59m" in out and f"{PERSON}/admin-1" in out and "(Host)" in out
    assert "INC1 phone lost" in out


def test_enrolled_and_throttled(billing):
    assert "not enrolled" in billing.ok("status", PERSON).out
    assert "not enrolled" in billing.ok("status", env=as_person()).out
    enroll(billing)
    out = billing.ok("status", PERSON).out
    assert "is enrolled" in out and "wrong" not in out
    billing("activate", "Billing", input=wrong_code(), env=as_person())
    assert "1 wrong" in billing.ok("status", PERSON).out
    for _ in range(4):
        billing("activate", "Billing", input=wrong_code(), env=as_person())
    assert "Throttled after 5" in billing.ok("status", PERSON).out
    assert "enrolled" not in billing.ok("status").out


def test_lapse_is_written_once(billing):
    made = grant(billing, PERSON, "--for", "1s")
    time.sleep(1.2)
    assert status(billing) == []
    path = os.path.join(billing.store, "people", PERSON, "spent", "admin-1.ended")
    assert os.path.exists(path)
    assert status(billing) == [] and status(billing, PERSON) == []
    lapsed = events(billing, "Lapsed")
    assert [e["activationId"] for e in lapsed] == [made["id"]]
    assert billing.ok("--json", "deactivate", "--all").json()["ended"] == 0


def test_lapse_is_logged_once_by_all_that_notice(billing):
    grant(billing, PERSON, "--for", "1s")
    time.sleep(1.2)
    looking = [billing.popen("status", stdout=subprocess.DEVNULL) for _ in range(24)]
    assert [process.wait(timeout=30) for process in looking] == [0] * 24
    assert len(events(billing, "Lapsed")) == 1


def test_a_session_that_is_over(psgctl, package):
    policy(psgctl, package, scope="Session")
    psgctl.ok("assign", PERSON, "Billing")
    with Session(psgctl) as session:
        grant(psgctl, PERSON, "--session", session.id())
        assert [s["authSessionId"] for s in status(psgctl)] == [session.id()]
        assert session.id() in psgctl.ok("status").out
    assert status(psgctl) == []
    assert events(psgctl, "Lapsed") == []


def test_what_status_prints_explain_takes(psgctl, package):
    policy(psgctl, package, scope="Session")
    psgctl.ok("assign", PERSON, "Billing")
    with Session(psgctl) as session:
        grant(psgctl, PERSON, "--session", session.id())
        shown = status(psgctl)[0]["authSessionId"]
        assert psgctl("explain", PERSON, "x", "--application", "billing", "--session", shown).rc == 0


def test_an_ended_one_is_gone(billing):
    enroll(billing)
    wait_for_fresh_step()
    billing.ok("activate", "Billing", input=code(), env=as_person())
    assert len(status(billing)) == 1
    billing.ok("deactivate", "Billing", env=as_person())
    assert status(billing) == []


def test_refused_command_lines(billing):
    assert billing("status", "a", "b").rc == 2
    assert billing("status", "--nonsense").rc == 2
    assert billing("status", "a/b").rc == 3
