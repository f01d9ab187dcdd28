"""PSG_GROUPS, PSG_PERMISSIONS and PSG_EXPIRES: what the real shells see, and who cannot write them."""

import re

import pytest

import access
from access import variables
from drive import Shell, answer
from test_console import login
from test_sshd import CODE_ALONE, KEY_ALONE

NAMES = {"PSG_GROUPS", "PSG_PERMISSIONS", "PSG_EXPIRES"}
FORGED = "PSG_GROUPS=Forged PSG_PERMISSIONS=Forged PSG_EXPIRES=2999-01-01T00:00:00Z"


@pytest.fixture(name="person")
def fixture_person(machine):
    access.deploy(machine)
    return machine.person()


def told(person, text):
    """Asserts that `text`, an env, tells the truth about the one live activation."""
    found = variables(text)
    assert set(found) == NAMES, text
    assert found["PSG_GROUPS"] == "Operators" and found["PSG_PERMISSIONS"] == "Deploy,Edit"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["PSG_EXPIRES"])
    live = person.status()
    assert found["PSG_EXPIRES"] in [item["expirationDate"] for item in live] or not live
    return True


@pytest.mark.parametrize("how", ["password", "key"])
def test_sshd(machine, person, sshd, how):
    key = how == "key"
    if key:
        machine.stack("sshd", "sshd-publickey")
    server = sshd("psg-key-code" if key else "psg-password-code")
    assert told(person, server.run(person, "env", codes=[person.code()], key=key).stdout)
    shell = server.shell(person, codes=[person.code()], key=key)
    assert told(person, shell.run("env")[1])
    shell.close()


@pytest.mark.parametrize("command", ["sudo env", "sudo -i env", "su OTHER -c env", "su -l OTHER -c env"])
def test_sudo_and_su(machine, person, command):
    other = machine.person(assigned=False, enrolled=False)
    shell = Shell.of(person)
    status, output, _ = shell.run(command.replace("OTHER", other.name), [person.code()])
    assert status == 0 and told(person, output)
    shell.close()


def test_login(machine, person):
    shell = login(person.name, [person.code()])
    assert told(person, shell.run("env")[1])
    shell.close()


def test_several_are_all_told(machine, person, sshd):
    """And each name once, sorted; the time is of the one that opened the session."""
    access.deploy(machine, second=True)
    person.assign("Wide")
    person.activate_host()
    machine.psgctl("activate", "Wide", "--user", person.name, "--scope", "Host", "--for", "1h")
    found = variables(sshd(settings=KEY_ALONE).run(person, "env", key=True).stdout)
    assert (found["PSG_GROUPS"], found["PSG_PERMISSIONS"]) == ("Operators,Wide", "Deploy,Edit,More,Much")
    assert found["PSG_EXPIRES"] == max(item["expirationDate"] for item in person.status())


# -- absent, and not to be forged --

@pytest.fixture(name="opened")
def fixture_opened(machine):
    """Somebody for whom every service is open without activation."""
    access.deploy(machine, open_to_all=["sshd", "sudo", "sudo-i", "su", "su-l", "login"])
    person = machine.person(assigned=False)
    person.assign("Plain")
    return person


def test_absent_when_nothing_is_active(machine, opened, sshd):
    other = machine.person(assigned=False, enrolled=False)
    assert variables(sshd(settings=KEY_ALONE).run(opened, "env", key=True).stdout) == {}
    shell = Shell.of(opened)
    for command in ("sudo env", "sudo -i env", f"su {other.name} -c env", f"su -l {other.name} -c env"):
        status, output, asked = shell.run(command)
        assert status == 0 and asked == 0 and variables(output) == {}, output
    shell.close()
    shell = login(opened.name)
    assert variables(shell.run("env")[1]) == {}
    shell.close()


CARRIED = [("", "sudo env"), ("", "sudo -i env"), ("Defaults env_keep += \"PSG_*\"", "sudo env"),
           ("Defaults !env_reset", "sudo env"), ("ALL ALL=(ALL:ALL) SETENV: ALL", "sudo -E env"),
           ("ALL ALL=(ALL:ALL) SETENV: ALL", f"sudo {FORGED} env"),
           ("", "su OTHER -c env"), ("", "su -l OTHER -c env"), ("", "su -m OTHER -s /bin/sh -c env")]
# su -w put the values by before PAM was asked: they stay where this module has none to put over them (see the
# manual). Whoever may say -w may as well say -c.
KEPT = [("", "su -l -w PSG_GROUPS,PSG_PERMISSIONS,PSG_EXPIRES OTHER -c env")]


def carry(machine, person, what, codes=()):
    """Runs each in one shell that has the variables already: pairs of the command and what env said."""
    other = machine.person(assigned=False, enrolled=False)
    shell = Shell.of(person)
    assert shell.run(f"export {FORGED}")[0] == 0
    for sudoers, command in what:
        machine.sudoers(sudoers)
        status, output, _ = shell.run(command.replace("OTHER", other.name), codes)
        assert status == 0, (command, output)
        yield (sudoers, command), output
    shell.close()


def test_the_callers_own_do_not_survive(machine, opened):
    """Whatever carries the caller's environment over: this module says them or nobody does."""
    for what, output in carry(machine, opened, CARRIED):
        assert variables(output) == {}, what


def test_nor_do_they_win_over_the_true_ones(machine, person):
    for what, output in carry(machine, person, CARRIED + KEPT, [person.code()]):
        assert told(person, output), what


def test_a_client_of_sshd_does_not_win(machine, person, sshd):
    """Even where sshd_config accepts them, the true ones stand."""
    machine.stack("sshd", "sshd-password")
    server = sshd(settings=CODE_ALONE + "AcceptEnv PSG_*\n")
    sent = ["-o", "SetEnv=" + FORGED + " PSG_TICKET=00000000000000000000000000000000 PSG_OTHER=sent"]
    options = server.options
    server.options = lambda *arguments: options(*arguments) + sent
    done = server.run(person, "env", codes=[person.code()])
    assert done.returncode == 0 and "PSG_OTHER=sent" in done.stdout  # it does accept them
    text = done.stdout.replace("PSG_OTHER=sent\n", "")
    text = text.replace("PSG_TICKET=00000000000000000000000000000000\n", "")
    assert told(person, text)


def test_roots_su_tells_nothing_of_the_session_around_it(machine, person):
    """A root shell of somebody's sudo has that person's; whom root becomes from there has nothing active."""
    other = machine.person(assigned=False, enrolled=False)
    shell = Shell.of(person)
    status, output, _ = shell.run(f"sudo sh -c 'env; echo $((40 + 2))cut; su {other.name} -c env'", [person.code()])
    first, second = output.split("42cut")
    assert status == 0 and told(person, first) and variables(second) == {}
    shell.close()


def test_root_is_told_nothing(machine, person):
    bare = ["env", "-i", "PATH=/usr/bin:/bin", "PSG_GROUPS=Forged"]
    for command in (["sudo", "env"], ["su", person.name, "-c", "env"]):
        status, output, _ = answer(bare + command)
        assert status == 0 and variables(output) == {}
