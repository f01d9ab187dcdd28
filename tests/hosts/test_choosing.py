"""What a person is asked and told on the way in, word by word, at the real su, sudo, sshd and login."""

import os
import re
import time

import pexpect
import pytest

import access
from drive import PASSWORD_PROMPT, PORT, as_person, spawn
from machine import CONF, PASSWORD, wait_until

CODE = "Authenticator code: "
MENU = r"1\) Operators\r?\n2\) Wide\r?\nActivate which one \[1\]: "
RENEW = r"Authenticator code to renew \(Enter skips\): "
ANY = r"Authenticator code[^:]*: |Reason[^:]*: |Activate which one"
UNTIL = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def talk(command, *dialogue, env=None):
    """Runs a program at a terminal; each pair of `dialogue` is a prompt and the answer (None: end of input).
    The password is answered wherever it is asked; any other prompt fails. (status, what it said after that)"""
    child = spawn(command, env=env) if env else spawn(command)
    for prompt, answer in dialogue:
        while True:
            which = child.expect([prompt, PASSWORD_PROMPT, pexpect.EOF])
            assert which < 2, f"{prompt} was not asked: {child.before}"
            if which == 0:
                break
            child.sendline(PASSWORD)
        if answer is None:
            child.sendeof()
        else:
            child.sendline(answer)
    said = ""
    while True:
        which = child.expect([PASSWORD_PROMPT, ANY, pexpect.EOF])
        said += child.before
        if which == 2:
            break
        assert which == 0 and not dialogue, f"asked once more: {said}{child.after}"
        child.sendline(PASSWORD)
    child.close()
    return (child.exitstatus if child.exitstatus is not None else 128 + child.signalstatus), said


def stack_with(machine, service, arguments):
    """The shipped stack with more arguments on each of our lines."""
    text = machine.read(f"{CONF}/pam.d/{ {'sshd': 'sshd-password'}.get(service, service) }")
    machine.stack_text(service, re.sub(r"pam_psg\.so", "pam_psg.so " + arguments, text))


class Hosts:
    """The programs by which a person may come in."""

    def __init__(self, machine, sshd, person):
        self.machine, self.sshd, self.person, self.server = machine, sshd, person, None
        self.other = machine.person(assigned=False, enrolled=False)

    def command(self, host):
        if host == "sshd":
            self.server = self.server or self.sshd("psg-password-code")
            return ["ssh", "-tt", "-p", str(PORT), *self.server.options(self.person, False),
                    f"{self.person.name}@127.0.0.1", "echo in"]
        return as_person(self.person, *{"su": ["su", self.other.name, "-c", "echo in"],
                                        "sudo": ["sudo", "echo", "in"]}[host])

    def talk(self, host, *dialogue):
        env = {name: text for name, text in os.environ.items() if "ASKPASS" not in name}
        return talk(self.command(host), *dialogue, env={**env, "TERM": "dumb"})


@pytest.fixture(name="hosts")
def fixture_hosts(machine, sshd):
    access.deploy(machine, second=True)
    # su sleeps as long after a refusal.
    if "\nFAIL_DELAY" not in machine.read("/etc/login.defs"):
        machine.append("/etc/login.defs", "\nFAIL_DELAY 0\n")
    return Hosts(machine, sshd, machine.person())


def attempts(person):
    return person.machine.psgctl_json("authenticators", person.name)[0]["failures"]


def targets(person):
    return [item["permissionSetGroup"] for item in person.status()]


def log_targets(machine):
    return [event["permissionSetGroup"] for event in access.log(machine, "Activated")]


# -- which one --

@pytest.mark.parametrize("host", ["su", "sudo", "sshd"])
def test_the_one_with_the_fewest_permissions(machine, hosts, host):
    hosts.person.assign("Wide")
    assert hosts.talk(host, (CODE, hosts.person.code()))[0] == 0
    assert log_targets(machine) == ["Operators"]


