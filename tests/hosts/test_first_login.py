"""Who is assigned and has no authenticator: the first login, with the real sshd and su, as it is to be seen."""

import base64
import os
import re
import subprocess
import time

import pytest

import drive
from machine import PASSWORD, totp, wait_until
from screen import Screen, code_of, key_on, scan, ssh

IN = r"(?m)\$$"


def wrong_code(secret):
    now = int(time.time()) // 30
    near = {totp(secret, step) for step in range(now - 12, now + 13)}
    return next(code for code in (f"{n:06d}" for n in range(1000)) if code not in near)


@pytest.fixture(name="world")
def fixture_world(machine, sshd):
    """A person who is assigned, under a policy; ssh with password and code."""
    def make(**policy):
        machine.deploy(**{"enrollment": "Self", **policy})
        server = sshd("psg-password-code")
        server.log_level = "INFO"  # as a person's client: it says why
        return machine.person(enrolled=False), server
    return make


def authenticators(machine, person):
    return machine.psgctl_json("authenticators", person.name)


def test_ssh_shows_the_key_and_lets_in(machine, world, tmp_path):
    person, server = world()
    with ssh(server, person) as screen:
        seen = screen.wait("Code it shows now:")
        secret = key_on(seen)
        read = scan(seen, tmp_path)
        assert read.startswith(f"otpauth://totp/{os.uname().nodename}:{person.name}?secret="), read
        assert base64.b32decode(read.partition("secret=")[2]) == secret
        assert authenticators(machine, person) == []
        screen.type(code_of(secret))
        screen.wait(IN)
    made = authenticators(machine, person)
    assert len(made) == 1 and made[0]["failures"] == 0
    events = [event["event"] for event in machine.psgctl_json("log", "--user", person.name)]
    assert events.index("Enrolled") < events.index("Activated") < events.index("Bound")
    # From now on it is an authenticator like any other.
    person.secret, person.spent = secret, int(time.time()) // 30
    done = server.run(person, "echo in", codes=[person.code()])
    assert done.stdout == "in\n" and server.asked() == ["Password: ", "Authenticator code: "]
    assert base64.b32encode(secret).decode() not in machine.syslog()


def test_su_enrols_the_caller(machine, tmp_path):
    machine.deploy(enrollment="Self")
    person = machine.person(enrolled=False)
    machine.root_password()
    with Screen(*drive.as_person(person, "su", "-", "root")) as screen:
        screen.wait("assword:")
        screen.type(PASSWORD)
        seen = screen.wait("Code it shows now:")
        assert f":{person.name}?" in scan(seen, tmp_path)
        screen.type(code_of(key_on(seen)))
        screen.wait("(?m)#$")
    assert [made["userName"] for made in machine.psgctl_json("authenticators")] == [person.name]


def test_a_mistyped_code_is_asked_for_again_and_counts(machine, world):
    person, server = world(attempts=3)
    with ssh(server, person) as screen:
        secret = key_on(screen.wait("Code it shows now:"))
        for asked in range(3):
            assert wait_until(lambda n=asked: screen.text().count("That is not its code now. Code it shows:") == n)
            screen.type(wrong_code(secret))
        screen.wait("Too many wrong codes|Permission denied")
    assert authenticators(machine, person) == [] and person.attempts() == 3
    events = [event["event"] for event in machine.psgctl_json("log", "--user", person.name)]
    assert events.count("WrongCode") == 3 and "Enrolled" not in events


@pytest.mark.parametrize("policy,said", [
    ({"enrollment": "Admin"}, "You have no authenticator. Ask your administrator to run: psgctl enroll"),
    ({"enrollWithin": "PT1S"}, "the time to enrol one yourself ended at 20")])
def test_who_may_not_is_told_whom_to_ask(machine, world, policy, said):
    person, server = world(**policy)
    if "enrollWithin" in policy:
        made = machine.psgctl_json("assignments", "--user", person.name)[0]["createdDate"]
        assert wait_until(lambda: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1)) > made)
    with ssh(server, person) as screen:
        seen = re.sub(r"\n", "", screen.wait("psgctl *\n? *enroll"))
        assert said in seen and "6 digits" not in seen
    assert authenticators(machine, person) == []


def test_of_two_at_once_one_enrols(machine, world):
    person, server = world()
    with ssh(server, person) as first, ssh(server, person) as second:
        secrets = [key_on(screen.wait("Code it shows now:")) for screen in (first, second)]
        assert secrets[0] != secrets[1]
        second.type(code_of(secrets[1]))
        second.wait(IN)
        first.type(code_of(secrets[0]))
        first.wait("enrolled for you meanwhile")
    assert len(authenticators(machine, person)) == 1
    events = [event["event"] for event in machine.psgctl_json("log", "--user", person.name)]
    assert events.count("Enrolled") == 1 and events.count("Activated") == 1


def test_taken_away_it_is_for_an_administrator(machine, world):
    person, server = world()
    with ssh(server, person) as screen:
        screen.type(code_of(key_on(screen.wait("Code it shows now:"))))
        screen.wait(IN)
    machine.psgctl("unenroll", person.name)
    with ssh(server, person) as screen:
        screen.wait("taken away")
    machine.psgctl("unassign", person.name, "Operators")
    person.assign()
    with ssh(server, person) as screen:
        screen.type(code_of(key_on(screen.wait("Code it shows now:"))))
        screen.wait(IN)


def test_without_libqrencode_the_uri(machine, world):
    person, server = world()
    library = os.path.realpath("/usr/lib/x86_64-linux-gnu/libqrencode.so.4")
    subprocess.run(["mount", "--bind", "/dev/null", library], check=True)
    try:
        with ssh(server, person) as screen:
            seen = screen.wait("Code it shows now:")
            assert "otpauth://totp/" in seen and "\u2588" not in seen
            screen.type(code_of(key_on(seen)))
            screen.wait(IN)
    finally:
        subprocess.run(["umount", library], check=True)
    assert len(authenticators(machine, person)) == 1


def test_one_who_leaves_leaves_nothing(machine, world):
    """The connection breaks while the key stands there: nothing is stored, nobody is kept out."""
    person, server = world()
    with ssh(server, person) as screen:
        screen.wait("Code it shows now:")
    folder = f"/var/lib/psg/people/{person.name}"
    assert not os.path.isdir(folder + "/authenticators") and person.attempts() == 0
    with ssh(server, person) as screen:
        screen.type(code_of(key_on(screen.wait("Code it shows now:"))))
        screen.wait(IN)
    assert os.listdir(folder + "/authenticators") == [authenticators(machine, person)[0]["id"]]
