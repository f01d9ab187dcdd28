"""Whatever folder a package begins in: messages name files that can be opened, or where it seems to be."""

import shutil

import pytest

from conftest import SALESFORCE
from policies import finance

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
MANIFEST = (f'{HEAD}<Package xmlns="{SALESFORCE}"><types><members>*</members><name>PermissionSet</name></types>'
            "<version>64.0</version></Package>\n")
BAD = f'{HEAD}<PermissionSet xmlns="{SALESFORCE}">\n<label>Bad</label><x/></PermissionSet>\n'
SET = "permissionsets/{}.permissionset"


def as_given(package, how, tmp_path):
    return package if how == "directory" else shutil.make_archive(tmp_path / "given", "zip", package)


def destructive(package, kind, name):
    return (package("gone").file("package.xml", f'<Package xmlns="{SALESFORCE}"><version>64.0</version></Package>')
            .file("destructiveChanges.xml", f'<Package xmlns="{SALESFORCE}"><types><members>{name}</members>'
                                            f"<name>{kind}</name></types></Package>"))


@pytest.fixture(name="store")
def store_fixture(psgctl):
    psgctl.init()
    return psgctl


@pytest.mark.parametrize("how", ["directory", "zip"])
@pytest.mark.parametrize("root", ["src/", "unpackaged/", "src/unpackaged/"])
def test_files_are_named_from_the_top(store, package, tmp_path, root, how):
    repository = package("repository").file(root + "package.xml", MANIFEST).file(root + SET.format("Bad"), BAD)
    given = as_given(repository, how, tmp_path)
    result = store("deploy", given)
    assert result.rc == 3 and f"{given}/{root}permissionsets/Bad.permissionset:3:19: Error: " in result.err
    failure, = store("deploy", given, "--json").json()["details"]["componentFailures"]
    assert failure["fileName"] == root + SET.format("Bad")
    repository.file(root + SET.format("Bad"), BAD.replace("<x/>", ""))
    given = as_given(repository, how, tmp_path)
    successes = store.ok("deploy", given, "--json").json()["details"]["componentSuccesses"]
    assert [entry["fileName"] for entry in successes] == [root + SET.format("Bad"), root + "package.xml"]


def test_what_lies_outside_is_named_where_it_is(store, package):
    given = (package("given").file("unpackaged/package.xml", MANIFEST)
             .file("unpackaged/" + SET.format("Good"), BAD.replace("<x/>", "")).file(SET.format("Aside"), BAD))
    assert store.ok("deploy", given).err == (
        f"{given}/permissionsets/Aside.permissionset: Warning: Not deployed: the package begins at "
        "unpackaged/package.xml (Move it there if it is to be deployed.)\n")


@pytest.mark.parametrize("how", ["directory", "zip"])
@pytest.mark.parametrize("folder", ["src", "deep/down", "permissionsets"])
def test_where_the_package_seems_to_be(store, package, tmp_path, folder, how):
    repository = (package("repository").file("README", "").file(f"{folder}/package.xml", MANIFEST)
                  .file(f"{folder}/{SET.format('Good')}", BAD.replace("<x/>", "")))
    given = as_given(repository, how, tmp_path)
    result = store("deploy", given)
    assert result.rc == 3
    assert result.err == (
        f"Error: No package.xml found (The package seems to be in {folder}: deploy that folder.)\n"
        f"{given}/{folder}/permissionsets/Good.permissionset: Warning: Not deployed: its type, PermissionSet, "
        "belongs in the folder permissionsets at the top of the package (Move it there if it is to be deployed.)\n"
        "psgctl: 1 error, 1 warning: nothing was changed\n")


@pytest.mark.parametrize("file", ["README", "Good.permissionset", "other/Good.permissionset",
                                  "mypermissionsets/Good.permissionset"])
def test_where_there_seems_to_be_none(store, package, file):
    result = store("deploy", package("empty").file(file, "x"))
    assert result.rc == 3 and result.err.startswith(
        "Error: No package.xml found (Give a directory or zip with package.xml, or with files such as "
        "permissionsets/NAME.permissionset.)\n")


def test_what_was_deployed_earlier_has_no_file_here(store, package):
    store.deploy(finance(package).activation_policy("Finance"))
    gone = destructive(package, "PermissionSetGroup", "Finance")
    result = store("deploy", gone)
    assert result.rc == 3 and result.err == (
        "Error: [ActivationPolicy Finance] The activation policy governs nothing: there is neither a permission set "
        "group nor a permission set named 'Finance' (Delete it too, or leave what it governs. It was deployed earlier "
        "and is not in this package.)\npsgctl: 1 error, 0 warnings: nothing was changed\n")
    result = store.ok("deploy", destructive(package, "PermissionSet", "Billing"), "--force")
    assert result.err.startswith("Warning: [PermissionSetGroup Finance] permissionSets: The group is Failed ")
    assert f"\n{gone}/destructiveChanges.xml:1:" in result.err


def test_a_value_that_stands_twice_is_named_where_it_is_meant(store, package):
    def lent(group, permission):
        return f"<unixGroups>\n<group>{group}</group>\n<permission>{permission}</permission>\n</unixGroups>\n"
    policy = "activationpolicies/Finance.activationpolicy"
    given = finance(package).file(policy, f'{HEAD}<ActivationPolicy xmlns="urn:pam-psg:metadata">\n' + lent(
        "adm", "Nothing") + lent("root", "Nothing") + lent("root", "ViewSetup") + "</ActivationPolicy>\n")
    for _ in range(2):  # the second time nothing is new, and it is said again
        assert [line.split(": [")[0] for line in store.ok("deploy", given).err.splitlines()] == [
            f"{given}/{policy}:{line}:1: Warning" for line in (5, 8, 9, 12)]
    result = store("deploy", given, "--strict")
    assert result.rc == 3 and "psgctl: 0 errors, 4 warnings: nothing was changed\n" in result.err
