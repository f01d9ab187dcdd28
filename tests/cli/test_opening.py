"""The warning of what needs no activation any more, by deploy and by assign."""

import datetime
import re
import time

import pytest

from policies import finance, openings


def test_deploy_warns_of_what_needs_no_activation_any_more(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance")
    result = psgctl.deploy(finance(package, requires=False))
    assert sorted(re.findall(r"alice needed an activation for (\w+) and no longer does",
                             result.err)) == ["sshd", "sudo"]
    # The group's file is in the package; what gives it may also have been deployed earlier.
    assert ("finance/permissionsetgroups/Finance.permissionsetgroup: Warning: [PermissionSetGroup Finance] alice "
            "needed an activation for sshd and no longer does: PermissionSetGroup Finance, assigned to alice, gives "
            "it without (Set hasActivationRequired if that is not meant.)\n") in result.err
    # And not again: nobody needs one now.
    assert openings(psgctl.deploy(finance(package, requires=False, apps=["sshd", "login"]))) == []


def test_strict_stops_what_opens(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance")
    before = psgctl.policy()
    for options in (["--strict"], ["--strict", "--check-only"]):
        result = psgctl("deploy", finance(package, requires=False), *options)
        assert result.rc == 3 and len(openings(result)) == 2 and psgctl.policy() == before


@pytest.mark.parametrize("change", [
    lambda p: p.group("Finance", ["Billing"], requires=True, description="new"),
    lambda p: p.permission_set("Free", apps=["login"]),            # assigned to nobody
    lambda p: p.permission_set("Billing", apps=["sshd"]),          # taken away
    lambda p: p.permission_set("Billing", apps=["sshd", "sudo", "login"]),  # more, but gated
])
def test_no_warning_where_nothing_opens(psgctl, package, change):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance")
    package_after = package("after")
    change(package_after)
    assert openings(psgctl.deploy(package_after)) == []


def test_a_second_path_opens(psgctl, package):
    """The strictest path does not count: any path that requires nothing opens the door."""
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free").group("Free_Group", ["Free"]))
    psgctl.ok("assign", "alice", "Finance")
    psgctl.ok("assign", "alice", "Free_Group")
    result = psgctl.deploy(package("more").permission_set("Free", apps=["sudo"]))
    line, = openings(result)
    assert "alice" in line and "sudo" in line and "Free_Group" in line


def test_who_needed_none_is_not_warned_of(psgctl, package):
    """A gated path beside an open one gated nothing."""
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["sudo"])
                  .permission_set("Free_Too", apps=["sudo"]))
    psgctl.ok("assign", "alice", "Finance")
    assert len(openings(psgctl.ok("assign", "alice", "Free"))) == 1
    assert openings(psgctl.ok("assign", "alice", "Free_Too")) == []


def test_muting_that_is_lifted_opens(psgctl, package):
    psgctl.init()
    base = (finance(package).permission_set("Free", apps=["sudo"])
            .muting_set("Mute", apps=["sudo"]).group("Free_Group", ["Free"], muting=["Mute"]))
    psgctl.deploy(base)
    psgctl.ok("assign", "alice", "Finance")
    assert openings(psgctl.ok("assign", "alice", "Free_Group")) == []
    line, = openings(psgctl.deploy(package("more").group("Free_Group", ["Free"])))
    assert "sudo" in line


def test_a_new_exempt_user_is_told(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance")
    lines = openings(psgctl.deploy(package("gate").gate(exemptUsers=["alice"])))
    assert len(lines) == 2 and lines[0].endswith(
        "gate/settings/Gate.settings: Warning: [Settings Gate] alice needed an activation for sshd and no longer "
        "does: an exempt user from now on (Remove it from exemptUsers if that is not meant.)")


def test_assign_warns_of_what_opens(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["sudo"]))
    psgctl.ok("assign", "alice", "Finance")
    assert openings(psgctl.ok("assign", "bob", "Free")) == []  # bob needed none: he had nothing
    line, = openings(psgctl.ok("assign", "alice", "Free"))
    assert line.endswith(
        "alice needed an activation for sudo and no longer does: PermissionSet Free, assigned to alice, gives it "
        "without; if that is not meant: psgctl unassign alice Free")
    assert openings(psgctl.ok("assign", "alice", "Free", "--until", "2099-01-01")) == []


def test_what_is_over_opens_nothing_and_gates_nothing(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["sudo"]))
    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    psgctl.ok("assign", "alice", "Finance", "--until", soon.strftime("%Y-%m-%dT%H:%M:%SZ"))
    deadline = time.monotonic() + 60
    while psgctl.ok("assignments", "--json").json()[0]["isActive"]:
        assert time.monotonic() < deadline, "the assignment never ends"
        time.sleep(0.1)
    assert openings(psgctl.ok("assign", "alice", "Free")) == []


def test_opening_through_unix_groups(psgctl, package, accounts):
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["sudo"]))
    assert accounts(psgctl, "assign", "alice", "Finance").rc == 0
    # alice is in staff: what is given to staff opens for her.
    line, = openings(accounts(psgctl, "assign", "%staff", "Free"))
    assert line.count("alice") == 1 and "%staff" in line
    psgctl.ok("unassign", "%staff", "Free")
    # bob has ops as primary group only, and through it needs an activation.
    assert accounts(psgctl, "assign", "%ops", "Finance").rc == 0
    line, = openings(accounts(psgctl, "assign", "bob", "Free"))
    assert "bob" in line
    psgctl.ok("unassign", "bob", "Free")
    # Whoever is in ops is told of once, by the name of ops.
    lines = openings(accounts(psgctl, "assign", "%ops", "Free"))
    assert len(lines) == 1 and "%ops needed" in lines[0]


def test_a_member_of_two_groups_is_found(psgctl, package, accounts):
    """alice is assigned nothing by name: gated by staff, opened by ops, and in both."""
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["sudo"]))
    assert accounts(psgctl, "assign", "%staff", "Finance").rc == 0
    line, = openings(accounts(psgctl, "assign", "%ops", "Free"))
    assert "alice needed an activation for sudo" in line and "%ops" in line
