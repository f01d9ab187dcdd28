"""Names come from a source that fails, fails in part, hangs for a while: it never opens a door.

nss.c is mounted over libnss_hesiod.so.2; what it is to do stands in a file. Each failure is seen once over the whole
chain (the account is known there alone) and once over the groups alone (the account is in /etc/passwd)."""

import os
import subprocess

import pytest

import world

HERE = os.path.dirname(os.path.abspath(__file__))
HOW = f"{world.ROOT}/tmp/nss"
STACK = "auth required pam_psg.so{0}\naccount required pam_psg.so{0}\nsession required pam_psg.so{0}\n"
FAILURES = ["tryagain", "unavail", "erange"]
SSH_GROUP = "gatekeepers"
GID = 61234


@pytest.fixture(name="source", scope="module")
def fixture_source(the_machine):
    """The library in its place; the place as it was afterwards."""
    library = f"{world.ROOT}/tmp/libnss_hesiod.so.2"
    subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu11", "-O1", "-D_GNU_SOURCE", "-shared", "-fPIC", "-Wall",
                    "-o", library, f"{HERE}/nss.c"], check=True)
    place = os.path.join(os.path.dirname(world.pam_dir()), "libnss_hesiod.so.2")
    world.mount("--bind", library, place)
    kept = the_machine.read("/etc/nsswitch.conf")
    the_machine.write("/etc/nsswitch.conf", "passwd: files hesiod\ngroup: files hesiod\nshadow: files\n")
    yield
    the_machine.write("/etc/nsswitch.conf", kept)
    subprocess.run(["umount", place], check=True)


def tell(machine, how, person=None, group=SSH_GROUP):
    machine.write(HOW, f"{how} {person.name} {person.uid} {person.uid} {group} {GID}\n" if person else how + "\n")


def forget(machine, person, *paths):
    """Takes the person out of the files: from now on only the other source knows."""
    for path in paths or ("/etc/passwd", "/etc/shadow", "/etc/group"):
        lines = machine.read(path).splitlines(True)
        machine.write(path, "".join(line for line in lines if not line.startswith(person.name + ":")),
                      0o640 if path == "/etc/shadow" else 0o644)


def calls(tools, person, *more):
    got = tools.probe("sshd", person, *more, "authenticate", "acct_mgmt", "open_session")
    return got["authenticate"], got["acct_mgmt"], got["open_session"]


@pytest.fixture(name="member")
def fixture_member(machine, source, tools):  # pylint: disable=unused-argument
    """Somebody who is in the group that is assigned, as the other source says, with a live activation."""
    machine.stack_text("sshd", STACK.format(""))
    tell(machine, "notfound")
    person = machine.person(assigned=False)
    tell(machine, "ok", person)
    machine.psgctl("assign", "%" + SSH_GROUP, "Operators")
    return person


@pytest.mark.parametrize("how", FAILURES)
def test_an_account_that_cannot_be_had(machine, source, tools, how):  # pylint: disable=unused-argument
    machine.stack_text("sshd", STACK.format(""))
    tell(machine, "notfound")
    person = machine.person()
    person.activate_host()
    forget(machine, person)
    tell(machine, "ok", person)
    assert calls(tools, person)[1:] == (0, 0)
    tell(machine, how)
    auth, account, opened = calls(tools, person, "answer=" + person.code())
    assert auth not in (0, 25) and (account, opened) == (6, 6)
    # Nor for one whom nobody knows, where those whom no rule means pass.
    machine.stack_text("sshd", STACK.format(" unassigned_ok"))
    assert calls(tools, person)[1:] == (6, 6)
    tell(machine, "ok", person)
    assert calls(tools, person)[1:] == (0, 0)


@pytest.mark.parametrize("how", FAILURES)
def test_groups_that_cannot_be_had(machine, member, tools, how):
    code = member.code()
    assert calls(tools, member, "answer=" + code) == (0, 0, 0)
    tell(machine, how)
    auth, account, opened = calls(tools, member, "answer=" + member.code())
    assert auth not in (0, 25) and (account, opened) == (6, 6)


@pytest.mark.parametrize("how", FAILURES)
def test_nor_does_nobody_mean_them(machine, member, tools, how):
    """A group whose members cannot be had is a rule that might mean this person: unassigned_ok is no way around."""
    machine.stack_text("sshd", STACK.format(" unassigned_ok"))
    assert calls(tools, member)[1:] == (6, 6)
    stranger = machine.person(assigned=False, enrolled=False)
    assert calls(tools, stranger)[1:] == (0, 0)
    tell(machine, how)
    assert calls(tools, member)[1:] == (6, 6)
    tell(machine, "ok", member)
    assert calls(tools, member)[1:] == (6, 6)


def test_a_slow_one_is_waited_for(machine, member, tools):
    tell(machine, "slow", member)
    assert calls(tools, member, "answer=" + member.code()) == (0, 0, 0)


@pytest.mark.parametrize("how", FAILURES)
def test_root_gets_in(machine, source, tools, how):  # pylint: disable=unused-argument
    """Root stands in the files: whatever else fails."""
    machine.stack_text("sshd", STACK.format(""))
    tell(machine, how)
    got = tools.probe("sshd", type("Root", (), {"name": "root"}), "acct_mgmt", "open_session")
    assert (got["acct_mgmt"], got["open_session"]) == (0, 0)


@pytest.mark.parametrize("how", FAILURES)
def test_psgctl_says_so(machine, member, how):
    """check and explain refuse as the module does."""
    tell(machine, how)
    assert machine.psgctl("check", "--user", member.name, "--service", "sshd", status=None).returncode != 0
    assert machine.psgctl("explain", member.name, "sshd", status=None).returncode != 0


def test_a_group_without_a_name(machine, source, tools):  # pylint: disable=unused-argument
    """Whether it is the one that is assigned cannot be known where that would open; what is in the way is said."""
    machine.stack_text("sshd", STACK.format(" unassigned_ok"))
    tell(machine, "notfound")
    stranger = machine.person(assigned=False)
    machine.psgctl("assign", "%daemon", "Operators")
    assert tools.probe("sshd", stranger, "acct_mgmt")["acct_mgmt"] == 0
    lines = machine.read("/etc/passwd").splitlines(True)
    own = f":{stranger.uid}:"
    machine.write("/etc/passwd", "".join(line.replace(own + line.split(":")[3], own + "54321")
                                         if line.startswith(stranger.name + ":") else line for line in lines))
    got = tools.probe("sshd", stranger, "acct_mgmt")
    said = "".join(got["text_lines"])
    assert got["acct_mgmt"] == 6 and "the name service cannot tell" in said and "a group without a name" in said
    assert "store" not in said and "/var/lib/psg" not in machine.syslog()
