"""The real sudo and sudo -i behind the shipped stacks, and what might be a way past them: auth is skipped by a
cached timestamp and by NOPASSWD, and PAM_USER is whoever sudo makes of the caller. What the manual says of sudo,
row by row, is in test_rows_sudo.py."""

import pytest

from drive import Shell
from machine import CONF, wait_until


@pytest.fixture
def person(machine):
    return machine.person()


@pytest.fixture
def shell(person):
    shell = Shell.of(person)
    yield shell
    shell.close()


def refused(result):
    status, output, _ = result
    return status != 0 and "uid=0" not in output


def let_in(result):
    status, output, _ = result
    return status == 0 and "uid=0" in output


def drop_activations(machine, person):
    machine.psgctl("deactivate", "--all", "--user", person.name)


@pytest.mark.parametrize("command", ["sudo id", "sudo -i id"])
def test_asked_once_then_in(machine, person, shell, command):
    assert refused(shell.run(command, [""]))
    result = shell.run(command, [person.code()])
    assert let_in(result) and result[2] == 1
    again = shell.run(command)
    assert let_in(again) and again[2] == 0
    drop_activations(machine, person)
    assert refused(shell.run(command, [""]))


def test_cached_timestamp_is_no_way_past(machine, person, shell):
    assert let_in(shell.run("sudo id", [person.code()]))
    drop_activations(machine, person)
    # The password is not asked for: the timestamp is there. The code is.
    result = shell.run("sudo id", [""], password="must not be asked")
    assert refused(result) and result[2] >= 1
    assert refused(shell.run("sudo -n id", [""]))
    assert let_in(shell.run("sudo id", [person.code()], password="must not be asked"))


def test_nopasswd_is_no_way_past(machine, person, shell):
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    assert refused(shell.run("sudo id", [""]))
    assert refused(shell.run("sudo -n id", [""]))
    result = shell.run("sudo id", [person.code()])
    assert let_in(result) and result[2] == 1
    assert let_in(shell.run("sudo -n id"))
    drop_activations(machine, person)
    assert refused(shell.run("sudo id", [""]))


def test_lapse(machine, person, shell):
    machine.deploy(lifetime="PT10S", scope="Host")
    assert let_in(shell.run("sudo id", [person.code()]))
    assert wait_until(lambda: machine.explain(person, "sudo")["verdict"] == "ACTIVATE")
    assert refused(shell.run("sudo id", [""]))
    assert let_in(shell.run("sudo id", [person.code()]))


@pytest.mark.parametrize("more", ["", "ALL ALL=(ALL:ALL) NOPASSWD: ALL"])
def test_expired_password_is_no_way_past(machine, more):
    """common-account ends the stack at NEW_AUTHTOK_REQD: our lines stand above it."""
    machine.sudoers(more)
    person = machine.person(expired=True)
    shell = Shell.of(person)
    assert refused(shell.run("sudo id", [""]))
    assert "pam_psg" in machine.syslog()
    shell.close()


@pytest.mark.parametrize("defaults", ["targetpw", "rootpw", "rootpw, !pam_ruser", "runaspw"])
def test_the_caller_is_asked_whoever_sudo_names(machine, person, shell, defaults):
    machine.root_password()
    machine.sudoers("Defaults " + defaults)
    assert refused(shell.run("sudo id", [""]))
    assert let_in(shell.run("sudo id", [person.code()]))
    drop_activations(machine, person)
    assert refused(shell.run("sudo id", [""]))


def test_targetpw_does_not_make_a_stranger_root(machine):
    machine.root_password()
    machine.sudoers("Defaults targetpw")
    shell = Shell.of(machine.person(assigned=False))
    assert refused(shell.run("sudo id", [""]))
    shell.close()


def with_session_line(machine, line, above):
    lines = machine.read(f"{CONF}/pam.d/sudo").splitlines(True)
    at = next(i for i, text in enumerate(lines) if text.startswith("session") and "pam_psg" in text)
    lines.insert(at if above else at + 1, line + "\n")
    machine.stack_text("sudo", "".join(lines))


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("control", ["required", "optional"])
def test_an_earlier_session_module_that_fails(machine, person, shell, above, control):
    """sudo runs the command at PAM_SESSION_ERR; pam_deny answers just that."""
    with_session_line(machine, f"session {control} pam_deny.so", above)
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    assert refused(shell.run("sudo id", [""]))


def test_the_session_line_holds_without_account(machine, person, shell):
    with_session_line(machine, "session required pam_deny.so", above=False)
    machine.sudoers("Defaults !pam_acct_mgmt\nALL ALL=(ALL:ALL) NOPASSWD: ALL")
    assert refused(shell.run("sudo id", [""]))


def test_a_refusal_without_a_conversation_is_our_line_alone(machine, person, shell):
    """libpam logs an error for each prompt that a host does not pass on: with sudo -n in a loop, without end."""
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    assert shell.run("sudo -n id")[0] != 0
    assert wait_until(lambda: "Refused: user=" + person.name in machine.syslog())
    assert "conversation failed" not in machine.syslog()
