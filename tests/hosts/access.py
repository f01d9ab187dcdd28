"""What the tests of lent groups, PSG_* and self-service share: a package with permissions, Unix groups."""

import os
import re
import shutil

import world
from machine import SERVICES, WINDOW

SALESFORCE = "http://soap.sforce.com/2006/04/metadata"
# The kernel's own list beside id's, which leaves out what is there twice.
ID = "echo gids=$(id -G) kernel=$(grep ^Groups: /proc/self/status)."


def element(name, text):
    return f"<{name}>{text}</{name}>"


def permission_set(tag, services=(), user=(), custom=()):
    def enabled(kind, names):
        return "".join(element(kind, element("enabled", "true") + element("name", name)) for name in names)
    body = "".join(element("applicationVisibilities", element("application", name) + element("visible", "true"))
                   for name in services)
    body += enabled("customPermissions", custom) + element("label", "x") + enabled("userPermissions", user)
    return f'<{tag} xmlns="{SALESFORCE}">{body}</{tag}>\n'


def group(sets, required=True, muting=()):
    return (f'<PermissionSetGroup xmlns="{SALESFORCE}">' + element("hasActivationRequired", str(required).lower()) +
            element("label", "x") + "".join(element("mutingPermissionSets", name) for name in muting) +
            "".join(element("permissionSets", name) for name in sets) + "</PermissionSetGroup>\n")


def rules(lent=(), **more):
    """An ActivationPolicy; `lent`: pairs of a Unix group and a permission."""
    more["unixGroups"] = [element("group", name) + element("permission", permission) for name, permission in lent]
    body = "".join("\n" + element(name, text) for name in sorted(more)
                   for text in (more[name] if isinstance(more[name], list) else [more[name]]))
    return f'<ActivationPolicy xmlns="urn:pam-psg:metadata">{body}\n</ActivationPolicy>\n'


def package(lent=(), second=False, open_to_all=(), **policy):
    """Operators: every service, the permissions Edit and Deploy, and Muted, which it mutes. Foreign is of a set
    nobody has. `second`: a group Wide beside it, which gives more. `open_to_all`: services of a group without
    activation."""
    services = [name for name in SERVICES if name not in open_to_all]
    parts = {
        "permissionsets/Operators_PS.permissionset":
            permission_set("PermissionSet", services, ["Edit", "Muted"], ["Deploy"]),
        "permissionsets/Other_PS.permissionset": permission_set("PermissionSet", (), ["Foreign"]),
        "mutingpermissionsets/Operators_Muting.mutingpermissionset":
            permission_set("MutingPermissionSet", (), ["Muted"]),
        "permissionsetgroups/Operators.permissionsetgroup": group(["Operators_PS"], True, ["Operators_Muting"]),
        "activationpolicies/Operators.activationpolicy": rules(lent, **policy),
        "settings/Gate.settings":
            f'<GateSettings xmlns="urn:pam-psg:metadata"><window>{WINDOW}</window></GateSettings>\n',
    }
    if second:
        parts["permissionsets/Wide_PS.permissionset"] = \
            permission_set("PermissionSet", services, ["Edit", "More", "Much"], ["Deploy"])
        parts["permissionsetgroups/Wide.permissionsetgroup"] = group(["Wide_PS"])
    if open_to_all:
        parts["permissionsets/Plain_PS.permissionset"] = permission_set("PermissionSet", open_to_all)
        parts["permissionsetgroups/Plain.permissionsetgroup"] = group(["Plain_PS"], False)
    return parts


def write(machine, parts):
    """The package on disk; its folder."""
    folder = f"{world.ROOT}/tmp/access"
    shutil.rmtree(folder, ignore_errors=True)
    for path, text in parts.items():
        os.makedirs(os.path.dirname(f"{folder}/{path}"), exist_ok=True)
        machine.write(f"{folder}/{path}", text)
    return folder


def deploy(machine, *arguments, status=0, **more):
    return machine.psgctl("deploy", write(machine, package(**more)), *arguments, status=status)


def unix_group(machine, name, gid, *members):
    machine.append("/etc/group", f"{name}:x:{gid}:{','.join(members)}\n")
    return gid


def gids(text):
    """Of a shell that ran ID."""
    found = re.search(r"gids=([0-9 ]+) kernel=Groups:\s+([0-9 ]*)\.", text)
    assert found, text
    kernel = found.group(2).split()
    assert len(kernel) == len(set(kernel)), text
    return {int(word) for word in found.group(1).split()}


def variables(text):
    """The PSG_* of an `env`."""
    return dict(re.findall(r"^(PSG_[A-Z]+)=(.*?)\r?$", text, re.M))


def log(machine, kind):
    return [event for event in machine.psgctl_json("log") if event["event"] == kind]
