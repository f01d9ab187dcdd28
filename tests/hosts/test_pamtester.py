"""pamtester, and the numbers the module returns against those explain foretells."""

import base64
import subprocess

import pexpect
import pytest

from drive import answer, spawn

SUCCESS, PERM_DENIED, AUTH_ERR, IGNORE = 0, 6, 7, 25
MODULE_ALONE = "auth required pam_psg.so\naccount required pam_psg.so\nsession required pam_psg.so\n"
ALL = ("authenticate", "acct_mgmt", "open_session", "close_session")


@pytest.fixture(autouse=True)
def alone(machine):
    machine.stack_text("sshd", MODULE_ALONE)


def test_all_in_one_run(machine):
    person = machine.person()
    status, output, asked = answer(["pamtester", "sshd", person.name, *ALL], [person.code()])
    assert status == 0 and asked == 1, output


def test_open_session_alone_asks(machine):
    person = machine.person()
    status, _, asked = answer(["pamtester", "sshd", person.name, "open_session"], [person.code()])
    assert (status, asked) == (0, 1)
    status, _, asked = answer(["pamtester", "sshd", person.name, "open_session"], [""])
    assert status != 0 and asked == 1


@pytest.mark.parametrize("operation", ["authenticate", "acct_mgmt", "open_session"])
def test_end_of_input_is_a_cancel(machine, operation):
    person = machine.person()
    done = subprocess.run(["pamtester", "sshd", person.name, operation], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, check=False, timeout=60, start_new_session=True)
    assert done.returncode != 0
    done = answer(["pamtester", "sshd", person.name, operation], [None])
    assert done[0] != 0 and done[2] == 1
    # It cost no attempt: the full number is still there, and the right code gets in.
    assert answer(["pamtester", "sshd", person.name, operation], [person.code()])[0] == 0


def test_debug_says_the_verdict_of_each_phase(machine):
    machine.stack_text("sshd", MODULE_ALONE.replace("pam_psg.so", "pam_psg.so debug"))
    person = machine.person()
    assert answer(["pamtester", "sshd", person.name, "acct_mgmt"], [""])[0] != 0
    assert answer(["pamtester", "sshd", person.name, *ALL], [person.code()])[0] == 0
    said = [line.split("): ", 1)[1] for line in machine.syslog().splitlines()
            if "): verdict " in line or "): closed: " in line]
    allowed = "verdict ALLOW (Active), no error: PAM_SUCCESS"
    assert said == ["verdict ACTIVATE (NeedsActivation), no error: PAM_PERM_DENIED", *[allowed] * 3, "closed: no error"]


def test_a_host_that_goes_on_after_a_failure(machine, tools):
    """A host may ignore what one phase returned; the next must not have learned anything."""
    person = machine.person()
    got = tools.probe("sshd", person, "answer=" + person.wrong_code(), "authenticate", "acct_mgmt", "open_session")
    assert got["authenticate"] == AUTH_ERR
    assert (got["acct_mgmt"], got["open_session"]) == (PERM_DENIED, PERM_DENIED)


CASES = {
    "unassigned": lambda machine: machine.person(assigned=False),
    "needs activation": lambda machine: machine.person(),
    "not enrolled": lambda machine: machine.person(enrolled=False),
    "live for the host": lambda machine: live(machine),
    "ended": lambda machine: ended(machine),
    "none required": lambda machine: free(machine),
}


def live(machine):
    person = machine.person()
    person.activate_host()
    return person


def ended(machine):
    person = live(machine)
    person.lapse()
    return person


def free(machine):
    machine.deploy(required=False)
    return machine.person()


NUMBERS = {"PAM_SUCCESS": 0, "PAM_PERM_DENIED": 6, "PAM_AUTH_ERR": 7, "PAM_AUTHINFO_UNAVAIL": 9, "PAM_MAXTRIES": 11,
           "PAM_IGNORE": 25}


@pytest.mark.parametrize("case", CASES)
def test_explain_agrees(machine, tools, case):
    person = CASES[case](machine)
    told = machine.explain(person, "sshd")
    # A stack of pam_psg and nothing else answers PERM_DENIED for IGNORE: there libpam has nothing to go by.
    for phase in ("authenticate", "acct_mgmt", "open_session"):
        got = tools.probe("sshd", person, phase)[phase]
        foretold = NUMBERS[told["pam"][phase]]
        assert got == (PERM_DENIED if foretold == IGNORE else foretold), (phase, told)
    opens = {"ALLOW": SUCCESS, "ACTIVATE": PERM_DENIED, "DENY": PERM_DENIED}[told["verdict"]]
    assert tools.probe("sshd", person, "acct_mgmt")["acct_mgmt"] == opens


@pytest.mark.parametrize("service", ["sshd", "cron"])
def test_a_service_nobody_opened(machine, tools, service):
    """The demand is the service's name: what no set makes visible is refused, activation or not."""
    machine.deploy(services=("sudo",))
    person = live(machine)
    machine.stack_text(service, MODULE_ALONE)
    told = machine.explain(person, service)
    assert told["verdict"] == "DENY"
    assert tools.probe(service, person, "acct_mgmt")["acct_mgmt"] == PERM_DENIED


def test_enroll_service(machine):
    """The shipped psg-enroll: the key is shown, one code of it confirms, and from then on it opens doors."""
    person = machine.person(enrolled=False)
    machine.stack("psg-enroll", "psg-enroll")
    child = spawn(["pamtester", "psg-enroll", person.name, "chauthtok"])
    child.expect(r"6 digits\): ([A-Z2-7 ]+)\s+Code it shows now: ")
    key = child.match.group(1).replace(" ", "")
    person.secret = base64.b32decode(key + "=" * (-len(key) % 8))
    child.sendline(person.code())
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert answer(["pamtester", "sshd", person.name, *ALL], [person.code()])[0] == 0
