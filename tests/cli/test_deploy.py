"""deploy: a package in force whole, or nothing changed."""

import fcntl
import os
import re
import shutil
import subprocess

import pytest

from conftest import PSGCTL, REPO
from policies import events, finance, groups, one, untimed

SAMPLE_GROUP = "Finance_Mgmt_PermSetGroup"
UTC = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def test_deploy_the_sample(psgctl):
    psgctl.init()
    result = psgctl.deploy(os.path.join(REPO, "conf", "sample-package"))
    assert "created    PermissionSetGroup " + SAMPLE_GROUP in result.out and result.err == ""
    assert one(psgctl, SAMPLE_GROUP)["permissionSets"] == ["Billing_PS"]


def test_deploy_prints_a_line_a_component_and_a_sum(psgctl, package):
    psgctl.init()
    result = psgctl.deploy(finance(package))
    assert re.search(r"^Deployed 2 components: 2 created, in \d+ ms\.$|, in \d+\.\d s\.$", result.out, re.M)
    assert untimed(result) == ["created    PermissionSet Billing",
                               "created    PermissionSetGroup Finance",
                               "Deployed 2 components: 2 created."]
    finance(package).permission_set("Billing", apps=["sshd"])
    package("finance").permission_set("More", user=["ViewRoles"])
    result = psgctl.deploy(package("finance"))
    assert untimed(result) == ["changed    PermissionSet Billing",
                               "created    PermissionSet More",
                               "unchanged  PermissionSetGroup Finance",
                               "Deployed 3 components: 1 created, 1 changed, 1 unchanged."]
    assert len(events(psgctl, "Deployed")) == 2