@pytest.mark.parametrize("host", ["su", "sudo", "sshd"])
def test_the_menu(machine, hosts, host):
    hosts.person.assign("Wide")
    stack_with(machine, host, "choose")
    status, said = hosts.talk(host, (MENU, "2"), (CODE, hosts.person.code()))
    assert status == 0 and "in" in said and log_targets(machine) == ["Wide"]
    machine.psgctl("deactivate", "--all")
    assert hosts.talk(host, (MENU, ""), (CODE, hosts.person.code()))[0] == 0
    assert log_targets(machine) == ["Wide", "Operators"]


@pytest.mark.parametrize("answer", ["0", "3", "-1", "1 2", "18446744073709551617"])
def test_bad_answers_to_the_menu(machine, hosts, answer):
    """Refused before a code is asked or an attempt spent, and it says what would do. Silent or not."""
    hosts.person.assign("Wide")
    stack_with(machine, "su", "choose")
    status, said = hosts.talk("su", (MENU, answer))
    assert status != 0 and "in\r" not in said
    assert "That is none of the list. Try again with a number from 1 to 2, or Enter for the first." in said
    assert attempts(hosts.person) == 0 and log_targets(machine) == []


def test_the_menu_cancelled(machine, hosts):
    hosts.person.assign("Wide")
    for host in ("su", "sudo"):
        stack_with(machine, host, "choose")
        status, said = hosts.talk(host, (MENU, None))
        assert status != 0 and "in\r" not in said, said
    assert attempts(hosts.person) == 0 and log_targets(machine) == []


def test_no_menu_of_one(machine, hosts):
    stack_with(machine, "su", "choose")
    assert hosts.talk("su", (CODE, hosts.person.code()))[0] == 0


# -- why --

@pytest.mark.parametrize("host", ["su", "sudo", "sshd"])
def test_a_required_reason(machine, hosts, host):
    person = hosts.person
    access.deploy(machine, reason="Required", reasonPattern=r'(INC|CHG)\.[0-9]+( "x")?')
    asked = re.escape('Reason matching (INC|CHG)\\.[0-9]+( "x")?: ')
    for wrong in ("because", "INC.1 x", "see INC.1"):
        if host == "sshd":
            break  # three tries a connection: below
        status, said = hosts.talk(host, (asked, wrong))
        assert status != 0 and \
            'That reason does not match (INC|CHG)\\.[0-9]+( "x")?. Try again with one that does.' in said
    if host != "sshd":
        status, said = hosts.talk(host, (asked, ""))
        assert status != 0 and "A reason is required. Try again and give one that matches (INC|CHG)" in said
    assert attempts(person) == 0 and log_targets(machine) == []
    status, said = hosts.talk(host, (asked, 'INC.42 "x"'), (CODE, person.code()))
    assert status == 0
    assert access.log(machine, "Activated")[0]["reason"] == 'INC.42 "x"'


def test_the_reason_is_the_description(machine, hosts):
    access.deploy(machine, reason="Required", scope="Host")
    assert hosts.talk("su", ("Reason: ", "Größe, INC1"), (CODE, hosts.person.code()))[0] == 0
    assert hosts.person.status()[0]["description"] == "Größe, INC1"
    assert "Größe, INC1" in machine.psgctl("status").stdout
    machine.psgctl("deactivate", "--all")
    for bad in ("x" * 256, "bell\x16\x07"):
        status, said = hosts.talk("su", ("Reason: ", bad))
        assert status != 0 and "Try again with 1 to 255 characters of plain text." in said


