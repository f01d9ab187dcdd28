"""activate and deactivate: the administrator's act, and the person's own by sudo."""

import os
import shutil
import time

import pytest

from conftest import PSGCTL, SALESFORCE
from person import (PERSON, SECRET, Session, as_person, assign_until_over, code, ended, enroll,
                    events, policy, store_text, terminal, wait_for_fresh_step, wrong_code)

KEYS = {"id", "userName", "permissionSetGroup", "permissionSet", "scope", "authSessionId", "service",
        "description", "createdDate", "expirationDate"}


@pytest.fixture
def billing(psgctl, package):
    """PERSON may activate Billing, for the Host."""
    policy(psgctl, package)
    psgctl.ok("assign", PERSON, "Billing")
    return psgctl


def with_rules(psgctl, package, **rules):
    policy(psgctl, package, **rules)
    psgctl.ok("assign", PERSON, "Billing")
    return psgctl


def activate(psgctl, *args, **more):
    return psgctl("--json", "activate", "Billing", "--user", PERSON, *args, **more)


def status(psgctl, *args):
    return psgctl.ok("--json", "status", *args).json()


def seconds(made):
    parse = lambda text: time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))
    return parse(made["expirationDate"]) - parse(made["createdDate"])


# -- the administrator's act --

def test_activate_for_somebody(billing):
    made = activate(billing, "--reason", "INC1 phone lost").json()
    assert set(made) == KEYS
    assert made["id"] == f"{PERSON}/admin-1"
    assert (made["userName"], made["permissionSetGroup"], made["permissionSet"], made["scope"],
            made["authSessionId"], made["service"], made["description"]) == \
        (PERSON, "Billing", None, "Host", None, "psgctl", "INC1 phone lost")
    assert seconds(made) == 8 * 3600
    assert status(billing) == [made]
    event = events(billing, "Granted")[0]
    assert event["userName"] == PERSON and event["actor"] and event["reason"] == "INC1 phone lost"
    assert event["activationId"] == made["id"] and event["permissionSetGroup"] == "Billing"
    assert billing("check", "--user", PERSON, "--group", "Billing").rc == 0


def test_activate_for_people(billing):
    result = billing.ok("activate", "Billing", "--user", PERSON, "--for", "90s")
    assert f"{PERSON}/admin-1" in result.out and "1m" in result.out


def test_a_set_by_itself(billing):
    billing.ok("assign", PERSON, "Solo")
    made = billing.ok("--json", "activate", "Solo", "--user", PERSON, "--scope", "Host").json()
    assert (made["permissionSet"], made["permissionSetGroup"]) == ("Solo", None)


def test_by_unix_group(billing):
    billing.ok("unassign", PERSON, "Billing")
    assert activate(billing).rc == 1
    billing.ok("assign", f"%{PERSON}", "Billing")
    assert activate(billing).rc == 0


def test_who_is_not_eligible(billing):
    for user, name in (("bin", "Billing"), (PERSON, "Solo"), ("no-such-user", "Billing"),
                       (PERSON, "Nothing"), (PERSON, "Hush"), (PERSON, "no such name")):
        result = billing("activate", name, "--user", user, "--scope", "Host")
        assert result.rc == 1, result
    assert status(billing) == [] and events(billing, "Granted") == []


def test_until(billing):
    billing.ok("assign", PERSON, "Billing", "--until", "2999-12-31")
    assert activate(billing).rc == 0
    assign_until_over(billing, PERSON, "Billing")
    late = activate(billing)
    assert late.rc == 1 and "over" in late.err
    # and what was activated before opens nothing any more
    assert billing("check", "--user", PERSON, "--group", "Billing").rc == 1


@pytest.mark.parametrize("args, rc", [
    (["activate"], 2), (["activate", "Billing"], 2), (["activate", "Billing", "x"], 2),
    (["activate", "Billing", "--user", PERSON, "--nonsense"], 2),
    (["activate", "Billing", "--user", PERSON, "--session", "1-1", "--scope", "Host"], 2),
    (["activate", "Billing", "--user", "a/b"], 3), (["activate", "Billing", "--user", ""], 3),
    (["activate", "Billing", "--user", PERSON, "--for", "soon"], 3),
    (["activate", "Billing", "--user", PERSON, "--for", "8"], 3),
    (["activate", "Billing", "--user", PERSON, "--for", "0s"], 3),
    (["activate", "Billing", "--user", PERSON, "--scope", "World"], 3),
    (["activate", "Billing", "--user", PERSON, "--session", "nonsense"], 3),
    (["activate", "Billing", "--user", PERSON, "--reason", "x" * 256], 3),
    (["activate", "Billing", "--user", PERSON, "--reason", "a\nb"], 3),
    (["activate", "Billing", "--user", PERSON, "--session", "999999999-1"], 1),
    (["deactivate"], 2), (["deactivate", "Billing", "--all"], 2), (["deactivate", "a", "b"], 2),
    (["deactivate", "--id", "x", "--all"], 2), (["deactivate", "--all", "--user", "a/b"], 3),
])
def test_refused_command_lines(billing, args, rc):
    result = billing(*args)
    assert result.rc == rc and result.err and result.out == "", result
    assert status(billing) == []


