"""recovery: ten codes, kept as hashes, shown once, counted down."""

import os
import re
import stat

import pytest

from person import PERSON, as_person, code, enroll, events, policy, store_text

SHOWN = r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}"


@pytest.fixture
def store(psgctl):
    psgctl.init()
    return psgctl


def recovery(psgctl, user=PERSON):
    return psgctl.ok("--json", "recovery", user).json()


def left(psgctl, user=PERSON):
    return psgctl.ok("--json", "authenticators", user).json()[0]["recoveryCodesLeft"]


def use(psgctl, answer):
    """sudo psgctl activate of PERSON, answered so."""
    return psgctl("activate", "Billing", input=answer + "\n", env=as_person())


@pytest.fixture
def billing(psgctl, package):
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    enroll(psgctl)
    return psgctl


def test_ten_fresh_codes(store):
    first, second = recovery(store), recovery(store)
    for made in (first, second):
        assert set(made) == {"userName", "id", "createdDate", "codes"}
        assert len(set(made["codes"])) == 10 and all(re.fullmatch(SHOWN, one) for one in made["codes"])
        assert re.fullmatch("[0-9a-f]{16}", made["id"])
    assert first["id"] != second["id"] and not set(first["codes"]) & set(second["codes"])


def test_shown_for_people(store):
    shown = store.ok("recovery", PERSON)
    assert len(re.findall(SHOWN, shown.out)) == 10
    assert "now and never again" in shown.out and shown.err == ""
    again = store.ok("recovery", PERSON)
    assert f"the 10 codes of {PERSON} that were left are good no longer" in again.err
    assert "there is no account nosuchuser" in store.ok("recovery", "nosuchuser").err
    assert store("recovery").rc == 2 and store("recovery", "a", "b").rc == 2
    assert store("recovery", "a/b").rc == 3


def test_codes_are_nowhere_else(billing):
    made = recovery(billing)["codes"]
    assert use(billing, made[0]).rc == 0
    text = store_text(billing)
    for one in made:
        assert one.encode() not in text and one.replace("-", "").encode() not in text
    for args in (["authenticators"], ["--json", "log"], ["status", PERSON], ["--json", "status"]):
        said = billing.ok(*args)
        assert not any(one in said.out + said.err for one in made)


def test_the_file(store):
    recovery(store)
    path = os.path.join(store.store, "people", PERSON, "recovery")
    status = os.stat(path)
    assert stat.S_IMODE(status.st_mode) == 0o600 and status.st_uid == 0


def test_a_store_that_takes_nothing_shows_nothing(store):
    recovery(store)
    read_only = 'mount --bind "$STORE" "$STORE" && mount -o remount,ro,bind "$STORE"'
    done = store.in_namespace(read_only, "recovery", PERSON)
    assert done.rc == 4 and "read-only" in done.err and not re.search(SHOWN, done.out)


def test_activating_with_one(billing):
    made = recovery(billing)["codes"]
    done = use(billing, made[3].lower().replace("-", " "))
    assert done.rc == 0 and "9 recovery codes are left; cross it out" in done.err
    assert left(billing) == 9
    used = events(billing, "RecoveryUsed")
    assert len(used) == 1 and used[0]["userName"] == PERSON and used[0]["reason"] == "9 recovery codes are left"
    assert used[0]["activationId"] == billing.ok("--json", "status", PERSON).json()[0]["id"]
    assert re.fullmatch(PERSON + "/recovery-[0-9a-f]{16}-4", used[0]["activationId"])
    assert "9 of 10 recovery codes are left." in billing.ok("status", PERSON).out
    assert "9 of 10" in billing.ok("authenticators").out
    billing.ok("deactivate", "--id", used[0]["activationId"])
    again = use(billing, made[3])
    assert again.rc == 1 and left(billing) == 9
    assert use(billing, "ZZZZZ-ZZZZZ").rc == 1
    assert billing.ok("--json", "authenticators").json()[0]["failures"] == 2
    # The device is as good as before.
    assert use(billing, code()).rc == 0


