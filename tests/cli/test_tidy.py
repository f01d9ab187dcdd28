"""tidy: what is over goes for people who never come again, and what nobody noticed is logged first."""

import os
import time

import pytest

from person import PERSON, enroll, events, policy

OTHER = "nobody"
OLD_S = 7200


@pytest.fixture(name="store")
def fixture_store(psgctl, package):
    policy(psgctl, package)
    for name in (PERSON, OTHER):
        psgctl.ok("assign", name, "Billing")
        enroll(psgctl, name)
    return psgctl


def leave(psgctl, name, age_s=OLD_S):
    """What somebody left who was killed while writing; its path."""
    path = os.path.join(psgctl.store, "people", name, "authenticators", ".left")
    with open(path, "w", encoding="ascii"):
        os.chmod(path, 0o600)
    os.utime(path, (time.time() - age_s,) * 2)
    return path


def counts(done):
    return tuple(done.json()[name] for name in ("people", "lapsed", "failed"))


def test_the_log_is_kept_as_the_settings_say(store):
    old = os.path.join(store.store, "log.0000000001")
    with open(old, "w", encoding="ascii") as file:
        os.chmod(old, 0o600)
        file.write('{"time":"2001-01-01T00:00:00Z","event":"Refused"}\n')
    os.utime(old, (1e9, 1e9))
    assert store.ok("--json", "tidy").json()["log"]["removed"] == 1
    assert not os.path.exists(old)


def test_everybodys_leavings_go(store):
    young = leave(store, PERSON, 60) + "-young"
    os.rename(young[:-len("-young")], young)
    old = [leave(store, PERSON), leave(store, OTHER)]
    other_boot = os.path.join(store.store, "sessions", "00000000-0000-0000-0000-000000000000-7")
    with open(other_boot, "w", encoding="ascii"):
        os.chmod(other_boot, 0o600)
    done = store.ok("tidy")
    assert [path for path in [*old, other_boot] if os.path.exists(path)] == []
    assert os.path.exists(young)
    assert "2 people" in done.err and done.out == ""
    assert len(store.ok("--json", "authenticators").json()) == 2


def test_a_lapse_that_nobody_noticed_is_logged_once(store):
    store.ok("activate", "Billing", "--user", PERSON, "--for", "1s")
    assert events(store, "Lapsed") == []
    deadline = time.time() + 20
    while counts(store.ok("--json", "tidy")) == (2, 0, 0):
        assert time.time() < deadline
        time.sleep(0.2)
    assert [line["userName"] for line in events(store, "Lapsed")] == [PERSON]
    assert store.ok("--json", "tidy").json()["lapsed"] == 0
    assert len(events(store, "Lapsed")) == 1


def test_a_live_activation_stays(store):
    store.ok("activate", "Billing", "--user", PERSON)
    store.ok("tidy")
    assert [line["userName"] for line in store.ok("--json", "status").json()] == [PERSON]


def test_one_persons_trouble_is_not_the_next_ones(store):
    os.rename(os.path.join(store.store, "people", PERSON, "authenticators"),
              os.path.join(store.store, "people", PERSON, "spent"))
    os.symlink("/", os.path.join(store.store, "people", PERSON, "authenticators"))
    left = leave(store, OTHER)
    done = store("--json", "tidy")
    assert done.rc == 4 and counts(done) == (2, 0, 1), done
    assert f"tidying the folder of {PERSON}" in done.err
    assert not os.path.exists(left)


def test_without_its_key_nothing_is_tidied(store):
    """Else every record looked damaged, and would go sooner."""
    left = leave(store, PERSON)
    os.remove(os.path.join(store.store, "key"))
    assert store("tidy").rc == 4
    assert os.path.exists(left)