def test_an_unchanged_package_says_so_and_writes_nothing(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    before, inode = psgctl.policy_bytes(), os.stat(psgctl.store + "/policy").st_ino
    result = psgctl.deploy(package("finance"))
    assert "in force already" in result.out and "unchanged  PermissionSet Billing" in result.out
    assert psgctl.policy_bytes() == before and os.stat(psgctl.store + "/policy").st_ino == inode
    assert len(events(psgctl, "Deployed")) == 1


def test_deploy_adds_and_replaces_and_deletes_nothing(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.deploy(package("other").permission_set("Other", apps=["login"]).group("Others", ["Other"]))
    assert [g["fullName"] for g in groups(psgctl)] == ["Finance", "Others"]


def test_deploy_keeps_assignments(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance", "--until", "2099-01-01T00:00Z")
    psgctl.ok("assign", "%staff", "Billing")
    before = psgctl.ok("assignments", "--json").json()
    psgctl.deploy(finance(package, apps=["login"]))
    assert psgctl.ok("assignments", "--json").json() == before and len(before) == 2


BAD = {
    "no XML": {"permissionsets/Bad.permissionset": "<PermissionSet"},
    "an unknown element": {"permissionsets/Bad.permissionset":
                           '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">\n'
                           "<label>Bad</label>\n  <colour>red</colour></PermissionSet>"},
    "an unknown member": {"permissionsetgroups/Bad.permissionsetgroup":
                          '<PermissionSetGroup xmlns="http://soap.sforce.com/2006/04/metadata">'
                          "<label>Bad</label><permissionSets>Nobody_Has_It</permissionSets>"
                          "</PermissionSetGroup>"},
    "a file that the manifest misses": {"package.xml":
                                        '<Package xmlns="http://soap.sforce.com/2006/04/metadata">'
                                        "<types><members>Lost</members><name>PermissionSet</name>"
                                        "</types><version>60.0</version></Package>"},
}


@pytest.mark.parametrize("what", BAD)
def test_a_bad_package_changes_nothing(psgctl, package, what):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance")
    before, bytes_before = psgctl.policy(), psgctl.policy_bytes()
    bad = finance(package, "bad", requires=False, apps=["login"])
    for name, text in BAD[what].items():
        bad.file(name, text)
    for options in ([], ["--check-only"], ["--strict"], ["--json"], ["--quiet"]):
        result = psgctl("deploy", bad, *options)
        assert result.rc == 3 and "Error: " in result.err, result
        assert "nothing was changed" in result.err
        assert "created" not in result.err and (result.out == "" or "--json" in options)
        assert psgctl.policy() == before and psgctl.policy_bytes() == bytes_before
    assert len(events(psgctl, "Deployed")) == 1


def test_an_error_names_file_line_column_component_and_element(psgctl, package):
    psgctl.init()
    bad = package().file("permissionsets/Bad.permissionset", BAD["an unknown element"][
        "permissionsets/Bad.permissionset"])
    result = psgctl("deploy", bad)
    assert re.search(rf"^{re.escape(str(bad))}/permissionsets/Bad\.permissionset:3:\d+: Error: "
                     r"\[PermissionSet Bad\] colour: .*colour.* \(.+\)$", result.err, re.M), result


def test_hostile_text_in_a_package_reaches_no_terminal(psgctl, package):
    psgctl.init()
    bad = package().file("permissionsets/Bad.permissionset",
                         '<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">'
                         "<label>\u202etxt.\u0085</label><\u2066x/></PermissionSet>")
    good = package("good").permission_set("A", label="a \u202e b").group("G", ["A"])
    results = [psgctl("deploy", bad), psgctl("deploy", good), psgctl("groups"),
               psgctl("groups", "A"), psgctl("groups", "A", "--json")]
    for result in results:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066]", result.out + result.err)


def test_deploy_of_neither_directory_nor_zip(psgctl, package, tmp_path):
    psgctl.init()
    result = psgctl("deploy", tmp_path / "none")
    assert result.rc == 3 and result.out == "" and result.err.startswith(
        f"psgctl: cannot read the package {tmp_path}/none: ") and result.err.endswith(
            ": name a directory or zip that root can read; nothing was changed\n")
    for content in (b"", b"PK", b"<Package/>", b"\0" * 4096):
        (tmp_path / "file.zip").write_bytes(content)
        result = psgctl("deploy", tmp_path / "file.zip")
        assert result.rc == 3
        assert result.err == (f"psgctl: {tmp_path}/file.zip is neither a directory nor a zip file: "
                              "name one that holds a package; nothing was changed\n")


def test_deploy_a_zip(psgctl, package, tmp_path):
    """Messages name the file inside."""
    psgctl.init()
    good = shutil.make_archive(tmp_path / "good", "zip", finance(package))
    assert untimed(psgctl.ok("deploy", good))[-1] == "Deployed 2 components: 2 created."
    bad = shutil.make_archive(tmp_path / "bad", "zip", package("bad").file(
        "permissionsets/Bad.permissionset", BAD["an unknown element"]["permissionsets/Bad.permissionset"]))
    result = psgctl("deploy", bad)
    assert result.rc == 3 and f"{bad}/permissionsets/Bad.permissionset:3:3: Error: [PermissionSet Bad] " in result.err


def test_check_only_writes_nothing(psgctl, package):
    psgctl.init()
    before = psgctl.policy_bytes()
    result = psgctl("deploy", finance(package), "--check-only")
    assert result.rc == 0 and "created    PermissionSetGroup Finance" in result.out
    assert "Nothing was written" in result.out
    assert psgctl.policy_bytes() == before and groups(psgctl) == []
    assert events(psgctl, "Deployed") == []
    report = psgctl("deploy", package("finance"), "--check-only", "--json").json()
    assert report["checkOnly"] is True and report["status"] == "Succeeded"


def test_strict_lets_no_warning_pass(psgctl, package):
    """A session-based set in an ordinary group is Salesforce's way to lose the requirement: a warning."""
    psgctl.init()
    directory = (package().permission_set("Careful", apps=["sshd"], hasActivationRequired=True)
                 .group("Ordinary", ["Careful"], requires=False))
    before = psgctl.policy_bytes()
    result = psgctl("deploy", directory, "--strict")
    assert result.rc == 3 and "Warning: " in result.err and psgctl.policy_bytes() == before
    report = psgctl("deploy", directory, "--strict", "--json").json()
    assert report["success"] is False and report["numberComponentErrors"] >= 1
    assert report["details"]["componentFailures"][0]["problemType"] == "Warning"
    result = psgctl("deploy", directory)
    assert result.rc == 0 and "Warning: " in result.err
    assert len(groups(psgctl)) == 1


def test_a_warning_in_json_is_a_success_with_a_problem(psgctl, package):
    psgctl.init()
    directory = (package().permission_set("Careful", apps=["sshd"], hasActivationRequired=True)
                 .group("Ordinary", ["Careful"], requires=False))
    report = psgctl.ok("deploy", directory, "--json").json()
    problems = [m for m in report["details"]["componentSuccesses"] if m["problem"]]
    assert len(problems) == 1 and problems[0]["problemType"] == "Warning"
    assert problems[0]["success"] is True and report["details"]["componentFailures"] == []


def test_deploy_result_is_salesforces(psgctl, package):
    psgctl.init()
    report = psgctl.ok("deploy", finance(package), "--json").json()
    details = report.pop("details")
    for name in ("startDate", "completedDate"):
        assert re.fullmatch(UTC, report.pop(name))
    assert report == {"done": True, "success": True, "status": "Succeeded", "checkOnly": False,
                      "ignoreWarnings": True, "rollbackOnError": True, "numberComponentsTotal": 2,
                      "numberComponentsDeployed": 2, "numberComponentErrors": 0}
    assert details["componentFailures"] == []
    assert re.fullmatch(UTC, details["componentSuccesses"][0].pop("createdDate"))
    assert details["componentSuccesses"][0] == {
        "componentType": "PermissionSet", "fullName": "Billing",
        "fileName": "permissionsets/Billing.permissionset", "problem": None, "problemType": None,
        "lineNumber": None, "columnNumber": None, "created": True, "changed": False,
        "deleted": False, "success": True}
    assert [m["fullName"] for m in details["componentSuccesses"]] == ["Billing", "Finance"]


def test_failed_deploy_result(psgctl, package):
    psgctl.init()
    bad = finance(package).file("permissionsets/Bad.permissionset", BAD["an unknown element"][
        "permissionsets/Bad.permissionset"])
    result = psgctl("deploy", bad, "--json")
    report = result.json()
    assert result.rc == 3 and report["success"] is False and report["status"] == "Failed"
    assert report["numberComponentErrors"] == 1 and report["numberComponentsDeployed"] == 0
    assert report["numberComponentsTotal"] >= 3
    assert report["details"]["componentSuccesses"] == []
    failure, = report["details"]["componentFailures"]
    assert failure["fullName"] == "Bad" and failure["componentType"] == "PermissionSet"
    assert failure["fileName"] == "permissionsets/Bad.permissionset"
    assert failure["problemType"] == "Error" and "colour" in failure["problem"]
    assert failure["lineNumber"] == 3 and failure["columnNumber"] >= 1
    assert not any(failure[name] for name in ("success", "created", "changed", "deleted"))


def test_the_warnings_of_what_is_refused_are_in_json_too(psgctl, package):
    """Of what failed all is a failure; a warning about the rest is none."""
    psgctl.init()
    bad = (package().permission_set("Careful", apps=["sshd"], hasActivationRequired=True)
           .group("Ordinary", ["Careful"], requires=False).group("Wrong", ["Careful", "Nowhere"], requires=False))
    result = psgctl("deploy", bad, "--json")
    report = result.json()
    success, = report["details"]["componentSuccesses"]
    assert (success["fullName"], success["problemType"], success["success"]) == ("Ordinary", "Warning", True)
    failures = report["details"]["componentFailures"]
    assert {(m["fullName"], m["problemType"], m["success"]) for m in failures} == {
        ("Wrong", "Warning", False), ("Wrong", "Error", False)}
    assert report["numberComponentErrors"] == 1


MANIFEST = """<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
    <types><members>*</members><name>PermissionSet</name></types>
    <types><members>*</members><name>PermissionSetGroup</name></types>
    <types><members>*</members><name>ApexClass</name></types>
    <version>64.0</version>
</Package>
"""


def test_the_manifest_is_among_the_successes_with_its_warning(psgctl, package):
    psgctl.init()
    report = psgctl.ok("deploy", finance(package).file("package.xml", MANIFEST), "--json").json()
    entry = report["details"]["componentSuccesses"][-1]
    assert (entry["componentType"], entry["fullName"], entry["fileName"]) == ("", "package.xml", "package.xml")
    assert entry["success"] is True and entry["problemType"] == "Warning" and "ApexClass" in entry["problem"]
    assert not any(entry[name] for name in ("created", "changed", "deleted"))
    assert len(report["details"]["componentSuccesses"]) == 3
    assert report["numberComponentsTotal"] == 2  # it is none of the components


def test_errors_are_counted_by_component_and_sorted_by_file_and_line(psgctl, package):
    psgctl.init()
    namespace = 'xmlns="http://soap.sforce.com/2006/04/metadata"'
    two = f"<PermissionSet {namespace}>\n<label>B</label>\n<colour/>\n<taste/>\n</PermissionSet>"
    bad = (package().file("permissionsets/B.permissionset", two)
           .file("permissionsets/A.permissionset", f"<PermissionSet {namespace}></PermissionSet>"))
    result = psgctl("deploy", bad, "--json")
    report = result.json()
    failures = [(f["fileName"], f["lineNumber"]) for f in report["details"]["componentFailures"]]
    assert failures == [("permissionsets/A.permissionset", 1), ("permissionsets/B.permissionset", 3),
                        ("permissionsets/B.permissionset", 4)]
    assert report["numberComponentErrors"] == 2
    assert [line.split("/")[-1].split(":")[:2] for line in result.err.splitlines()[:3]] == [
        ["A.permissionset", "1"], ["B.permissionset", "3"], ["B.permissionset", "4"]]
    assert result.err.endswith("psgctl: 3 errors, 0 warnings: nothing was changed\n")


def test_strict_says_what_would_let_it_pass(psgctl, package):
    psgctl.init()
    directory = (package().permission_set("Careful", apps=["sshd"], hasActivationRequired=True)
                 .group("Ordinary", ["Careful"], requires=False))
    assert psgctl("deploy", directory, "--strict").err.endswith(
        "psgctl: 0 errors, 1 warning: nothing was changed\n"
        "psgctl: correct what is warned of, or leave --strict out: then warnings do not stop it\n")


def test_deployments_at_once_lose_nothing(psgctl, package):
    """Each adds to what the one before left: the writers' lock is held from reading to writing."""
    psgctl.init()
    directories = [package(f"p{n}").permission_set(f"Set_{n}", apps=[f"app{n}"])
                   .group(f"Group_{n}", [f"Set_{n}"]) for n in range(12)]
    runs = [psgctl.popen("deploy", d, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for d in directories]
    runs += [psgctl.popen("assign", f"user{n}", "Any", stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) for n in range(3)]
    for run in runs:
        run.communicate(timeout=120)
    assert [run.returncode for run in runs] == [0] * 12 + [3] * 3
    assert {g["fullName"] for g in groups(psgctl)} == {f"Group_{n}" for n in range(12)}


def test_a_stopped_deployment_does_not_disturb_readers(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    lock = os.open(psgctl.store + "/lock", os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    assert len(groups(psgctl)) == 1
    assert psgctl("deploy", package("finance"), "--check-only").rc == 0
    waiting = psgctl.popen("deploy", finance(package, apps=["login"]), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE)
    assert waiting.stderr.readline() == "psgctl: another psgctl is changing the policy: waiting for it\n"
    with pytest.raises(subprocess.TimeoutExpired):
        waiting.wait(timeout=0.5)
    os.close(lock)
    waiting.communicate(timeout=60)
    assert waiting.returncode == 0


def test_what_a_killed_deployment_left_is_removed_by_the_next(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    left = os.path.join(psgctl.store, ".tmp-left")
    with open(left, "wb") as file:
        file.write(b"half a policy")
    psgctl.ok("assign", "alice", "Finance")
    assert os.path.exists(left)  # somebody may be writing it
    os.utime(left, (os.path.getmtime(left) - 7200,) * 2)
    psgctl.ok("assign", "bob", "Finance")
    assert not os.path.exists(left)


def test_a_read_only_store(psgctl, package):
    psgctl.init()
    psgctl.deploy(finance(package))
    psgctl.ok("assign", "alice", "Finance")
    before = psgctl.policy_bytes()
    read_only = 'mount --bind "$STORE" "$STORE" && mount -o remount,bind,ro "$STORE"'
    changed = finance(package, apps=["login"])
    for args in (["deploy", changed], ["assign", "bob", "Finance"], ["unassign", "alice", "Finance"],
                 ["recalculate"]):
        result = psgctl.in_namespace(read_only, *args)
        assert result.rc == 4 and "read-only" in result.err, (args, result)
        assert psgctl.policy_bytes() == before
    for args in (["groups"], ["groups", "Finance"], ["assignments"], ["log"],
                 ["deploy", changed, "--check-only"]):
        assert psgctl.in_namespace(read_only, *args).rc == 0, args


def test_a_full_disk_changes_nothing(psgctl, tmp_path, package):
    """The policy before stays in force, whole."""
    os.mkdir(tmp_path / "disk")
    big = package("big")
    for number in range(40):
        big.permission_set(f"Set_{number}", user=[f"Permission{n}" for n in range(300)])
    script = (f"mount -t tmpfs -o size=256k none {tmp_path}/disk && export PSG_STORE={tmp_path}/disk/s "
              f"&& {PSGCTL} init && {PSGCTL} deploy {finance(package)} && "
              f"{PSGCTL} groups --json > {tmp_path}/before; {PSGCTL} deploy {big}; echo rc=$?; "
              f"{PSGCTL} groups --json > {tmp_path}/after; ls -a {tmp_path}/disk/s")
    result = subprocess.run(["unshare", "-m", "sh", "-c", script], capture_output=True, text=True,
                            check=False)
    assert "rc=4" in result.stdout and "stays in force" in result.stderr, result
    assert (tmp_path / "before").read_text() == (tmp_path / "after").read_text() != ""
    assert not re.search(r"^\.[^.\n]", result.stdout, re.M), "a torn policy was left behind"


def test_a_name_service_that_cannot_say_is_a_warning(psgctl, package, tmp_path):
    psgctl.init()
    (tmp_path / "nsswitch.conf").write_text("passwd: files\ngroup: files hesiod\n")
    directory = package().permission_set("A", user=["P"]).activation_policy(
        "A", unixGroups=[{"group": "no-such-group", "permission": "P"}])
    result = psgctl.in_namespace(f"mount --bind {tmp_path}/nsswitch.conf /etc/nsswitch.conf", "deploy", directory)
    assert result.rc == 0 and result.err.splitlines() == [
        f"{directory}/activationpolicies/A.activationpolicy:3:13: Warning: [ActivationPolicy A] group: "
        "The name service could not say whether there is a Unix group 'no-such-group' (Look at the services of "
        "nsswitch.conf, then deploy again.)"], result


def test_a_manifest_as_salesforce_and_people_write_it(psgctl, package):
    """With what belongs to connected applications, and with types of which only a comment is left."""
    psgctl.init()
    directory = package().permission_set("A").file("package.xml", """<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Sample</fullName>
    <apiAccessLevel>Unrestricted</apiAccessLevel>
    <modules><module><label>Sample</label><types><members>X</members><name>Module</name></types></module></modules>
    <namespacePrefix>sample</namespacePrefix>
    <types>
        <!-- nothing left -->
    </types>
    <types>
        <members>A</members>
        <name>PermissionSet</name>
    </types>
    <version>36.0</version>
</Package>
""")
    result = psgctl.deploy(directory)
    assert result.err == "" and "created    PermissionSet A" in result.out
    text = (directory.path / "package.xml").read_text()
    directory.file("package.xml", text.replace("<!-- nothing left -->", "<members>B</members>"))
    result = psgctl("deploy", directory)
    assert result.rc == 3
    assert ":7:5: Error: name: Required field is missing: name (Add the element.)" in result.err, result
