"""login and login -f, one test a row of the table in pam_psg(8)."""

import pexpect
import pytest

from drive import CODE, PASSWORD_PROMPT, spawn
from machine import PASSWORD, Person
from rows import PHASES, TABLE, Log, assert_denied, inside, row, shipped, watch, whole_life


def login(*arguments):
    """A run(): to the end of login; a prompt of a shell counts as being inside."""
    def run(codes):
        child, codes, asked, seen = spawn(["login", *arguments]), list(codes), 0, ""
        prompts = [CODE, PASSWORD_PROMPT, r"[$#] $", r"login: $", pexpect.EOF]
        while True:
            which = child.expect(prompts)
            seen += child.before + (child.after if which < 4 else "")
            if which == 0:
                asked += 1
                child.sendline(codes.pop(0) if codes else "")
            elif which == 1:
                child.sendline(PASSWORD)
            elif which == 2:
                seen += "in-side"
                child.sendline("exit")
            elif which == 3:
                child.sendeof()
            else:
                child.close()
                return child.exitstatus, seen, asked
    return run


def login_stack(machine, arguments=""):
    return lambda phases: watch(machine, "login", shipped(machine, "login"), arguments, phases)


@row("login")
def test_login(machine):
    person = machine.person()
    whole_life(machine, "login", person, login(person.name), login_stack(machine))


@row("login -f")
def test_login_f(machine):
    person = machine.person()
    whole_life(machine, "login -f", person, login("-f", person.name), login_stack(machine))


def test_setcred_comes_after_the_session(machine):
    """As the page says of login alone; the session's end is called too."""
    person = machine.person()
    login_stack(machine)(PHASES)
    log = Log()
    status, _, _ = login(person.name)([person.code()])
    assert status == 0
    assert [phase for phase, _ in log.calls("login")] == ["auth", "account", "session", "setcred", "close"]


def test_a_name_that_is_nobodys(machine):
    """Asked for a password, never for a code, and told nothing of either."""
    login_stack(machine)(PHASES)
    status, screen, asked = login("nosuchperson")([])
    assert (status, asked) == (TABLE["login"].status, 0) and "Login incorrect" in screen and "psgctl" not in screen


@pytest.mark.parametrize("option", [[], ["-f"]])
def test_subject_caller_asks_nobody(machine, option):
    """The caller is root: the free pass of which the page warns; even_root makes it root's code."""
    person = machine.person()
    login_stack(machine, "subject=caller")(PHASES)
    result = login(*option, person.name)([])
    assert inside(result) and result[2] == 0
    login_stack(machine, "subject=caller even_root")(PHASES)
    root = Person(machine, "root", 0)
    root.assign()
    root.enroll()
    log = Log()
    assert_denied(TABLE[" ".join(["login", *option])], login(*option, person.name)([root.wrong_code()]), log, root)
    result = login(*option, person.name)([root.code()])
    assert inside(result) and result[2] == 1


def test_root_is_asked_with_even_root_alone(machine):
    machine.root_password()
    login_stack(machine)(PHASES)
    result = login("root")([])
    assert inside(result) and result[2] == 0
    login_stack(machine, "even_root")(PHASES)
    log = Log()
    result = login("root")([])
    assert not inside(result) and result[2] == 0 and log.refused("root")
    assert "Nothing assigned to you opens login." in result[1]