def test_without_a_store(psgctl):
    for args in (["activate", "X", "--user", "a"], ["deactivate", "--all"], ["status"]):
        assert psgctl(*args).rc == 4


def test_for_limits(psgctl, package):
    with_rules(psgctl, package, lifetime="PT1H", maximumLifetime="PT4H")
    assert seconds(activate(psgctl).json()) == 3600
    assert seconds(activate(psgctl, "--for", "4h").json()) == 4 * 3600
    assert seconds(activate(psgctl, "--for", "PT5M").json()) == 300
    above = activate(psgctl, "--for", "14401s")
    assert above.rc == 3 and "PT4H" in above.err and "PT4H" in above.refused()
    assert seconds(status(psgctl)[0]) == 300


@pytest.mark.parametrize("rule, pattern, reason, rc", [
    ("Required", None, None, 3), ("Required", None, "", 3), ("Required", None, "because", 0),
    ("Required", "(INC|CHG)[0-9]+.*", "INC1 x", 0), ("Required", "(INC|CHG)[0-9]+.*", "x INC1", 3),
    ("Required", "INC|INC[0-9]+", "INC77", 0), ("Required", "INC[0-9]+", "INC7 and more", 3),
    ("Optional", "INC[0-9]+", None, 0), ("Optional", "INC[0-9]+", "none", 3),
    ("Optional", "INC[0-9]+", "INC5", 0), ("None", None, "anything", 0), ("None", None, None, 0),
    ("Required", None, "ü" * 255, 0), ("Required", None, "ü" * 256, 3),
    ("Required", None, "\udcff", 3), ("Required", None, "\x1b[31m", 3), ("Required", None, "\u202e", 3),
])
def test_reason(psgctl, package, rule, pattern, reason, rc):
    with_rules(psgctl, package, reason=rule, reasonPattern=pattern)
    result = activate(psgctl, *([] if reason is None else ["--reason", reason]))
    assert result.rc == rc, result
    if rc == 0:
        assert result.json()["description"] == (reason or None)
        assert status(psgctl)[0]["description"] == (reason or None)
    else:
        assert "\x1b" not in result.err and status(psgctl) == []


def test_session_scope_needs_a_session(psgctl, package):
    with_rules(psgctl, package, scope="Session")
    without = activate(psgctl)
    assert without.rc == 3 and "--session" in without.err and "--scope Host" in without.err
    assert activate(psgctl, "--scope", "Session").rc == 3
    assert activate(psgctl, "--scope", "Host").json()["scope"] == "Host"


def test_session(psgctl, package):
    with_rules(psgctl, package, scope="Session")
    with Session(psgctl) as one, Session(psgctl) as other:
        made = activate(psgctl, "--session", one.id()).json()
        assert (made["scope"], made["authSessionId"]) == ("Session", one.id())
        assert status(psgctl) == [made]
        check = ["check", "--user", PERSON, "--group", "Billing"]
        assert psgctl(*check, "--session", one.id()).rc == 0
        assert psgctl(*check, "--session", other.id()).rc == 1
        assert psgctl(*check).rc == 1
        gone = one.id()
    assert psgctl(*check, "--session", gone).rc == 1
    assert status(psgctl) == []
    assert activate(psgctl, "--session", gone).rc == 1


def test_an_audit_id_that_no_session_vouches_for(psgctl, package):
    """Made up by whoever typed it: it would let strangers in, so it is not taken."""
    with_rules(psgctl, package, scope="Session")
    with Session(psgctl) as session:
        made = activate(psgctl, "--session", session.id() + "-77").json()
        assert made["authSessionId"] == session.id()


def test_a_newer_one_takes_its_place(billing):
    first, second = activate(billing).json(), activate(billing).json()
    assert [s["id"] for s in status(billing)] == [second["id"]] and first["id"] != second["id"]


# -- the person's own, by sudo --

def own(psgctl, *args, answer=None, **more):
    return psgctl("--json", "activate", "Billing", *args, env=as_person(), input=answer, **more)


