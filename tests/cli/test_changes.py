"""deploy --check-only says what would change for people: who gains or loses what, and who needs an activation."""

import datetime
import time

import pytest

from policies import FAILED, changes, finance, set_group_status


def check(psgctl, package, *options):
    return psgctl.ok("deploy", package, "--check-only", *options)


def assigned(psgctl, package, *assignments):
    """The policy that these tests change: Finance gives sshd and sudo with an activation, Free gives login without."""
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["login"]).group("Open", ["Free"]))
    for assignee, name in assignments or [("alice", "Finance")]:
        psgctl.ok("assign", assignee, name)


# What is deployed over it -> what that changes for alice, who is assigned Finance and Open.
KINDS = {
    "gains, gated": (lambda p: p.permission_set("Billing", apps=["sshd", "sudo", "su"]),
                     ["alice gains su (needs activation, through PermissionSetGroup Finance)"]),
    "gains, open": (lambda p: p.permission_set("Free", apps=["login", "su"]),
                    ["alice gains su (needs no activation, through PermissionSetGroup Open)"]),
    "loses": (lambda p: p.permission_set("Billing", apps=["sshd"]),
              ["alice loses sudo (was through PermissionSetGroup Finance)"]),
    "loses what was open": (lambda p: p.permission_set("Free"),
                            ["alice loses login (was through PermissionSetGroup Open)"]),
    "no longer needs": (lambda p: p.group("Finance", ["Billing"]),
                        [f"alice no longer needs activation {s} (through PermissionSetGroup Finance)"
                         for s in ("sshd", "sudo")]),
    "now needs": (lambda p: p.group("Open", ["Free"], requires=True),
                  ["alice now needs activation login (through PermissionSetGroup Open)"]),
    "by the set": (lambda p: p.permission_set("Free", apps=["login"], hasActivationRequired=True),
                   ["alice now needs activation login (through PermissionSetGroup Open)"]),
    "a member more": (lambda p: p.permission_set("New", apps=["su"]).group("Open", ["Free", "New"]),
                      ["alice gains su (needs no activation, through PermissionSetGroup Open)"]),
    "muted": (lambda p: p.muting_set("Mute", apps=["sudo"]).group("Finance", ["Billing"], requires=True,
                                                                 muting=["Mute"]),
              ["alice loses sudo (was through PermissionSetGroup Finance)"]),
    "another path, open": (lambda p: p.permission_set("Free", apps=["login", "sudo"]),
                           ["alice no longer needs activation sudo (through PermissionSetGroup Open)"]),
    "swapped": (lambda p: p.permission_set("Billing", apps=["sshd", "login"]).permission_set("Free", apps=["sudo"]),
                ["alice now needs activation login (through PermissionSetGroup Finance)",
                 "alice no longer needs activation sudo (through PermissionSetGroup Open)"]),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_change(psgctl, package, kind):
    assigned(psgctl, package, ("alice", "Finance"), ("alice", "Open"))
    before = psgctl.policy_bytes()
    change, lines = KINDS[kind]
    after = package("after")
    change(after)
    result = check(psgctl, after)
    assert changes(result) == lines
    assert f"{len(lines)} change{'s' if len(lines) > 1 else ''} for people:\n" in result.out
    assert psgctl.policy_bytes() == before
    assert "for people" not in psgctl.deploy(after).out  # only asked for beforehand


@pytest.mark.parametrize("change", [
    lambda p: p.permission_set("Free", apps=["login"], label="Another label"),
    lambda p: p.permission_set("Free", apps=["login"], user=["ViewSetup"]),  # no service
    lambda p: p.permission_set("New", apps=["su"]).group("New_Group", ["New"]),  # nobody has it
    lambda p: p.permission_set("Free", apps=["login", "sshd"]),  # alice has sshd from elsewhere: see below
    lambda p: p.permission_set("Both", apps=["login"]).group("Open", ["Both"]),  # another set, the same service
])
def test_nothing_changes(psgctl, package, change):
    assigned(psgctl, package, ("alice", "Open"))
    psgctl.deploy(package("more").permission_set("Direct", apps=["sshd"]))
    psgctl.ok("assign", "alice", "Direct")
    after = package("after")
    change(after)
    assert "Nothing would change for people.\n" in check(psgctl, after).out
    assert check(psgctl, after, "--json").json()["changes"] == []


def test_lines_are_sorted_and_in_columns(psgctl, package):
    assigned(psgctl, package, ("zoe", "Finance"), ("bob", "Finance"), ("%long_group_name", "Finance"))
    result = check(psgctl, package("after").permission_set("Billing", apps=["a", "sshd"]))
    assert "6 changes for people:\n" + "\n".join([
        "%long_group_name  gains  a     (needs activation, through PermissionSetGroup Finance)",
        "%long_group_name  loses  sudo  (was through PermissionSetGroup Finance)",
        "bob               gains  a     (needs activation, through PermissionSetGroup Finance)",
        "bob               loses  sudo  (was through PermissionSetGroup Finance)",
        "zoe               gains  a     (needs activation, through PermissionSetGroup Finance)",
        "zoe               loses  sudo  (was through PermissionSetGroup Finance)"]) + "\n\n" in result.out


def test_in_json(psgctl, package):
    assigned(psgctl, package, ("alice", "Finance"), ("%wheel", "Free"))
    after = (package("after").permission_set("Billing", apps=["sshd"]).permission_set("Free", apps=["su"])
             .gate(exemptUsers=["carol"]))
    report = check(psgctl, after, "--json").json()
    line = {"requiresActivation": False, "exempt": False, "permissionSetGroup": None, "permissionSet": None,
            "assignee": None}
    assert report["changes"] == [
        {**line, "userName": "%wheel", "application": "login", "change": "Loses", "permissionSet": "Free",
         "assignee": "%wheel"},
        {**line, "userName": "%wheel", "application": "su", "change": "Gains", "permissionSet": "Free",
         "assignee": "%wheel"},
        {**line, "userName": "alice", "application": "sudo", "change": "Loses", "permissionSetGroup": "Finance",
         "assignee": "alice"},
        {**line, "userName": "carol", "application": "*", "change": "Gains", "exempt": True}]
    assert "changes" not in psgctl.ok("deploy", after, "--json").json()


def test_exempt_users(psgctl, package):
    """Who is exempt reaches everything, so all that is assigned to them too; one line says the rest."""
    assigned(psgctl, package, ("alice", "Finance"), ("alice", "Open"))
    exempt = package("exempt").gate(exemptUsers=["alice"])
    assert changes(check(psgctl, exempt)) == [
        "alice gains every service (needs no activation, an exempt user)",
        "alice no longer needs activation sshd (an exempt user)",
        "alice no longer needs activation sudo (an exempt user)"]
    psgctl.deploy(exempt)
    # What changes for an exempt user changes nothing.
    assert "Nothing would change" in check(psgctl, package("more").permission_set("Free", apps=["su"])).out
    assert changes(check(psgctl, package("none").gate())) == [
        "alice loses every service (was an exempt user)",
        "alice now needs activation sshd (through PermissionSetGroup Finance)",
        "alice now needs activation sudo (through PermissionSetGroup Finance)"]


def test_an_assignment_that_is_over_counts_for_nothing(psgctl, package):
    assigned(psgctl, package, ("bob", "Finance"))
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    psgctl.ok("assign", "alice", "Finance", "--until", soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    deadline = time.monotonic() + 60
    while all(a["isActive"] for a in psgctl.ok("assignments", "--json").json()):
        assert time.monotonic() < deadline, "the assignment never ends"
        time.sleep(0.1)
    assert changes(check(psgctl, finance(package, "after", apps=["sshd"]))) == [
        "bob loses sudo (was through PermissionSetGroup Finance)"]


def test_a_failed_group_gave_nothing(psgctl, package):
    assigned(psgctl, package, ("alice", "Finance"))
    set_group_status(psgctl.store + "/policy", "Finance", FAILED)
    assert changes(check(psgctl, finance(package, "after", apps=["sshd"]))) == [
        "alice gains sshd (needs activation, through PermissionSetGroup Finance)"]


def test_root_is_never_concerned(psgctl, package):
    assigned(psgctl, package, ("root", "Finance"))
    assert "Nothing would change" in check(psgctl, finance(package, "after", apps=["sshd"])).out


def test_the_line_of_a_unix_group_stands_for_its_members(psgctl, package, accounts):
    assigned(psgctl, package, ("%staff", "Finance"), ("%ops", "Open"), ("alice", "Open"))
    result = accounts(psgctl, "deploy", package("after").permission_set("Billing", apps=["sshd", "login"])
                      .permission_set("Free"), "--check-only")
    # alice is in staff and in ops: she loses login by name, and keeps it, gated, by staff.
    assert changes(result) == [
        "%ops loses login (was through PermissionSetGroup Open)",
        "%staff gains login (needs activation, through PermissionSetGroup Finance)",
        "%staff loses sudo (was through PermissionSetGroup Finance)",
        "alice now needs activation login (through PermissionSetGroup Finance, assigned to %staff)"]


def test_who_has_the_unix_group_as_primary_one_is_found(psgctl, package, accounts):
    """bob is in ops by his account alone, and assigned Finance himself."""
    assigned(psgctl, package, ("bob", "Finance"), ("%ops", "Open"))
    result = accounts(psgctl, "deploy", package("after").permission_set("Free", apps=["login", "sudo"]),
                      "--check-only")
    assert changes(result) == [
        "%ops gains sudo (needs no activation, through PermissionSetGroup Open)",
        "bob no longer needs activation sudo (through PermissionSetGroup Open, assigned to %ops)"]


def test_names_reach_no_terminal_raw(psgctl, package):
    assigned(psgctl, package, ("j\u202ene", "Finance"))
    result = check(psgctl, finance(package, "after", apps=["sshd"]))
    assert "\u202e" not in result.out and "loses  sudo" in result.out


def test_of_very_many_openings_a_thousand_are_warned_of(psgctl, package):
    """More groups differ than are compared one by one beforehand, too; --check-only lists everybody."""
    psgctl.init()
    everything = package().permission_set("Billing", apps=["sudo"], hasActivationRequired=True)
    for number in range(1001):
        everything.group(f"G{number}", ["Billing"], requires=False)
    psgctl.deploy(everything)
    psgctl.ok("assign", "--file", "-", input="".join(f"person{n} G{n}\n" for n in range(1001)), timeout=120)
    after = package("after").permission_set("Billing", apps=["sudo"])
    result = check(psgctl, after)
    lines = changes(result)
    assert len(lines) == 1001 and lines == sorted(lines)
    assert lines[0] == "person0 no longer needs activation sudo (through PermissionSetGroup G0)"
    assert result.err.count("no longer does: PermissionSetGroup G") == 1000
    assert "Warning: 1 more needs no activation any more for a service (deploy --check-only lists all.)\n" in result.err
