"""deploy --defer and --force, recalculate: what the status of a group says, and what is in force meanwhile."""

import os
import re
import signal
import subprocess
import time

import pytest

from conftest import SALESFORCE
from policies import changes, events, finance, groups, one, untimed

OUTDATED = ("psgctl: Outdated: Finance. What was in force stays until `psgctl recalculate` puts this in force\n")


def destructive(package, **members):
    """A package that deletes: PermissionSet=["Billing"]."""
    types = "".join(f"<types>{''.join(f'<members>{name}</members>' for name in names)}<name>{kind}</name></types>"
                    for kind, names in members.items())
    body = '<?xml version="1.0" encoding="UTF-8"?>\n<Package xmlns="%s">\n%s<version>64.0</version>\n</Package>\n'
    return (package("gone").file("package.xml", body % (SALESFORCE, ""))
            .file("destructiveChanges.xml", body % (SALESFORCE, types + "\n")))


@pytest.fixture
def store(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package).permission_set("Free", apps=["login"]).group("Open", ["Free"]))
    psgctl.ok("assign", "alice", "Finance")
    return psgctl


def statuses(psgctl):
    return {group["fullName"]: group["status"] for group in groups(psgctl)}


def gives(psgctl, name="Finance"):
    return [key.split(".")[1] for key in one(psgctl, name)["effectivePermissions"] if key.startswith("app")]


def test_what_is_deferred_is_not_in_force(store, package):
    more = package("more").permission_set("Billing", apps=["su"])
    result = store.ok("deploy", more, "--defer")
    assert result.err == OUTDATED and untimed(result) == [
        "changed    PermissionSet Billing",
        "Stored 1 component: 1 changed. Not in force yet (--defer): `psgctl recalculate` does that."]
    assert statuses(store) == {"Finance": "Outdated", "Open": "Updated"} and gives(store) == ["sshd", "sudo"]
    assert store("assign", "bob", "Finance").rc == 3 and store("assign", "bob", "Open").rc == 0
    result = store.ok("recalculate")
    assert [line.split() for line in result.out.splitlines()] == [
        ["NAME", "STATUS", "PERMISSIONS"], ["Finance", "Updated", "1"], ["Open", "Updated", "1"]]
    assert statuses(store)["Finance"] == "Updated" and gives(store) == ["su"] and store("assign", "bob", "Finance").rc == 0
    assert [e["reason"] for e in events(store, "Deployed")][-1] == "recalculated 2 groups"


def test_deferring_keeps_the_documents_that_did_not_change(store, package):
    """The whole package once more, one set of it new: the group and its policy are in it as they were."""
    whole = lambda apps: (package().permission_set("Billing", apps=apps).group("Finance", ["Billing"], requires=True)
                          .activation_policy("Finance", lifetime="PT1H"))
    store.deploy(whole(["sshd"]))
    store.ok("deploy", whole(["su"]), "--defer")
    kept = package("kept")
    store.ok("retrieve", "--all", "--output", kept.path / "out")
    assert [path.name for path in (kept.path / "out").rglob("*") if path.is_file() and path.stat().st_size == 0] == []
    store.ok("recalculate")
    assert statuses(store)["Finance"] == "Updated" and gives(store) == ["su"]


def test_recalculate_of_one_group_shows_that_one(store, package):
    store.ok("deploy", package("more").permission_set("Billing", apps=["su"]).permission_set("Free", apps=["cron"]),
             "--defer")
    result = store.ok("recalculate", "Finance")
    assert [line.split() for line in result.out.splitlines()][1:] == [["Finance", "Updated", "1"]]
    assert statuses(store) == {"Finance": "Updated", "Open": "Outdated"} and gives(store, "Open") == ["login"]
    assert store.ok("recalculate", "Open", "--json").json() == [
        {"fullName": "Open", "status": "Updated", "statusReason": None, "permissionCount": 1}]
    assert gives(store, "Open") == ["cron"]


def test_deferred_again_says_that_it_is_stored(store, package):
    more = package("more").permission_set("Billing", apps=["su"])
    store.ok("deploy", more, "--defer")
    before = store.policy_bytes()
    result = store.ok("deploy", more, "--defer")
    assert untimed(result)[-1] == ("Nothing to do: 1 component: 1 unchanged, stored already. Not in force yet (--defer): "
                                   "`psgctl recalculate` does that.")
    assert store.policy_bytes() == before
    assert untimed(store.ok("deploy", more))[-1] == "Deployed 1 component: 1 unchanged."  # not deferred: in force
    assert gives(store) == ["su"] and untimed(store.ok("deploy", more))[-1] == (
        "Nothing to do: 1 component: 1 unchanged, in force already.")