def test_self(billing):
    made = enroll(billing)
    wait_for_fresh_step()
    result = own(billing, answer=code() + "\n")
    assert result.rc == 0 and set(result.json()) == KEYS
    assert result.json()["id"].startswith(f"{PERSON}/{made['id']}-")
    assert result.json()["scope"] == "Host"
    assert status(billing) == [result.json()]
    assert [e["activationId"] for e in events(billing, "Activated")] == [result.json()["id"]]


def test_self_needs_a_code(billing):
    enroll(billing)
    for answer in (None, "", "\n", "abc\n", "12345\n", "12345678901\n", "\0\0\0\n"):
        result = own(billing, answer=answer)
        assert result.rc == 1 and result.refused(), result
    assert billing.ok("--json", "authenticators").json()[0]["failures"] == 0  # no attempt
    assert own(billing, answer=wrong_code() + "\n").rc == 1
    assert billing.ok("--json", "authenticators").json()[0]["failures"] == 1
    assert status(billing) == [] and len(events(billing, "WrongCode")) == 1


def test_self_without_an_authenticator(billing):
    result = own(billing, answer="123456\n")
    assert result.rc == 1 and not events(billing, "WrongCode")


def test_self_code_is_spent(billing):
    enroll(billing)
    wait_for_fresh_step(room=10)
    once = code()
    assert own(billing, answer=once).rc == 0
    billing.ok("deactivate", "--all")
    again = own(billing, answer=once)
    assert again.rc == 1 and status(billing) == []
    assert len(events(billing, "Replayed")) == 1


def test_self_codes_are_nowhere(billing):
    enroll(billing)
    wait_for_fresh_step()
    right, wrong = code(), wrong_code()
    for answer in (wrong, right):
        result = own(billing, answer=answer)
        assert answer not in result.out + result.err
    text = store_text(billing)
    assert SECRET.encode() not in text and wrong.encode() not in text


def test_self_limits(psgctl, package):
    """At most what a login would give, and no wider."""
    with_rules(psgctl, package, lifetime="PT1H", maximumLifetime="PT4H", scope="Session")
    enroll(psgctl)
    assert own(psgctl, "--for", "2h", answer="123456").rc == 3
    assert own(psgctl, "--scope", "Host", answer="123456").rc == 3
    assert own(psgctl, "--session", "1-1", answer="123456").rc == 3
    with Session(psgctl) as session:
        wait_for_fresh_step()
        out, rc = session.run(f"printf {code()} | {PSGCTL} activate Billing --for 10m")
        assert rc == 0, out
        assert seconds(status(psgctl)[0]) == 600


def test_self_may_not_name_a_session(psgctl, package):
    with_rules(psgctl, package, scope="Session")
    enroll(psgctl)
    with Session(psgctl) as session:
        assert own(psgctl, "--session", session.id(), answer=code()).rc == 3
    assert status(psgctl) == []


def test_self_is_for_the_callers_session(psgctl, package):
    with_rules(psgctl, package, scope="Session")
    enroll(psgctl)
    with Session(psgctl) as here, Session(psgctl) as there:
        wait_for_fresh_step()
        out, rc = here.run(f"printf {code()} | {PSGCTL} --json activate Billing")
        assert rc == 0, out
        assert [s["authSessionId"] for s in status(psgctl)] == [here.id()]
        check = ["check", "--user", PERSON, "--group", "Billing", "--session"]
        assert psgctl(*check, here.id()).rc == 0 and psgctl(*check, there.id()).rc == 1


def test_self_session_outlives_sudo(psgctl, package, tmp_path):
    """With use_pty sudo's monitor leads a session of its own, which ends with the command."""
    with_rules(psgctl, package, scope="Session")
    enroll(psgctl)
    sudo = tmp_path / "sudo"
    shutil.copy(os.path.realpath("/bin/sh"), sudo)
    with Session(psgctl) as session:
        wait_for_fresh_step()
        out, rc = session.run(f"printf {code()} | {sudo} -c 'setsid --wait {sudo} -c "
                              f'"{PSGCTL} activate Billing; exit \\$?"; exit $?\'')
        assert rc == 0, out
        assert [s["authSessionId"] for s in status(psgctl)] == [session.id()]


def test_self_is_asked_on_the_terminal(billing):
    enroll(billing)
    wait_for_fresh_step()
    child = terminal(billing, "activate", "Billing", **as_person())
    child.expect("Authenticator code: ")
    right = code()
    child.sendline(right)
    status_, rest = ended(child)
    assert status_ == 0 and "Billing is active" in rest and right not in rest


