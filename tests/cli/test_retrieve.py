"""retrieve: what was deployed comes back as files, in Salesforce's formatting and the same each time."""

import os
import stat
import zipfile

import pytest

from conftest import REPO
from policies import finance

SAMPLE = os.path.join(REPO, "tests", "data", "metadata", "salesforce-sample")
CONF = os.path.join(REPO, "conf", "sample-package")

# What Salesforce's own sample is when it was retrieved.
SAMPLE_FILES = {
    "package.xml": """\
<?xml version="1.0" encoding="UTF-8"?>
<Package xmlns="http://soap.sforce.com/2006/04/metadata">
    <types>
        <members>Billing_PS</members>
        <name>PermissionSet</name>
    </types>
    <types>
        <members>Finance_Mgmt_PermSetGroup</members>
        <name>PermissionSetGroup</name>
    </types>
    <version>64.0</version>
</Package>
""",
    "permissionsetgroups/Finance_Mgmt_PermSetGroup.permissionsetgroup": """\
<?xml version="1.0" encoding="UTF-8"?>
<PermissionSetGroup xmlns="http://soap.sforce.com/2006/04/metadata">
    <description>Finance_Mgmt_PermSetGroup desc</description>
    <label>Finance_Mgmt_PermSetGroup</label>
    <permissionSets>Billing_PS</permissionSets>
    <status>Updated</status>
</PermissionSetGroup>
""",
    "permissionsets/Billing_PS.permissionset": """\
<?xml version="1.0" encoding="UTF-8"?>
<PermissionSet xmlns="http://soap.sforce.com/2006/04/metadata">
    <description>Billing_PS</description>
    <hasActivationRequired>false</hasActivationRequired>
    <label>Billing_PS</label>
    <license>Salesforce</license>
    <userPermissions>
        <enabled>true</enabled>
        <name>EditBillingInfo</name>
    </userPermissions>
    <userPermissions>
        <enabled>true</enabled>
        <name>ViewRoles</name>
    </userPermissions>
    <userPermissions>
        <enabled>true</enabled>
        <name>ViewSetup</name>
    </userPermissions>
</PermissionSet>
""",
}


def files_of(directory):
    """Every file by its path."""
    found = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8", newline="") as file:
                found[os.path.relpath(path, directory)] = file.read()
    return found


def files_of_zip(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture
def deployed(psgctl):
    """A store with Salesforce's sample in force."""
    psgctl.init()
    psgctl.deploy(SAMPLE)
    return psgctl


@pytest.fixture
def manifest(tmp_path):
    """Writes a package.xml: manifest("<types>…")."""
    def write(body):
        path = tmp_path / "wanted.xml"
        path.write_text(f'<Package xmlns="http://soap.sforce.com/2006/04/metadata">\n{body}\n</Package>\n',
                        encoding="utf-8")
        return path
    return write


# -- what is written --

def test_the_sample_into_a_directory(deployed, tmp_path):
    result = deployed.ok("retrieve", "--all", "--output", tmp_path / "out")
    assert result.out == ("retrieved  PermissionSet Billing_PS\n"
                          "retrieved  PermissionSetGroup Finance_Mgmt_PermSetGroup\n"
                          f"Retrieved 2 components into {tmp_path}/out.\n")
    assert result.err == "" and files_of(tmp_path / "out") == SAMPLE_FILES


def test_the_sample_into_a_zip(deployed, tmp_path):
    result = deployed.ok("retrieve", "--all", "--output", tmp_path / "out.zip")
    assert result.out.endswith(f"Retrieved 2 components into {tmp_path}/out.zip.\n") and result.err == ""
    assert files_of_zip(tmp_path / "out.zip") == SAMPLE_FILES
    with zipfile.ZipFile(tmp_path / "out.zip") as archive:
        assert archive.namelist()[-1] == "package.xml"
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {info.external_attr >> 16 for info in archive.infolist()} == {stat.S_IFREG | 0o644}


def test_an_empty_policy_is_an_empty_package(psgctl, tmp_path):
    psgctl.init()
    result = psgctl.ok("retrieve", "--all", "--output", tmp_path / "out")
    assert result.out == f"Retrieved 0 components into {tmp_path}/out.\n"
    assert files_of(tmp_path / "out") == {"package.xml": (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Package xmlns="http://soap.sforce.com/2006/04/metadata">\n'
        "    <version>64.0</version>\n</Package>\n")}


def test_the_same_bytes_each_time(psgctl, tmp_path):
    """Whatever the time zone, the umask and the folder."""
    psgctl.init()
    psgctl.deploy(CONF)
    psgctl.ok("retrieve", "--all", "--output", tmp_path / "one")
    psgctl.ok("retrieve", "--all", "--output", tmp_path / "two", env={"TZ": "Asia/Tokyo"}, umask=0o077)
    assert files_of(tmp_path / "one") == files_of(tmp_path / "two") and len(files_of(tmp_path / "one")) == 8
    psgctl.ok("retrieve", "--all", "--output", tmp_path / "one.zip")
    psgctl.ok("retrieve", "--all", "--output", tmp_path / "two.zip", env={"TZ": "Asia/Tokyo"}, umask=0o077)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert files_of_zip(tmp_path / "one.zip") == files_of(tmp_path / "one")


def modes(directory):
    return {oct(stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode))
            for folder, folders, names in os.walk(directory) for name in names + folders}


