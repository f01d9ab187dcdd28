"""The manual's rows of sshd (HOST PROGRAMS), a test or two each: who is let in, who is refused, and what the person
sees then. What goes through a login is in test_rows_through.py; more of the stacks in test_sshd.py."""

import re
import subprocess

import pytest

from drive import Shared
from machine import CONF, PASSWORD
from test_sshd import ALONE, KEY_ALONE

PASSWORD_METHOD = "UsePAM yes\nPasswordAuthentication yes\nKbdInteractiveAuthentication no\n" \
                  "AuthenticationMethods password\n"
WRONG = "That code is not right. Try the next one. Does your device set its clock itself?"
SPENT = "That code was used before. Wait for the next one."
MALFORMED = "That cannot be a code: a code has 6 digits. Try again."
THROTTLED = "Too many wrong codes. Try again in "
NEEDED = "sshd needs an active Operators: try again with your authenticator code."
ENDED = r"Your activation of Operators was ended \(deactivated\) at \S+Z: try again with a fresh authenticator code\."
UNASSIGNED = "Nothing assigned to you opens sshd. Ask your administrator to run: psgctl explain {} sshd"
NOT_ENROLLED = "You have no authenticator. Ask your administrator to run: psgctl enroll {}"
ACTIVE = r"Operators is active for 8h, until \S+Z\.\n"


def start(machine, sshd, row):
    """The row's sshd, with a client that shows what a person's shows."""
    stack, snippet, settings = {
        "keyboard-interactive": ("sshd-password", "psg-password-code", ""),
        "publickey and code": ("sshd-publickey", "psg-key-code", ""),
        "publickey": ("sshd-password", None, KEY_ALONE),
        "password": ("sshd-password", None, PASSWORD_METHOD),
    }[row]
    machine.stack("sshd", stack)
    server = sshd(snippet, settings)
    server.log_level = "INFO"
    return server


def seen(text):
    return re.sub(r"Warning: Permanently added .*\n", "", text)


def shown_and_denied(done, text, methods):
    """The reason, then the client's own last word, and of the command nothing."""
    assert (done.returncode, done.stdout) == (255, "")
    reason = re.escape(text) + r".*\n\n" if text else ""
    assert re.fullmatch(reason + rf"\S+: Permission denied \({methods}\)\.\n", seen(done.stderr)), done.stderr


def closed(done, text):
    """What account says is all that sshd lets through before it closes."""
    assert done.stdout == ""
    assert re.match(text + r"\nConnection closed by 127\.0\.0\.1 port 2222\n", seen(done.stderr)), done.stderr


CODE_ROWS = {"keyboard-interactive": False, "publickey and code": True}


@pytest.mark.parametrize("row,key", CODE_ROWS.items(), ids=CODE_ROWS)
def test_code_denied_with_the_reason(machine, sshd, row, key):
    machine.deploy(attempts=2)
    server, person = start(machine, sshd, row), machine.person()

    def denied(who, code, text, left="keyboard-interactive"):
        done = server.run(who, "echo in", codes=[code], key=key)
        shown_and_denied(done, text.format(who.name), left)

    code = person.code()
    assert server.run(person, "true", codes=[code], key=key).returncode == 0
    denied(person, code, SPENT)
    denied(person, "12345", MALFORMED)
    denied(person, person.wrong_code(), WRONG)
    denied(person, person.code(), THROTTLED, left="")  # At PAM_MAXTRIES sshd strikes the method off its list.
    denied(machine.person(assigned=False), "123456", UNASSIGNED)
    denied(machine.person(enrolled=False), "123456", NOT_ENROLLED)


@pytest.mark.parametrize("row,key", CODE_ROWS.items(), ids=CODE_ROWS)
def test_code_let_in_and_told_until_when(machine, sshd, row, key):
    server, person = start(machine, sshd, row), machine.person()
    done = server.run(person, "echo in", codes=[person.code()], key=key)
    assert (done.returncode, done.stdout) == (0, "in\n")
    assert re.fullmatch(ACTIVE, seen(done.stderr)), done.stderr


def test_publickey_and_code_without_the_key(machine, sshd):
    server, person = start(machine, sshd, "publickey and code"), machine.person()
    done = server.run(person, "echo in", codes=[person.code()])
    shown_and_denied(done, "", "publickey")
    assert server.asked() == []


