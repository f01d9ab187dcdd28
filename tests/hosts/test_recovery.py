"""Recovery codes at the real sshd, su and sudo."""

import re

from drive import Shell

SPENT = "recovery codes are left. Cross it out."


def sheet(machine, person):
    return machine.psgctl_json("recovery", person.name)["codes"]


def test_ssh_su_and_sudo(machine, sshd):
    person, other, server = machine.person(), machine.person(), sshd("psg-password-code")
    codes = sheet(machine, person)
    done = server.run(person, "echo in", codes=[codes[0]])
    assert (done.returncode, done.stdout) == (0, "in\n")
    assert server.asked() == ["Password: ", "Authenticator code: "]
    # Each opens one door, once.
    done = server.run(person, "echo in", codes=[codes[0]])
    assert done.returncode == 255 and done.stdout == ""
    shell = Shell.of(person)
    status, output, asked = shell.run(f"su {other.name} -c 'echo became $(id -un)'", [codes[1].lower()])
    assert (status, asked) == (0, 1) and f"became {other.name}" in output and "8 " + SPENT in output
    person.lapse()
    # sudo silences every text of a module's; this one is shown all the same.
    status, output, asked = shell.run("sudo -k; sudo id -un", [codes[2].replace("-", " ")])
    assert (status, asked) == (0, 1) and "root" in output and "7 " + SPENT in output
    shell.close()
    used = [event for event in machine.psgctl_json("log", "--user", person.name) if event["event"] == "RecoveryUsed"]
    assert [event["service"] for event in used] == ["sshd", "su", "sudo"]
    assert used[0]["rhost"] == "127.0.0.1" and used[0]["reason"] == "9 recovery codes are left"
    lines = [line for line in machine.syslog().splitlines() if "RecoveryUsed" in line]
    assert len(lines) == 3 and all(re.search(r'reason="\d recovery codes are left"', line) for line in lines)
    assert not any(code in machine.syslog() for code in codes)


def test_the_callers_memory(machine):
    """su under a limit that leaves the hash no room: refused by name, the code is good still."""
    person, other = machine.person(), machine.person()
    codes = sheet(machine, person)
    shell = Shell.of(person)
    status, output, _ = shell.run(f"(ulimit -v 13000; su {other.name} -c true)", [codes[0]])
    assert status != 0 and "out of memory" in output, output
    assert machine.psgctl_json("authenticators", person.name)[0]["recoveryCodesLeft"] == 10
    machine.psgctl("unlock", person.name)
    assert shell.run(f"su {other.name} -c true", [codes[0]])[0] == 0
    shell.close()