def test_a_wrong_reason_in_sshd_is_asked_again(machine, hosts):
    """And sshd's next try begins with the password; no code was asked for, none is spent."""
    access.deploy(machine, reason="Required", reasonPattern="INC[0-9]+")
    loud = {"NumberOfPasswordPrompts=1": "NumberOfPasswordPrompts=2", "LogLevel=ERROR": "LogLevel=INFO"}
    child = spawn([loud.get(word, word) for word in hosts.command("sshd")[:-1]],
                  env={"TERM": "dumb", "PATH": os.environ["PATH"]})
    child.expect(PASSWORD_PROMPT)
    child.sendline(PASSWORD)
    child.expect(r"Reason matching INC\[0-9\]\+: ")
    child.sendline("because")
    assert child.expect([r"That reason does not match INC\[0-9\]\+\. Try again with one that does\.", CODE]) == 0
    child.expect(PASSWORD_PROMPT)
    child.sendline(PASSWORD)
    child.expect(r"Reason matching INC\[0-9\]\+: ")
    child.sendline("INC7")
    child.expect(CODE)
    child.sendline(hosts.person.code())
    child.expect("Operators is active for 8h, until " + UNTIL + r"\.")
    child.close(force=True)
    assert attempts(hosts.person) == 0 and access.log(machine, "Activated")[0]["reason"] == "INC7"


def test_an_optional_reason(machine, hosts):
    access.deploy(machine, reason="Optional", reasonPattern="INC[0-9]+", scope="Host")
    asked = r"Reason matching INC\[0-9\]\+ \(Enter for none\): "
    assert hosts.talk("su", (asked, ""), (CODE, hosts.person.code()))[0] == 0
    assert hosts.person.status()[0]["description"] is None
    machine.psgctl("deactivate", "--all")
    assert hosts.talk("su", (asked, "none"))[0] != 0
    assert hosts.talk("su", (asked, "INC5"), (CODE, hosts.person.code()))[0] == 0
    assert hosts.person.status()[0]["description"] == "INC5"


def test_no_reason(hosts):
    assert hosts.talk("su", (CODE, hosts.person.code()))[0] == 0


def test_menu_and_reason_together(machine, hosts):
    """The reason is the chosen one's: Wide has no policy, and asks for none."""
    access.deploy(machine, second=True, reason="Required")
    hosts.person.assign("Wide")
    stack_with(machine, "sudo", "choose")
    assert hosts.talk("sudo", (MENU, "1"), ("Reason: ", "INC1"), (CODE, hosts.person.code()))[0] == 0
    machine.psgctl("deactivate", "--all")
    assert hosts.talk("sudo", (MENU, "2"), (CODE, hosts.person.code()))[0] == 0
    assert log_targets(machine) == ["Operators", "Wide"]


# -- what is said --

def test_one_line_after_the_activation(machine, hosts):
    status, said = hosts.talk("su", (CODE, hosts.person.code()))
    assert status == 0 and len(re.findall(r"Operators is active for 8h, until " + UNTIL + r"\.", said)) == 1
    end = re.search(UNTIL, said).group(0)
    assert end == access.log(machine, "Activated")[0]["expirationDate"]
    # sshd shows it to a shell, not before the output of a command.
    assert "is active" not in hosts.talk("sshd", (CODE, hosts.person.code()))[1]
    # sudo asks for silence, and `quiet` does.
    machine.psgctl("deactivate", "--all")
    assert "is active" not in hosts.talk("sudo", (CODE, hosts.person.code()))[1]
    stack_with(machine, "su", "quiet")
    machine.psgctl("deactivate", "--all")
    assert "is active" not in hosts.talk("su", (CODE, hosts.person.code()))[1]


def end_by(machine, person, how):
    """Ends the live activation; the words that tell it."""
    end = re.escape(person.status()[0]["expirationDate"])
    if how == "lapsed":
        assert wait_until(lambda: person.status() == [])
        return f"Your activation of Operators lapsed at {end}: try again with a fresh authenticator code."
    if how == "deactivated":
        person.lapse()
        return f"Your activation of Operators was ended \\(deactivated\\) at {UNTIL}: " \
            "try again with a fresh authenticator code."
    machine.psgctl("unassign", person.name, "Operators")
    if how == "unassigned":
        return "Nothing assigned to you opens su(do)? any more: Operators, which was active here, was unassigned " \
            f"from you( at {UNTIL})?. Ask your administrator."
    end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 2))
    machine.psgctl("assign", person.name, "Operators", "--until", end)
    assert wait_until(lambda: machine.explain(person, "su")["why"] == "Expired")
    return f"Your assignment of Operators ended at {end}. Ask your administrator to assign it again."


