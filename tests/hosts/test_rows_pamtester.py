"""pamtester as root and as a user, one test a row of the table in pam_psg(8); and what else calls PAM without
being root, or without anybody to talk to: a clear refusal and a line in the log, never a crash."""

import os
import subprocess

import pytest

from drive import answer, as_person
from machine import Person
from rows import PHASES, TABLE, Log, assert_denied, inside, row, watch, whole_life

CALLS = ("authenticate", "acct_mgmt", "setcred", "open_session", "close_session")
REFUSING = ("authenticate", "acct_mgmt", "setcred", "open_session")
ALONE = "".join(f"{phase} requisite pam_psg.so\n{phase} required pam_permit.so\n" for phase in PHASES)
WORDS = "The store is for root alone, and this program does not run as root. Tell your administrator."
ON_RECORD = 'reason="the store is for root alone, and this program does not run as root"'
PERM_DENIED, AUTHINFO_UNAVAIL, CRED_ERR, SUCCESS = 6, 9, 17, 0
REFUSALS_OF = {"authenticate": AUTHINFO_UNAVAIL, "acct_mgmt": PERM_DENIED, "setcred": CRED_ERR,
               "open_session": PERM_DENIED}


def stack(machine, arguments="", service="sshd"):
    return lambda phases: watch(machine, service, ALONE, arguments, phases)


def pamtester(user, service="sshd", caller=None, calls=CALLS):
    """A run(): that all calls succeeded counts as being inside."""
    command = ["pamtester", service, user, *calls]

    def run(codes):
        status, seen, asked = answer(as_person(caller, *command) if caller else command, codes)
        return status, seen + ("in-side" if status == 0 else ""), asked
    return run


@row("pamtester, root")
def test_root(machine):
    person = machine.person()
    whole_life(machine, "pamtester, root", person, pamtester(person.name), stack(machine))


@row("pamtester, user")
def test_user(machine):
    """Neither a code nor an activation helps; each call alone is refused, and on record."""
    person, host = machine.person(), TABLE["pamtester, user"]
    stack(machine)(PHASES)
    person.activate_host()
    log = Log()
    result = pamtester(person.name, caller=person)([person.code()])
    assert_denied(host, result, log, person)
    assert result[2] == 0 and host.runs_when_denied() == log.phases() and ON_RECORD in log.text()
    assert WORDS in host.texts
    for call in REFUSING:
        log = Log()
        result = pamtester(person.name, caller=person, calls=[call])([])
        assert not inside(result) and result[0] == 1 and log.refused(person.name), call
        assert (WORDS in result[1]) == (call in ("authenticate", "acct_mgmt")), call
    assert inside(pamtester(person.name, caller=person, calls=["close_session"])([]))
    for phase in PHASES:
        stack(machine)([phase])
        assert not inside(pamtester(person.name, caller=person)([person.code()])), phase


@pytest.mark.parametrize("service", ["sudo", "sudo-i", "su", "su-l"])
def test_root_as_pam_user_is_no_free_pass(machine, service):
    """subject=caller: it is the user who calls, whoever PAM_USER is."""
    person = machine.person()
    stack(machine, service=service)(PHASES)
    person.activate_host()
    for call in REFUSING:
        log = Log()
        result = pamtester("root", service, person, [call])([person.code()])
        assert not inside(result) and log.refused(person.name) and ON_RECORD in log.text(), call


def test_subject_user_and_root(machine):
    """PAM_USER root is exempt before the store is looked at; even_root and nobody who is not root passes."""
    person = machine.person()
    stack(machine)(PHASES)
    assert inside(pamtester("root", caller=person)([]))
    stack(machine, "even_root")(PHASES)
    log = Log()
    assert not inside(pamtester("root", caller=person)([])) and log.refused("root")