def test_counting_down(billing):
    made = recovery(billing)["codes"]
    for number, one in enumerate(made):
        said = use(billing, one).err
        billing.ok("deactivate", "--all", "--user", PERSON)
        rest = 9 - number
        assert f"{rest} recovery code{' is' if rest == 1 else 's are'} left" in said
        assert ("psgctl recovery" in said) == (rest <= 2)
    assert left(billing) == 0
    # A new sheet starts anew, whatever was spent of the old one.
    fresh = recovery(billing)["codes"]
    assert left(billing) == 10 and use(billing, made[0]).rc == 1 and use(billing, fresh[0]).rc == 0


def test_without_an_authenticator(psgctl, package):
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    assert psgctl("explain", PERSON, "billing").rc == 1
    made = recovery(psgctl)["codes"]
    assert f"{PERSON} has 10 recovery codes and no authenticator" in psgctl.ok("authenticators").err
    shown = psgctl("explain", PERSON, "billing")
    assert "Authenticators: 0, recovery codes: 10" in shown.out and "psgctl enroll" not in shown.out
    assert psgctl("--json", "explain", PERSON, "billing").json()["recoveryCodesLeft"] == 10
    assert use(psgctl, made[0]).rc == 0


def test_unenroll_takes_them_too(billing):
    made = recovery(billing)["codes"]
    assert use(billing, made[0]).rc == 0
    done = billing.ok("--json", "unenroll", PERSON).json()
    assert done == {"userName": PERSON, "removed": 1, "recoveryCodesRemoved": 9, "ended": 1}
    assert events(billing, "Unenrolled")[0]["reason"] == "all authenticators and recovery codes"
    assert use(billing, made[1]).rc == 1
    # With recovery codes alone, too; one authenticator by its id leaves them.
    recovery(billing)
    assert "10 recovery codes removed" in billing.ok("unenroll", PERSON).out
    made = enroll(billing)
    recovery(billing)
    billing.ok("unenroll", PERSON, "--id", made["id"])
    assert "10 of 10 recovery codes are left" in billing.ok("status", PERSON).out


def test_verify_tries_none(billing):
    made = recovery(billing)["codes"]
    done = billing("verify", PERSON, input=made[0])
    assert done.rc == 1 and "that is a recovery code: it can only be used, not tried" in done.err
    assert left(billing) == 10


def test_who_made_them_is_logged(store):
    recovery(store)
    recovery(store)
    made = events(store, "RecoveryMade")
    assert [line["userName"] for line in made] == [PERSON] * 2
    assert re.fullmatch("set [0-9a-f]{16} of 10", made[0]["reason"])
    assert re.fullmatch("set [0-9a-f]{16} of 10, replacing", made[1]["reason"])


def test_damaged_ones(billing):
    made = recovery(billing)["codes"]
    path = os.path.join(billing.store, "people", PERSON, "recovery")
    with open(path, "r+b") as file:
        file.seek(30)
        file.write(b"damage")
    for args in (["authenticators"], ["status", PERSON]):
        assert f"the recovery codes of {PERSON} do not open with this key" in billing.ok(*args).err
    assert use(billing, made[0]).rc == 4
    assert use(billing, code()).rc == 0  # the device is not shut out
    recovery(billing)
    assert left(billing) == 10


def test_doctor_counts(billing, tmp_path):
    stacks = tmp_path / "pam.d"
    stacks.mkdir()
    (stacks / "billing").write_text(f"account requisite pam_psg.so store={billing.store}\n"
                                    f"session requisite pam_psg.so store={billing.store}\n")

    def found():
        report = billing("--json", "doctor", "billing", "--pam-dir", stacks).json()
        return [item for item in report["findings"] if item["name"] == "recovery-few"]
    assert found() == []
    made = recovery(billing)["codes"]
    for one in made[:7]:
        assert use(billing, one).rc == 0
        billing.ok("deactivate", "--all", "--user", PERSON)
    assert found() == []
    assert use(billing, made[7]).rc == 0
    items = found()
    assert len(items) == 1 and items[0]["severity"] == "warning"
    assert items[0]["message"] == f"{PERSON} has 2 of 10 recovery codes left"