def test_what_is_deferred_changes_nothing_for_people(store, package):
    more = package("more").permission_set("Billing", apps=["su"])
    assert "Nothing would change for people.\n" in store.ok("deploy", more, "--defer", "--check-only").out
    assert statuses(store)["Finance"] == "Updated"
    store.ok("deploy", more, "--defer")
    # The next deployment that is not deferred would put it in force.
    assert changes(store.ok("deploy", package("other").permission_set("Other"), "--check-only")) == [
        "alice loses sshd (was through PermissionSetGroup Finance)",
        "alice gains su (needs activation, through PermissionSetGroup Finance)",
        "alice loses sudo (was through PermissionSetGroup Finance)"]


def test_what_was_deferred_comes_with_the_next_deployment_and_is_named(store, package):
    store.ok("deploy", package("more").permission_set("Billing", apps=["su"]).permission_set("Free", apps=["su"]),
             "--defer")
    free = package("free").permission_set("Free", apps=["cron"])
    assert store.ok("deploy", free, "--check-only").err == (
        "psgctl: would come into force too, deferred before: PermissionSet/Billing\n")
    assert gives(store) == ["sshd", "sudo"]
    assert store.ok("deploy", free).err == "psgctl: in force now too, deferred before: PermissionSet/Billing\n"
    assert gives(store) == ["su"] and store.ok("deploy", free).err == ""


def test_what_was_deferred_opens_with_a_warning(store, package):
    """It said nothing when it was stored, for nothing opened then."""
    result = store.ok("deploy", package("more").group("Finance", ["Billing"]), "--defer")
    assert result.err == OUTDATED
    before = store.policy_bytes()
    result = store.ok("recalculate", "Finance")
    assert [line.split("Warning: ")[1].split(" (")[0] for line in result.err.splitlines()] == [
        f"[PermissionSetGroup Finance] alice needed an activation for {service} and no longer does: PermissionSetGroup "
        "Finance, assigned to alice, gives it without" for service in ("sshd", "sudo")]
    assert store.policy_bytes() != before
    assert store.ok("recalculate").err == ""


def test_deleting_what_is_used_or_assigned_is_an_error(store, package):
    store.ok("assign", "bob", "Free")
    before = store.policy_bytes()
    gone = destructive(package, PermissionSet=["Billing", "Free"], PermissionSetGroup=["Finance"])
    result = store("deploy", gone)
    assert result.rc == 3 and store.policy_bytes() == before
    assert re.search(r"destructiveChanges.xml:3:\d+: Error: \[PermissionSetGroup Finance\] .*assigned to: alice",
                     result.err), result
    assert re.search(r"destructiveChanges.xml:3:\d+: Error: \[PermissionSet Free\] .*member of: Open", result.err), result


def test_forced_the_group_is_failed_and_gives_nothing(store, package):
    gone = destructive(package, PermissionSet=["Billing", "Nothing"])
    assert changes(store.ok("deploy", gone, "--force", "--check-only")) == [
        "alice loses sshd (was through PermissionSetGroup Finance)",
        "alice loses sudo (was through PermissionSetGroup Finance)"]
    report = store.ok("deploy", gone, "--force", "--json").json()
    successes = report["details"]["componentSuccesses"]
    assert [(m["componentType"], m["fullName"], m["deleted"], m["problemType"]) for m in successes] == [
        ("PermissionSet", "Billing", True, "Warning"),
        ("", "destructiveChanges.xml", False, None), ("", "package.xml", False, None),
        ("PermissionSet", "Nothing", False, "Warning"), ("PermissionSetGroup", "Finance", False, "Warning")]
    assert report["numberComponentsTotal"] == 1 and report["numberComponentErrors"] == 0
    shown = one(store, "Finance")
    assert shown["status"] == "Failed" and "Billing" in shown["statusReason"] and shown["effectivePermissions"] == []
    text = store.ok("groups", "Finance").out
    assert f"\n  because              {shown['statusReason']}\n" in text
    assert "\n  what to do           it gives nothing: deploy what it lacks, or the group without it\n" in text
    header, row = store.ok("groups").out.splitlines()[:2]
    assert header.split()[-1] == "BECAUSE" and row.endswith(shown["statusReason"])
    result = store("assign", "bob", "Finance")
    assert result.rc == 3 and f"Finance is Failed: {shown['statusReason']} (it gives nothing: " in result.err
    # recalculate warns of it, and it stays so until what it lacks is deployed.
    result = store.ok("recalculate", "Finance")
    assert result.err == ("Warning: [PermissionSetGroup Finance] permissionSets: The group is Failed and gives nothing, "
                          "as it lacks the permission sets: Billing (Deploy them, or the group without them.)\n")
    assert result.out.split()[-3:] == ["Finance", "Failed", "0"]
    store.deploy(finance(package))
    assert statuses(store)["Finance"] == "Updated" and "BECAUSE" not in store.ok("groups").out


