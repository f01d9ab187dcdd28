"""No room on the store's disk: full, out of inodes, read-only. What stands there goes on, what would have to be
written is refused by a line that names the resource, nothing is left behind, and with room again all is as before."""

import os
import stat
import subprocess

import pytest

import world
from drive import answer, as_person
from machine import CONF, GROUP
from soak import soak
from test_pamtester import MODULE_ALONE

STORE = "/var/lib/psg"
IMAGE = world.ROOT + "/tmp/image"
SAID = {"full": "the disk is full", "inodes": "the file system has no inode left",
        "readonly": "the file system is read-only"}
REMEDY = {"full": "make room", "inodes": "remove files", "readonly": "mount it writable"}
NO_SPACE = (28,)


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


class Disk:
    """The store on a small file system of its own, which can be used up and given back."""

    def __init__(self, system, state):
        self.state, self.filler = state, STORE + "/.filler"
        subprocess.run(["cp", "-a", STORE, world.ROOT + "/tmp/kept"], check=True)
        if system == "tmpfs":
            mount("-t", "tmpfs", "-o", "size=512k,nr_inodes=200,mode=0700", "none", STORE)
        else:
            with open(IMAGE, "wb") as image:
                image.truncate(2 << 20)
            subprocess.run(["mkfs.ext4", "-q", "-O", "^has_journal", "-N", "64", "-m", "0", IMAGE], check=True)
            loop_devices()
            mount("-o", "loop", IMAGE, STORE)
            os.chmod(STORE, 0o700)
        subprocess.run(f"cp -a {world.ROOT}/tmp/kept/. {STORE}", shell=True, check=True)

    def use_up(self):
        if self.state == "readonly":
            mount("-o", "remount,ro", STORE)
        elif self.state == "full":
            self.fill()
        else:
            os.mkdir(self.filler)
            self.fill_names()

    def fill(self):
        with open(self.filler, "wb", buffering=0) as file:
            for size in (4096, 512, 1):
                try:
                    while file.write(b"x" * size) == size:
                        pass
                except OSError as error:
                    assert error.errno in NO_SPACE, error

    def fill_names(self):
        try:
            for number in range(1000):
                open(f"{self.filler}/{number}", "wb").close()
        except OSError as error:
            assert error.errno in NO_SPACE, error

    def give_back(self):
        if self.state == "readonly":
            mount("-o", "remount,rw", STORE)
        subprocess.run(["rm", "-rf", self.filler], check=True)

    @staticmethod
    def close():
        subprocess.run(["umount", STORE], check=True)
        subprocess.run(["rm", "-rf", IMAGE, world.ROOT + "/tmp/kept"], check=True)


# A kernel without loop devices has no ext4 for us.
SYSTEMS = [(system, state) for system in ("tmpfs", "ext4") for state in SAID
           if system == "tmpfs" or soak(state == "full", True) and os.path.exists("/sys/class/misc/loop-control")]


def loop_devices():
    """The private /dev has none."""
    if not os.path.exists("/dev/loop-control"):
        with open("/sys/class/misc/loop-control/dev", encoding="ascii") as file:
            major, minor = map(int, file.read().split(":"))
        os.mknod("/dev/loop-control", stat.S_IFCHR | 0o600, os.makedev(major, minor))
    for number in range(64):
        if not os.path.exists(f"/dev/loop{number}"):
            os.mknod(f"/dev/loop{number}", stat.S_IFBLK | 0o600, os.makedev(7, number))


@pytest.fixture(name="disk", params=SYSTEMS, ids="-".join)
def fixture_disk(machine, request):
    machine.stack_text("sshd", MODULE_ALONE)
    machine.stack_text("su", MODULE_ALONE.replace("auth required", "auth sufficient pam_permit.so\nauth required", 1))
    disk = Disk(*request.param)
    yield disk
    disk.close()


def names():
    """All that is in the store, but the fillers, the log, and how often somebody was refused."""
    return sorted(os.path.join(where, name) for where, _, files in os.walk(STORE) for name in files
                  if "/.filler" not in where + "/" + name and "/refusals" not in where and name != "log")


def contents():
    result = {}
    for path in names():
        with open(path, "rb") as file:
            result[path] = file.read()
    return result


