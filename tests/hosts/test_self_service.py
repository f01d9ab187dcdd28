"""conf/sudoers.d/psgctl and nothing else in sudoers: an ordinary user at the real sudo and the real psgctl, for
himself and no further."""

import calendar
import os
import shlex
import time

import pytest

import access
import world
from drive import Shell, answer, as_person
from machine import CONF, PASSWORD, wait_until

# A host whose sudo is not behind the gate: what stops here is sudoers, or psgctl.
UNGATED = "auth required pam_deny.so\naccount required pam_permit.so\nsession required pam_permit.so\n"


def seconds(text):
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def only_shipped(machine, more=""):
    """`more` before it, and Debian's secure_path: no people's PATH has /usr/sbin in it."""
    machine.write("/etc/sudoers", more + 'Defaults secure_path="/usr/sbin:/usr/bin"\n' +
                  machine.read(f"{CONF}/sudoers.d/psgctl"), 0o440)
    machine.stack_text("sudo", UNGATED)


@pytest.fixture(name="person")
def fixture_person(machine):
    access.deploy(machine, lifetime="PT1H", maximumLifetime="PT4H", scope="Session")
    only_shipped(machine)
    return machine.person()


@pytest.fixture(name="shell")
def fixture_shell(person):
    shell = Shell.of(person)
    yield shell
    shell.close()


@pytest.fixture(name="victim")
def fixture_victim(machine, person):
    victim = machine.person()
    victim.activate_host()
    return victim


def psgctl(shell, *arguments, codes=(), sudo="sudo"):
    return shell.run(f"{sudo} psgctl " + " ".join(shlex.quote(word) for word in arguments), codes)


# -- what people may --

def test_activate_status_deactivate(person, shell):
    status, output, asked = psgctl(shell, "activate", "Operators", codes=[person.code()])
    assert status == 0 and asked == 1 and f"Operators is active for {person.name} until " in output
    assert "(59m" in output or "(1h" in output
    live = person.status()
    assert len(live) == 1 and live[0]["scope"] == "Session"
    status, output, _ = psgctl(shell, "--json", "status")
    assert status == 0 and live[0]["id"] in output
    assert "is enrolled" in psgctl(shell, "status")[1]
    assert psgctl(shell, "deactivate", "--id", live[0]["id"])[0] == 0 and person.status() == []
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    assert psgctl(shell, "deactivate", "Operators")[0] == 0 and person.status() == []
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    assert psgctl(shell, "deactivate", "--all")[0] == 0 and person.status() == []


def test_shorter_and_not_longer(machine, person, shell):
    assert psgctl(shell, "activate", "Operators", "--for", "10m", codes=[person.code()])[0] == 0
    live = person.status()[0]
    assert seconds(live["expirationDate"]) - seconds(live["createdDate"]) == 600
    for more in ("61m", "4h", "P1D", "366d"):
        status, output, asked = psgctl(shell, "activate", "Operators", "--for", more)
        assert status == 3 and asked == 0 and "--for is above what the policy of Operators allows: PT1H" in output
    assert person.status() == [live]
    assert [event["event"] for event in machine.psgctl_json("log", "--user", person.name)].count("Activated") == 1


@pytest.mark.parametrize("code,said", [("wrong", "wrong code"), ("", "not a code"), ("12", "not a code")])
def test_only_with_a_code(person, shell, code, said):
    code = person.wrong_code() if code == "wrong" else code
    status, output, asked = psgctl(shell, "activate", "Operators", codes=[code])
    assert status == 1 and asked == 1 and said in output and person.status() == []


def test_the_reason_is_kept(machine, person, shell):
    access.deploy(machine, reason="Required", reasonPattern="(INC|CHG)[0-9]+.*", scope="Session")
    for reason in ("because", "INC-17", "see INC17"):
        status, output, asked = psgctl(shell, "activate", "Operators", "--reason", reason)
        assert status == 3 and asked == 0 and "the reason must match (INC|CHG)[0-9]+.*" in output
    reason = "INC17 disk full - again"
    assert psgctl(shell, "activate", "Operators", "--reason", reason, codes=[person.code()])[0] == 0
    assert person.status()[0]["description"] == reason
    assert access.log(machine, "Activated")[0]["reason"] == reason
    assert reason in machine.psgctl("status").stdout


def test_it_opens_this_session_and_no_other(machine, person, shell):
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    session = person.status()[0]["authSessionId"]
    assert machine.explain(person, "su", "--session", session)["verdict"] == "ALLOW"
    other = Shell.of(person)
    victim = machine.person(assigned=False, enrolled=False)
    assert shell.run(f"su {victim.name} -c true")[::2] == (0, 0)
    status, _, asked = other.run(f"su {victim.name} -c true", [""])
    assert status != 0 and asked == 1
    other.close()


