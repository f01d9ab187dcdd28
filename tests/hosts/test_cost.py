"""What an account check costs, in system calls: few, none that writes, and no more of them however many people,
groups and codes spent there are. From the opening of the store to libpam's own audit message: the loading of the
module and the name service are the host's."""

import os
import re

import pytest

import world
from machine import GROUP

STORE = "/var/lib/psg"
TRACE = f"{world.ROOT}/tmp/calls"
STRACE = ("strace", "-qq", "-o", TRACE)
WRITES = re.compile(r"^(p?write|fsync|fdatasync|sync|rename|unlink|link|symlink|mkdir|rmdir|mknod|truncate|ftruncate|"
                    r"f?chmod|f?chown|l?chown|flock|utime|fallocate|setxattr|copy_file_range|sendfile)")
OPENS_TO_WRITE = re.compile(r"^open.*\bO_(WRONLY|RDWR|CREAT|TRUNC|APPEND|TMPFILE)\b")
MEMORY = re.compile(r"^(brk|mremap|sysinfo)\b")
# What is seen today, and a little room. A look-up in a policy too large to be read whole takes two calls.
HOST, SESSION, NONE_REQUIRED = 38, 75, 22
ROOM, LARGE = 4, 20


@pytest.fixture(autouse=True)
def alone(machine):
    machine.stack_text("sshd", "account required pam_psg.so\n")


def calls(tools, person, prefix=STRACE):
    """Those of one check that lets the person in."""
    assert tools.probe("sshd", person, "acct_mgmt", prefix=prefix)["acct_mgmt"] == 0
    with open(TRACE, encoding="utf-8", errors="replace") as file:
        lines = file.read().splitlines()
    first = next(at for at, line in enumerate(lines) if f'"{STORE}"' in line)
    last = next(at for at, line in enumerate(lines) if "NETLINK_AUDIT" in line)
    found = [line for line in lines[first:last] if not MEMORY.match(line)]
    assert not [line for line in found if WRITES.match(line) or OPENS_TO_WRITE.match(line)]
    return found


def in_own_session(person):
    """A session of its own, activated, whose leader becomes strace."""
    return ("sh", "-c", "start=$(cut -d' ' -f22 /proc/$$/stat); "
            f"psgctl activate {GROUP} --user {person.name} --session $$-$start >/dev/null && "
            f"exec {' '.join(STRACE)} \"$@\"", "sh")


def test_few_calls_and_none_that_writes(machine, tools):
    person = machine.person()
    found = calls(tools, person, in_own_session(person))
    assert len(found) <= SESSION + ROOM, "\n".join(found)
    person.lapse()
    person.activate_host()
    found = calls(tools, person)
    assert len(found) <= HOST + ROOM, "\n".join(found)
    # What does not depend on the session does not ask for it.
    assert not [line for line in found if "/proc" in line and "boot_id" not in line]
    machine.deploy(required=False)
    found = calls(tools, person)
    assert len(found) <= NONE_REQUIRED + ROOM, "\n".join(found)
    assert not [line for line in found if '"people"' in line]


def grow(machine, people, groups):
    """So many more people, and groups of one set each, every one of which opens what the person's does."""
    package = machine.package()
    group = machine.read(f"{package}/permissionsetgroups/{GROUP}.permissionsetgroup")
    opens = machine.read(f"{package}/permissionsets/{GROUP}_PS.permissionset")
    members = {"PermissionSetGroup": "", "PermissionSet": ""}
    for number in range(groups):
        machine.write(f"{package}/permissionsetgroups/Group{number}.permissionsetgroup",
                      group.replace(f"{GROUP}_PS", f"Set{number}"))
        machine.write(f"{package}/permissionsets/Set{number}.permissionset", opens)
        members["PermissionSetGroup"] += f"<members>Group{number}</members>"
        members["PermissionSet"] += f"<members>Set{number}</members>"
    more = "".join(f"<types>{names}<name>{kind}</name></types>" for kind, names in members.items())
    machine.write(f"{package}/package.xml",
                  machine.read(f"{package}/package.xml").replace("<version>", more + "<version>"))
    machine.psgctl("deploy", package)
    machine.write(TRACE, "".join(f"many{number} Group{number % groups}\n" for number in range(people)))
    machine.psgctl("assign", "--file", TRACE)


def test_many_people_and_groups_cost_no_more(machine, tools):
    person = machine.person()
    person.activate_host()
    counts = []
    for people, groups in ((2000, 50), (30000, 400)):
        grow(machine, people, groups)
        counts.append(len(calls(tools, person)))
    assert max(counts) <= HOST + LARGE + ROOM, counts
    # Where a slot of the index is taken, the next one is looked at.
    assert abs(counts[1] - counts[0]) <= 4, counts


def test_many_codes_spent_cost_no_more(machine, tools):
    machine.deploy(scope="Host")
    machine.stack_text("sshd", "auth required pam_psg.so\naccount required pam_psg.so\n")
    person = machine.person()
    tools.probe("sshd", person, "answer=" + person.code(), "authenticate")
    few = len(calls(tools, person))
    spent = f"{STORE}/people/{person.name}/spent"
    (name,) = os.listdir(spent)
    device, step = name.split("-")
    # Ended ones, whose steps are even the highest, and older ones that nobody ended.
    for number in range(1, 200):
        for file in (f"{int(step) + number}", f"{int(step) + number}.ended", f"{int(step) - number}"):
            machine.write(f"{spent}/{device}-{file}", "", 0o600)
    many = calls(tools, person)
    assert len(many) <= few, "\n".join(many)
    assert few <= HOST + ROOM