def test_modes_are_those_of_the_callers_umask(deployed, tmp_path):
    deployed.ok("retrieve", "--all", "--output", tmp_path / "out", umask=0o022)
    assert modes(tmp_path / "out") == {"0o644", "0o755"}
    deployed.ok("retrieve", "--all", "--output", tmp_path / "less", umask=0o027)
    assert modes(tmp_path / "less") == {"0o640", "0o750"}
    deployed.ok("retrieve", "--all", "--output", tmp_path / "out.zip", umask=0o027)
    assert stat.S_IMODE(os.stat(tmp_path / "out.zip").st_mode) == 0o640


def test_groups_have_the_status_they_have_now(psgctl, package, tmp_path):
    psgctl.init()
    psgctl.deploy(package().permission_set("A").group("G", ["A"], status="Failed"))
    psgctl.ok("retrieve", "--all", "--output", tmp_path / "out")
    text = files_of(tmp_path / "out")["permissionsetgroups/G.permissionsetgroup"]
    assert text.endswith("    <permissionSets>A</permissionSets>\n    <status>Updated</status>\n"
                         "</PermissionSetGroup>\n")


def test_nothing_is_written_to_the_store(deployed, tmp_path):
    before = sorted((path, os.stat(path).st_mtime_ns) for path, _, _ in os.walk(deployed.store))
    deployed.ok("retrieve", "--all", "--output", tmp_path / "out")
    assert sorted((path, os.stat(path).st_mtime_ns) for path, _, _ in os.walk(deployed.store)) == before


def test_json_is_salesforces_retrieve_result(deployed, manifest, tmp_path):
    wanted = manifest("<types><members>Billing_PS</members><members>Gone</members><name>PermissionSet</name></types>")
    result = deployed.ok("retrieve", "--manifest", wanted, "--output", tmp_path / "o.zip", "--json")
    assert result.json() == {
        "done": True, "success": True, "status": "Succeeded",
        "fileProperties": [
            {"type": "PermissionSet", "fullName": "Billing_PS",
             "fileName": "permissionsets/Billing_PS.permissionset"},
            {"type": "Package", "fullName": "package.xml", "fileName": "package.xml"}],
        "messages": [{"fileName": str(wanted), "problemType": "Warning", "lineNumber": 2, "columnNumber": 37,
                      "problem": "Entity of type 'PermissionSet' named 'Gone' cannot be found"}],
        "output": str(tmp_path / "o.zip"), "notInPolicy": []}


def test_quiet_says_nothing(deployed, tmp_path):
    result = deployed.ok("retrieve", "--all", "--output", tmp_path / "out", "--quiet")
    assert result.out == "" and result.err == ""


# -- by a manifest --

def test_by_name_and_by_star(psgctl, manifest, tmp_path):
    psgctl.init()
    psgctl.deploy(CONF)
    wanted = manifest("<types><members>*</members><name>PermissionSet</name></types>\n"
                      "<types><members>Finance_Mgmt_PermSetGroup</members><name>PermissionSetGroup</name></types>\n"
                      "<types><members>*</members><name>Settings</name></types>\n<version>45.0</version>")
    result = psgctl.ok("retrieve", "--manifest", wanted, "--output", tmp_path / "out")
    assert result.out.splitlines()[:-1] == ["retrieved  PermissionSet Billing_PS",
                                            "retrieved  PermissionSet Server_Login_PS",
                                            "retrieved  PermissionSetGroup Finance_Mgmt_PermSetGroup",
                                            "retrieved  Settings Gate"] and result.err == ""
    assert "<version>64.0</version>" in files_of(tmp_path / "out")["package.xml"]
    assert "Server_Operators" not in files_of(tmp_path / "out")["package.xml"]


def test_the_manifest_of_a_package_gives_the_package(deployed, tmp_path):
    deployed.ok("retrieve", "--manifest", os.path.join(SAMPLE, "package.xml"), "--output", tmp_path / "out")
    assert files_of(tmp_path / "out") == SAMPLE_FILES