def opens(tools, person, *arguments):
    got = tools.probe("sshd", person, *arguments, "authenticate", "acct_mgmt", "open_session", "close_session")
    return [got[name] for name in ("authenticate", "acct_mgmt", "open_session")], " ".join(got["text_lines"])


def test_logins(machine, tools, disk):
    coming, inside, stranger = machine.person(), machine.person(), machine.person(assigned=False)
    inside.activate_host()
    disk.use_up()
    before = machine.syslog()
    # Who has to write is refused, and both the person and the log are told why and what to do.
    codes, text = opens(tools, coming, "answer=" + coming.code(), "answer=" + coming.code(), "answer=" + coming.code())
    assert 0 not in codes, codes
    assert SAID[disk.state] in text and REMEDY[disk.state] in text and STORE in text, text
    said = machine.syslog()[len(before):]
    assert SAID[disk.state] in said and STORE in said, said
    # Who has an activation writes nothing in the account phase, and in sudo and su nowhere; and is not asked.
    assert opens(tools, inside)[0][1] == 0
    assert answer(as_person(inside, "su", stranger.name, "-c", "echo in $((40 + 2))"))[:3:2] == (0, 0)
    assert 0 not in opens(tools, stranger, "answer=" + stranger.code())[0]
    assert coming.status() == []
    disk.give_back()
    assert opens(tools, coming, "answer=" + coming.code())[0] == [0, 0, 0]


def test_a_real_sshd(machine, sshd, disk):
    """Who needs no code gets in to make room; who needs one cannot spend it."""
    machine.stack_text("sshd", machine.read(f"{CONF}/pam.d/sshd-password"))
    coming, inside = machine.person(), machine.person()
    inside.activate_host()
    server = sshd("psg-password-code")
    disk.use_up()
    done = server.run(inside, "echo in")
    assert (done.returncode, done.stdout) == (0, "in\n"), done
    assert server.run(coming, "echo in", codes=[coming.code()]).returncode == 255
    disk.give_back()


CHANGES = {
    "deploy": lambda machine, person: ["deploy", machine.package(lifetime="PT7H")],
    "assign": lambda machine, person: ["assign", "root", GROUP],
    "unassign": lambda machine, person: ["unassign", person.name, GROUP],
    "enroll": lambda machine, person: ["enroll", "daemon", "--qr", "none", "--no-confirm"],
    "activate": lambda machine, person: ["activate", GROUP, "--user", person.name, "--scope", "Host"],
}


def refused(machine, command, said, prefix=()):
    done = subprocess.run([*prefix, "psgctl", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, timeout=60)
    assert done.returncode == 4, (command, done)
    assert said in done.stderr and STORE in done.stderr and "to go on: " in done.stderr, done.stderr
    return done


def test_psgctl(machine, disk):
    person = machine.person()
    commands = {name: make(machine, person) for name, make in CHANGES.items()}
    disk.use_up()
    before, assigned = contents(), machine.psgctl("--json", "assignments").stdout
    for name, command in commands.items():
        refused(machine, command, SAID[disk.state])
        after = contents()
        left = {path: text for path, text in after.items() if before.get(path) != text}
        # An activation's name was won, and opens nothing: its file is empty.
        if name == "activate":
            left = {path: text for path, text in left.items() if text}
        assert not left and not before.keys() - after.keys(), (name, left, before.keys() - after.keys())
        before = after
    assert machine.psgctl("--json", "assignments").stdout == assigned and person.status() == []
    disk.give_back()
    for command in commands.values():
        if command[0] != "activate":
            machine.psgctl(*command)
    person.assign()
    machine.psgctl(*commands["activate"])
    assert len(person.status()) == 1


def test_psgctl_under_a_file_size_limit(machine):
    person = machine.person()
    commands = {name: make(machine, person) for name, make in CHANGES.items()}
    for size in (0, 100):
        before = contents()
        for command in commands.values():
            refused(machine, command, "the file size limit of this process is too low", ["prlimit", f"--fsize={size}"])
        left = {path: text for path, text in contents().items() if before.get(path) != text and text}
        assert not left, left
    for command in commands.values():
        if command[0] not in ("activate", "unassign"):
            machine.psgctl(*command)
