"""README's quick start as it is written there: from no store at all to an ssh whose people enrolled themselves."""

import json
import os
import re
import shutil
import subprocess
import time

import world
from machine import CONF
from screen import code_of, key_on, ssh

README = os.path.join(world.REPO, "README.md")


def step(number):
    """The commands of a step, without their remarks."""
    with open(README, encoding="utf-8") as file:
        text = re.search(rf"^\*\*{number}\. .*?^```\n(.*?)^```", file.read(), re.M | re.S).group(1)
    return [line.split("  #")[0].rstrip() for line in text.splitlines()]


def run(lines, but=()):
    done = [line for line in lines if line.split()[0] not in but]
    assert done
    for line in done:
        subprocess.run(["sh", "-ec", line.replace("/usr/share/pam_psg", CONF)], check=True)


def found(machine):
    """Errors and warnings, but for those of the clock, which is the host's."""
    shown = subprocess.run(["psgctl", "doctor", "sshd", "--json"], stdin=subprocess.DEVNULL, capture_output=True,
                           text=True, check=False).stdout
    return {finding["name"] for finding in json.loads(shown)["findings"] if finding["severity"] != "note"} - \
        {"clock-unsynchronised"}


def test_rolled_out_as_permissive_then_closed(machine, sshd):
    run(step(3), but=("sshd", "psgctl"))
    server = sshd("psg-password-code")
    person, stranger = machine.person(), machine.person(assigned=False, enrolled=False)
    assert server.run(person, "echo in", codes=[person.code()]).stdout == "in\n"
    assert server.run(stranger, "echo in").stdout == "in\n"
    assert re.search(rf"pam_psg: WouldRefuse: .*{stranger.name}", machine.syslog())
    assert found(machine) == {"permissive"}
    run(step(4), but=("psgctl",))
    assert found(machine) == set()
    assert server.run(person, "echo in", codes=[person.code()]).stdout == "in\n"
    assert server.run(stranger, "echo in").returncode == 255


def psgctl_lines(lines):
    return [line for line in lines if line.startswith("psgctl ")]


def test_from_nothing_to_people_who_enrolled_themselves(machine, sshd):
    """Every command of steps 2 to 4 but the one that reloads sshd, which is started instead; alice is the person."""
    person = machine.person(assigned=False, enrolled=False)
    shutil.rmtree("/var/lib/psg")
    shutil.rmtree("/etc/psg")
    run([line.replace("alice", person.name) for line in step(2)])
    run(step(3), but=("sshd", "psgctl"))
    server = sshd("psg-password-code")
    asked = [line.replace("alice", person.name) for line in psgctl_lines(step(3))]
    assert [line.split()[1] for line in asked] == ["doctor", "explain"]
    # The first login of all: nobody is kept out, and nothing is asked.
    assert server.run(person, "echo in").stdout == "in\n" and server.asked() == ["Password: "]
    would = machine.psgctl_json("log", "--would-deny")
    assert [(row["userName"], row["service"]) for row in would] == [(person.name, "sshd")]
    run(step(4), but=("psgctl",))
    assert found(machine) <= {"group-unreachable"}
    # Closed: alice enrols by what the screen shows, and is in; from then on a code is asked.
    with ssh(server, person) as screen:
        secret = key_on(screen.wait("Code it shows now:"))
        screen.type(code_of(secret))
        screen.wait(r"(?m)\$$")
        live = machine.psgctl_json("status")
        assert [row["userName"] for row in live] == [person.name]
    person.secret, person.spent = secret, int(time.time()) // 30
    assert server.run(person, "echo in", codes=[person.code()]).stdout == "in\n"
    assert server.asked() == ["Password: ", "Authenticator code: "]
    assert server.run(person, "echo in", codes=[person.wrong_code()]).returncode == 255


def test_the_log_says_what_the_readme_says():
    """Step 3 has two blocks; the second one is what is asked days later."""
    with open(README, encoding="utf-8") as file:
        text = file.read()
    third = text[text.index("**3. "):text.index("**4. ")]
    assert re.findall(r"^```\n(.*?)^```", third, re.M | re.S)[1] == "psgctl log --would-deny\n"