def test_root_with_subject_caller(machine):
    """The caller is root: everybody passes, as the page warns; even_root makes it root's code."""
    person = machine.person()
    stack(machine, "subject=caller")(PHASES)
    result = pamtester(person.name)([])
    assert inside(result) and result[2] == 0
    stack(machine, "subject=caller even_root")(PHASES)
    root = Person(machine, "root", 0)
    root.assign()
    root.enroll()
    log = Log()
    assert not inside(pamtester(person.name)([person.code()])) and log.refused("root")
    result = pamtester(person.name)([root.code()])
    assert inside(result) and result[2] == 1


# -- programs of our own: probe calls all functions whatever they return, and dies of nothing --

# As a person; as systemd starts a service with User= and NoNewPrivileges=.
UNPRIVILEGED = {
    "user": lambda person: as_person(person),
    "service": lambda person: ["setpriv", "--reuid", str(person.uid), "--regid", str(person.uid), "--clear-groups",
                               "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "env", "-i"],
}


@pytest.mark.parametrize("kind", UNPRIVILEGED)
@pytest.mark.parametrize("conversation", ["answers", "none", "fails", "nothing"])
def test_not_root(machine, tools, kind, conversation):
    person = machine.person()
    stack(machine)(PHASES)
    person.activate_host()
    log = Log()
    got = tools.probe("sshd", person, "conv=" + conversation, *CALLS, prefix=UNPRIVILEGED[kind](person))
    assert {call: got[call] for call in REFUSING} == REFUSALS_OF
    assert got["prompts"] == 0
    assert got["text_lines"] == ([WORDS] * 2 if conversation in ("answers", "nothing") else [])
    text = log.text()
    assert text.count(ON_RECORD) == len(REFUSING)
    for phase in ("auth", "account", "setcred", "session"):
        assert f"phase={phase} " in text


@pytest.mark.parametrize("conversation,prompted", [("none", 0), ("fails", 3), ("nothing", 3)])
def test_root_without_anybody_to_talk_to(machine, tools, conversation, prompted):
    """No conversation function; one that fails; one that says it succeeded and answers nothing."""
    person = machine.person()
    stack(machine)(PHASES)
    log = Log()
    got = tools.probe("sshd", person, "conv=" + conversation, *CALLS)
    assert (got["authenticate"], got["acct_mgmt"], got["open_session"]) == (7, PERM_DENIED, PERM_DENIED)
    assert got["prompts"] == prompted and log.refused(person.name)
    assert not os.path.exists(f"/var/lib/psg/people/{person.name}/attempts")
    person.activate_host()
    got = tools.probe("sshd", person, "conv=" + conversation, *CALLS)
    assert {call: got[call] for call in CALLS} == dict.fromkeys(CALLS, SUCCESS)


def test_python_as_a_user(machine):
    """ctypes on libpam, as a screen locker or a web application would: the process lives on and reads why."""
    person = machine.person()
    stack(machine)(PHASES)
    script = '''
import ctypes, sys
pam = ctypes.CDLL("libpam.so.0")
class Message(ctypes.Structure):
    _fields_ = [("style", ctypes.c_int), ("text", ctypes.c_char_p)]
FUNCTION = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.POINTER(ctypes.POINTER(Message)), ctypes.c_void_p,
                            ctypes.c_void_p)
class Conversation(ctypes.Structure):
    _fields_ = [("function", FUNCTION), ("data", ctypes.c_void_p)]
def converse(count, messages, responses, data):
    print(messages[0].contents.text.decode())
    return 19
handle, conversation = ctypes.c_void_p(), Conversation(FUNCTION(converse), None)
assert pam.pam_start(b"sshd", sys.argv[1].encode(), ctypes.byref(conversation), ctypes.byref(handle)) == 0
print([pam.pam_authenticate(handle, 0), pam.pam_acct_mgmt(handle, 0), pam.pam_open_session(handle, 0)])
assert pam.pam_end(handle, 0) == 0
'''
    log = Log()
    done = subprocess.run(as_person(person, "python3", "-c", script, person.name), capture_output=True, text=True,
                          check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [WORDS, WORDS, str([AUTHINFO_UNAVAIL, PERM_DENIED, PERM_DENIED])]
    assert log.refused(person.name)
