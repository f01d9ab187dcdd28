"""What ends an activation ends it for the next PAM call, wherever that is made: deactivate, unassign, a stricter
policy, the end of the login. What does not: a looser policy, and the end of a sudo or su inside."""

import os
import re
import time

import pytest

import access
from drive import Shell
from inside import activations_of, monitor_of, prepare
from machine import GROUP, wait_until

TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
DEACTIVATED = rf"Your activation of {GROUP} was ended \(deactivated\) at {TIME}: try again with a fresh"
LAPSED = rf"Your activation of {GROUP} lapsed at ({TIME}): try again with a fresh authenticator code"
UNASSIGNED = rf"Nothing assigned to you opens sudo any more: {GROUP}, which was active here, was unassigned from you"
NEEDED = rf"sudo needs an active {GROUP}: try again with your authenticator code"


@pytest.fixture(name="person")
def fixture_person(machine):
    prepare(machine)
    return machine.person()


@pytest.fixture(name="server")
def fixture_server(sshd):
    return sshd("psg-password-code")


@pytest.fixture(name="opened")
def fixture_opened():
    """Shells that are closed with the test."""
    shells = []

    def keep(shell):
        shells.append(shell)
        return shell
    yield keep
    for shell in shells:
        shell.close()


@pytest.fixture(name="login")
def fixture_login(server, opened):
    return lambda person: opened(server.shell(person, codes=[person.code()]))


@pytest.fixture(name="console")
def fixture_console(opened):
    """A shell that no sshd led in, and in it a sudo that asked for a code, if any."""
    def start(person, asks=True):
        shell = opened(Shell.of(person))
        if asks:
            assert shell.run("sudo id -u", [person.code()])[::2] == (0, 1)
        return shell
    return start


def let_in(shell, command="sudo id -u"):
    """Root by no new code."""
    status, output, asked = shell.run(command)
    return status == 0 and asked == 0 and re.search(r"^0\r?$", output, re.M) is not None


def refused(shell, why, command="sudo id -u"):
    status, output, _ = shell.run(command, [""])
    assert status != 0 and not re.search(r"^0\r?$", output, re.M), output
    found = re.search(why, output)
    assert found, output
    return found


def log(machine, *kinds):
    return [event for event in machine.psgctl_json("log") if event["event"] in kinds]


# -- deactivate --

@pytest.mark.parametrize("arguments", [(GROUP,), (GROUP, "--user", "{name}"), ("--id", "{id}"),
                                       ("--all",), ("--all", "--user", "{name}")], ids=" ".join)
def test_deactivate(machine, person, login, console, arguments):
    """In a login through sshd that stays open; somebody else's goes only where nobody is named."""
    other = machine.person()
    shell, others = login(person), console(other)
    assert let_in(shell) and let_in(others)
    (live,) = person.status()
    machine.psgctl("deactivate", *(word.format(name=person.name, id=live["id"]) for word in arguments))
    assert refused(shell, DEACTIVATED)
    everybody = len(arguments) == 1
    assert refused(others, DEACTIVATED) if everybody else let_in(others)
    assert person.status() == [] and len(other.status()) == (0 if everybody else 1)
    events = log(machine, "Deactivated", "Ended", "Lapsed")
    assert {(event["event"], event["userName"]) for event in events} == \
        {("Deactivated", name) for name in [person.name] + [other.name] * everybody}
    assert live["id"] in [event["activationId"] for event in events]
    # Not a ban: the next code opens.
    assert shell.run("sudo id -u", [person.code()])[::2] == (0, 1) and let_in(shell)


def test_deactivate_by_another_name_ends_nothing(machine, person, console):
    access.deploy(machine, second=True)
    shell = console(person)
    machine.psgctl("deactivate", "Wide", "--user", person.name)
    machine.psgctl("deactivate", GROUP, "--user", machine.person().name)
    assert let_in(shell) and len(person.status()) == 1


# This terminal, another terminal, another session, su.
EVERYWHERE = ["sudo id -u", "script -qec 'sudo id -u' /dev/null", "setsid -w sudo -n id -u",
              "su {name} -c 'sudo -n id -u'", "su root -c 'id -u'"]


def test_everywhere_in_the_login(machine, person, login):
    machine.root_password()
    shell = login(person)
    commands = [command.format(name=person.name) for command in EVERYWHERE]
    assert [command for command in commands if not let_in(shell, command)] == []
    person.lapse()
    assert [command for command in commands if shell.run(command, [""])[0] == 0] == []
    assert refused(shell, DEACTIVATED, "su root -c 'id -u'")


