"""Logins that share an audit session id with the one their sshd was started in, or have none of their own: no login
has another's activation for that, nor has a process that left them both."""

import os
import signal
import subprocess

import pytest

import world
from drive import Elsewhere
from inside import (EVERYWHERE, NO_AUDIT, activations_of, audit_id, expected, inside, insides, monitor_of, prepare)
from machine import wait_until

PORT = 2223
PIDFILE = world.ROOT + "/ssh/elsewhere.pid"
SSHD = (f"/usr/sbin/sshd -p {PORT} -h {world.ROOT}/ssh/host -E {world.ROOT}/ssh/elsewhere.log "
        f"-o ListenAddress=127.0.0.1 -o PidFile={PIDFILE}")


def listening():
    """Seen without a connection: sshd -d takes one and ends with it."""
    with open("/proc/net/tcp", encoding="ascii") as file:
        return any(line.split()[1].endswith(f":{PORT:04X}") and line.split()[3] == "0A" for line in file)


@pytest.fixture(params=["daemon", "foreground", "daemon without audit"])
def how(machine, request):
    prepare(machine, "without" not in request.param)
    return request.param


@pytest.fixture
def audit(how):
    return "without" not in how


@pytest.fixture
def first(how, sshd, person):
    """The login from which sshd will be started again."""
    assert how
    shell = sshd("psg-password-code").shell(person, codes=[person.code()])
    yield shell
    shell.close()


@pytest.fixture
def restart(first, how):
    """restart(OPTION...): root in the first login starts an sshd, reached by what is returned."""
    def start(*options):
        command = " ".join(("sudo", SSHD, *options))
        if how == "foreground":
            command += " -D >/dev/null 2>&1 </dev/null & disown"
        status, output, _ = first.run(command)
        assert status == 0, output
        assert wait_until(listening)
        return Elsewhere(PORT)
    yield start
    with open(PIDFILE, encoding="ascii") as file:
        os.kill(int(file.read()), signal.SIGTERM)
    assert wait_until(lambda: not listening())


@pytest.fixture
def elsewhere(restart):
    return restart()


def test_the_same_person_again(first, elsewhere, person, audit):
    """Two logins, one audit id: it is nobody's from then on, and each has what descends from it."""
    assert insides(first, person, EVERYWHERE) == expected(True, audit)
    second = elsewhere.shell(person, codes=[person.code()])
    assert audit_id(second) == audit_id(first) and monitor_of(second) != monitor_of(first)
    assert insides(second, person, EVERYWHERE) == expected(True, False)
    assert insides(first, person, EVERYWHERE) == expected(True, False)

    for activation in activations_of(second, person):
        person.machine.psgctl("deactivate", "--id", activation)
    assert insides(second, person, EVERYWHERE) == expected(False, False)
    second.child.sendline("exit")
    second.close()
    assert insides(first, person, EVERYWHERE) == expected(True, False)


def test_the_first_ends_and_the_second_goes_on(first, elsewhere, person):
    """Nor does a login that comes after it own the audit id that they have from it."""
    second = elsewhere.shell(person, codes=[person.code()])
    os.kill(monitor_of(first), signal.SIGKILL)
    assert wait_until(lambda: len(person.status()) == 1)
    third = elsewhere.shell(person, codes=[person.code()])
    for activation in activations_of(third, person):
        person.machine.psgctl("deactivate", "--id", activation)
    assert insides(first, person, EVERYWHERE) == expected(False, False)
    assert insides(second, person, EVERYWHERE) == expected(True, False)
    assert insides(third, person, EVERYWHERE) == expected(False, False)
    second.close()
    third.close()


def test_what_is_activated_in_the_second_stays_there(first, elsewhere, person):
    second = elsewhere.shell(person, codes=[person.code()])
    person.lapse()
    status, _, asked = second.run("sudo true", [person.code()])
    assert (status, asked) == (0, 1)
    assert insides(second, person, EVERYWHERE) == expected(True, False)
    assert insides(first, person, EVERYWHERE) == expected(False, False)
    second.close()


def test_somebody_else(first, elsewhere, person, machine, audit):
    """Another person gets an id of his own from it, and nothing else."""
    other = machine.person()
    assert elsewhere.run(other, "echo in", codes=[""]).returncode == 255
    shell = elsewhere.shell(other, codes=[other.code()])
    assert audit_id(shell) != audit_id(first) or not audit
    assert insides(shell, other, EVERYWHERE) == expected(True, audit)
    other.lapse()
    assert insides(shell, other, EVERYWHERE) == expected(False, False)
    assert insides(first, person, EVERYWHERE) == expected(True, audit)
    shell.close()


def test_nobody_passes_without_a_code(elsewhere, person):
    assert len(person.status()) == 1
    done = elsewhere.run(person, "echo in", codes=[""])
    assert (done.returncode, done.stdout) == (255, "")
    assert elsewhere.asked() == ["Password: ", "Authenticator code: "]


def test_nobody_passes_by_a_key(restart, person, machine):
    """Where auth is not asked: the gate in account, in the monitor of that sshd."""
    elsewhere = restart("-o AuthenticationMethods=publickey")
    for who in (person, machine.person()):
        done = elsewhere.run(who, "echo in", key=True)
        assert (done.returncode, done.stdout) == (255, "")
    person.activate_host()
    assert elsewhere.run(person, "echo in", key=True).stdout == "in\n"


# -- a user namespace, with a login uid that nobody in it may change --

class Container:
    """An sshd that is root in a user namespace alone; every login in it keeps the audit id of whoever made it."""

    def __enter__(self):
        self.process = subprocess.Popen(
            ["sh", "-c", f"echo 0 >/proc/self/loginuid; exec unshare --user sh -c 'read go; exec {SSHD} -D'"],
            stdin=subprocess.PIPE)
        host = os.readlink("/proc/self/ns/user")
        assert wait_until(lambda: os.readlink(f"/proc/{self.process.pid}/ns/user") != host)
        for kind in ("uid", "gid"):
            with open(f"/proc/{self.process.pid}/{kind}_map", "w", encoding="ascii") as file:
                file.write("0 0 65536\n")
        self.process.stdin.write(b"\n")
        self.process.stdin.close()
        assert wait_until(listening)
        return Elsewhere(PORT)

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def test_in_a_user_namespace(machine, sshd, person):
    prepare(machine)
    sshd("psg-password-code")
    with Container() as container:
        one = container.shell(person, codes=[person.code()])
        two = container.shell(person, codes=[person.code()])
        assert audit_id(one) == audit_id(two) != NO_AUDIT
        assert "65536" in one.run("cat /proc/self/uid_map")[1]
        assert insides(one, person, EVERYWHERE) == expected(True, False)
        for activation in activations_of(one, person):
            machine.psgctl("deactivate", "--id", activation)
        assert insides(one, person, EVERYWHERE) == expected(False, False)
        assert insides(two, person, EVERYWHERE) == expected(True, False)
        other = machine.person()
        assert container.run(other, "echo in", codes=[""]).returncode == 255
        os.kill(monitor_of(two), signal.SIGKILL)
        assert wait_until(lambda: person.status() == [])
        assert inside(two, person) is False
