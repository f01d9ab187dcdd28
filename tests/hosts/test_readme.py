"""README's quick start, its steps 3 and 4, as they are written there: rolled out as permissive, then closed, then undone."""

import json
import os
import re
import subprocess

import world
from machine import CONF

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