def test_what_is_not_there_is_a_warning(deployed, manifest, tmp_path):
    wanted = manifest("<types><members>Nope</members><name>PermissionSet</name></types>\n"
                      "<types><members>*</members><name>ApexClass</name></types>\n"
                      "<types><members>Account</members><members>Gate</members><name>Settings</name></types>")
    result = deployed.ok("retrieve", "--manifest", wanted, "--output", tmp_path / "out")
    assert result.err.splitlines() == [
        f"{wanted}:2:8: Warning: members: Entity of type 'PermissionSet' named 'Nope' cannot be found "
        "(Correct the name, or remove the line.)",
        f"{wanted}:3:28: Warning: name: Types that are not kept here: ApexClass; Settings: Account "
        "(Nothing need be done: they are left out.)",
        f"{wanted}:4:34: Warning: members: Entity of type 'Settings' named 'Gate' cannot be found "
        "(Correct the name, or remove the line.)"]
    assert result.out == f"Retrieved 0 components into {tmp_path}/out.\n"


def test_a_pipe_is_a_manifest(deployed, tmp_path):
    with open(os.path.join(SAMPLE, "package.xml"), encoding="utf-8") as file:
        text = file.read()
    deployed.ok("retrieve", "--manifest", "/dev/stdin", "--output", tmp_path / "out", input=text)
    assert files_of(tmp_path / "out") == SAMPLE_FILES


BAD_MANIFESTS = {
    "nothing": ("", "1:1: Error: Error parsing file: the file is empty (Write the metadata, or remove the file.)"),
    "another root": ('<x xmlns="http://soap.sforce.com/2006/04/metadata"/>',
                     "1:1: Error: x: Error parsing file: the root element is x, not Package "
                     "(Use the root element of the type the file name says.)"),
    "an unknown element": ('<Package xmlns="http://soap.sforce.com/2006/04/metadata">\n  <colour/></Package>',
                           "2:3: Error: colour: Element colour invalid at this location in type Package "
                           "(Remove it, or correct its name.)"),
    "no version": ('<Package xmlns="http://soap.sforce.com/2006/04/metadata">\n<version>new</version></Package>',
                   "2:1: Error: version: 'new' is not a valid API version (Write it as 64.0.)"),
}


@pytest.mark.parametrize("what", BAD_MANIFESTS)
def test_a_bad_manifest_retrieves_nothing(deployed, tmp_path, what):
    text, message = BAD_MANIFESTS[what]
    (tmp_path / "bad.xml").write_text(text, encoding="utf-8")
    result = deployed("retrieve", "--manifest", tmp_path / "bad.xml", "--output", tmp_path / "out", "--json")
    assert result.rc == 3 and not os.path.exists(tmp_path / "out")
    assert result.err.splitlines() == [f"{tmp_path}/bad.xml:{message}",
                                       "psgctl: 1 error in the manifest: nothing was retrieved"]
    said = result.json()
    assert (said["success"], said["status"], said["fileProperties"], said["output"]) == (False, "Failed", [], None)
    assert said["messages"][0]["problemType"] == "Error"


# -- where to --