def test_forced_a_muting_set_is_missed_too(store, package):
    """What it muted must not come back."""
    store.deploy(finance(package, "muted", muting=["Mute"]).muting_set("Mute", apps=["sudo"]))
    assert gives(store) == ["sshd"]
    result = store.ok("deploy", destructive(package, MutingPermissionSet=["Mute"]), "--force")
    assert ("Warning: [PermissionSetGroup Finance] mutingPermissionSets: The group is Failed and gives nothing, as it "
            "lacks the muting permission sets: Mute (" in result.err)
    assert statuses(store)["Finance"] == "Failed" and gives(store) == []


def test_forced_assignments_go_with_what_is_deleted(store, package):
    result = store.ok("deploy", destructive(package, PermissionSetGroup=["Finance"]), "--force")
    assert untimed(result) == ["deleted    PermissionSetGroup Finance", "Deployed 1 component: 1 deleted."]
    assert store.ok("assignments", "--json").json() == [] and list(statuses(store)) == ["Open"]


def test_forced_and_deferred_the_activation_policy_goes_later_too(store, package):
    """The next deployment took it for an orphan, and was refused."""
    store.deploy(package("governed").activation_policy("Finance", lifetime="PT1H"))
    result = store.ok("deploy", destructive(package, PermissionSetGroup=["Finance"]), "--force", "--defer")
    assert untimed(result)[:2] == ["deleted    ActivationPolicy Finance", "deleted    PermissionSetGroup Finance"]
    assert one(store, "Finance")["status"] == "Outdated"
    assert untimed(store.ok("deploy", package("other").permission_set("Other"))) == [
        "created    PermissionSet Other", "Deployed 1 component: 1 created."]
    assert list(statuses(store)) == ["Open"] and store.ok("assignments", "--json").json() == []


def test_a_component_with_two_warnings_is_one_entry(store, package):
    """A line a warning."""
    store.ok("assign", "alice", "Open")
    package("after").permission_set("Free", apps=["login", "sshd", "sudo"])
    report = store.ok("deploy", package("after"), "--json").json()
    free, opened = report["details"]["componentSuccesses"]
    assert (free["fullName"], free["changed"], free["problem"]) == ("Free", True, None)
    assert (opened["fullName"], opened["changed"], opened["problemType"]) == ("Open", False, "Warning")
    assert len(opened["problem"].split("\n")) == len(opened["remedy"].split("\n")) == 2  # sshd and sudo
    package("again").group("Open", ["Free"], requires=True)
    store.deploy(package("again"))
    report = store.ok("deploy", package("once more").group("Open", ["Free"]), "--json").json()
    entry, = report["details"]["componentSuccesses"]
    assert entry["changed"] and entry["success"] and entry["problemType"] == "Warning"
    assert [line.split(" and no longer does")[0] for line in entry["problem"].split("\n")] == [
        f"alice needed an activation for {service}" for service in ("login", "sshd", "sudo")]


# Stops the process when it makes its policy durable: announced, under the lock, and not yet in force.
STOP = """
#define _GNU_SOURCE
#include <signal.h>
#include <sys/stat.h>
static int stop(int fd)
{
	struct stat st;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		raise(SIGSTOP);
	return 0;
}
int fsync(int fd) { return stop(fd); }
int fdatasync(int fd) { return stop(fd); }
"""


def test_a_group_is_updating_while_it_is_put_in_force(store, package, tmp_path):
    source, library = tmp_path / "stop.c", tmp_path / "stop.so"
    source.write_text(STOP)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    writer = store.popen("deploy", package("more").permission_set("Billing", apps=["su"]), stdout=subprocess.DEVNULL,
                         env={"LD_PRELOAD": str(library), "ASAN_OPTIONS": "verify_asan_link_order=0"})
    try:
        assert os.WIFSTOPPED(os.waitpid(writer.pid, os.WUNTRACED)[1])
        assert statuses(store) == {"Finance": "Updating", "Open": "Updated"}
        assert re.search(r"^Finance +Finance +Updating ", store.ok("groups").out, re.M)
        assert ("\n  what to do           wait: another psgctl is about to put it in force\n"
                in store.ok("groups", "Finance").out)
        assert gives(store) == ["sshd", "sudo"]  # what was in force is, whole, until the other one is
    finally:
        deadline = time.monotonic() + 60
        while writer.poll() is None and time.monotonic() < deadline:
            writer.send_signal(signal.SIGCONT)
            time.sleep(0.01)
    assert writer.wait(timeout=10) == 0
    assert statuses(store)["Finance"] == "Updated" and gives(store) == ["su"]
