"""psgctl enforce against who does not want to be ended, and for those who should not be."""

import os
import re
import subprocess
import time

import pytest

from drive import Shell
from machine import CONF, GROUP, wait_until
from test_enforce import ending, jobs, log, start_jobs, watch  # noqa: F401  pylint: disable=unused-import


def beats(path):
    """Whether somebody still writes it."""
    try:
        before = os.stat(path).st_mtime_ns
    except OSError:
        return False
    time.sleep(0.4)
    return os.stat(path).st_mtime_ns != before


# -- hard to end --

@pytest.mark.parametrize("how", ["threads", "comet"])
def test_hard_to_catch(machine, sshd, tools, how):
    """Whose first thread has ended, and who is another process every other millisecond; another login goes on."""
    person, server = ending(machine), sshd("psg-password-code")
    shell, other = (server.shell(person, codes=[person.code()]) for _ in range(2))
    session = next(item["id"] for item in sorted(person.status(), key=lambda item: int(item["id"].split("-")[-1])))
    file = f"{person.home}/beat"
    shell.run(f"{tools.path('evade')} {how} {file}")
    assert wait_until(lambda: beats(file))
    machine.psgctl("deactivate", "--id", session)
    assert other.run("sleep 4001 & sleep 0.5; kill -STOP $!; true")[0] == 0
    (act,) = machine.psgctl_json("enforce")
    assert act["left"] == 0 and not beats(file)
    # All of the person's stood still for a moment; who was stopped before is so still.
    assert other.run("sudo -n id -u")[::2] == (0, 0)
    assert wait_until(lambda: f"\nState:\tT" in machine.read(f"/proc/{jobs()[4001]}/status"), 5)
    other.close()


def test_an_account_that_is_gone(machine, sshd):
    """Its uid is nobody's, and its orphans are no service of somebody else's."""
    person, server = ending(machine), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    shell.run("setsid -f sleep 4003")
    for path in ("/etc/passwd", "/etc/shadow", "/etc/group"):
        machine.write(path, "".join(line for line in machine.read(path).splitlines(True)
                                    if not line.startswith(person.name + ":")), 0o640 if "shadow" in path else 0o644)
    machine.psgctl("deactivate", "--all")
    machine.psgctl("enforce")
    assert not jobs()
    shell.close()