# -- what sudoers stops: never psgctl's word, always sudo's --

STOPPED = [
    "activate Operators --user VICTIM", "activate --user VICTIM Operators", "activate Operators --user=VICTIM",
    "activate Operators --use VICTIM", "activate Operators --reason x --user VICTIM",
    "activate Operators --reason 'x --user VICTIM'", "activate Operators '--user VICTIM'",
    "activate 'Operators --user' VICTIM", "activate Operators -- --user VICTIM", "activate -- Operators",
    "activate Operators --for 1m --user VICTIM", "activate Operators --for '1m --user VICTIM'",
    "activate Operators --reason --for 30m", "activate Operators --session 1-1",
    "activate Operators --store /tmp/x", "--store /tmp/x activate Operators",
    "activate Operators --key /tmp/x", "--key /tmp/x status", "--store=/tmp/x status",
    "activate Operators --json --user VICTIM", "activate 'Operators\n--user' VICTIM",
    "activate Operators --reason '' --user VICTIM", "activate Operators '' --user VICTIM",
    "activate Operators --reason=x --user VICTIM", "activate Operators -user VICTIM",
    "deactivate --all --user VICTIM", "deactivate Operators --user VICTIM", "deactivate --user VICTIM --all",
    "deactivate --id --user VICTIM", "deactivate --id VICTIM/admin-1 --user VICTIM",
    "status VICTIM", "status --user VICTIM", "--json status VICTIM", "status --store /tmp/x",
    "assign ME Operators", "unassign VICTIM Operators", "deploy /tmp/x", "recalculate", "groups", "assignments",
    "enroll ME", "unenroll VICTIM", "authenticators", "verify VICTIM", "unlock VICTIM", "explain VICTIM sshd",
    "check --user VICTIM --service sshd", "log", "log --user VICTIM", "init", "help", "--version", "", "doctor",
    "enforce",
]


def test_sudoers_stops_the_rest(machine, person, victim, shell):
    def all_there_is():
        return [machine.psgctl_json(what) for what in ("status", "assignments", "authenticators")]
    before = all_there_is()
    for line in STOPPED:
        line = line.replace("VICTIM", victim.name).replace("ME", person.name)
        status, output, asked = shell.run(f"sudo -n psgctl {line}".replace("\n", "'$'\\n''"))
        assert status == 1 and asked == 0, line
        assert "a password is required" in output or "not allowed" in output, f"{line}: {output}"
    assert all_there_is() == before


OTHER_WAYS = [
    "sudo -n -u OTHER psgctl status", "sudo -n -u '#3001' psgctl status", "sudo -n -s psgctl status",
    "sudo -n -i psgctl status", "sudo -n id", "sudo -n sh -c 'psgctl status'", "sudo -n ./psgctl status",
    "sudo -n /tmp/psgctl status", "sudo -n -R / psgctl status",
    "sudo -n PSG_STORE=/tmp/x psgctl status", "sudo -n SUDO_UID=0 psgctl status", "sudo -n -E psgctl status",
    "sudo -n LD_PRELOAD=/tmp/x psgctl status", "sudo -n -e /var/lib/psg/policy", "sudo -n env psgctl status",
]


def test_nor_by_another_way(machine, person, victim, shell):
    shell.run("cp /usr/sbin/psgctl . ; cp /usr/sbin/psgctl /tmp/psgctl 2>/dev/null")
    for line in OTHER_WAYS:
        status, output, _ = shell.run(line.replace("OTHER", victim.name))
        assert status != 0 and victim.name not in output.replace(f"as {victim.name}", "").replace(
            f"user {victim.name}", ""), f"{line}: {output}"
        assert "USER " not in output, f"{line}: {output}"
    if os.path.exists("/tmp/psgctl"):
        os.remove("/tmp/psgctl")


# -- what psgctl stops --

def test_psgctl_keeps_to_the_caller(machine, person, victim, shell):
    """Lines that sudoers lets through, and that reach nobody else all the same."""
    identity = victim.status()[0]["id"]
    before = victim.status()
    for arguments, expected in ((["deactivate", "--id", identity], 1), (["deactivate", "--all"], 0),
                                (["deactivate", "Operators"], 0), (["status"], 0), (["--json", "status"], 0),
                                (["activate", "Operators", "--scope", "Host"], 3),
                                (["activate", "Operators --for 30m"], 1),
                                (["activate", "Operators", "--reason", "-", "-"], 2),
                                (["activate", "Operators", "--reason", "x", "y"], 2),
                                (["activate", "Wide"], 1)):
        status, output, asked = psgctl(shell, *arguments)
        assert status == expected and asked == 0, (arguments, output)
        assert victim.name not in output.replace(identity, ""), (arguments, output)
    assert victim.status() == before and person.status() == []


