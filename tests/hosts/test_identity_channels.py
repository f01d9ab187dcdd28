"""An activation is the login's, in whichever of its channels, jobs and terminals it was made."""

import pytest

from drive import Shared
from inside import EVERYWHERE, activations_of, expected, inside, insides
from machine import wait_until


@pytest.fixture
def server(audit, sshd):
    return sshd("psg-password-code")


@pytest.fixture
def shared(server, person):
    shared = Shared(server, person, [person.code()])
    assert shared.opened == 0
    yield shared
    shared.close()


@pytest.fixture
def channels(shared):
    """Two channels of one login."""
    shells = shared.shell(), shared.shell()
    yield shells
    for shell in shells:
        shell.close()


def by_sudo(person, shell):
    status, _, asked = shell.run("sudo true", [person.code()])
    assert (status, asked) == (0, 1)


def by_psgctl(person, shell):
    """On a host whose sudo is behind no gate until then."""
    person.machine.stack_text("sudo", "auth required pam_deny.so\naccount required pam_permit.so\n"
                              "session required pam_permit.so\n")
    status, output, asked = shell.run("sudo psgctl activate Operators", [person.code()])
    assert (status, asked) == (0, 1), output
    person.machine.stack("sudo", "sudo")


def test_a_channel_has_what_its_login_has(channels, person, audit):
    one, two = channels
    assert insides(one, person, EVERYWHERE) == insides(two, person, EVERYWHERE) == expected(True, audit)
    one.close()
    assert insides(two, person, EVERYWHERE) == expected(True, audit)
    person.lapse()
    assert insides(two, person, EVERYWHERE) == expected(False, False)


@pytest.mark.parametrize("activate", [by_sudo, by_psgctl])
def test_activated_in_one_channel_for_all(channels, person, audit, activate):
    one, two = channels
    person.lapse()
    assert inside(two, person) is False
    activate(person, one)
    assert insides(two, person, EVERYWHERE) == expected(True, audit)
    one.close()
    assert insides(two, person, EVERYWHERE) == expected(True, audit)
    assert len(activations_of(two, person)) == len(person.status()) == 1


@pytest.mark.parametrize("activate", [by_sudo, by_psgctl])
def test_activated_in_a_channel_is_not_another_logins(channels, server, person, activate):
    other = server.shell(person, codes=[person.code()])
    person.lapse()
    activate(person, channels[0])
    assert insides(other, person, EVERYWHERE) == expected(False, False)
    other.close()


def test_it_ends_with_the_connection(channels, shared, server, person):
    person.lapse()
    by_sudo(person, channels[0])
    other = server.shell(person, codes=[person.code()])
    assert len(person.status()) == 2
    shared.close()
    left = activations_of(other, person)
    assert len(left) == 1 and wait_until(lambda: [item["id"] for item in person.status()] == left)
    assert inside(other, person) is True
    other.close()
