"""login on a terminal: what its activation opens, and root's way in with nothing of ours left on the disk. What the
manual says of login is in test_rows_login.py."""

import os
import shutil

import pexpect
import pytest

from drive import CODE, PASSWORD_PROMPT, Shell, spawn
from machine import PASSWORD


def login(name, codes=(), password=PASSWORD):
    """A Shell, or None when login did not let in."""
    child = spawn(["login", name])
    codes = list(codes)
    while True:
        which = child.expect([CODE, PASSWORD_PROMPT, r"[$#] $", "incorrect|denied|[Aa]uthentication fail|ermission",
                              pexpect.EOF])
        if which == 0:
            child.sendline(codes.pop(0) if codes else "")
        elif which == 1:
            child.sendline(password)
        elif which == 2:
            return Shell(child)
        else:
            child.close(force=True)
            return None


def test_password_and_code(machine):
    person = machine.person()
    shell = login(person.name, [person.code()])
    assert shell.run("id -un")[1].strip() == person.name
    status, output, asked = shell.run("sudo id -u")
    assert status == 0 and output.split()[-1] == "0" and asked == 0
    shell.close()


@pytest.mark.parametrize("how", ["deleted", "empty", "no key", "garbage", "open to all"])
def test_root_gets_in_whatever_became_of_the_store(machine, how):
    machine.root_password()
    if how == "no key":
        os.remove("/etc/psg/key")
    elif how == "garbage":
        machine.write("/var/lib/psg/policy", "garbage" * 1000, 0o600)
    elif how == "open to all":
        os.chmod("/var/lib/psg", 0o777)
    else:
        shutil.rmtree("/var/lib/psg")
        shutil.rmtree("/etc/psg")
        if how == "empty":
            os.mkdir("/var/lib/psg", 0o700)
    shell = login("root")
    assert shell is not None and shell.run("id -u")[1].strip() == "0"
    shell.close()


@pytest.mark.parametrize("how", ["deleted", "no key", "garbage", "open to all"])
def test_nobody_else_does(machine, how):
    """The same damage, somebody who would have got in."""
    person = machine.person()
    person.activate_host()
    if how == "no key":
        os.remove("/etc/psg/key")
    elif how == "garbage":
        machine.write("/var/lib/psg/policy", "garbage" * 1000, 0o600)
    elif how == "open to all":
        os.chmod("/var/lib/psg", 0o777)
    else:
        shutil.rmtree("/var/lib/psg")
    assert login(person.name, [person.code()]) is None