def test_a_checkout_is_updated_and_what_is_gone_is_named(deployed, tmp_path):
    out = tmp_path / "checkout"
    (out / ".git").mkdir(parents=True)
    (out / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    deployed.ok("retrieve", "--all", "--output", out)  # an empty repository is an empty directory
    (out / "permissionsets" / "Old.permissionset").write_text("old", encoding="utf-8")
    (out / "permissionsets" / "Billing_PS.permissionset").write_text("changed", encoding="utf-8")
    (out / "README.md").write_text("mine", encoding="utf-8")
    (out / "destructiveChanges.xml").write_text("mine", encoding="utf-8")
    result = deployed.ok("retrieve", "--all", "--output", out, "--force", "--json")
    gone = [f"psgctl: {out}/destructiveChanges.xml was left: a deployment carries it out; delete it if that is not "
            "meant",
            f"psgctl: {out}/permissionsets/Old.permissionset is not in the policy: delete it, for package.xml no "
            "longer names it"]
    assert result.err.splitlines() == gone
    assert result.json()["notInPolicy"] == ["destructiveChanges.xml", "permissionsets/Old.permissionset"]
    assert files_of(out) == {**SAMPLE_FILES, ".git/HEAD": "ref: refs/heads/main\n", "README.md": "mine",
                             "destructiveChanges.xml": "mine", "permissionsets/Old.permissionset": "old"}


def test_a_part_names_nothing_that_is_still_in_the_policy(deployed, manifest, tmp_path):
    deployed.ok("retrieve", "--all", "--output", tmp_path / "out")
    wanted = manifest("<types><members>*</members><name>PermissionSet</name></types>")
    assert deployed.ok("retrieve", "--manifest", wanted, "--output", tmp_path / "out", "--force").err == ""


@pytest.mark.parametrize("name, is_so", [("out", "is not empty"), ("out.zip", "is there already")])
def test_what_is_there_is_kept(deployed, tmp_path, name, is_so):
    out = tmp_path / "place" / name
    out.parent.mkdir()
    if name == "out":
        out.mkdir()
        (out / "mine").write_text("mine", encoding="utf-8")
    else:
        out.write_text("mine", encoding="utf-8")
    before = files_of(out.parent)
    result = deployed("retrieve", "--all", "--output", out)
    assert result.rc == 3 and result.out == ""
    assert result.err == (f"psgctl: {out} {is_so}; name another, or --force to replace the files of the same names. "
                          "Nothing was written\n")
    assert files_of(out.parent) == before
    deployed.ok("retrieve", "--all", "--output", out, "--force")


def test_places_that_cannot_be_written(deployed, tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "linked").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "linked" / "permissionsets").symlink_to(tmp_path / "elsewhere")
    no_folder = "what should be a directory is none, or a symbolic link; name a directory, or a zip as FILE.zip"
    for place, where, why in (
            ("none/out", "none/out", "not found: make the directory it is to be in first"),
            ("none/out.zip", "none/out.zip", "not found: make the directory it is to be in first"),
            ("file", "file", no_folder), ("file/out", "file/out", no_folder),
            ("linked", "linked/permissionsets/Billing_PS.permissionset", no_folder)):
        result = deployed("retrieve", "--all", "--output", tmp_path / place, "--force")
        assert (result.rc, result.out) == (3, "")
        assert result.err == f"psgctl: cannot write {tmp_path}/{where}: {why}\n"
    assert os.listdir(tmp_path / "elsewhere") == []


@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_a_full_disk(deployed, tmp_path, name):
    """A zip is there whole or not at all."""
    (tmp_path / "full").mkdir()
    fill = f"mount -t tmpfs -o size=8k none {tmp_path}/full && head -c 8192 /dev/zero >{tmp_path}/full/.rest"
    result = deployed.in_namespace(fill, "retrieve", "--all", "--output", tmp_path / "full" / name)
    where = f"{tmp_path}/full/" + ("out/permissionsets/Billing_PS.permissionset" if name == "out" else name)
    assert result.rc == 3
    assert result.err == f"psgctl: cannot write {where}: the disk is full: make room on its file system (df)\n"


# -- the command line --

@pytest.mark.parametrize("arguments, message", [
    (["--output", "out"], "say what to retrieve: --manifest FILE, or --all"),
    (["--all"], "say where to: --output DIR, or --output FILE.zip"),
    (["--all", "--output", ""], "say where to: --output DIR, or --output FILE.zip"),
    (["--all", "--manifest", "m.xml", "--output", "out"], "give --manifest FILE or --all, not both"),
])
def test_usage(deployed, tmp_path, arguments, message):
    result = deployed("retrieve", *arguments, cwd=tmp_path)
    assert result.rc == 2 and result.out == "" and not os.path.exists(tmp_path / "out")
    assert result.err == (f"psgctl: {message}\nUsage: psgctl retrieve (--manifest FILE | --all) "
                          "--output (DIR | FILE.zip)\n       [--force]\n")


def test_a_manifest_that_is_not_there(deployed, tmp_path):
    result = deployed("retrieve", "--manifest", tmp_path / "none.xml", "--output", tmp_path / "out")
    assert result.rc == 3 and not os.path.exists(tmp_path / "out")
    assert result.err == (f"psgctl: cannot read the manifest {tmp_path}/none.xml: not found; nothing was retrieved: "
                          "name a package.xml that root can read\n")


def test_no_store(psgctl, tmp_path):
    result = psgctl("retrieve", "--all", "--output", tmp_path / "out")
    assert result.rc == 4 and not os.path.exists(tmp_path / "out")
    assert result.err.startswith(f"psgctl: cannot open the store: {psgctl.store}: not found\n")


def test_a_damaged_policy_leaves_no_zip(psgctl, package, tmp_path):
    psgctl.init()
    psgctl.deploy(finance(package))
    whole = psgctl.policy_bytes()
    with open(os.path.join(psgctl.store, "policy"), "wb") as file:
        file.write(whole.replace(b"PermissionSet/Billing", b"PermissionSet/billing"))
    result = psgctl("retrieve", "--all", "--output", tmp_path / "out.zip")
    assert result.rc == 4 and "damaged record" in result.err and not os.path.exists(tmp_path / "out.zip")
