"""login on a terminal: what its activation opens, and root's way in with nothing of ours left on the disk. What the
manual says of login is in test_rows_login.py."""

import os
import shutil
import subprocess

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


def test_root_gets_in_whatever_the_lines_say(machine):
    """Arguments are read after root was let through; the person whom they refuse would have got in."""
    machine.root_password()
    person = machine.person()
    text = machine.read("/etc/pam.d/login")
    machine.write("/etc/pam.d/login", text.replace("pam_psg.so", "pam_psg.so nonsense store=relative"))
    shell = login("root")
    assert shell is not None and shell.run("id -u")[1].strip() == "0"
    shell.close()
    assert login(person.name, [person.code()]) is None


def test_without_the_module_nobody_gets_in_and_without_its_lines_root_does(machine):
    """What README and psg(7) say of it. sulogin, the shell of rescue.target, does not ask PAM."""
    machine.root_password()
    text = machine.read("/etc/pam.d/login")
    machine.write("/etc/pam.d/login", text.replace("pam_psg.so", "pam_psg_is_gone.so"))
    assert login("root") is None
    machine.write("/etc/pam.d/login", "".join(line for line in text.splitlines(True) if "pam_psg" not in line))
    shell = login("root")
    assert shell is not None
    shell.close()
    linked = subprocess.run(["ldd", shutil.which("sulogin", path="/sbin:/usr/sbin")], capture_output=True, text=True,
                            check=True).stdout
    assert "libc.so" in linked and "libpam" not in linked


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
