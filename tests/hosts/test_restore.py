"""A real host is backed up while people log in, loses its people, and is restored: no code works twice, the next one does."""

import concurrent.futures
import fcntl
import os
import re
import shutil
import subprocess
import zipfile

import pytest

import world
from machine import GROUP, WINDOW
from test_clock import OFFSET, STACK, Clock, probed

BACKUP = world.ROOT + "/tmp/backup"


@pytest.fixture(name="clock")
def fixture_clock(machine):
    yield Clock(machine)
    os.unlink(OFFSET)


def lose_people():
    shutil.rmtree("/var/lib/psg/people")


def test_an_old_code_is_refused_and_the_next_one_lets_in(machine, sshd, tools, clock):
    person = machine.person()
    server = sshd("psg-password-code")
    machine.psgctl("backup", BACKUP)
    code = person.code()
    assert server.run(person, "true", codes=[code]).returncode == 0
    lose_people()
    machine.psgctl("restore", BACKUP)
    # The one that was used, and all that could have been.
    assert server.run(person, "true", codes=[code]).returncode != 0
    assert server.run(person, "true", codes=[person.code()]).returncode != 0
    machine.psgctl("unlock", person.name)
    said = machine.psgctl("restore", BACKUP).stdout
    assert "next code works from" in said
    # The same stack, by a clock that has come that far.
    machine.stack_text("sshd", STACK)
    clock.set((WINDOW + 1) * person.PERIOD)
    assert probed(tools, clock, person, "answer=" + clock.code(person), "authenticate", "acct_mgmt") == (0, 0)


def test_what_was_active_is_not(machine, tools, clock):
    machine.deploy(scope="Host", lifetime="PT1H")
    machine.stack_text("sshd", STACK)
    person = machine.person()
    assert probed(tools, clock, person, "answer=" + person.code(), "authenticate", "acct_mgmt") == (0, 0)
    assert probed(tools, clock, person, "acct_mgmt") == (0,)
    machine.psgctl("backup", BACKUP)
    lose_people()
    machine.psgctl("restore", BACKUP)
    assert probed(tools, clock, person, "acct_mgmt") == (6,)
    assert machine.psgctl_json("status") == []
    machine.psgctl("deactivate", "--all", "--user", person.name)
    machine.psgctl("restore", BACKUP)
    assert probed(tools, clock, person, "acct_mgmt") == (6,)


def held(path, person):
    """The codes of a person that a backup has for spent, and its authenticators."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(f"people/{person.name}").decode()
    return set(re.findall(r"^(?:spent|ended) (\S+)$", text, re.M)), re.findall(r"^authenticator (\S+)$", text, re.M)


def spent(person):
    folder = f"/var/lib/psg/people/{person.name}/spent"
    return {name for name in os.listdir(folder) if "." not in name} if os.path.isdir(folder) else set()


def test_backed_up_while_people_log_in(machine, tools, clock):
    """Each backup has every code that was spent when it began; every login is let in, and none of them waits."""
    machine.deploy(scope="Host", lifetime="PT1H", attempts=50)
    machine.stack_text("sshd", STACK)
    person = machine.person()

    def log_in(_):
        got = probed(tools, clock, person, "answer=" + person.code(), "authenticate", "acct_mgmt")
        machine.psgctl("deactivate", "--all", "--user", person.name)
        return got
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        logins = pool.map(log_in, range(WINDOW - 3))
        for number in range(5):
            before = spent(person)
            machine.psgctl("backup", BACKUP)
            names, authenticators = held(BACKUP, person)
            assert before <= names, number
            assert len(authenticators) == 1
        assert list(logins) == [(0, 0)] * (WINDOW - 3)


def test_a_restore_waits_for_no_login_and_no_login_for_it(machine, tools, clock):
    """Somebody is held at the prompt, as long as they like; and who holds psgctl's lock holds up no login."""
    machine.deploy(scope="Host", lifetime="PT1H")
    machine.stack_text("sshd", STACK)
    person = machine.person()
    machine.psgctl("backup", BACKUP)
    with open("/var/lib/psg/lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(["psgctl", "restore", BACKUP], stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True) as restore:
            try:
                said = restore.stderr.readline()
                got = probed(tools, clock, person, "answer=" + person.code(), "authenticate", "acct_mgmt")
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)
            assert restore.wait(timeout=30) == 0
    assert "waiting" in said and got == (0, 0)
    assert probed(tools, clock, person, "acct_mgmt") == (0,)


def test_policy_of_another_host_gates_at_once(machine, tools, clock):
    machine.stack_text("sshd", STACK)
    person = machine.person()
    machine.psgctl("policy", "export", BACKUP + ".policy")
    machine.psgctl("unassign", person.name, GROUP)
    assert probed(tools, clock, person, "acct_mgmt") == (6,)
    machine.psgctl("policy", "install", BACKUP + ".policy")
    assert probed(tools, clock, person, "answer=" + person.code(), "authenticate", "acct_mgmt") == (0, 0)