def test_everywhere_on_the_host(machine, person, login, console):
    """For the Host: a login, a console, and in each sudo and su."""
    machine.root_password()
    machine.deploy(scope="Host")
    shells = [login(person), console(person, asks=False)]
    for shell in shells:
        assert let_in(shell) and let_in(shell, "su root -c 'id -u'")
    person.lapse()
    for shell in shells:
        assert refused(shell, DEACTIVATED) and refused(shell, DEACTIVATED, "su root -c 'id -u'")


# -- unassign --

def test_unassign_a_user(machine, person, login):
    shell = login(person)
    assert let_in(shell)
    machine.psgctl("unassign", person.name, GROUP)
    assert refused(shell, UNASSIGNED + f" at {TIME}") and person.status() == []
    assert [event["reason"] for event in log(machine, "Ended", "Deactivated", "Lapsed")] == ["unassigned"]
    # Assigned once more, one starts with a code.
    person.assign()
    assert person.status() == []
    assert refused(shell, rf"Your activation of {GROUP} was ended when it was unassigned from you, at {TIME}")
    assert shell.run("sudo id -u", [person.code()])[::2] == (0, 1) and let_in(shell)


@pytest.mark.parametrize("how", ["unassign", "leave"])
def test_unassign_a_unix_group(machine, login, how):
    prepare(machine)
    person, groups = machine.person(assigned=False), machine.read("/etc/group")
    access.unix_group(machine, "crew", 4100, person.name)
    machine.psgctl("assign", "%crew", GROUP)
    shell = login(person)
    assert let_in(shell)
    if how == "unassign":
        machine.psgctl("unassign", "%crew", GROUP)
    else:
        machine.write("/etc/group", groups)
    assert refused(shell, UNASSIGNED)


def test_the_assignment_is_over(machine, person, console):
    shell = console(person)
    soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    machine.psgctl("assign", person.name, GROUP, "--until", soon)
    assert wait_until(lambda: machine.explain(person, "sudo")["why"] == "Expired")
    assert refused(shell, rf"Your assignment of {GROUP} ended at {TIME}")


# -- a stricter policy --

STRICTER = {
    "lifetime": ({"lifetime": "PT1H"}, {"lifetime": "PT1S"}, LAPSED),
    "scope": ({"scope": "Host"}, {"scope": "Session"}, LAPSED),
    "reason": ({"reason": "None"}, {"reason": "Required"}, LAPSED),
    "set": ({}, {"services": ("sshd", "su")}, "Nothing assigned to you opens sudo"),
}


def second_over(since):
    """A lifetime of a second is over for what was made before `since`."""
    return wait_until(lambda: time.time() > since + 1)


@pytest.mark.parametrize("before, after, why", STRICTER.values(), ids=STRICTER)
def test_a_stricter_policy(machine, person, console, before, after, why):
    machine.deploy(**before)
    shell = console(person)
    (live,) = person.status()
    if "lifetime" in after:
        assert second_over(time.time())
    # Deploying by itself ends nothing.
    machine.deploy(**before)
    assert let_in(shell) and len(person.status()) == 1
    machine.deploy(**after)
    # Without a prompt: whoever may be asked would be asked for the reason first.
    assert refused(shell, why, "sudo -n id -u")
    if why == LAPSED:
        assert person.status() == []
        assert [event["activationId"] for event in log(machine, "Lapsed")] == [live["id"]]


def test_an_administrators_is_held_to_the_maximum(machine, person, console):
    machine.deploy(lifetime="PT1H", scope="Host")
    shell = console(person, asks=False)
    person.activate_host()
    assert second_over(time.time())
    machine.deploy(lifetime="PT1S", maximumLifetime="PT1H", scope="Session")
    assert let_in(shell)
    machine.deploy(lifetime="PT1S", scope="Host")
    assert refused(shell, LAPSED) and person.status() == []


def test_a_member_deleted_by_force(machine, person, console):
    """The group is Failed and gives nothing, until it is whole again."""
    shell = console(person)
    machine.delete_by_force("PermissionSet", f"{GROUP}_PS")
    assert refused(shell, f"{GROUP} is out of order. Ask your administrator to run: psgctl groups {GROUP}")
    machine.deploy()
    assert let_in(shell)


def test_a_group_deleted_by_force(machine, person, console):
    """Its assignments go with it, and do not come back when a group of its name is deployed."""
    shell = console(person)
    machine.delete_by_force("PermissionSetGroup", GROUP)
    assert refused(shell, UNASSIGNED) and person.status() == []
    machine.deploy()
    assert refused(shell, "Nothing assigned to you opens sudo.")
    person.assign()
    assert refused(shell, f"Your activation of {GROUP} was ended when it was unassigned from you, at {TIME}")


