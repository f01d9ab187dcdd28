"""What the command line's tests share: psgctl run as it is, each test with a store of its own.

    def test_it(psgctl):
        psgctl.init()
        result = psgctl("groups", "--json")
        assert result.rc == 0 and result.json() == []
"""

import json
import os
import subprocess
import sys

import pytest

REPO = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(REPO, "tests"))
BUILD = os.path.abspath(os.environ.get("PSG_BUILD") or os.path.join(REPO, "build"))
PSGCTL = os.path.join(BUILD, "psgctl")
SALESFORCE = "http://soap.sforce.com/2006/04/metadata"
OWN = "urn:pam-psg:metadata"

# What the machine of a test must not say for it.
DROPPED = ("PSG_STORE", "SUDO_UID", "SUDO_USER", "SUDO_GID", "TZ")


class Result:
    """What came of one run."""

    def __init__(self, args, rc, out, err):
        self.args, self.rc, self.out, self.err = args, rc, out, err

    def json(self):
        return json.loads(self.out)

    def refused(self):
        """The message of --json that nothing came of, which says the exit status too."""
        error = json.loads(self.out)["error"]
        assert error["exit"] == self.rc, self
        return error["message"]

    def __repr__(self):
        return f"psgctl {' '.join(self.args)}: {self.rc}\n--- out\n{self.out}\n--- err\n{self.err}"


class Psgctl:
    """psgctl on the store of this test."""

    def __init__(self, store):
        self.store = str(store)

    def environment(self, **more):
        kept = {k: v for k, v in os.environ.items() if k not in DROPPED}
        return {**kept, "PSG_STORE": self.store, **more}

    def popen(self, *args, env=None, **more):
        """The process itself, for what runs beside another."""
        return subprocess.Popen([PSGCTL, *map(str, args)], env=self.environment(**(env or {})),
                                text=True, **more)

    def __call__(self, *args, input=None, env=None, timeout=60, **more):
        """Runs to the end. Without `input` stdin is empty. `more` goes to Popen."""
        more.setdefault("stdout", subprocess.PIPE)
        more.setdefault("stderr", subprocess.PIPE)
        more.setdefault("stdin", subprocess.DEVNULL if input is None else subprocess.PIPE)
        with self.popen(*args, env=env, **more) as process:
            try:
                out, err = process.communicate(input, timeout=timeout)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        return Result([str(a) for a in args], process.returncode, out or "", err or "")

    run = __call__

    def in_namespace(self, setup, *args):
        """Runs after `setup` in a mount namespace of its own; $STORE is the store."""
        done = subprocess.run(["unshare", "-m", "sh", "-c", f'{setup} && exec "$@"', "sh", PSGCTL,
                               *map(str, args)], env=self.environment(STORE=self.store),
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        return Result([str(a) for a in args], done.returncode, done.stdout, done.stderr)

    def ok(self, *args, **more):
        """Runs, and fails the test unless it is done (0)."""
        result = self(*args, **more)
        assert result.rc == 0, result
        return result

    def init(self):
        return self.ok("init")

    def deploy(self, directory, *args):
        return self.ok("deploy", directory, *args)

    def policy(self):
        """All that is in force, to compare before and after."""
        return self.ok("groups", "--json").json(), self.ok("assignments", "--json").json()

    def policy_bytes(self):
        with open(os.path.join(self.store, "policy"), "rb") as file:
            return file.read()


def element(name, value):
    if isinstance(value, bool):
        value = "true" if value else "false"
    if isinstance(value, dict):
        value = "".join(element(*item) for item in value.items())
    if isinstance(value, (list, tuple)):
        return "".join(element(name, item) for item in value)
    return f"<{name}>{value}</{name}>\n" if value is not None else ""


class Package:
    """A metadata package on disk, without a manifest unless asked for."""

    def __init__(self, path):
        self.path = path
        path.mkdir(parents=True, exist_ok=True)

    def __fspath__(self):
        return str(self.path)

    def __str__(self):
        return str(self.path)

    def file(self, name, text):
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return self

    def document(self, path, root, namespace, **elements):
        body = "".join(element(name, elements[name]) for name in sorted(elements))
        return self.file(path, f'<?xml version="1.0" encoding="UTF-8"?>\n'
                               f'<{root} xmlns="{namespace}">\n{body}</{root}>\n')

    def _set(self, kind, folder, name, apps, user, custom, **more):
        return self.document(
            f"{folder}/{name}.{kind.lower()}", kind, SALESFORCE,
            **{"label": name,
               "applicationVisibilities": [{"application": a, "visible": True} for a in apps],
               "userPermissions": [{"enabled": True, "name": p} for p in user],
               "customPermissions": [{"enabled": True, "name": p} for p in custom], **more})

    def permission_set(self, name, apps=(), user=(), custom=(), **more):
        return self._set("PermissionSet", "permissionsets", name, apps, user, custom, **more)

    def muting_set(self, name, apps=(), user=(), custom=(), **more):
        return self._set("MutingPermissionSet", "mutingpermissionsets", name, apps, user, custom,
                         **more)

    def group(self, name, sets, requires=None, muting=(), **more):
        return self.document(f"permissionsetgroups/{name}.permissionsetgroup", "PermissionSetGroup",
                             SALESFORCE, **{"label": name, "permissionSets": list(sets),
                                            "mutingPermissionSets": list(muting),
                                            "hasActivationRequired": requires, **more})

    def activation_policy(self, name, **elements):
        return self.document(f"activationpolicies/{name}.activationpolicy", "ActivationPolicy", OWN,
                             **elements)

    def gate(self, **elements):
        return self.document("settings/Gate.settings", "GateSettings", OWN, **elements)


@pytest.fixture
def psgctl(tmp_path):
    assert os.path.exists(PSGCTL), f"{PSGCTL} is not built"
    return Psgctl(tmp_path / "store")


@pytest.fixture
def package(tmp_path):
    """Makes packages: package("name")."""
    return lambda name="package": Package(tmp_path / name)


@pytest.fixture
def accounts(tmp_path):
    """accounts(psgctl, …) runs psgctl on a host of these: alice (in staff and ops), bob (ops is his primary
    group), carol (in nothing)."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "passwd").write_text(
        "root:x:0:0::/root:/bin/sh\nalice:x:4001:4001::/:/bin/sh\nbob:x:4002:4102::/:/bin/sh\n"
        "carol:x:4003:4003::/:/bin/sh\n")
    (etc / "group").write_text("root:x:0:\nalice:x:4001:\ncarol:x:4003:\n"
                               "staff:x:4101:alice\nops:x:4102:alice\n")

    mounts = f"mount --bind {etc}/passwd /etc/passwd && mount --bind {etc}/group /etc/group"
    return lambda psgctl, *args: psgctl.in_namespace(mounts, *args)