@pytest.mark.parametrize("host", ["su", "sudo"])
@pytest.mark.parametrize("how", ["lapsed", "deactivated", "unassigned", "expired"])
def test_a_refusal_says_what_is_over_since_when_and_what_to_do(machine, hosts, host, how):
    access.deploy(machine, lifetime="PT2S" if how == "lapsed" else "PT1H", scope="Host")
    person = hosts.person
    person.activate_host()
    words = end_by(machine, person, how)
    asks = how in ("lapsed", "deactivated")
    status, said = hosts.talk(host, *([(CODE, "")] if asks else []))
    assert status != 0 and "in\r" not in said
    assert len(re.findall(words, said)) >= 1, said


def test_reassigned_it_is_told_so(machine, hosts):
    """Whether or not unassigning ends what is live, the person is let in or told how to get in."""
    access.deploy(machine, scope="Host")
    hosts.person.activate_host()
    machine.psgctl("unassign", hosts.person.name, "Operators")
    machine.psgctl("assign", hosts.person.name, "Operators")
    if hosts.person.status() == []:
        status, said = hosts.talk("su", (CODE, ""))
        assert status != 0 and re.search("Your activation of Operators was ended when it was unassigned from you, at "
                                         f"{UNTIL}: try again with a fresh authenticator code.", said)


def test_quiet_says_nothing(machine, hosts):
    stack_with(machine, "su", "quiet")
    hosts.person.activate_host()
    hosts.person.lapse()
    status, said = hosts.talk("su", (CODE, ""))
    assert status != 0 and "Operators" not in said


REFUSALS = [("unassigned", "Nothing assigned to you opens su. Ask your administrator to run: psgctl explain"),
            ("not enrolled", "You have no authenticator. Ask your administrator to run: psgctl enroll"),
            ("no answer", "su needs an active Operators: try again with your authenticator code."),
            ("malformed", "That cannot be a code: a code has 6 digits. Try again."),
            ("wrong", "That code is not right. Try the next one. Does your device set its clock itself?"),
            ("replayed", "That code was used before. Wait for the next one."),
            ("throttled", "Too many wrong codes. Try again in "),
            ("no store", r"The gate could not decide \(.*\). Ask your administrator to run: psgctl explain")]


@pytest.mark.parametrize("how,words", REFUSALS, ids=[how for how, _ in REFUSALS])
def test_every_refusal_says_what_next(machine, hosts, how, words):
    person, dialogue = hosts.person, []
    if how == "unassigned":
        machine.psgctl("unassign", person.name, "Operators")
    elif how == "not enrolled":
        machine.psgctl("unenroll", person.name)
    elif how == "no store":
        os.rename("/var/lib/psg", "/var/lib/psg.away")
    elif how == "throttled":
        for _ in range(5):
            hosts.talk("su", (CODE, person.wrong_code()))
    elif how == "replayed":
        code = person.code()
        assert hosts.talk("su", (CODE, code))[0] == 0
        machine.psgctl("deactivate", "--all")
        dialogue = [(CODE, code)]
    else:
        dialogue = [(CODE, {"no answer": "", "malformed": "12345x", "wrong": person.wrong_code()}[how])]
    try:
        status, said = hosts.talk("su", *(dialogue if how != "throttled" else [(CODE, person.wrong_code())]))
    finally:
        if how == "no store":
            os.rename("/var/lib/psg.away", "/var/lib/psg")
    assert status != 0 and re.search(words, said), said


# -- renewal at the next prompt --

