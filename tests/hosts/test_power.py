"""Power loss: what the real programs wrote, cut off at every moment, in every way a file system may have kept it.

The module and psgctl are run under strace; power_disk.py makes of their calls the trees a power loss may leave. Each
is put in the store's place, with another boot id (power was lost, so the host was booted), and real logins and psgctl
judge it. Promised is what was returned or printed before the loss. Rounds in `make check` are a seeded sample of what
`make soak` goes through."""

import base64
import itertools
import json
import os
import re
import subprocess
import time
import uuid

import pytest

import world
from machine import GROUP, Person, wait_until
from power_disk import Disk, child, put_tree, read_tree, seeded, tree_paths
from power_trace import Recorder
from soak import soak

STACK = "auth required pam_psg.so\naccount required pam_psg.so noprompt\nsession required pam_psg.so\n"
BOOT_ID = "/proc/sys/kernel/random/boot_id"
STORE, KEY = "/var/lib/psg", "/etc/psg"
PLACES = [os.path.dirname(STORE), os.path.dirname(KEY)]
# Ways looked at for each moment, and of the different trees those that are judged.
WAYS, JUDGED = soak(12, 200), soak(24, 250)
HOURS_2 = 7200
SUCCESS, AUTH_ERR, PERM_DENIED = 0, 7, 6


class Somebody(Person):
    """Codes of an hour, so that a code stays as right as it was through all the judging."""

    PERIOD = 3600

    def __init__(self, person):
        super().__init__(person.machine, person.name, person.uid)
        self.secret = os.urandom(20)

    def enrolling(self):
        """(arguments, stdin) of a psgctl that enrols."""
        return (["enroll", self.name, "--no-confirm", "--qr", "none", "--period", "3600", "--secret", "-"],
                base64.b32encode(self.secret).decode() + "\n")


class Power:
    """Records on a fresh store; `promise` is what must hold from now on, whatever is lost."""

    def __init__(self, machine, tools, order="ordered"):
        self.machine, self.probe = machine, tools.path("probe")
        self.promise, self.found, self.worst, self.order = None, {}, [], order
        self.chance = seeded(os.environ.get("PYTEST_CURRENT_TEST", ""))
        for path in (STORE, KEY):
            put_tree(path, None)
        self.disk = Disk(PLACES, self.look)
        self.recorder = Recorder(self.disk, self.said)
        self.replies = []
        machine.stack_text("sshd", STACK)

    def look(self, _what=None):
        """Every way the power may be lost now; the one that loses most comes first."""
        states = [(child(tree[PLACES[0]], "psg"), child(tree[PLACES[1]], "psg"), self.promise)
                  for tree in self.disk.losses(self.order, WAYS, self.chance)]
        self.found.update(dict.fromkeys(states))
        return states[0]

    def promised(self, promise):
        self.promise = promise
        self.worst.append(self.look())

    def said(self, line):
        self.replies.append(line)

    def settled(self):
        """What was recorded so far is durable and past."""
        self.disk.sync_all()
        self.found.clear()
        self.worst.clear()

    def run(self, *command, status=0, **more):
        got = self.recorder.run(*command, **more)
        assert got == status, f"{command}: {got}\n{self.recorder.out}{self.recorder.err}"
        self.compare()

    def again_from(self, state):
        """The real disk and the recorded one are `state`, all of it durable."""
        put(state)
        self.disk = self.recorder.disk = Disk(PLACES, self.look)
        for place, tree in zip(PLACES, state):
            if tree is not None:
                self.disk.load(place + "/psg", tree)
        self.settled()

    def compare(self):
        """The recorder missed nothing: the disk it made of the calls is the real one."""
        whole = self.disk.whole()
        for path in (STORE, KEY):
            made = child(whole[os.path.dirname(path)], "psg")
            assert made == (read_tree(path) if os.path.exists(path) else None), path

    def judged(self, most=JUDGED):
        """The worst after each promise, and a sample of what else was found."""
        found = list(self.found)
        self.chance.shuffle(found)
        return list(dict.fromkeys([*self.worst, *found]))[:most]

    def pam(self, person, *steps):
        """Calls in one process; [(operation, returned), …]."""
        done = subprocess.run([self.probe, "sshd", person.name, *steps], capture_output=True, text=True, check=True,
                              stdin=subprocess.DEVNULL, timeout=60, start_new_session=True)
        return [(name, int(value)) for name, value in re.findall(r"^(\w+_?\w+)=(\d+)$", done.stdout, re.M)
                if name != "prompts"]

    def login(self, person, code):
        """acct_mgmt before, authenticate, acct_mgmt after, open_session."""
        return [value for _, value in self.pam(person, "acct_mgmt", "answer=" + code, "authenticate", "acct_mgmt",
                                               "open_session")]


