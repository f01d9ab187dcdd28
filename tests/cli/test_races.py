"""psgctl against psgctl: all wait for the policy's lock and are let go at once. What each says of itself is so, and
nobody's change is lost under another's."""

import fcntl
import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest
from person import policy

from soak import soak

WRITERS = 32
USERS = [f"racer{n}" for n in range(WRITERS)]


class Gate:
    """Holds the policy's lock, as a writer does, until everybody is waiting for it."""

    def __init__(self, psgctl):
        self.lock = os.open(os.path.join(psgctl.store, "lock"), os.O_RDONLY | os.O_CREAT, 0o600)
        fcntl.flock(self.lock, fcntl.LOCK_EX)
        self.psgctl, self.started = psgctl, []

    def start(self, *words):
        self.started.append(self.psgctl.popen(*words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                              stderr=subprocess.PIPE))

    def race(self):
        """(exit status, stdout, stderr) of each, in the order of their starting."""
        for process in self.started:
            assert "waiting for it" in process.stderr.readline()
        os.close(self.lock)
        with ThreadPoolExecutor(len(self.started)) as pool:
            done = list(pool.map(lambda process: process.communicate(timeout=120), self.started))
        results = [(process.returncode, *texts) for process, texts in zip(self.started, done)]
        self.started = []
        return results


@pytest.fixture
def store(psgctl, package):
    policy(psgctl, package)
    psgctl.ok("assign", "daemon", "Billing")
    return psgctl


def pairs(psgctl):
    return {(one["assignee"], one["permissionSetGroup"]) for one in psgctl.ok("assignments", "--json").json()}


def left_over(psgctl):
    return sorted(set(os.listdir(psgctl.store)) - {"policy", "people", "sessions", "key", "log", "lock", "updating"})


def logged(psgctl):
    """Every line is whole."""
    with open(os.path.join(psgctl.store, "log"), encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def test_every_change_is_in(store, package):
    """Deploys of packages of their own, assignments and recalculations: all said to be done, and all done."""
    for number in range(soak(1, 20)):
        gate, before = Gate(store), len(logged(store))
        for n, user in enumerate(USERS):
            if n % 3 == 0:
                made = package(f"package{n}").permission_set(f"Set{number}x{n}", apps=[f"app{number}x{n}"])
                gate.start("deploy", made.group(f"Group{number}x{n}", [f"Set{number}x{n}"], requires=True))
            elif n % 3 == 1:
                gate.start("assign", f"{user}x{number}", "Billing")
            else:
                gate.start("recalculate")
        results = gate.race()
        assert [result[0] for result in results] == [0] * WRITERS, results
        groups = {group["fullName"] for group in store.ok("groups", "--json").json()}
        assert {f"Group{number}x{n}" for n in range(0, WRITERS, 3)} <= groups
        assert {(f"{USERS[n]}x{number}", "Billing") for n in range(1, WRITERS, 3)} <= pairs(store)
        # A deployment and an assignment each left a line of its own.
        assert len(logged(store)) - before >= len(range(0, WRITERS, 3)) + len(range(1, WRITERS, 3))
        store.ok("recalculate")
        assert left_over(store) == []


def test_of_contraries_one_comes_last(store, package):
    """The same name put and taken away, opened and shut: each outcome is one that some order of the two gives, and
    who could not be done says so."""
    opened = package("opened").group("Billing", ["Bills"], requires=False)
    shut = package("shut").group("Billing", ["Bills"], requires=True)
    gone = package("gone").file("package.xml", "<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\">"
                                "<version>63.0</version></Package>")
    gone.file("destructiveChanges.xml", "<Package xmlns=\"http://soap.sforce.com/2006/04/metadata\"><types><members>"
              "Quiet</members><name>PermissionSetGroup</name></types></Package>")
    commands = [("deploy", opened), ("deploy", shut), ("assign", "bin", "Quiet"), ("unassign", "bin", "Quiet"),
                ("recalculate", "Quiet"), ("deploy", "--force", gone), ("assign", "sys", "Billing"),
                ("unassign", "sys", "Billing")]
    for _ in range(soak(1, 20)):
        gate = Gate(store)
        for n in range(WRITERS):
            gate.start(*commands[n % 8])
        results = gate.race()
        for n, (status, out, err) in enumerate(results):
            # Only what names the group that is deleted can come too late, and says so.
            allowed = {2: (0, 3), 3: (0, 1, 3), 4: (0, 1), 5: (0, 1, 3)}.get(n % 8, (0,))
            assert status in allowed, (n % 8, status, out, err)
            assert status == 0 or "Quiet" in err, (n % 8, err)
        assert store("groups", "Quiet").rc == 1
        assert ("bin", "Quiet") not in pairs(store)
        (billing,) = [group for group in store.ok("groups", "--json").json() if group["fullName"] == "Billing"]
        assert billing["hasActivationRequired"] in (True, False) and billing["status"] == "Updated"
        assert left_over(store) == []
        store.deploy(package("again").group("Quiet", ["Bills"], requires=True, muting=["Hush"]))


def test_activations_have_names_of_their_own(store):
    """Without the policy's lock: 32 of psgctl's at once, for one person and one target."""
    for _ in range(soak(1, 20)):
        started = [store.popen("--json", "activate", "Billing", "--user", "daemon", stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(WRITERS)]
        done = [(*process.communicate(timeout=120), process.returncode) for process in started]
        ids = [json.loads(out)["id"] for out, _, status in done if status == 0]
        assert ids and len(set(ids)) == len(ids)
        # Ended by a newer one before it could be reported: refused, and said so.
        assert all(status == 0 or (status == 1 and "not activated" in err) for _, err, status in done), done
        live = [one["id"] for one in store.ok("--json", "status", "daemon").json()]
        assert live and set(live) <= set(ids)
        store.ok("deactivate", "--all")
        assert store.ok("--json", "status", "daemon").json() == []
