"""What one activation reaches: this login, and no other of the same person."""

import re

from drive import Shell
from machine import wait_until


def test_sudo_within_an_ssh_login_is_covered(machine, sshd):
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")  # sudo's timestamp is the terminal's, and setsid leaves it
    person, server = machine.person(), sshd("psg-password-code")
    one = server.shell(person, codes=[person.code()])
    status, output, asked = one.run("sudo id")
    assert status == 0 and "uid=0" in output and asked == 0
    # Another process group, terminal-less session and shell of that login belong to it as well.
    status, output, asked = one.run("setsid -w sudo -n id")
    assert status == 0 and "uid=0" in output and asked == 0

    # Another session of the same person is not that login.
    console = Shell.of(person)
    status, output, _ = console.run("sudo id", [""])
    assert status != 0 and "uid=0" not in output
    console.close()

    # Nor does the end of another login end this one.
    two = server.shell(person, codes=[person.code()])
    two.close()
    assert one.run("sudo id")[::2] == (0, 0)
    one.close()


def test_explain_knows_the_session(machine, sshd):
    person, server = machine.person(), sshd("psg-password-code")
    login = server.shell(person, codes=[person.code()])
    session = person.status()[0]["authSessionId"]
    assert machine.explain(person, "sudo", "--session", session)["verdict"] == "ALLOW"
    assert machine.explain(person, "sudo")["verdict"] == "ACTIVATE"
    assert login.run("sudo id -u")[::2] == (0, 0)
    machine.psgctl("deactivate", "Operators", "--user", person.name)
    assert machine.explain(person, "sudo", "--session", session)["verdict"] == "ACTIVATE"
    assert login.run("sudo id -u", [""])[0] != 0
    login.close()


def test_another_login_needs_its_own(machine, sshd):
    """Both opened sshd with a code; the activation of one is ended: the other goes on, sudo in this one is refused."""
    person, server = machine.person(), sshd("psg-password-code")
    one = server.shell(person, codes=[person.code()])
    two = server.shell(person, codes=[person.code()])
    live = [item for item in person.status() if item.get("authSessionId")]
    assert len({item["authSessionId"] for item in live}) == 2
    first = live[0]["id"]
    machine.psgctl("deactivate", "--id", first)
    results = [shell.run("sudo id", [""])[0] for shell in (one, two)]
    assert sorted(status == 0 for status in results) == [False, True]
    one.close()
    two.close()


def test_the_end_of_the_login_ends_its_activation(machine, sshd):
    person, server = machine.person(), sshd("psg-password-code")
    shell = server.shell(person, codes=[person.code()])
    assert len(person.status()) == 1
    shell.child.sendline("exit")
    assert wait_until(lambda: person.status() == [])


def test_activate_names_the_logins(machine, sshd):
    """Who was let in without an activation has a session all the same, and an administrator can name it."""
    machine.deploy(required=False)
    person, server = machine.person(), sshd("psg-password-code")
    shell = server.shell(person)
    machine.deploy()
    done = machine.psgctl("activate", "Operators", "--user", person.name, status=3)
    (session,) = re.findall(r"logged in by sshd: --session (\S+)", done.stderr)
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    assert shell.run("sudo id -u", [""])[0] != 0
    machine.psgctl("activate", "Operators", "--user", person.name, "--session", session)
    assert shell.run("sudo id -u")[::2] == (0, 0)
    shell.close()
    assert wait_until(lambda: "no login of" in machine.psgctl("activate", "Operators", "--user", person.name,
                                                               status=3).stderr)