def psgctl(*arguments):
    return subprocess.run(["psgctl", *arguments], capture_output=True, text=True, check=False, timeout=60,
                          stdin=subprocess.DEVNULL)


def put(state, age_s=0):
    put_tree(STORE, state[0], age_s)
    put_tree(KEY, state[1], age_s)


def leftovers():
    return [path for top in (STORE, KEY) for path in tree_paths(read_tree(top), top)
            if os.path.basename(path).startswith(".") or os.path.basename(path) == "updating"]


@pytest.fixture
def reboot():
    """reboot(): from now on another boot id; reboot(False): this one again."""
    other = world.ROOT + "/tmp/boot_id"
    mounted = []

    def change(away=True):
        if mounted and not away:
            subprocess.run(["umount", BOOT_ID], check=True)
            mounted.clear()
        elif away and not mounted:
            with open(other, "w", encoding="ascii") as file:
                file.write(f"{uuid.uuid4()}\n")
            subprocess.run(["mount", "--bind", other, BOOT_ID], check=True)
            mounted.append(other)
    yield change
    change(False)


# -- logins --

class Logins(Power):
    """Promises here: (codes accepted, persons whose activation was ended)."""

    def __init__(self, *arguments, scope="Host", **more):
        super().__init__(*arguments, **more)
        self.promise = (frozenset(), frozenset())
        self.scope = scope
        self.run("psgctl", "init")
        self.run("psgctl", "deploy", self.machine.package(
            services=("sshd",), lifetime="PT1H", maximumLifetime="PT2H", warnBefore="PT59M59S", scope=scope))
        self.people = [Somebody(self.machine.person(assigned=False, enrolled=False)) for _ in range(2)]
        for person in self.people:
            arguments, stdin = person.enrolling()
            self.run("psgctl", "assign", person.name, GROUP)
            self.run("psgctl", *arguments, stdin=stdin)
        self.settled()
        self.giving = None

    def said(self, line):
        if line == "authenticate=0" and self.giving:
            accepted, ended = self.promise
            self.promised((accepted | {self.giving}, ended))

    def enter(self, person, code, *more, **how):
        accepted, ended = self.promise
        self.giving = (person.name, code)
        self.promise = (accepted, ended - {person.name})
        self.run(self.probe, "sshd", person.name, "answer=" + code, "authenticate", "acct_mgmt", "open_session",
                 *more, **how)
        self.giving = None

    def end(self, person):
        self.run("psgctl", "deactivate", "--all", "--user", person.name)
        accepted, ended = self.promise
        self.promised((accepted, ended | {person.name}))

    def whole_records(self):
        return {inode.data for inode in self.disk.inodes if not inode.folder}

    def live(self):
        """A life with everything that a login writes."""
        alice, bob = self.people
        self.enter(alice, alice.code(), "close_session")
        self.enter(bob, bob.wrong_code())
        self.enter(bob, bob.wrong_code())
        self.enter(bob, bob.code())
        self.end(alice)
        self.enter(alice, alice.code())
        # More than a second old it is inside warnBefore: a renewal.
        then = time.monotonic()
        assert wait_until(lambda: time.monotonic() > then + 1.2)
        self.enter(alice, alice.code())
        self.end(bob)
        # A day later all but the highest is tidied away.
        records = len(self.spent(bob))
        self.enter(bob, bob.code(), prefix=["unshare", "--time", "--boottime", "200000", "--fork"])
        assert len(self.promise[0]) == 5 and len(self.spent(bob)) < records + 1, "not the life this test is about"

    @staticmethod
    def spent(person):
        return os.listdir(f"{STORE}/people/{person.name}/spent")

    def judge(self, state, reboot, security_only=False):
        """What is wrong with a state, in words; None: nothing."""
        accepted, ended = state[2]
        reboot(True)
        put(state, HOURS_2)
        if psgctl("init").returncode != 0:
            return "init fails"
        for person in self.people:
            if not security_only:
                before, code, after, session = self.login(person, person.fresh)
                if before != PERM_DENIED:
                    return f"{person.name}'s activation outlived the reboot: {before}"
                if (code, after, session) != (SUCCESS, SUCCESS, SUCCESS):
                    return f"{person.name}'s next login is not right at once: {code, after, session}"
        if not security_only and leftovers():
            return f"left behind: {leftovers()}"
        for booted in (True, False):
            reboot(booted)
            put(state)
            for person in self.people:
                wrong = self.judge_spent(person, [code for name, code in accepted if name == person.name], booted,
                                         person.name in ended)
                if wrong:
                    return wrong + (", rebooted" if booted else ", the same boot")
        return None

    def judge_spent(self, person, codes, booted, ended):
        attempts = f"{STORE}/people/{person.name}/attempts"
        put_tree(attempts, None)  # what throttles would hide what is accepted
        calls = [call for code in [*codes, person.wrong] for call in ("answer=" + code, "authenticate")]
        values = [value for _, value in self.pam(person, "acct_mgmt", *calls)]
        if values[0] == SUCCESS and (booted or ended):
            return f"{person.name}'s activation lives that was over"
        if values[0] == SUCCESS and not self.has_whole_record(person):
            return f"{person.name} has an activation of a torn record"
        if SUCCESS in values[1:]:
            return f"{person.name}'s spent code {values[1:].index(SUCCESS) + 1} of {len(codes)} is accepted again"
        # A live one is to be renewed: a wrong code leaves it as it was, and ours is the only module.
        if values[-1] != (PERM_DENIED if values[0] == SUCCESS else AUTH_ERR):
            return f"{person.name}'s wrong code got {values[-1]}"
        return None

    def has_whole_record(self, person):
        spent = read_tree(f"{STORE}/people/{person.name}/spent")
        return any(content in self.wholes for name, (_, content) in spent[1] if "." not in name)

    def wrongs(self, reboot, most=JUDGED, security_only=False):
        self.wholes = self.whole_records()
        for person in self.people:
            person.fresh, person.wrong = person.code(), person.wrong_code()
        states = self.judged(most)
        wrongs = [self.judge(state, reboot, security_only) for state in states]
        return len(states), [wrong for wrong in wrongs if wrong]


