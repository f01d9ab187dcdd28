"""psgctl enforce: open sessions at the end of what they rest on."""

import glob
import json
import os
import re
import subprocess
import time

import pytest

from drive import Elsewhere, Shell
from machine import CONF, GROUP, wait_until

JOBS = ["sleep 4001 & true", "nohup sleep 4002 >/dev/null 2>&1 & true", "setsid -f sleep 4003",
        "(setsid sh -c 'sleep 4004 & exit' &)", "sh -c 'trap \"\" HUP TERM; sleep 4005; exit' & true",
        "sudo -n sleep 4007 & true", "sh -c 'sleep 4008 & sleep 0.5; kill -STOP $!; wait' & true"]


def jobs():
    """The sleeps of JOBS that live: {seconds: pid}."""
    found = {}
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().split(b"\0")
        except OSError:
            continue
        if words[0] == b"sleep" and words[1].startswith(b"4"):
            found[int(words[1])] = int(path.split("/")[2])
    return found


def start_jobs(shell):
    for job in JOBS:
        assert shell.run(job)[0] == 0, job
    assert wait_until(lambda: set(jobs()) == {4001, 4002, 4003, 4004, 4005, 4007, 4008}, 5), jobs()


def log(machine, event):
    lines = machine.psgctl("--json", "log").stdout
    return [item for item in json.loads(lines) if item["event"] == event]


def lapse_of(person, file="*"):
    """The wall-clock deadline of the person's only activation, or of that one, in seconds, from its record."""
    (record,) = [path for path in glob.glob(f"/var/lib/psg/people/{person.name}/spent/{file}")
                 if os.path.getsize(path) and not path.endswith(".session")]
    with open(record, "rb") as file:
        return int(re.search(rb"expires-realtime (\d+)", file.read())[1]) / 1e9


def confined():
    """What puts a command under the capabilities and groups of the shipped unit."""
    unit = dict(line.split("=", 1) for line in machine_unit() if "=" in line and not line.startswith("#"))
    wanted = unit["CapabilityBoundingSet"].split()
    assert wanted and unit["SupplementaryGroups"]
    return ["setpriv", "--bounding-set", ",".join(["-all"] + ["+" + name[4:].lower() for name in wanted]),
            "--inh-caps=-all", "--groups", unit["SupplementaryGroups"]]


def machine_unit():
    with open(f"{CONF}/systemd/psg-enforce.service", encoding="utf-8") as file:
        return file.read().splitlines()


@pytest.fixture
def watch(machine):
    """Starts `psgctl enforce --watch`; ended with the test."""
    running = []

    def start():
        running.append(subprocess.Popen(confined() + ["psgctl", "enforce", "--watch"], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True))
        assert "watching" in running[-1].stderr.readline()
        return running[-1]
    yield start
    for process in running:
        process.terminate()
        process.communicate()
    while jobs():
        for pid in jobs().values():
            os.kill(pid, 9)


def ending(machine, **policy):
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    machine.deploy(endSessions="true", **policy)
    return machine.person()