def test_renewal_is_offered_inside_warn_before(machine, hosts):
    access.deploy(machine, lifetime="PT30S", maximumLifetime="PT1H", warnBefore="PT29S", scope="Host",
                  reason="Optional")
    person = hosts.person
    assert hosts.talk("su", ("Reason", "INC1"), (CODE, person.code()))[0] == 0
    first = person.status()[0]
    # Not yet: nothing is asked. Then at each prompt.
    assert wait_until(lambda: "LEFT" in machine.psgctl("status", person.name).stdout and
                      re.search(r" 2[0-8]s ", machine.psgctl("status", person.name).stdout) is not None)
    status, said = hosts.talk("su", (RENEW, ""))
    assert status == 0 and "in\r" in said and person.status() == [first]
    status, said = hosts.talk("su", (RENEW, person.wrong_code()))
    assert status == 0 and "in\r" in said and attempts(person) == 1
    assert "Not renewed: wrong code. Operators stays active until " + first["expirationDate"] in said
    assert len(access.log(machine, "WrongCode")) == 1
    status, said = hosts.talk("su", (RENEW, person.code()))
    assert status == 0 and re.search("Operators is active again for (30|29)s, until " + UNTIL + r"\.", said)
    live = person.status()
    assert len(live) == 1 and live[0]["expirationDate"] > first["expirationDate"]
    assert live[0]["description"] == "INC1" and len(access.log(machine, "Renewed")) == 1


def test_renewal_ends_where_the_maximum_does(machine, hosts):
    access.deploy(machine, lifetime="PT30S", maximumLifetime="PT32S", warnBefore="PT29S", scope="Host")
    person = hosts.person
    assert hosts.talk("su", (CODE, person.code()))[0] == 0
    first = person.status()[0]
    assert wait_until(lambda: re.search(r" 2[0-6]s ", machine.psgctl("status", person.name).stdout) is not None)
    status, said = hosts.talk("su", (RENEW, person.code()))
    assert status == 0 and ", the end of its maximum lifetime." in said
    end = person.status()[0]["expirationDate"]
    assert end > first["expirationDate"]
    assert wait_until(lambda: re.search(r" 2[0-7]s ", machine.psgctl("status", person.name).stdout) is not None)
    status, said = hosts.talk("su")
    assert status == 0 and f"Operators lapses at {end}, the end of its maximum lifetime: it cannot be renewed. " \
        "After that, try again with a fresh code." in said


# -- streams --

@pytest.mark.parametrize("program", ["scp", "sftp"])
def test_streams_are_clean_whatever_is_said(machine, hosts, sshd, tmp_path, program):
    """A lapse, a group that is not lent, a refusal, a policy that would like to say much: not a byte on stdout."""
    access.deploy(machine, lent=[("nosuch", "Edit")], reason="Required", scope="Host", lifetime="PT1H",
                  maximumLifetime="PT1H", warnBefore="PT59M")
    stack_with(machine, "sshd", "choose")
    person = hosts.person
    server = sshd(settings="UsePAM yes\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
                           "AuthenticationMethods publickey\n")
    machine.psgctl("activate", "Operators", "--user", person.name, "--reason", "INC1")
    here = tmp_path / "here"
    here.write_bytes(os.urandom(50000))
    there = f"{person.home}/there"

    def copy():
        if program == "scp":
            return server.run(person, "-O", str(here), f"{person.name}@127.0.0.1:{there}", key=True, program="scp")
        return server.run(person, key=True, program="sftp", stdin=f"put {here} {there}\n")
    done = copy()
    assert done.returncode == 0 and done.stderr == "" and done.stdout in ("", f"sftp> put {here} {there}\n")
    with open(there, "rb") as file:
        assert file.read() == here.read_bytes()
    os.remove(there)
    person.lapse()
    done = copy()
    assert done.returncode != 0 and done.stdout == "" and not os.path.exists(there)
    assert "protocol" not in done.stderr and "message too long" not in done.stderr.lower()