def test_a_victims_code_is_no_use(person, victim, shell):
    status, output, _ = psgctl(shell, "activate", "Operators", codes=[victim.code()])
    assert status == 1 and "wrong code" in output and person.status() == [] and len(victim.status()) == 1


@pytest.mark.parametrize("more", ["", "Defaults !env_reset\n", 'Defaults env_keep += "PSG_STORE SUDO_UID"\n'])
def test_the_environment_is_no_way(machine, person, victim, more):
    """PSG_STORE and SUDO_UID of the caller's own, whatever the rest of sudoers keeps."""
    only_shipped(machine, more)
    fake = f"{world.ROOT}/tmp/fake"
    machine.psgctl("--store", fake, "init")
    shell = Shell.of(person)
    assert shell.run(f"export PSG_STORE={fake} SUDO_UID={victim.uid} SUDO_USER={victim.name} SUDO_COMMAND=x")[0] == 0
    status, output, asked = psgctl(shell, "activate", "Operators", codes=[person.code()])
    assert status == 0 and asked == 1, output
    assert len(person.status()) == 1 and len(victim.status()) == 1
    assert person.name in psgctl(shell, "status")[1]
    assert psgctl(shell, "deactivate", "--all")[0] == 0
    assert person.status() == [] and len(victim.status()) == 1
    # Without sudo there is no store to read.
    status, output, _ = shell.run("psgctl status")
    assert status == 4 and "USER" not in output
    shell.close()


def test_where_sudo_is_behind_the_gate_it_passes_it_like_any_other(machine, person):
    """The gate's own code first (NOPASSWD: no password), then the one for psgctl."""
    machine.stack("sudo", "sudo")
    shell = Shell.of(person)
    assert psgctl(shell, "status", codes=[""])[0] != 0
    status, output, asked = psgctl(shell, "activate", "Operators", codes=[person.code(), person.code()])
    assert status == 0 and asked == 2 and "Operators is active again for" in output
    assert len(person.status()) == 1
    status, output, asked = psgctl(shell, "deactivate", "--all")
    assert status == 0 and asked == 0 and person.status() == []
    shell.close()


def test_somebody_who_is_assigned_nothing(machine, person):
    stranger = machine.person(assigned=False)
    shell = Shell.of(stranger)
    status, output, asked = psgctl(shell, "activate", "Operators", codes=[stranger.code()])
    assert status == 1 and asked == 0 and "is not assigned Operators" in output
    shell.close()


# -- renewal --

def test_activate_is_no_way_around_the_maximum(machine, person, shell):
    """Each follows the live one before and so counts from the first start, whatever it is told."""
    access.deploy(machine, lifetime="PT40S", maximumLifetime="PT42S", scope="Session")
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    first = person.status()[0]
    end = seconds(first["createdDate"]) + 42
    assert wait_until(lambda: time.time() > seconds(first["createdDate"]) + 3.2)

    status, output, asked = psgctl(shell, "activate", "Operators", codes=[person.code()])
    assert status == 0 and asked == 1 and "Operators is active again for " in output
    assert ", the end of its maximum lifetime)" in output
    live = person.status()
    assert len(live) == 1 and live[0]["id"] != first["id"] and live[0]["authSessionId"] == first["authSessionId"]
    assert abs(seconds(live[0]["expirationDate"]) - end) <= 1
    assert [event["event"] for event in machine.psgctl_json("log")][-1] == "Renewed"

    # Nothing left to win: said before a code is asked for.
    status, output, asked = psgctl(shell, "activate", "Operators", codes=[person.code()])
    assert status == 0 and asked == 0
    assert "already, and a new code would win no time" in output and "Activate it again when it is over" in output
    status, output, asked = psgctl(shell, "--json", "activate", "Operators", codes=[person.code()])
    assert status == 0 and asked == 0 and live[0]["id"] in output and person.status() == live
    status, output, asked = psgctl(shell, "activate", "Operators", "--for", "40s", codes=[])
    assert status == 3 and asked == 0 and "above what is left of the maximum lifetime of Operators" in output
    assert person.status() == live

    # To be shortened it takes a code, and stays short of the same end.
    assert psgctl(shell, "activate", "Operators", "--for", "2s", codes=[person.code()])[0] == 0
    assert seconds(person.status()[0]["expirationDate"]) < end
    assert wait_until(lambda: person.status() == [])
    # When it is over it begins anew.
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    assert seconds(person.status()[0]["expirationDate"]) > end