def test_publickey(machine, sshd):
    """No prompt works: a live Host activation, or nobody."""
    server, person = start(machine, sshd, "publickey"), machine.person()
    stranger = machine.person(assigned=False)
    closed(server.run(person, "echo in", key=True), re.escape(NEEDED))
    closed(server.run(stranger, "echo in", key=True), re.escape(UNASSIGNED.format(stranger.name)))
    person.activate_host()
    done = server.run(person, "echo in; exit 7", key=True)
    assert (done.returncode, done.stdout, seen(done.stderr)) == (7, "in\n", "")
    person.lapse()
    closed(server.run(person, "echo in", key=True), ENDED)


# -- the password method: sshd answers the code's prompt with the password (trap 6) --

def test_password_method(machine, sshd):
    """No code can be given, so only a live Host activation helps; and the reason stays with sshd."""
    server, person = start(machine, sshd, "password"), machine.person()
    for who in (person, machine.person(assigned=False)):
        done = server.run(who, "echo in", codes=[person.code()])
        shown_and_denied(done, "", "password")
        assert server.asked() == [f"{who.name}@127.0.0.1's password: "]
    assert re.search(r'Malformed: .*reason="not a code"', machine.syslog())
    assert person.attempts() == 0
    person.activate_host()
    done = server.run(person, "echo in")
    assert (done.returncode, done.stdout, seen(done.stderr)) == (0, "in\n", "")
    person.lapse()
    assert server.run(person, "echo in").returncode == 255


def test_password_method_with_a_password_like_a_code(machine, sshd):
    """Then every login is a wrong guess: one more reason not to use the method."""
    server, person = start(machine, sshd, "password"), machine.person()
    password = person.wrong_code()
    subprocess.run(["chpasswd"], input=f"{person.name}:{password}\n", text=True, check=True)
    assert server.run(person, "echo in", password=password).returncode == 255
    assert person.attempts() == 1


# -- further channels: no PAM call --

@pytest.mark.parametrize("row", ["keyboard-interactive", "publickey"])
def test_multiplexed_channel(machine, sshd, row):
    """The first login is let in or refused; a channel has what that login has, and opens also after the lapse."""
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    key = row == "publickey"
    server, person = start(machine, sshd, row), machine.person()
    refused = Shared(server, person, [""], key=key)
    assert refused.opened == 255 and refused.run("echo in").returncode == 255
    refused.close()

    if key:
        person.activate_host()
    shared = Shared(server, person, [] if key else [person.code()], key=key)
    assert shared.opened == 0
    done = shared.run("echo in; exit 7")
    assert (done.returncode, done.stdout, done.stderr) == (7, "in\n", "")
    assert shared.run("sudo -n id -u").stdout == "0\n"
    person.lapse()
    calls = machine.syslog().count("service=sshd")
    assert shared.run("echo in").stdout == "in\n"
    assert machine.syslog().count("service=sshd") == calls
    done = shared.run("sudo -n id -u")
    assert done.returncode != 0 and done.stdout == "" and "account management" in done.stderr
    shared.close()


# -- subject=caller: sshd's real uid is 0 --

def caller(machine, *more):
    text = machine.read(f"{CONF}/pam.d/sshd-password")
    machine.stack_text("sshd", text.replace("pam_psg.so", " ".join(("pam_psg.so", "subject=caller", *more))))


def test_subject_caller_refuses_nobody(machine, sshd):
    """The caller in sshd is root, who is never refused: whoever has the password is in, and nothing is active."""
    server = start(machine, sshd, "keyboard-interactive")
    caller(machine)
    stranger = machine.person(assigned=False, enrolled=False)
    done = server.run(stranger, "env")
    assert done.returncode == 0 and "PSG_" not in done.stdout and server.asked() == ["Password: "]
    assert server.run(stranger, "env", password="not " + PASSWORD).returncode == 255


def test_subject_caller_even_root_refuses_everybody(machine, sshd):
    """Root is assigned nothing."""
    server, person = start(machine, sshd, "keyboard-interactive"), machine.person()
    caller(machine, "even_root")
    person.activate_host()
    done = server.run(person, "echo in", codes=[person.code()])
    shown_and_denied(done, UNASSIGNED.format("root"), "keyboard-interactive")


def test_subject_caller_alone_in_auth_lets_nobody_in(machine, sshd):
    """It authenticated nobody and says so."""
    server, person = start(machine, sshd, "keyboard-interactive"), machine.person()
    machine.stack_text("sshd", ALONE.replace("pam_psg.so", "pam_psg.so subject=caller"))
    assert server.run(person, "echo in", codes=[person.code()]).returncode == 255
    assert server.asked() == []
