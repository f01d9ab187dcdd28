"""What psgctl says of each thing that can be wrong with a type: file, line, column, component, element, remedy."""

import pytest

from conftest import SALESFORCE


def document(kind, body, namespace=SALESFORCE):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{kind} xmlns="{namespace}">\n{body}</{kind}>\n'


def permission_set(body, label="    <label>Sample</label>\n"):
    return document("PermissionSet", body + label)


def group(body):
    return document("PermissionSetGroup", "    <label>Sample</label>\n" + body)


def user(name):
    return ("    <userPermissions>\n        <enabled>true</enabled>\n"
            f"        <name>{name}</name>\n    </userPermissions>\n")


MEMBER = "    <permissionSets>{}</permissionSets>\n".format
MUTING = "    <mutingPermissionSets>{}</mutingPermissionSets>\n".format
SET, GROUP = "permissionsets/Sample.permissionset", "permissionsetgroups/Sample.permissionsetgroup"
OF_SET, OF_GROUP = "[PermissionSet Sample]", "[PermissionSetGroup Sample]"
NAME_RULE = ("letters, digits and single underscores, beginning with a letter, not ending with an underscore, "
             "at most 80; a namespace goes before as ns__NAME.")

# What: (file, its text, what follows its path).
WRONG = {
    "an unknown element": (
        SET, permission_set("    <colour>red</colour>\n"),
        f":3:5: Error: {OF_SET} colour: Element colour invalid at this location in type PermissionSet "
        "(Remove it, or correct its name.)"),
    "an unknown element of an item": (
        SET, permission_set("    <tabSettings><tab>T</tab><seen>1</seen><visibility>None</visibility>"
                            "</tabSettings>\n"),
        f":3:30: Error: {OF_SET} seen: Element seen invalid at this location in type PermissionSetTabSetting "
        "(Remove it, or correct its name.)"),
    "another namespace": (
        SET, document("PermissionSet", "    <label>Sample</label>\n", "urn:other"),
        f":2:1: Error: {OF_SET} PermissionSet: Error parsing file: the namespace of PermissionSet is 'urn:other', "
        f"not '{SALESFORCE}' (Write the type's own xmlns on the root element.)"),
    "no label": (
        SET, permission_set("", ""),
        f":2:1: Error: {OF_SET} label: Required field is missing: label (Add the element.)"),
    "a long label": (
        SET, permission_set("", f"    <label>{'x' * 81}</label>\n"),
        f":3:5: Error: {OF_SET} label: data value too large: {'x' * 60}... (max length=80) (Shorten it.)"),
    "a long description": (
        SET, permission_set(f"    <description>{'x' * 256}</description>\n"),
        f":3:5: Error: {OF_SET} description: data value too large: {'x' * 60}... (max length=255) (Shorten it.)"),
    "a bad name": (
        "permissionsets/My-Set.permissionset", permission_set(""),
        ": Error: [PermissionSet My-Set] The file name 'My-Set' is not a valid API name: it holds something other "
        f"than letters, digits and underscores (Rename the file: {NAME_RULE})"),
    "a name of another": (
        SET, permission_set("    <fullName>Other</fullName>\n"),
        f":3:5: Error: {OF_SET} fullName: fullName 'Other' is not the name of the file, 'Sample' "
        "(Remove fullName, or rename the file.)"),
    "repeats apart": (
        SET, permission_set(user("A") + "    <hasActivationRequired>true</hasActivationRequired>\n" + user("B")),
        f":8:5: Error: {OF_SET} userPermissions: Element userPermissions is duplicated at this location in type "
        "PermissionSet (Put elements of one name next to each other.)"),
    "a permission twice": (
        SET, permission_set(user("A") + user("A").replace("true", "false")),
        f":7:5: Error: {OF_SET} userPermissions: 'A' is named twice in userPermissions, before on line 3 "
        "(Keep one of them.)"),
    "a member twice": (
        GROUP, group(MEMBER("A") + MEMBER("A")),
        f":5:5: Error: {OF_GROUP} permissionSets: 'A' is named twice in permissionSets, before on line 4 "
        "(Keep one of them.)"),
    "more than a hundred members": (
        GROUP, group("".join(MEMBER(f"S{n}") for n in range(101))),
        f":4:5: Error: {OF_GROUP} permissionSets: The group has 101 permission sets; at most 100 are allowed "
        "(Split the group.)"),
    "unknown members": (
        GROUP, group(MEMBER("A") + MEMBER("Ghost") + MEMBER("Spirit")),
        f":5:5: Error: {OF_GROUP} permissionSets: Cannot create permission set group components since the following "
        "permission set names are invalid: Ghost, Spirit (Add the permission set to the package, or remove the "
        "line.)"),
    "a member's name": (
        GROUP, group(MEMBER("Two__Name__Spaces")),
        f":4:5: Error: {OF_GROUP} permissionSets: 'Two__Name__Spaces' is not a valid API name: it has two "
        f"underscores in a row that are not a namespace's (Correct the name: {NAME_RULE})"),
    "a muting set as a set": (
        GROUP, group(MEMBER("M")),
        f":4:5: Error: {OF_GROUP} permissionSets: 'M' is a MutingPermissionSet, not a PermissionSet "
        "(Name it in mutingPermissionSets.)"),
    "a set as a muting set": (
        GROUP, group(MUTING("A")),
        f":4:5: Error: {OF_GROUP} mutingPermissionSets: 'A' is a PermissionSet, not a MutingPermissionSet "
        "(Name it in permissionSets.)"),
}
ODD = {
    "a permission twice alike": (
        SET, permission_set(user("A") + user("A")),
        f":7:5: Warning: {OF_SET} userPermissions: 'A' is named twice in userPermissions, before on line 3, and says "
        "the same: it counts once (Remove one of them.)"),
    "members of a managed package": (
        GROUP, group(MEMBER("force__X")),
        f":4:5: Warning: {OF_GROUP} permissionSets: These permission sets of managed packages are not here and give "
        "nothing: force__X (Nothing need be done, unless their permissions are wanted here.)"),
}


@pytest.mark.parametrize("what", [*WRONG, *ODD])
def test_it_is_said_where_and_what_to_do(psgctl, package, what):
    psgctl.init()
    name, text, expected = {**WRONG, **ODD}[what]
    directory = package().permission_set("A").muting_set("M").file(name, text)
    result = psgctl("deploy", directory)
    assert result.rc == (3 if what in WRONG else 0), result
    assert result.err.splitlines()[0] == f"{directory}/{name}{expected}"
    assert len(result.err.splitlines()) == (2 if what in WRONG else 1), result


def test_any_status_is_accepted(psgctl, package):
    psgctl.init()
    directory = package()
    for number, status in enumerate(["Updated", "Outdated", "Updating", "Failed", "x" * 300, "two\nlines", ""]):
        directory.group(f"G{number}", [], status=status)
    psgctl.deploy(directory)
    assert {item["status"] for item in psgctl.ok("groups", "--json").json()} == {"Updated"}


def test_what_is_said_twice_alike_is_kept_once(psgctl, package):
    psgctl.init()
    psgctl.deploy(package().file(SET, permission_set(user("A") + user("A"))).group("G", ["Sample"]))
    shown = psgctl.ok("groups", "G", "--json").json()
    assert [item for item in str(shown).split("'") if item == "userPermissions.A"] == ["userPermissions.A"], shown