def test_self_is_asked_for_the_reason(psgctl, package):
    with_rules(psgctl, package, reason="Required", reasonPattern="INC[0-9]+")
    enroll(psgctl)
    assert own(psgctl, answer=code()).rc == 3  # nothing is asked without a terminal
    wait_for_fresh_step()
    child = terminal(psgctl, "activate", "Billing", **as_person())
    child.expect("Reason")
    child.sendline("INC42")
    child.expect("Authenticator code: ")
    child.sendline(code())
    assert ended(child)[0] == 0
    assert status(psgctl)[0]["description"] == "INC42"


def test_policy_that_changes_while_the_code_is_typed(billing):
    """Read afresh once the code's name is won."""
    enroll(billing)
    child = terminal(billing, "activate", "Billing", **as_person())
    child.expect("Authenticator code: ")
    billing.ok("unassign", PERSON, "Billing")
    wait_for_fresh_step()
    child.sendline(code())
    assert ended(child)[0] == 1
    assert status(billing) == []


@pytest.mark.parametrize("uid", ["", "x", "-1", "4294967295", "99999999999", "123456789"])
def test_sudo_uid_that_is_nobody(billing, uid):
    for args in (["activate", "Billing"], ["deactivate", "--all"], ["status"]):
        result = billing(*args, env={"SUDO_UID": uid})
        assert result.rc == 3, result


def test_sudo_by_root_is_root(billing):
    assert billing("activate", "Billing", env={"SUDO_UID": "0"}).rc == 2
    activate(billing)
    assert billing.ok("--json", "deactivate", "--all", env={"SUDO_UID": "0"}).json()["ended"] == 1


def test_with_user_it_is_the_administrators_act_by_sudo_too(billing):
    result = activate(billing, env=as_person())
    assert result.rc == 0
    assert PERSON in events(billing, "Granted")[0]["actor"]


# -- deactivate --

def test_deactivate_by_name(billing):
    billing.ok("assign", PERSON, "Solo")
    billing.ok("assign", "bin", "Billing")
    activate(billing)
    billing.ok("activate", "Billing", "--user", "bin")
    billing.ok("activate", "Solo", "--user", PERSON, "--scope", "Host")
    assert billing.ok("--json", "deactivate", "Billing", "--user", "sys").json() == \
        {"ended": 0, "ids": []}
    assert billing.ok("--json", "deactivate", "Billing", "--user", PERSON).json() == \
        {"ended": 1, "ids": [f"{PERSON}/admin-1"]}
    assert {(s["userName"], s["permissionSetGroup"] or s["permissionSet"])
            for s in status(billing)} == {("bin", "Billing"), (PERSON, "Solo")}
    assert billing.ok("deactivate", "Billing").out == "1 ended.\n"
    assert billing.ok("deactivate", "Billing").out == "0 ended.\n"
    assert [e["activationId"] for e in events(billing, "Deactivated")] == \
        [f"{PERSON}/admin-1", "bin/admin-1"]
    assert billing("check", "--user", PERSON, "--group", "Billing").rc == 1


def test_deactivate_by_id(billing):
    made = activate(billing).json()
    for unknown in ("nonsense", f"{PERSON}/admin-9", f"{PERSON}/../admin-1", "nobody/admin-1", ""):
        assert billing("deactivate", "--id", unknown).rc == 1, unknown
    assert billing("deactivate", "--id", made["id"], "--user", "bin").rc == 1
    assert len(status(billing)) == 1
    assert billing.ok("--json", "deactivate", "--id", made["id"]).json()["ended"] == 1
    assert billing.ok("--json", "deactivate", "--id", made["id"]).json()["ended"] == 0
    assert status(billing) == []


def test_deactivate_all(billing):
    billing.ok("assign", "bin", "Billing")
    billing.ok("activate", "Billing", "--user", "bin")
    activate(billing)
    assert billing.ok("--json", "deactivate", "--all", "--user", "bin").json()["ended"] == 1
    billing.ok("activate", "Billing", "--user", "bin")
    assert billing.ok("--json", "deactivate", "--all").json()["ended"] == 2
    assert billing.ok("--json", "deactivate", "--all").json()["ended"] == 0


def test_deactivate_what_was_deleted_or_never_was(billing):
    result = billing.ok("deactivate", "Biling")
    assert result.out == "0 ended.\n" and "no group" in result.err


