"""Random valid packages: every type, every element up to API 64, and the forms in which people write them.

    for seed in range(60):
        package = packages.make(seed)
        package.write(tmp_path / "directory")         # or package.write_zip(tmp_path / "package.zip")

The same seed gives the same package. The tables are those of the manual, psg-metadata(5), not those of the code."""

import itertools
import os
import random
import zipfile
from xml.sax.saxutils import escape

SALESFORCE = "http://soap.sforce.com/2006/04/metadata"
OWN = "urn:pam-psg:metadata"

FOLDERS = {
    "ActivationPolicy": ("activationpolicies", ".activationpolicy"),
    "MutingPermissionSet": ("mutingpermissionsets", ".mutingpermissionset"),
    "PermissionSet": ("permissionsets", ".permissionset"),
    "PermissionSetGroup": ("permissionsetgroups", ".permissionsetgroup"),
    "Settings": ("settings", ".settings"),
}

# Element: what its items are about, the rights that each must have, and may have.
ITEMS = {
    "agentAccesses": ("agentName", ["enabled"], []),
    "applicationVisibilities": ("application", ["visible"], []),
    "classAccesses": ("apexClass", ["enabled"], []),
    "customMetadataTypeAccesses": ("name", ["enabled"], []),
    "customPermissions": ("name", ["enabled"], []),
    "customSettingAccesses": ("name", ["enabled"], []),
    "emailRoutingAddressAccesses": ("name", ["enabled"], []),
    "externalCredentialPrincipalAccesses": ("externalCredentialPrincipal", ["enabled"], []),
    "externalDataSourceAccesses": ("externalDataSource", ["enabled"], []),
    "fieldPermissions": ("field", ["editable"], ["readable"]),
    "flowAccesses": ("flow", ["enabled"], []),
    "objectPermissions": ("object", ["allowCreate", "allowDelete", "allowEdit", "allowRead", "modifyAllRecords",
                                     "viewAllRecords"], ["viewAllFields"]),
    "pageAccesses": ("apexPage", ["enabled"], []),
    "recordTypeVisibilities": ("recordType", ["visible"], []),
    "servicePresenceStatusAccesses": ("servicePresenceStatus", ["enabled"], []),
    "tabSettings": ("tab", ["visibility"], []),
    "userPermissions": ("name", ["enabled"], []),
}
CHARACTERS = "aB7_-. &<>\"'%éü日本🔑\u00a0\u2028;"
STATUSES = ["Updated", "Outdated", "Failed", "Updating"]