def count(record_property, power, judged):
    """How much was looked at, for whoever reports it: pytest -s, or the properties."""
    record_property("states", len(power.found))
    print(f"\n{len(power.found)} different states of {len(power.disk.inodes)} inodes, {judged} judged")


@pytest.mark.parametrize("scope", ["Host", "Session"])
def test_every_next_login_is_right_and_no_code_twice(machine, tools, reboot, record_property, scope):
    power = Logins(machine, tools, scope=scope)
    power.live()
    judged, wrongs = power.wrongs(reboot)
    count(record_property, power, judged)
    assert wrongs == [] and judged == JUDGED


def test_names_lost_in_any_order_open_nothing(machine, tools, reboot, record_property):
    """No journal at all: not every login is right at once then (what was forgiven may count), but none is wrong."""
    power = Logins(machine, tools, order="any")
    power.live()
    judged, wrongs = power.wrongs(reboot, soak(12, 200), security_only=True)
    count(record_property, power, judged)
    assert wrongs == []


def test_a_disk_that_forgets_is_noticed(machine, tools, reboot):
    """The judge itself: without what fsync promises a spent code comes back."""
    power = Logins(machine, tools)
    power.disk.sync = lambda inode: None
    power.enter(power.people[0], power.people[0].code())
    _, wrongs = power.wrongs(reboot, 3)
    assert any("accepted again" in wrong for wrong in wrongs), wrongs


# -- what psgctl said --

def view():
    """What is in force, as psgctl tells it."""
    return [told(psgctl("--json", word)) for word in ("groups", "assignments", "authenticators")]


DAMAGE = {"store-missing", "store-unreadable", "store-mode", "key-unreadable", "policy-unreadable",
          "authenticator-unreadable"}


def damages():
    """What the doctor says of the store; of stacks he is shown none."""
    none = world.ROOT + "/tmp/no-stacks"
    os.makedirs(none, exist_ok=True)
    told = json.loads(psgctl("--json", "doctor", "--pam-dir", none).stdout)
    return DAMAGE & {finding["name"] for finding in told["findings"]}


