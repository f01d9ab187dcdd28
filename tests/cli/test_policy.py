"""init, groups, recalculate: what is made, and what is in force."""

import os
import re
import subprocess
import time

import pytest

from policies import events, finance, groups, one, parse

# -- init --

def test_init_makes_a_store_and_says_the_next_step(psgctl):
    result = psgctl("init")
    assert result.rc == 0 and psgctl.store in result.out and "psgctl deploy" in result.out
    assert {"key", "people", "policy", "sessions"} <= set(os.listdir(psgctl.store))
    assert groups(psgctl) == [] and psgctl.ok("assignments", "--json").json() == []
    assert [e["event"] for e in events(psgctl)] == ["Initialized"]


def test_init_again_changes_nothing(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance")
    key = open(psgctl.store + "/key", "rb").read()
    before = psgctl.policy_bytes()
    result = psgctl("init")
    assert result.rc == 0 and "nothing was changed" in result.out
    assert psgctl.policy_bytes() == before and open(psgctl.store + "/key", "rb").read() == key
    assert len(events(psgctl, "Initialized")) == 1


def test_init_says_it_in_json(psgctl):
    made = psgctl.ok("init", "--json").json()
    assert made == {"store": psgctl.store, "key": psgctl.store + "/key", "created": True,
                    "policyCreated": True}
    assert psgctl.ok("init", "--json").json() == {**made, "created": False, "policyCreated": False}


def test_init_quiet(psgctl):
    result = psgctl("init", "--quiet")
    assert (result.rc, result.out, result.err) == (0, "", "")


def test_init_restores_a_policy_that_is_missing(psgctl):
    psgctl.init()
    os.unlink(psgctl.store + "/policy")
    assert psgctl("groups").rc == 4
    result = psgctl("init")
    assert result.rc == 0 and "empty policy" in result.out and groups(psgctl) == []


def test_init_warns_when_the_key_is_a_new_one(psgctl):
    psgctl.init()
    os.unlink(psgctl.store + "/key")
    result = psgctl("init")
    assert result.rc == 0 and "warning" in result.err and "no longer open" in result.err


def test_init_in_parallel_is_one_store(psgctl):
    runs = [psgctl.popen("init", stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(8)]
    results = [(run.communicate(timeout=60), run.returncode) for run in runs]
    assert [rc for _, rc in results] == [0] * 8, results
    assert groups(psgctl) == []


def test_init_warns_on_what_a_restart_may_take(psgctl, tmp_path):
    os.mkdir(tmp_path / "ram")
    result = psgctl.in_namespace(f"mount -t tmpfs none {tmp_path}/ram", "--store",
                          tmp_path / "ram/store", "init")
    assert result.rc == 0 and "tmpfs" in result.err and "warning" in result.err


def test_init_warns_on_overlay(psgctl, tmp_path):
    for name in ("lower", "upper", "work", "merged"):
        os.mkdir(tmp_path / name)
    mount = (f"mount -t overlay none -o lowerdir={tmp_path}/lower,upperdir={tmp_path}/upper,"
             f"workdir={tmp_path}/work {tmp_path}/merged")
    result = psgctl.in_namespace(mount, "--store", tmp_path / "merged/deep/store", "init")
    assert "overlayfs" in result.err and "warning" in result.err
    os.mkdir(tmp_path / "upper/deep")
    result = psgctl.in_namespace(mount, "--store", tmp_path / "merged/deep/store", "init")
    assert result.rc == 0


# A preloaded statfs that answers as told: no NFS or FUSE server is needed to be refused by one.
STATFS = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/statfs.h>
int statfs(const char *path, struct statfs *out)
{ (void)path; out->f_type = strtoul(getenv("FAKE_MAGIC"), 0, 16); return 0; }
int statfs64(const char *path, struct statfs64 *out)
{ (void)path; out->f_type = strtoul(getenv("FAKE_MAGIC"), 0, 16); return 0; }
"""


@pytest.mark.parametrize("magic, name", [("6969", "NFS"), ("65735546", "FUSE"), ("1021997", "9p"),
                                         ("ff534d42", "CIFS"), ("fe534d42", "SMB"),
                                         ("00c36400", "Ceph")])
def test_init_refuses_what_is_not_local(psgctl, tmp_path, magic, name):
    source, library = tmp_path / "statfs.c", tmp_path / "statfs.so"
    source.write_text(STATFS)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source], check=True)
    result = psgctl("init", env={"LD_PRELOAD": str(library), "FAKE_MAGIC": magic,
                                 "ASAN_OPTIONS": "verify_asan_link_order=0"})
    assert result.rc == 4 and name in result.err and "local" in result.err
    assert not os.path.exists(psgctl.store)


# -- groups --

def test_groups_lists_names_labels_status_and_counts(psgctl, package):
    psgctl.init()
    assert psgctl.ok("groups").out == "None.\n"
    psgctl.deploy(finance(package, label="Finance people"))
    header, row = psgctl.ok("groups").out.splitlines()
    assert header.split() == ["NAME", "LABEL", "STATUS", "ACTIVATION", "SETS", "PERMISSIONS"]
    assert re.split(r"  +", row) == ["Finance", "Finance people", "Updated", "required", "1", "3"]


def test_a_group_with_all_that_matters(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package, muting=["Mute"], description="Money").muting_set(
        "Mute", apps=["sudo"]).activation_policy(
            "Finance", scope="Host", lifetime="PT2H", maximumLifetime="PT4H", reason="Required",
            reasonPattern="INC[0-9]+", endSessions=True, warnBefore="PT5M",
            unixGroups=[{"group": "adm", "permission": "ViewSetup"}]))
    psgctl.ok("assign", "alice", "Finance", "--until", "2099-01-01T00:00:00Z")
    shown = one(psgctl, "Finance")
    assert abs(parse(shown["assignees"][0]["createdDate"]) - time.time()) < 3600
    assert shown == {
        "type": "PermissionSetGroup", "fullName": "Finance", "label": "Finance",
        "description": "Money", "hasActivationRequired": True, "status": "Updated",
        "statusReason": None, "permissionSets": ["Billing"], "mutingPermissionSets": ["Mute"],
        "activationPolicy": {
            "endSessions": True, "enrollWithin": None, "enrollment": "Admin", "lifetime": "PT2H",
            "maximumLifetime": "PT4H", "reason": "Required", "reasonPattern": "INC[0-9]+",
            "scope": "Host", "unixGroups": [{"group": "adm", "permission": "ViewSetup"}],
            "warnBefore": "PT5M"},
        "effectivePermissions": ["applicationVisibilities.sshd", "userPermissions.ViewSetup"],
        "assignees": [{"assignee": "alice", "createdDate": shown["assignees"][0]["createdDate"],
                       "expirationDate": "2099-01-01T00:00:00Z"}]}
    assert groups(psgctl) == [shown]
    text = psgctl.ok("groups", "Finance").out
    for word in ("Money", "Billing", "Mute", "applicationVisibilities.sshd", "scope Host", "2h",
                 "at most 4h", "INC[0-9]+", "adm while ViewSetup", "alice until 2099-01-01T00:00:00Z"):
        assert word in text, word
    assert "applicationVisibilities.sudo" not in text


def test_groups_of_a_permission_set(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    shown = one(psgctl, "Billing")
    assert shown["type"] == "PermissionSet" and shown["assignees"] == []
    assert shown["effectivePermissions"] == ["applicationVisibilities.sshd",
                                             "applicationVisibilities.sudo",
                                             "userPermissions.ViewSetup"]
    assert "nobody" in psgctl.ok("groups", "Billing").out


def test_groups_of_an_unknown_name(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    result = psgctl("groups", "Finanse")
    assert result.rc == 1 and "did you mean Finance?" in result.err and result.out == ""
    result = psgctl("groups", "Biling", "--json")
    assert result.rc == 1 and "did you mean Billing?" in result.err
    assert "did you mean Billing?" in result.refused()
    assert psgctl("groups", "").rc == 1


# -- recalculate --

def test_recalculate_derives_the_same(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package, muting=["Mute"]).muting_set("Mute", apps=["sudo"])
                  .gate(window=2, exemptUsers=["backup"]).permission_set("Other", user=["ViewRoles"])
                  .group("Others", ["Other"]))
    psgctl.ok("assign", "alice", "Finance")
    before = psgctl.policy()
    result = psgctl.ok("recalculate")
    assert [line.split() for line in result.out.splitlines()[1:]] == [["Finance", "Updated", "2"],
                                                                      ["Others", "Updated", "1"]]
    assert psgctl.policy() == before
    assert psgctl.ok("recalculate", "Others", "--json").json() == [
        {"fullName": "Others", "status": "Updated", "statusReason": None, "permissionCount": 1}]
    assert psgctl.policy() == before


def test_recalculate_of_an_unknown_group(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    before = psgctl.policy_bytes()
    result = psgctl("recalculate", "Finance", "Finanse")
    assert result.rc == 1
    assert result.err == "psgctl: there is no permission set group Finanse; did you mean Finance?\n"
    assert psgctl("recalculate", "Zork").err == (
        "psgctl: there is no permission set group Zork; `psgctl groups` lists the groups\n")
    result = psgctl("recalculate", "Billing")
    assert result.rc == 1
    assert result.err == ("psgctl: Billing is a permission set: name groups that contain it, or none to recalculate "
                          "everything\n")
    assert psgctl.policy_bytes() == before


def test_recalculate_of_nothing(psgctl):
    psgctl.init()
    assert psgctl.ok("recalculate").out == "None.\n"
    assert psgctl.ok("recalculate", "--json").json() == []
