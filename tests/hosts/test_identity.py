"""What is in a login's session, and what is not: wherever in it a process stands, sudo gives it exactly what the
login has. With audit everything that was started in the login is in it; without, what still descends from it."""

import os
import signal
import subprocess

import pytest

from drive import PROMPT
from inside import (EVERYWHERE, NO_AUDIT, Question, activations_of, all_of, audit_id, expected, inside, insides,
                    monitor_of)
from machine import wait_until

TMUX = "tmux -S $HOME/tmux -f /dev/null"
IN_TMUX = {"tmux": TMUX + " send-keys '{}' Enter", "new window": TMUX + " new-window -d '{}'",
           "background": TMUX + " run-shell -b '{}'"}


@pytest.fixture
def server(audit, sshd):
    return sshd("psg-password-code")


@pytest.fixture
def login(server, person, audit):
    shell = server.shell(person, codes=[person.code()])
    assert (audit_id(shell) != NO_AUDIT) is audit
    yield shell
    shell.close()


def test_wherever_in_the_login(login, person, audit):
    assert insides(login, person, EVERYWHERE) == expected(True, audit)
    person.lapse()
    assert insides(login, person, EVERYWHERE) == expected(False, False)


def test_two_logins_are_two(login, server, person, audit):
    """One's activation ends: the other's goes on, and none of one's processes has it."""
    other = server.shell(person, codes=[person.code()])
    for activation in activations_of(login, person):
        person.machine.psgctl("deactivate", "--id", activation)
    assert insides(login, person, EVERYWHERE) == expected(False, False)
    assert insides(other, person, EVERYWHERE) == expected(True, audit)
    other.close()


def test_a_killed_listener_ends_nothing(login, server, person, audit):
    """As when the system restarts sshd."""
    server.process.kill()
    server.process.wait()
    assert insides(login, person, EVERYWHERE) == expected(True, audit)


def test_a_killed_monitor_ends_it_at_once(login, person):
    """SIGKILL: close_session is never called, and the client goes on working."""
    assert len(activations_of(login, person)) == 1
    os.kill(monitor_of(login), signal.SIGKILL)
    assert wait_until(lambda: person.status() == [])
    assert insides(login, person, EVERYWHERE) == expected(False, False)


def test_the_login_ends_for_what_outlives_it(login, server, person):
    """A job that waits for the end of its login, and asks then."""
    question = Question(person)
    go = f"{person.home}/go"
    login.run(f"setsid -f sh -c 'until [ -e {go} ]; do sleep 0.05; done; {question.command}'")
    login.child.sendline("exit")
    assert wait_until(lambda: person.status() == [])
    # Not even another login of the same person carries it.
    other = server.shell(person, codes=[person.code()])
    other.run(f"touch {go}")
    assert question.answer() is False
    other.close()


# -- loginuid --

CHANGED = {"child": "sh -c 'echo $(id -u) >/proc/self/loginuid; {}'",
           "orphan": "sh -c 'echo $(id -u) >/proc/self/loginuid; {} orphan &'"}


def test_loginuid_is_not_the_persons_to_change(login, person, audit):
    """The kernel forbids it once it is set. Where it is unset anybody sets it, and gets an id that no login has."""
    for number in ("0", NO_AUDIT, "$(id -u)"):
        assert (login.run(f"sh -c 'echo {number} >/proc/self/loginuid'")[0] != 0) is audit
    assert insides(login, person, {**EVERYWHERE, **CHANGED}) == \
        {**expected(True, audit), "child": True, "orphan": audit}


@pytest.mark.parametrize("values", [["0"], [NO_AUDIT], [NO_AUDIT, "$(id -u $USER)"]],
                         ids=["root's", "unset", "the same again"])