def test_nor_by_the_other_scope(machine, person, shell):
    access.deploy(machine, lifetime="PT1H", scope="Host")
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    first = person.status()[0]
    assert first["scope"] == "Host"
    for arguments in (["--scope", "Session"], ["--scope", "Host"], []):
        status, output, asked = psgctl(shell, "activate", "Operators", *arguments)
        assert (status, asked) == (0, 0) and "would win no time" in output and person.status() == [first]
    # Shorter in this session alone: counted from the same start, and later no wider again.
    shorter = ["--scope", "Session", "--for", "10m"]
    assert psgctl(shell, "activate", "Operators", *shorter, codes=[person.code()])[0] == 0
    assert psgctl(shell, "activate", "Operators", "--scope", "Session", "--for", "1h")[0] == 3
    assert max(item["expirationDate"] for item in person.status()) == first["expirationDate"]


def test_inside_an_ssh_login_it_continues_the_logins(machine, person, sshd):
    access.deploy(machine, lifetime="PT1H", maximumLifetime="PT2H", scope="Session")
    login = sshd("psg-password-code").shell(person, codes=[person.code()])
    first = person.status()[0]
    assert wait_until(lambda: time.time() > seconds(first["createdDate"]) + 2)
    status, output, _ = psgctl(login, "activate", "Operators", codes=[person.code()])
    assert status == 0 and "active again" in output, output
    live = person.status()
    assert len(live) == 1 and live[0]["authSessionId"] == first["authSessionId"]
    assert live[0]["expirationDate"] > first["expirationDate"]
    assert psgctl(login, "activate", "Operators", "--for", "1h", codes=[person.code()])[0] == 0
    login.child.sendline("exit")
    assert wait_until(lambda: person.status() == [])


@pytest.mark.parametrize("command", ["sudo psgctl activate Operators", "su OTHER -c true"])
def test_a_prompt_left_open_is_no_way_either(machine, person, command):
    """What came to live meanwhile is what the late code continues."""
    access.deploy(machine, lifetime="PT40S", maximumLifetime="PT41S", scope="Host")
    other = machine.person(assigned=False, enrolled=False)
    late, shell = Shell.of(person), Shell.of(person)
    late.child.sendline(command.replace("OTHER", other.name) + "; echo \"status=$?\"")
    if late.child.expect(["Authenticator code: ", "Password: "]) == 1:
        late.child.sendline(PASSWORD)
        late.child.expect("Authenticator code: ")
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    first = person.status()[0]
    assert wait_until(lambda: time.time() > seconds(first["createdDate"]) + 4)
    late.child.sendline(person.code())
    late.child.expect("status=0")
    live = person.status()
    assert len(live) == 1 and live[0]["id"] != first["id"]
    assert abs(seconds(live[0]["expirationDate"]) - seconds(first["createdDate"]) - 41) <= 1
    for each in (late, shell):
        each.close()


def test_another_session_has_a_start_of_its_own(person, shell):
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    first = person.status()
    other = Shell.of(person)
    status, output, _ = psgctl(other, "activate", "Operators", codes=[person.code()])
    assert status == 0 and "Operators is active for " in output
    both = person.status()
    assert len(both) == 2 and first[0] in both and len({item["authSessionId"] for item in both}) == 2
    other.close()


def test_the_administrators_begins_anew(machine, person, shell):
    """Not self-service: whoever is root may give the whole time again."""
    assert psgctl(shell, "activate", "Operators", codes=[person.code()])[0] == 0
    session = person.status()[0]["authSessionId"]
    machine.psgctl("activate", "Operators", "--user", person.name, "--session", session, "--for", "4h")
    live = person.status()
    assert len(live) == 1 and seconds(live[0]["expirationDate"]) - seconds(live[0]["createdDate"]) == 4 * 3600


def test_nobody_can_run_it_without_sudo(person):
    """SUDO_UID in the environment of somebody who is not root was not written by sudo."""
    for more, expected in (("activate Operators", 2), ("status", 4), ("deactivate --all", 4)):
        status, _, asked = answer(as_person(person, "env", f"SUDO_UID={person.uid}", "psgctl", *more.split()))
        assert (status, asked) == (expected, 0)