class Random:
    """What one seed comes to."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.numbers = itertools.count()

    def chance(self, of=2):
        return self.random.randrange(of) == 0

    def pick(self, what):
        return self.random.choice(what)

    def some(self, what):
        return [item for item in what if self.chance()]

    def text(self, most):
        """One to `most` characters, now and then exactly so many; white space at neither end."""
        count = most if self.chance(6) else self.random.randint(1, min(20, most))
        return "x" + "".join(self.pick(CHARACTERS) for _ in range(count - 2)) + "z"[:count - 1]

    def api_name(self):
        name = f"{self.pick('ABCxyz')}{self.pick(['', '_a', 'Longer_name'])}{next(self.numbers)}"
        if self.chance(8):
            name = name + "n" * (80 - len(name))
        return ("acme__" if self.chance(6) else "") + name

    def name(self):
        """Of a permission: any text of one line, none twice."""
        plain = f"{self.pick(['Account', 'sshd', 'ns__X__c', 'Ünïcode'])}.{next(self.numbers)}"
        if self.chance(8):
            return plain + self.text(255 - len(plain))
        return plain

    def boolean(self):
        return self.pick(["true", "false", "1", "0"])

    def duration(self, seconds):
        forms = [f"{seconds}s", f"PT{seconds}S"]
        if seconds % 60 == 0:
            forms += [f"{seconds // 60}m", f"PT{seconds // 60}M"]
        if seconds % 3600 == 0:
            forms += [f"{seconds // 3600}h", f"PT{seconds // 3600}H"]
        return self.pick(forms)

    def seconds(self, low, high):
        step = self.pick([1, 60, 3600])
        return max(low, self.random.randint(low, high) // step * step)

    # -- text of XML --

    def escaped(self, text):
        """As people and programs write it."""
        written = ""
        for character in text:
            form = self.random.randrange(12)
            if form == 0:
                written += f"&#{ord(character)};"
            elif form == 1:
                written += f"<![CDATA[{character}]]>"
            elif form == 2:
                written += escape(character, {'"': "&quot;", "'": "&apos;"})
            else:
                written += escape(character)
        return written

    def space(self):
        comment = "<!-- <label>a comment</label> -->" if self.chance(10) else ""
        return self.pick(["", "\n", "\r\n    ", "\n\n\t"]) + comment

    def element(self, name, value):
        """`value`: a text, or a list of (name, value), which may come in any order."""
        if isinstance(value, str):
            around = self.pick(["", "", "", " ", "\n  "])
            return f"<{name}>{around}{self.escaped(value)}{around}</{name}>"
        return f"<{name}>{self.children(value)}</{name}>"

    def children(self, elements):
        """Shuffled, but those of one name together."""
        by_name = {}
        for name, value in elements:
            by_name.setdefault(name, []).append(value)
        names = list(by_name)
        self.random.shuffle(names)
        written = ""
        for name in names:
            self.random.shuffle(by_name[name])
            written += "".join(self.space() + self.element(name, value) for value in by_name[name])
        return written + self.space()

    def document(self, root, namespace, elements):
        head = self.pick(['<?xml version="1.0" encoding="UTF-8"?>\n',
                          "<?xml version='1.0' encoding='utf-8' ?>\r\n", "", "\ufeff",
                          '\ufeff<?xml version="1.0" standalone="yes"?>'])
        return f'{head}<{root} xmlns="{namespace}">{self.children(elements)}</{root}>\n'.encode()

    # -- components --

    def set(self):
        elements = [("label", self.text(80))]
        if self.chance():
            elements.append(("description", self.text(255) if self.chance(4) else ""))
        if self.chance():
            elements.append(("hasActivationRequired", self.boolean()))
        elements += [(name, self.pick(["Salesforce", self.text(255)]))
                     for name in self.some(["license", "userLicense"])]
        for element in self.some(ITEMS):
            elements += [(element, self.item(*ITEMS[element])) for _ in range(self.pick([1, 2, 5]))]
        return elements

    def item(self, key, required, optional):
        rights = required + self.some(optional)
        return [(key, self.name())] + [
            (right, self.pick(["None", "Available", "Visible"]) if right == "visibility" else self.boolean())
            for right in rights]

    def group(self, sets, muting_sets):
        elements = [("label", self.text(80)), ("description", self.text(255))]
        if self.chance():
            elements.append(("hasActivationRequired", self.boolean()))
        if self.chance():
            elements.append(("status", self.pick(STATUSES)))
        members = self.some(sets) + (["force__Managed"] if self.chance(4) else [])
        elements += [("permissionSets", name) for name in members]
        return elements + [("mutingPermissionSets", name) for name in self.some(muting_sets)]

    def policy(self):
        lifetime = self.seconds(60, 100000)
        elements = {
            "endSessions": self.boolean(),
            "enrollWithin": self.duration(self.seconds(1, 31622400)),
            "enrollment": self.pick(["Admin", "Self"]),
            "lifetime": self.duration(lifetime),
            "maximumLifetime": self.duration(self.seconds(lifetime, 31622400)),
            "reason": self.pick(["Optional", "Required"]),
            "reasonPattern": self.pick(["(INC|CHG)[0-9]+.*", "[<&\"']+", ".{3,80}"]),
            "scope": self.pick(["Session", "Host"]),
            "warnBefore": self.duration(self.seconds(1, lifetime - 1)),
        }
        for name in self.some(sorted(set(elements) - {"lifetime", "reason"})):
            del elements[name]
        lent = [("unixGroups", [("group", self.pick(["ops", "staff"])), ("permission", self.name())])
                for _ in range(self.random.randrange(4))]
        return list(elements.items()) + lent

    def gate(self):
        delay = self.seconds(1, 600)
        throttle = [("attempts", str(self.random.randint(1, 100))), ("delay", self.duration(delay)),
                    ("maximumDelay", self.duration(self.seconds(max(delay, 30), 86400)))]
        elements = [("defaultLifetime", self.duration(self.seconds(60, 86400))),
                    ("defaultScope", self.pick(["Session", "Host"])), ("issuer", self.text(80)),
                    ("throttle", throttle), ("window", str(self.random.randint(0, 10)))]
        users = [("exemptUsers", f"user{next(self.numbers)}") for _ in range(self.random.randrange(4))]
        return self.some(elements) + users


class RandomPackage:
    """Files by their paths, and what they are."""

    def __init__(self, seed):
        self.seed, self.random = seed, Random(seed)
        self.components = {}  # (type, name): bytes
        self.source_format = self.random.chance(3)
        self.manifest = not self.source_format and not self.random.chance(4)
        self.fill()

    def fill(self):
        make = self.random
        names = [make.api_name() for _ in range(make.pick([3, 9, 18]))]
        sets, muting, groups = names[::3], names[1::3], names[2::3]
        for name in sets:
            self.add("PermissionSet", name, "PermissionSet", SALESFORCE, make.set())
        for name in muting:
            self.add("MutingPermissionSet", name, "MutingPermissionSet", SALESFORCE, make.set())
        for name in groups:
            self.add("PermissionSetGroup", name, "PermissionSetGroup", SALESFORCE, make.group(sets, muting))
        for name in make.some(groups + sets):
            self.add("ActivationPolicy", name, "ActivationPolicy", OWN, make.policy())
        if make.chance():
            self.add("Settings", "Gate", "GateSettings", OWN, make.gate())

    def add(self, kind, name, root, namespace, elements):
        if self.random.chance(3):
            elements = elements + [("fullName", name)]
        self.components[kind, name] = self.random.document(root, namespace, elements)

    def package_xml(self):
        elements = [("version", "64.0")]
        for kind in FOLDERS:
            names = [name for other, name in self.components if other == kind]
            if names:
                members = ["*"] if self.random.chance(3) else names
                elements.append(("types", [("members", name) for name in members] + [("name", kind)]))
        return self.random.document("Package", SALESFORCE, elements)

    def files(self):
        files = {}
        for (kind, name), text in sorted(self.components.items()):
            folder, suffix = FOLDERS[kind]
            if self.source_format:
                files[f"main/default/{folder}/{name}{suffix}-meta.xml"] = text
            else:
                files[f"{folder}/{name}{suffix}"] = text
        if self.manifest:
            files["package.xml"] = self.package_xml()
        return files

    def write(self, directory):
        for path, text in self.files().items():
            target = os.path.join(directory, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "wb") as file:
                file.write(text)
        return directory

    def write_zip(self, path):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in self.files().items():
                archive.writestr(name, text)
        return path


def make(seed):
    return RandomPackage(seed)