class Commands(Power):
    """Promises here: how many commands have ended with 0."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        self.promise, self.views, self.between, self.secrets = 0, [None], {}, {}

    def do(self, *command, stdin="", between=None):
        """`between`: a view that may be found when the command was cut off, though neither before nor after."""
        self.run("psgctl", *command, stdin=stdin)
        now = view()
        self.between[len(self.views) - 1] = between and between(self.views[-1], now)
        self.views.append(now)
        self.promised(self.promise + 1)

    def enroll(self, person, *more, between=None):
        person.secret = os.urandom(20)
        arguments, stdin = person.enrolling()
        self.do(*arguments, *more, stdin=stdin, between=between)
        new, = {one["id"] for one in self.views[-1][2]} - {one["id"] for one in self.views[-2][2]}
        self.secrets[new] = person.secret

    def live(self):
        self.people = [Somebody(self.machine.person(assigned=False, enrolled=False)) for _ in range(2)]
        alice, bob = self.people
        machine = self.machine
        self.do("init")
        self.do("deploy", machine.package(services=("sshd",)))
        self.do("assign", alice.name, GROUP)
        self.enroll(alice)
        self.do("deploy", machine.package(services=("sshd", "sudo"), lifetime="PT1H"))
        self.do("assign", bob.name, GROUP, "--until", "2099-01-01")
        self.enroll(bob)
        # The new one is in before the old one goes: both may be found, never neither.
        self.enroll(bob, "--replace", between=with_both)
        self.do("activate", GROUP, "--user", alice.name, "--scope", "Host")
        self.do("deactivate", GROUP, "--user", alice.name)
        self.do("unlock", alice.name)
        self.do("enforce")
        self.do("unenroll", bob.name)
        self.do("unassign", bob.name, GROUP)
        self.do("deploy", machine.package(services=("su",)), "--defer")
        self.do("recalculate")

    def judge(self, state, reboot):
        done = state[2]
        reboot(True)
        put(state, HOURS_2)
        if done > 0 and state[1] != self.final[1]:
            return "the key is not the one that was made"
        seen = view() if done > 0 else None
        if psgctl("init").returncode != 0:
            return f"init fails after {done}"
        after = view()
        allowed = [self.views[done or 1], *self.views[done + 1:done + 2], self.between.get(done)]
        if after not in allowed or seen not in (None, after):
            return f"after {done} commands, found {seen}, then {after}"
        wrong = [wrong for person in self.people for wrong in self.judge_logins(person, after)]
        if wrong:
            return f"after {done} commands: {wrong}"
        if leftovers() or damages():
            return f"after {done} commands: left behind {leftovers()}, doctor finds {damages()}"
        return None

    def judge_logins(self, person, seen):
        """Each device opens the door where the person is assigned the group, at once, and only then."""
        assigned = any(one["assignee"] == person.name for one in seen[1])
        opens = assigned and seen[0] != self.views[-1][0]
        for device in seen[2]:
            if device["userName"] == person.name:
                person.secret = self.secrets.get(device["id"], b"")
                got = self.pam(person, "answer=" + person.code(), "authenticate")[0][1]
                if (got == SUCCESS) != opens:
                    yield f"{person.name} got {got}, assigned: {assigned}"
        if person.name not in {device["userName"] for device in seen[2]}:
            psgctl("unenroll", person.name)  # whoever enrolled in vain tidies up; a login does where there is one
        person.spent = 0

    def wrongs(self, reboot, most=JUDGED):
        self.final = (read_tree(STORE), read_tree(KEY))
        states = self.judged(most)
        wrongs = [self.judge(state, reboot) for state in states]
        return len(states), [wrong for wrong in wrongs if wrong]


def told(done):
    return done.stderr if done.returncode else json.loads(done.stdout)


def with_both(before, after):
    both = {one["id"]: one for one in before[2] + after[2]}
    return [*after[:2], sorted(both.values(), key=lambda one: (one["userName"], one["id"]))]


def test_what_psgctl_said_is_done(machine, tools, reboot, record_property):
    power = Commands(machine, tools)
    power.live()
    judged, wrongs = power.wrongs(reboot)
    count(record_property, power, judged)
    assert wrongs == []


# -- killed first, then power lost: what a killed process left unsynced, the next one must not build on --

def snapshot():
    return tuple(read_tree(path) if os.path.exists(path) else None for path in (STORE, KEY))


def killed_and_repeated(power, base, command, stdin=""):
    """Runs it killed at its n-th fsync, then once more to the end, for every n. Yields each time all is done."""
    for n in itertools.count(1):
        power.again_from(base)
        if power.recorder.run(*command(), stdin=stdin, kill=("fsync", n)) is not None:
            assert n > 1, "it syncs nothing"
            return
        power.compare()
        yield n


@pytest.mark.parametrize("command", ["init", "deploy", "assign", "unassign", "enroll", "unenroll"])
def test_a_command_repeated_after_a_kill_is_done(machine, tools, reboot, command):
    power = Commands(machine, tools)
    person = Somebody(machine.person(assigned=False, enrolled=False))
    package = machine.package(services=("sshd",))
    arguments, stdin = person.enrolling()
    steps = {"init": ["init"], "deploy": ["deploy", package], "assign": ["assign", person.name, GROUP],
             "enroll": [*arguments, "--replace"], "unenroll": ["unenroll", person.name],
             "unassign": ["unassign", person.name, GROUP]}
    for name in itertools.takewhile(lambda name: name != command, ("init", "deploy", "assign", "enroll")):
        power.run("psgctl", *steps[name], stdin=stdin)
    for n in killed_and_repeated(power, snapshot(), lambda: ["psgctl", *steps[command]], stdin):
        power.run("psgctl", *steps[command], stdin=stdin)
        done, seen = snapshot(), view()
        lost = power.look()
        reboot(True)
        put(lost)
        assert lost[1] == done[1], f"the key is lost, killed at sync {n}"
        assert view() == seen, f"killed at sync {n}"


def test_a_login_after_one_that_was_killed_is_spent(machine, tools, reboot):
    """The first login of all makes the folders; killed, it leaves them to the second."""
    power = Logins(machine, tools, scope="Session")  # each session asks for a code, whatever the killed one left
    alice = power.people[0]
    base, wrongs, promise = snapshot(), [], power.promise

    def first():
        alice.spent, power.promise = 0, promise
        return [power.probe, "sshd", alice.name, "answer=" + alice.code(), "authenticate"]
    for _ in killed_and_repeated(power, base, first):
        power.enter(alice, alice.code())
        assert power.worst, "the second login was not let in"
        _, found = power.wrongs(reboot, 1)
        wrongs += found
        reboot(False)
    assert wrongs == []


# -- what retrieve wrote --

@pytest.mark.parametrize("name", ["out", "out.zip"])
def test_what_was_retrieved_stays(machine, name):
    top = world.ROOT + "/tmp/retrieved"
    put_tree(top, (0o755, ()))
    for again in ([], ["--force"]):
        disk = Disk([top])
        if again:
            disk.load(f"{top}/{name}", read_tree(f"{top}/{name}"))
            disk.sync_all()
        recorder = Recorder(disk)
        assert recorder.run("psgctl", "retrieve", "--all", "--output", f"{top}/{name}", *again) == 0, recorder.err
        made = child(disk.whole()[top], name)
        assert made == read_tree(f"{top}/{name}")
        kept = [child(tree[top], name) for tree in disk.losses("any", 400, seeded(name))]
        assert kept and all(tree == made for tree in kept)


# -- a disk that fails --

def test_which_policy_is_in_force_is_said_when_a_sync_fails(machine):
    """The last sync makes durable what is in force already: then activations end, too."""
    person = machine.person(assigned=False, enrolled=False)
    said = []
    for n in range(1, 4):
        machine.psgctl("assign", person.name, GROUP)
        person.activate_host()
        before = psgctl("--json", "assignments").stdout
        fails = ["strace", "-o", "/dev/null", "-e", "trace=fsync", "-e", f"inject=fsync:error=EIO:when={n}"]
        done = subprocess.run([*fails, "psgctl", "unassign", person.name, GROUP], capture_output=True, text=True,
                              check=False)
        assert done.returncode == 4, (n, done)
        kept = psgctl("--json", "assignments").stdout == before
        assert ("is in force" in done.stderr) != kept, (n, done.stderr)
        assert bool(person.status()) == kept, f"failing sync {n}: an activation that would serve once assigned again"
        said.append(kept)
    assert said == [True, True, False]
