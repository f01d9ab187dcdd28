"""Is this process in the session? The real sudo says, asked from wherever in a login a process can be."""

import itertools
import os
import re

import world
from machine import CONF, wait_until

LOGINUID_LINE = "session    required     pam_loginuid.so\n"
NO_AUDIT = "4294967295"
ASK = world.ROOT + "/tmp/ask"
# An orphan waits until init is its parent: then nothing but the audit id tells where it came from.
ASK_TEXT = """#!/bin/sh
file=$1
if [ "$2" = orphan ]; then
	until grep -q '^PPid:[[:space:]]*1$' /proc/$$/status; do sleep 0.02; done
fi
cat /proc/self/sessionid >"$file.audit"
sudo -n id -u >"$file.new" 2>&1
mv "$file.new" "$file"
"""

# How a process can stand to the login it was started in; {} is the question.
CHILDREN = {"child": "{}", "job": "{} & wait", "nohup": "nohup {}", "setsid": "setsid -w {}"}
ORPHANS = {"setsid -f": "setsid -f {} orphan", "double fork": "( {} orphan & )",
           "nohup, its shell gone": "sh -c 'nohup {} orphan &'"}
EVERYWHERE = {**CHILDREN, **ORPHANS}

_numbers = itertools.count()


def prepare(machine, audit=True):
    """sudo asks for nothing of its own; without `audit` no process gets an audit session id."""
    machine.sudoers("ALL ALL=(ALL:ALL) NOPASSWD: ALL")
    machine.write(ASK, ASK_TEXT, 0o755)
    if not audit:
        text = machine.read(f"{CONF}/pam.d/sshd-password")
        assert LOGINUID_LINE in text
        machine.stack_text("sshd", text.replace(LOGINUID_LINE, ""))


class Question:
    """What one process of that person asks by `command`, and the answer it got."""

    def __init__(self, person):
        self.path = f"{person.home}/answer{next(_numbers)}"
        self.command = f"{ASK} {self.path}"

    def answer(self):
        assert wait_until(lambda: os.path.exists(self.path)), "no answer to " + self.command
        with open(self.path, encoding="utf-8") as file:
            said = file.read()
        assert said == "0\n" or "account management" in said, said
        return said == "0\n"

    def audit_id(self):
        with open(self.path + ".audit", encoding="utf-8") as file:
            return file.read()


def insides(shell, person, hows):
    """Whether sudo lets in a process that was started so in that shell, by the names of `hows`."""
    questions = {name: Question(person) for name in hows}
    shell.run("; ".join(how.format(questions[name].command) for name, how in hows.items()))
    return {name: question.answer() for name, question in questions.items()}


def inside(shell, person, how="{}"):
    return insides(shell, person, {"": how})[""]


def all_of(hows, answer):
    return dict.fromkeys(hows, answer)


def expected(children, orphans):
    return {**all_of(CHILDREN, children), **all_of(ORPHANS, orphans)}


def number(shell, command):
    """What sudo told earlier questions may stand before it: sudo writes to the terminal."""
    return int(re.findall(r"^(\d+)\r?$", shell.run(command + "; echo")[1], re.M)[-1])


def audit_id(shell):
    return str(number(shell, "cat /proc/self/sessionid"))


def monitor_of(shell):
    """The root process of sshd that leads the login this shell is in."""
    with open(f"/proc/{number(shell, 'echo $PPID')}/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("PPid:"))


def activations_of(shell, person):
    """What is active in the login this shell is in, by what `psgctl status` calls its session."""
    monitor = monitor_of(shell)
    return [item["id"] for item in person.status() if item["authSessionId"].startswith(f"{monitor}-")]