def test_what_a_killed_login_left_is_judged(machine):
    """Killed between mkdir and chmod under umask 0777: its owner may not read it, the unit must."""
    person = ending(machine)
    os.mkdir(f"/var/lib/psg/people/{person.name}/spent", 0)
    os.chmod(f"/var/lib/psg/people/{person.name}/spent", 0o1000)
    done = subprocess.run([*confined(), "psgctl", "enforce"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_a_lapsed_session_is_gone_and_another_lives(machine, sshd, watch):
    """Background jobs, nohup, setsid, a double fork, deaf ones, stopped ones and root's: two seconds, and all are gone."""
    person, server = ending(machine, lifetime="PT12S"), sshd("psg-password-code")
    watch()
    first = server.shell(person, codes=[person.code()])
    lapse = lapse_of(person)
    start_jobs(first)
    second = server.shell(person, codes=[person.code()])
    assert wait_until(lambda: not jobs()), jobs()
    assert time.time() - lapse < 2
    assert wait_until(lambda: len(log(machine, "SessionEnded")) == 1)
    event = log(machine, "SessionEnded")[0]
    assert event["userName"] == person.name and event["permissionSetGroup"] == GROUP
    assert re.search(r"Operators lapsed; \d+ processes ended$", event["reason"]), event
    first.child.expect(["closed", "Terminated", "EOF"])
    # The other login of the same person lives on until its own.
    assert second.run("sudo -n id -u")[::2] == (0, 0)
    assert wait_until(lambda: len(log(machine, "SessionEnded")) == 2)
    second.close()


def test_deactivated_is_ended_at_once(machine, sshd, watch):
    """The store's change wakes it: the activation would have lasted for hours."""
    person, server = ending(machine), sshd("psg-password-code")
    watch()
    shell = server.shell(person, codes=[person.code()])
    start_jobs(shell)
    person.lapse()
    assert wait_until(lambda: not jobs()), jobs()
    assert wait_until(lambda: log(machine, "SessionEnded"))
    assert log(machine, "SessionEnded")[0]["reason"].startswith("Operators was deactivated")
    # By its own monitor, which was asked first and closed it: pam_systemd and utmp hear of it too.
    assert wait_until(lambda: os.listdir("/var/lib/psg/sessions") == [])
    shell.close()


@pytest.mark.parametrize("stricter", ["unassign", "lifetime", "enable"])
def test_a_stricter_policy_ends_what_is_open(machine, sshd, watch, stricter):
    person, server = ending(machine), sshd("psg-password-code")
    if stricter == "enable":
        machine.deploy(lifetime="PT1S")
        wait_until(lambda: False, 1)
    watch()
    shell = server.shell(person, codes=[person.code()])
    shell.run("sleep 4001 & true")
    assert wait_until(lambda: 4001 in jobs())
    if stricter == "unassign":
        machine.psgctl("unassign", person.name, GROUP)
    elif stricter == "lifetime":
        machine.deploy(endSessions="true", lifetime="PT1S")
    else:
        wait_until(lambda: person.status() == [])
        assert 4001 in jobs()
        machine.deploy(endSessions="true", lifetime="PT1S")
    assert wait_until(lambda: not jobs()), jobs()
    shell.close()


def test_once_and_dry_run(machine, sshd):
    person, server = ending(machine), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    session = person.status()[0]["authSessionId"]
    shell.run("setsid -f sleep 4003")
    assert machine.psgctl_json("enforce") == []
    person.lapse()
    would = machine.psgctl("enforce", "--dry-run").stdout
    assert would == f"Would end session {session} of {person.name}: Operators was deactivated\n"
    assert 4003 in jobs()
    (act,) = machine.psgctl_json("enforce")
    assert (act["act"], act["authSessionId"], act["userName"], act["left"]) == ("Ended", session, person.name, 0)
    assert act["ended"] >= 3 and not jobs()
    assert machine.psgctl_json("enforce") == []
    shell.close()


def test_only_where_the_policy_says_so(machine, sshd):
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    person, server = machine.person(), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    person.lapse()
    assert machine.psgctl_json("enforce") == []
    assert shell.run("true")[0] == 0
    shell.close()


def test_a_command_and_its_forwarding_end(machine, sshd, watch):
    """Without a terminal no hangup reaches anybody: the monitor, and then everybody by name."""
    person, server = ending(machine, lifetime="PT6S"), sshd("psg-password-code")
    watch()
    done = server.run(person, "setsid -f sleep 4003; exec sleep 4001", codes=[person.code()])
    assert done.returncode != 0
    assert wait_until(lambda: not jobs()), jobs()


def test_what_a_closed_login_left_behind(machine, sshd, watch):
    """The login is over and its job is not: the job has what was left of the activation's time."""
    person, server = ending(machine, lifetime="PT6S"), sshd("psg-password-code")
    watch()
    assert server.run(person, "setsid -f sleep 4003 >/dev/null 2>&1 </dev/null", codes=[person.code()]).returncode == 0
    assert wait_until(lambda: person.status() == [] and 4003 in jobs(), 5)
    assert wait_until(lambda: not jobs())


def scanned(port):
    """Whether an sshd answers there."""
    return subprocess.run(["ssh-keyscan", "-p", str(port), "127.0.0.1"], capture_output=True, check=False).stdout


def test_root_daemons_and_other_logins_are_spared(machine, sshd, watch):
    """An sshd restarted in the session carries its audit id: it stays, and so does who came through it."""
    person, server = ending(machine), sshd("psg-password-code")
    first = server.shell(person, codes=[person.code()])
    assert first.run("sudo sh -c 'setsid -f /usr/sbin/sshd -D -p 2223 -o ListenAddress=127.0.0.1 -o PidFile=none "
                     "-h /run/psg/ssh/host </dev/null >/dev/null 2>&1'")[0] == 0
    (old,) = person.status()
    assert wait_until(lambda: scanned(2223))
    second = Elsewhere(2223).shell(person, codes=[person.code()])
    second.run("setsid -f sleep 4003")
    first.run("sleep 4001 & true")
    sessions = {item["authSessionId"] for item in person.status()}
    assert len(sessions) == 2
    machine.psgctl("deactivate", "--id", old["id"])
    acts = machine.psgctl_json("enforce")
    assert [act["act"] for act in acts] == ["Ended"]
    # The id is the first's own no longer, so the login goes by its leader alone.
    assert old["authSessionId"].startswith(acts[0]["authSessionId"] + "-")
    assert set(jobs()) == {4003}
    assert second.run("true")[0] == 0
    machine.psgctl("deactivate", "--all")
    machine.psgctl("enforce")
    assert wait_until(lambda: not jobs()) and scanned(2223)
    first.close()
    second.close()


def test_a_daemon_is_named(machine, sshd):
    person, server = ending(machine), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    shell.run("sudo setsid -f sleep 4003")
    assert wait_until(lambda: 4003 in jobs())
    person.lapse()
    (act,) = machine.psgctl_json("enforce")
    assert re.search(r"left as services of their own: sleep \(\d+\)$", act["reason"])
    os.kill(jobs()[4003], 9)
    shell.close()


def test_warned_before(machine, sshd, watch):
    """The terminal is told how long, until when, and how to stay; a session without one is not held up."""
    person, server = ending(machine, lifetime="PT30S", maximumLifetime="PT1H", warnBefore="PT25S"), \
        sshd("psg-password-code")
    process = watch()
    shell = server.shell(person, codes=[person.code()])
    shell.child.expect(r"Operators lapses in 2\ds \(\d{4}-\d\d-\d\dT[\d:]+Z\), and this session is ended then\. "
                       r"To keep it: sudo psgctl activate Operators")
    assert "Warned session" in process.stdout.readline()
    shell.close()


def test_host_scope(machine, sshd, watch):
    """For the whole host: every login that it opened, and none that something else keeps open."""
    person, server = ending(machine, scope="Host"), sshd("psg-password-code")
    watch()
    one = server.shell(person, codes=[person.code()])
    two = server.shell(person)
    one.run("setsid -f sleep 4003")
    two.run("sleep 4001 & true")
    assert wait_until(lambda: set(jobs()) == {4001, 4003})
    person.lapse()
    assert wait_until(lambda: not jobs())
    one.close()
    two.close()


def test_permissive_ends_nobody(machine, sshd):
    person, server = ending(machine), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    machine.stack_text("sshd", machine.read(f"{CONF}/pam.d/sshd-password").replace("pam_psg.so", "pam_psg.so permissive"))
    person.lapse()
    assert machine.psgctl_json("enforce") == []
    assert shell.run("true")[0] == 0
    shell.close()


def test_without_audit_the_tree_is_ended(machine, sshd):
    """Lineage carries what never left the login; what did is not found, as the manual says."""
    stack = machine.read(f"{CONF}/pam.d/sshd-password")
    machine.stack_text("sshd", "".join(line for line in stack.splitlines(True) if "pam_loginuid" not in line))
    person, server = ending(machine), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    shell.run("nohup sleep 4002 >/dev/null 2>&1 & true")
    shell.run("sh -c 'trap \"\" HUP TERM; sleep 4005; exit' & true")
    shell.run("setsid -w sleep 4003 & true")
    assert wait_until(lambda: set(jobs()) == {4002, 4003, 4005})
    person.lapse()
    (act,) = machine.psgctl_json("enforce")
    assert act["left"] == 0 and not jobs()
    shell.close()


def test_a_shell_of_roots_is_left_alone(machine):
    """pamtester's leader is the shell it was run in."""
    machine.stack_text("gate", "auth required pam_psg.so\naccount required pam_psg.so\nsession required pam_psg.so\n")
    machine.deploy(services=("gate",), endSessions="true")
    person = machine.person()
    shell = Shell.of(type("Root", (), {"name": "root", "uid": 0, "home": "/root"}))
    assert shell.run(f"pamtester gate {person.name} open_session", [person.code()])[0] == 0
    person.lapse()
    acts = machine.psgctl_json("enforce")
    assert [act["act"] for act in acts] == ["LeftAlone"] and "led by somebody else's process" in acts[0]["reason"]
    assert shell.run("true")[0] == 0
    shell.close()