def test_root_in_the_session_changes_loginuid(login, person, values):
    """And becomes the person again, who still descends from the login."""
    writes = "".join(f"echo {value} >/proc/self/loginuid; " for value in values)
    change = f"sudo USER=$USER sh -c '{writes}{{}}'"
    for become in ("runuser -u $USER -- {}", "su $USER -c \"{}\""):
        question = Question(person)
        status, output, _ = login.run(change.format(become.format(question.command)))
        assert status == 0, output
        assert question.answer() is True
        assert question.audit_id() != audit_id(login) or audit_id(login) == NO_AUDIT
        assert (question.audit_id() == NO_AUDIT) is (values == [NO_AUDIT])
    # Where it does not descend from it either there is nothing left to know it by.
    assert inside(login, person, change.format("runuser -u $USER -- setsid -f {} orphan")) is False


def test_root_in_the_session_becomes_the_person(login, person):
    assert insides(login, person, {"runuser": "sudo runuser -u $USER -- {}", "su": "sudo su $USER -c '{}'",
                                   "su -l": "sudo su -l $USER -c '{}'",
                                   "sudo": "sudo sudo -u $USER {}"}) == \
        {"runuser": True, "su": True, "su -l": True, "sudo": True}


# -- tmux --

@pytest.fixture
def tmux(login, person):
    status, output, _ = login.run(TMUX + " new-session -d -x 200 -y 50 bash --norc")
    assert status == 0, output
    yield TMUX
    subprocess.run(["tmux", "-S", person.home + "/tmux", "kill-server"], capture_output=True, check=False)


def attached_clients(person):
    return len(subprocess.run(["tmux", "-S", person.home + "/tmux", "list-clients"], capture_output=True,
                              check=True).stdout.splitlines())


def test_tmux_is_in_the_login_that_started_it(tmux, login, person, audit):
    detached = insides(login, person, IN_TMUX)
    question = Question(person)
    login.child.sendline(f"TERM=xterm {tmux} attach")
    assert wait_until(lambda: attached_clients(person) == 1)
    login.child.sendline(question.command)
    attached = question.answer()
    login.child.sendline(f"{tmux} detach-client")
    login.child.expect_exact("[detached")
    login.child.expect_exact(PROMPT)
    assert (detached, attached) == (all_of(IN_TMUX, audit), audit)
    person.lapse()
    assert insides(login, person, IN_TMUX) == all_of(IN_TMUX, False)


def test_tmux_that_outlives_its_login_is_in_none(tmux, login, server, person):
    assert tmux
    login.child.sendline("exit")
    assert wait_until(lambda: person.status() == [])
    other = server.shell(person, codes=[person.code()])
    assert inside(other, person) is True
    assert insides(other, person, IN_TMUX) == all_of(IN_TMUX, False)
    other.close()


def test_tmux_reached_from_another_login(tmux, login, server, person, audit):
    """It stays its own login's, whoever of the person's logins looks at it."""
    assert tmux
    other = server.shell(person, codes=[person.code()])
    assert insides(other, person, IN_TMUX) == all_of(IN_TMUX, audit)
    for activation in activations_of(login, person):
        person.machine.psgctl("deactivate", "--id", activation)
    assert inside(other, person) is True
    assert insides(other, person, IN_TMUX) == all_of(IN_TMUX, False)
    other.close()


def screen(person):
    return subprocess.run(["tmux", "-S", person.home + "/tmux", "capture-pane", "-p"], capture_output=True, text=True,
                          check=True).stdout


def test_activated_in_tmux_for_the_whole_login(tmux, login, person, audit):
    """Where nothing tells what login it is in, for the terminal it was typed at."""
    person.lapse()
    login.run(f"{tmux} send-keys 'sudo true && echo done' Enter")
    assert wait_until(lambda: "Authenticator code:" in screen(person))
    login.run(f"{tmux} send-keys {person.code()} Enter")
    assert wait_until(lambda: "\ndone\n" in screen(person))
    assert insides(login, person, IN_TMUX) == {**all_of(IN_TMUX, audit), "tmux": True}
    assert insides(login, person, EVERYWHERE) == expected(audit, audit)
