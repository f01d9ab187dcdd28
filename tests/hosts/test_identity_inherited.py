"""Logins that look as if they were inside the one that their sshd was started from, and are not."""

import os
import signal

import pytest

from drive import Elsewhere
from inside import CHILDREN, EVERYWHERE, activations_of, all_of, expected, insides
from machine import wait_until
from test_identity_restarted import PIDFILE, PORT, SSHD, listening


@pytest.fixture
def first(audit, sshd, person):
    assert audit in (True, False)
    shell = sshd("psg-password-code").shell(person, codes=[person.code()])
    yield shell
    shell.close()


# -- sshd -d and sshd -i lead no session of their own: what they let in descends from whoever started them --

def debug(first, methods):
    """It takes one connection, and ends with it."""
    first.run(f"sudo {SSHD} -d -o AuthenticationMethods={methods} >/dev/null 2>&1 </dev/null & disown")
    assert wait_until(listening)
    return Elsewhere(PORT)


@pytest.mark.parametrize("methods", ["publickey", "keyboard-interactive:pam"])
def test_nobody_passes_without_a_code(first, person, methods):
    done = debug(first, methods).run(person, "echo in", codes=[""], key=methods == "publickey")
    assert (done.returncode, done.stdout) == (255, "")


def test_its_login_is_another(first, person):
    """Not even its activation is a newer one of the same session, which would end the older."""
    second = debug(first, "keyboard-interactive:pam").shell(person, codes=[person.code()])
    assert len(person.status()) == 2
    assert insides(second, person, EVERYWHERE) == expected(True, False)
    for activation in activations_of(second, person):
        person.machine.psgctl("deactivate", "--id", activation)
    assert insides(second, person, EVERYWHERE) == expected(False, False)
    assert insides(first, person, EVERYWHERE) == expected(True, False)
    second.close()


# -- an sshd whose stack has none of our lines: its logins are registered nowhere --

@pytest.fixture
def unknown(first, machine):
    machine.stack_text("sshd", "".join(line for line in machine.read("/etc/pam.d/sshd").splitlines(True)
                                       if "pam_psg.so" not in line))
    first.run("sudo " + SSHD)
    assert wait_until(listening)
    yield Elsewhere(PORT)
    with open(PIDFILE, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGTERM)
    assert wait_until(lambda: not listening())


def test_where_sudo_alone_is_gated(first, unknown, person):
    """What is activated by sudo is its terminal's, and the activation of the login whose audit id these carry is not
    theirs. (What has left such a login cannot be told from what left the first.)"""
    one, two = unknown.shell(person), unknown.shell(person)
    assert insides(one, person, CHILDREN) == all_of(CHILDREN, False)
    assert one.run("sudo true", [person.code()])[::2] == (0, 1)
    assert insides(one, person, CHILDREN) == all_of(CHILDREN, True)
    assert insides(two, person, CHILDREN) == all_of(CHILDREN, False)
    assert len(activations_of(first, person)) == 1
    one.close()
    two.close()