def test_what_cannot_be_ended_is_said_once(machine, sshd):
    """No signal arrives (strace swallows them); another person's session is ended all the same."""
    person, server = ending(machine), sshd("psg-password-code")
    other = machine.person()
    mine, shell = (server.shell(one, codes=[one.code()]) for one in (other, person))
    mine.run("sleep 4001 & true")
    process = subprocess.Popen(["strace", "-o", "/dev/null", "-f", "-e", "trace=pidfd_send_signal", "-e",
                                "inject=pidfd_send_signal:retval=0:when=1..150", "psgctl", "enforce", "--watch"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    assert "watching" in process.stderr.readline()
    person.lapse()
    other.lapse()
    assert wait_until(lambda: not jobs(), 60)
    assert wait_until(lambda: not subprocess.run(["ps", "-o", "pid=", "-u", person.name], capture_output=True,
                                                 check=False).stdout.strip(), 60)
    said = [item["reason"] for item in log(machine, "SessionEnded") if item["userName"] == person.name]
    assert len(said) == 1 and "could not be" in said[0]
    subprocess.run(["sh", "-c", "kill -9 $(cat /proc/%d/task/%d/children) %d" % ((process.pid,) * 3)], check=False)
    process.communicate()
    shell.close()
    mine.close()


@pytest.mark.parametrize("how", ["unassign", "deactivate"])
def test_left_behind_and_taken_away(machine, sshd, how):
    """What a closed login left behind has until the lapse, or until an administrator says otherwise."""
    person, server = ending(machine), sshd("psg-password-code")
    machine.psgctl("assign", "%" + person.name, GROUP)  # so that the end of the assignment alone says nothing
    assert server.run(person, "setsid -f sleep 4003 >/dev/null 2>&1 </dev/null", codes=[person.code()]).returncode == 0
    assert wait_until(lambda: person.status() == [] and 4003 in jobs(), 5)
    assert machine.psgctl_json("enforce") == [] and 4003 in jobs()
    if how == "unassign":
        machine.psgctl("unassign", "%" + person.name, GROUP)
        machine.psgctl("unassign", person.name, GROUP)
    else:
        machine.psgctl("deactivate", "--all", "--user", person.name)
    machine.psgctl("enforce")
    assert not jobs()


# -- not to be ended --

def test_assigned_for_ages(machine, sshd):
    person, server = ending(machine), sshd("psg-password-code")
    machine.psgctl("assign", person.name, GROUP, "--until", "9999-12-31")
    shell = server.shell(person, codes=[person.code()])
    assert machine.psgctl_json("enforce") == []
    shell.close()


def test_in_somebody_elses_session(machine, sshd):
    """She became him by su in her login; his activation there is over, and her login is hers."""
    alice, server = ending(machine), sshd("psg-password-code")
    open_su = "auth required pam_permit.so\naccount required pam_permit.so\nsession required pam_permit.so\n"
    machine.stack_text("su", open_su)
    bob = machine.person()
    shell = server.shell(alice, codes=[alice.code()])
    shell.run("sleep 4001 & true")
    shell.child.sendline(f"su {bob.name}")
    shell.child.expect(bob.name)
    shell.child.sendline("sudo id -u")
    shell.child.expect("Authenticator code: ")
    shell.child.sendline(bob.code())
    assert wait_until(bob.status)
    bob.lapse()
    acts = machine.psgctl_json("enforce")
    assert [act["act"] for act in acts] == ["LeftAlone"] and "somebody else's process" in acts[0]["reason"]
    assert 4001 in jobs() and alice.status()
    shell.close()


def test_activated_again_meanwhile(machine, sshd):
    """Due when it was read, live again when the signals would go out."""
    person, server = ending(machine), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    shell.run("sleep 4001 & true")
    person.lapse()
    slow = subprocess.Popen(["strace", "-o", "/dev/null", "-f", "-e", "trace=pidfd_open", "-e",
                             "inject=pidfd_open:delay_enter=4000000:when=1", "psgctl", "--json", "enforce"],
                            stdout=subprocess.PIPE, text=True)
    time.sleep(0.7)
    assert shell.run(f"sudo psgctl activate {GROUP}", [person.code()])[0] == 0
    assert slow.communicate()[0] == "[]\n" and 4001 in jobs()
    shell.close()


def test_an_old_one_of_another_group(machine, sshd):
    """It was over before the login began, and never opened sshd."""
    machine.deploy(services=("sudo",), scope="Host", endSessions="true")
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    person = machine.person()
    person.activate_host()
    person.lapse()
    time.sleep(1)
    machine.stack("sshd", "sshd-password")
    package = "/run/psg/tmp/package"
    done = subprocess.run(["sed", "-i", "s/Operators/Others/g"] +
                          [os.path.join(where, name) for where, _, names in os.walk(package) for name in names],
                          check=False)
    assert done.returncode == 0
    for where, _, names in os.walk(package, topdown=False):
        for name in names:
            os.rename(os.path.join(where, name), os.path.join(where, name.replace("Operators", "Others")))
    for path in ("permissionsets/Others_PS.permissionset", "activationpolicies/Others.activationpolicy"):
        text = machine.read(f"{package}/{path}").replace("<application>sudo", "<application>sshd")
        machine.write(f"{package}/{path}", re.sub("<endSessions>true", "<endSessions>false", text))
    machine.psgctl("deploy", package)
    person.assign("Others")
    server = sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    shell.run("sleep 4001 & true")
    machine.psgctl("deactivate", "--all")
    assert machine.psgctl_json("enforce") == [] and 4001 in jobs()
    shell.close()


def test_a_terminal_with_its_own_in_a_tmux_that_stayed(machine, sshd):
    """The tmux outlived the login whose audit id it carries; a code was given in its terminal since."""
    person, server = ending(machine), sshd("psg-password-code")
    start = "tmux -L x new -d -s y 'bash --norc' >/dev/null 2>&1 </dev/null"
    assert server.run(person, start, codes=[person.code()]).returncode == 0
    assert wait_until(lambda: person.status() == [])
    shell = server.shell(person, codes=[person.code()])
    shell.child.sendline("TERM=xterm tmux -L x attach")
    shell.child.expect("bash")
    shell.child.sendline("sudo id -u")
    shell.child.expect("Authenticator code: ")
    shell.child.sendline(person.code())
    assert wait_until(lambda: len(person.status()) == 2)
    # What the first login left behind is over; its audit id is all that there is to find it by.
    machine.psgctl("deactivate", "--id", log(machine, "Activated")[0]["activationId"])
    assert machine.psgctl_json("enforce") == [] and len(person.status()) == 2
    machine.psgctl("unassign", person.name, GROUP)
    machine.psgctl("enforce")
    assert wait_until(lambda: not subprocess.run(["ps", "-o", "pid=", "-u", person.name], capture_output=True,
                                                 check=False).stdout.strip())


def test_a_warning_goes_to_the_persons_own_terminal(machine, sshd):
    """A terminal in a devpts of one's own has the number of somebody else's: whose it is decides."""
    person, server = ending(machine, lifetime="PT1H", warnBefore="PT3599S"), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    terminal = shell.run("tty")[1].strip()
    time.sleep(1.1)
    os.chown(terminal, 0, -1)
    assert [act["act"] for act in machine.psgctl_json("enforce")] == ["Warned"]
    assert "lapses in" not in shell.run("sleep 0.3")[1]
    os.chown(terminal, person.uid, -1)
    assert [act["act"] for act in machine.psgctl_json("enforce")] == ["Warned"]
    assert "lapses in" in shell.run("sleep 0.3")[1]
    shell.close()


# -- the store under the watch --

@pytest.mark.parametrize("how", ["in place", "another folder"])
def test_a_store_put_back_is_watched(machine, sshd, watch, how):  # noqa: F811
    person, server = ending(machine), sshd("psg-password-code")
    process = watch()
    copy = "rm -rf /var/lib/psg.new && cp -a /var/lib/psg /var/lib/psg.new"
    subprocess.run(copy + (" && rm -rf /var/lib/psg/* && cp -a /var/lib/psg.new/. /var/lib/psg/" if how == "in place" else
                           " && rm -rf /var/lib/psg && sleep 2 && mv /var/lib/psg.new /var/lib/psg"),
                   shell=True, check=True)
    shell = server.shell(person, codes=[person.code()])
    shell.run("setsid -f sleep 4003")
    assert wait_until(lambda: 4003 in jobs())
    person.lapse()
    assert wait_until(lambda: not jobs()) and process.poll() is None
    shell.close()
    subprocess.run(["rm", "-rf", "/var/lib/psg.new"], check=True)


def test_a_watch_with_nothing_to_do_sleeps(machine, sshd, watch):  # noqa: F811
    """After it ended a session it makes no system call until something happens."""
    person, server = ending(machine), sshd("psg-password-code")
    process = watch()
    shell = server.shell(person, codes=[person.code()])
    start_jobs(shell)
    person.lapse()
    assert wait_until(lambda: not jobs() and log(machine, "SessionEnded"))
    time.sleep(1)
    done = subprocess.run(["timeout", "2", "strace", "-f", "-p", str(process.pid)], capture_output=True, text=True,
                          check=False)
    calls = [line for line in done.stderr.splitlines() if re.match(r"\w+\(", line.split("] ")[-1])]
    assert len(calls) <= 1, done.stderr  # the poll it sleeps in
    shell.close()