def test_a_group_deleted_and_there_again(machine, person, console):
    """Nobody has asked meanwhile: the activation is over all the same."""
    shell = console(person)
    machine.delete_by_force("PermissionSetGroup", GROUP)
    machine.deploy()
    person.assign()
    assert refused(shell, f"Your activation of {GROUP} was ended when it was unassigned from you, at {TIME}")


def test_a_deferred_deployment(machine, person, console):
    """What is in force goes on until it is recalculated."""
    shell = console(person)
    machine.psgctl("deploy", "--defer", machine.package(services=["elsewhere"]))
    assert let_in(shell)
    machine.psgctl("recalculate", GROUP)
    assert refused(shell, "")


def test_required_where_it_was_not(machine, person, console):
    """Who never needed one has none; who activates gets in."""
    machine.deploy(required=False)
    shell = console(person, asks=False)
    assert let_in(shell) and person.status() == []
    machine.deploy(required=True)
    assert refused(shell, NEEDED)
    assert shell.run("sudo id -u", [person.code()])[::2] == (0, 1)
    machine.deploy(required=False)
    person.lapse()
    assert let_in(shell)


# -- a looser one --

def test_a_looser_policy_lengthens_nothing(machine, person, console):
    machine.deploy(lifetime="PT4S")
    shell = console(person)
    (live,) = person.status()
    machine.deploy(lifetime="PT8H", maximumLifetime="P1D", warnBefore="PT1M")
    assert [item["expirationDate"] for item in person.status()] == [live["expirationDate"]]
    assert wait_until(lambda: person.status() == [])
    assert refused(shell, LAPSED.replace(f"({TIME})", live["expirationDate"]))
    assert [event["activationId"] for event in log(machine, "Lapsed")] == [live["id"]]


def test_a_looser_scope_widens_nothing(machine, person, console):
    machine.deploy(scope="Session")
    shell, another = console(person), console(person, asks=False)
    machine.deploy(scope="Host")
    assert let_in(shell) and refused(another, NEEDED)
    assert another.run("sudo id -u", [person.code()])[::2] == (0, 1)
    assert sorted(item["scope"] for item in person.status()) == ["Host", "Session"]


# -- the login's end, and what is not it --

def test_the_leader_ends_its_logins_own(machine, person, login):
    """The one that opened it and one that a sudo in it made; another login of the same person has its own."""
    first, second = login(person), login(person)
    (opener,) = activations_of(first, person)
    machine.psgctl("deactivate", "--id", opener)
    assert first.run("sudo id -u", [person.code()])[::2] == (0, 1)
    (mine,), (other,) = activations_of(first, person), activations_of(second, person)
    first.child.sendline("exit")
    assert wait_until(lambda: [item["id"] for item in person.status()] == [other])
    ended = log(machine, "Ended")
    assert [(event["activationId"], event["reason"]) for event in ended] == [(mine, "session closed")]
    assert let_in(second)


INSIDE = ["sudo -n id -u", "sudo -n -u {name} sudo -n id -u", "sudo -n sudo -n -u {name} sudo -n id -u",
          "sudo -n -i id -u", "su {name} -c 'sudo -n id -u'", "su - {name} -c 'sudo -n id -u'",
          "sudo -n su {name} -c 'sudo -n id -u'", "sudo -n sh -c 'kill -9 $PPID'"]


@pytest.mark.parametrize("where", ["login", "console"])
def test_what_ends_inside_ends_nothing(machine, person, login, console, where):
    """sudo's and su's own close_session, nested too, and a sudo that is killed."""
    shell = {"login": login, "console": console}[where](person)
    before = person.status()
    assert len(before) == 1
    for command in INSIDE:
        command = command.format(name=person.name)
        if "kill" in command:
            assert shell.run(command)[0] != 0
        else:
            assert let_in(shell, command), command
        assert person.status() == before, command
    assert let_in(shell) and log(machine, "Ended", "Lapsed", "Deactivated") == []


def test_a_killed_monitor(machine, person, login):
    """It never calls close_session, and the client goes on: without its leader the login has nothing."""
    shell = login(person)
    other = login(person)
    assert let_in(shell)
    (gone,) = activations_of(shell, person)
    os.kill(monitor_of(shell), 9)
    assert wait_until(lambda: gone not in [item["id"] for item in person.status()])
    assert refused(shell, NEEDED)
    assert shell.run("true")[0] == 0 and let_in(other)
    assert log(machine, "Ended") == []