def test_sudo_deactivate_is_own(billing):
    billing.ok("assign", "bin", "Billing")
    other = billing.ok("--json", "activate", "Billing", "--user", "bin").json()
    activate(billing)
    assert billing("deactivate", "--id", other["id"], env=as_person()).rc == 1
    assert billing.ok("--json", "deactivate", "--all", env=as_person()).json()["ended"] == 1
    assert [s["id"] for s in status(billing)] == [other["id"]]
    assert billing.ok("--json", "deactivate", "Billing", env=as_person()).json()["ended"] == 0
    assert [s["id"] for s in status(billing)] == [other["id"]]


def test_deactivate_ends_the_unwritten(billing):
    """A process asleep between making the name and writing it wakes to an ended activation."""
    activate(billing)
    spent = os.path.join(billing.store, "people", PERSON, "spent")
    for name in ("0123456789abcdef-99", "admin-7"):
        os.close(os.open(os.path.join(spent, name), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    billing.ok("deactivate", "Billing", "--user", PERSON)
    names = os.listdir(spent)
    assert "0123456789abcdef-99.ended" in names and "admin-7.ended" in names


def test_unassign_ends_the_unwritten(billing):
    """So does a login that looked at the policy before the assignment was taken away, and writes after it."""
    billing.ok("assign", PERSON, "Billing")
    activate(billing)
    spent = os.path.join(billing.store, "people", PERSON, "spent")
    os.close(os.open(os.path.join(spent, "0123456789abcdef-99"), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    billing.ok("unassign", PERSON, "Billing")
    assert "0123456789abcdef-99.ended" in os.listdir(spent)


def test_an_assignment_that_is_over_keeps_nothing(billing):
    """Neither a Unix group's nor the user's own: what the person had is not revived by assigning once more."""
    activate(billing)
    billing.ok("assign", "bin", "Billing")
    billing.ok("activate", "Billing", "--user", "bin")
    until = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3))
    billing.ok("assign", f"%{PERSON}", "Billing", "--until", until)
    assign_until_over(billing, "bin", "Billing")
    billing.ok("unassign", PERSON, "Billing")
    for user in (PERSON, "bin"):
        billing.ok("assign", user, "Billing")
        assert billing("check", "--user", user, "--group", "Billing").rc == 1
    assert status(billing) == []


BY_NAME, BY_FILE = ([PERSON, "Billing"], {}), (["--file", "-"], {"input": f"{PERSON} Billing\n"})


@pytest.mark.parametrize("arguments, stdin", [BY_NAME, BY_FILE])
def test_unassign_ends_what_is_active(billing, arguments, stdin):
    activate(billing)
    billing.ok("unassign", *arguments, **stdin)
    assert "admin-1.ended" in os.listdir(os.path.join(billing.store, "people", PERSON, "spent"))
    billing.ok("assign", PERSON, "Billing")
    assert status(billing) == []


@pytest.mark.parametrize("arguments, stdin", [BY_NAME, BY_FILE])
def test_assign_ends_what_a_killed_unassign_left(psgctl, package, arguments, stdin):
    """Killed once the policy was in force, it ended nothing: assigned again, the person starts with a code."""
    policy(psgctl, package)
    path = os.path.join(psgctl.store, "policy")
    shutil.copy2(path, path + ".unassigned")
    psgctl.ok("assign", PERSON, "Billing")
    activate(psgctl)
    os.rename(path + ".unassigned", path)
    psgctl.ok("assign", *arguments, **stdin)
    assert psgctl("check", "--user", PERSON, "--group", "Billing").rc == 1 and status(psgctl) == []


def test_deleting_ends_what_is_active(billing, package):
    """Were the group deployed and assigned again before it lapses, the door would be open without a code."""
    activate(billing)
    members = "".join(f"<types><members>Billing</members><name>{kind}</name></types>"
                      for kind in ("ActivationPolicy", "PermissionSetGroup"))
    billing.ok("deploy", package("gone")
               .file("package.xml", f'<Package xmlns="{SALESFORCE}"><version>64.0</version></Package>')
               .file("destructiveChanges.xml", f'<Package xmlns="{SALESFORCE}">{members}</Package>'), "--force")
    assert "admin-1.ended" in os.listdir(os.path.join(billing.store, "people", PERSON, "spent"))


def test_damaged_records_keep_nobody_alive(billing):
    billing.ok("assign", "bin", "Billing")
    made = activate(billing).json()
    billing.ok("activate", "Billing", "--user", "bin")
    path = os.path.join(billing.store, "people", PERSON, "spent", "admin-1")
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(b"garbage")
    assert [s["userName"] for s in status(billing)] == ["bin"]
    assert billing("check", "--user", PERSON, "--group", "Billing").rc == 1
    assert billing.ok("--json", "deactivate", "--all").json()["ended"] == 1
    assert billing("deactivate", "--id", made["id"]).rc == 0
