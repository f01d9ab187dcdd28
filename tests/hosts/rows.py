"""The rows of the table in pam_psg(8), HOST PROGRAMS: read from the page, named by the tests, held
against what really ran. A row's test is the function that says @row("sudo -n"); test_rows.py finds
rows without a test and tests without a row."""

import os
import re
import syslog

import world
from machine import CONF, GROUP, wait_until

PHASES = ("auth", "account", "session")
REFUSALS = "Refused|Malformed|WrongCode|Error"
COMMAND = "printf in-; echo side"  # what a row's program runs; the word is in no prompt and no echo


class Row:
    """What the manual says of one host: a phase is "asks", "+" (runs, no prompt is answered) or "-"."""

    def __init__(self, name, auth, account, session, subject, look):
        self.name, self.subject = name, subject
        self.phases = dict(zip(PHASES, (auth, account, session)))
        if look is not None:
            self.status = int(re.search(r"^Exit status (\d+)", look).group(1))
            self.texts = re.findall(r"^\.Dl (.*)$", look, re.M)

    def runs(self):
        """Setcred runs where session does."""
        return {phase for phase in PHASES if self.phases[phase] != "-"} | (
            {"setcred"} if self.phases["session"] != "-" else set())

    def runs_when_denied(self):
        """Every phase before the first line of ours, and that one; setcred comes before session here."""
        first = next(phase for phase in PHASES if self.phases[phase] != "-")
        return {first} | ({"setcred"} if first == "session" else set())


def read_table(page=os.path.join(world.REPO, "man", "pam_psg.8")):
    """{name: Row} of the page."""
    with open(page, encoding="utf-8") as file:
        section = re.search(r"(?ms)^\.Sh HOST PROGRAMS\n(.*?)^\.Sh ", file.read()).group(1)
    cells = [[cell.strip().replace(r"\-", "-") for cell in line.split(" Ta ")]
             for line in re.findall(r"^\.It ([^\n]* Ta [^\n]*)$", section, re.M) if not line.startswith("Em ")]
    looks = dict(re.findall(r"(?ms)^\.It (\w)\n(.*?)(?=^\.It |^\.El)", section))
    rows = {}
    for name, auth, account, session, subject, look in cells:
        assert name not in rows, f"{name} stands twice in the table"
        rows[name] = Row(name, auth, account, session, subject, looks[look] if look != "-" else None)
        for phase in PHASES:
            assert rows[name].phases[phase] in ("asks", "+", "-"), f"{name}: {phase}"
    return rows


TABLE = read_table()


def row(name):
    """Marks a test as that of a row."""
    assert name in TABLE, f"no row {name} in pam_psg(8)"
    return lambda test: test


def shipped(machine, name):
    return machine.read(f"{CONF}/pam.d/{name}")


def watch(machine, service, text, arguments="", phases=PHASES):
    """A stack whose every phase also logs that it ran (pam_warn, before all else), with our lines in
    `phases` alone, with `arguments`. Nobody waits for a delay."""
    kept = [re.sub(r"(pam_psg\.so)", rf"\1 {arguments}", line) for line in text.splitlines()
            if "pam_faildelay" not in line and ("pam_psg.so" not in line or line.split()[0] in phases)]
    machine.stack_text(service, "".join(f"{phase} optional pam_warn.so\n" for phase in PHASES) +
                       "\n".join(kept) + "\n")


class Log:
    """What was logged since this was made. Lines arrive in order and moments late: a mark of ours tells when all
    that was sent before it is there."""

    marks = 0

    def __init__(self):
        self.start = len(self.whole())

    def text(self):
        return self.whole()[self.start:].decode("utf-8", "replace")

    @staticmethod
    def whole():
        def logged():
            with open(world.SYSLOG, "rb") as file:
                return file.read()
        Log.marks += 1
        mark = f"mark {Log.marks} of the tests"
        syslog.syslog(mark)
        assert wait_until(lambda: mark.encode() in logged())
        return logged()

    def calls(self, service=r"[\w-]+"):
        """The calls in order: (phase, PAM_USER), phase open_session's and close_session's as session, close."""
        found = re.findall(rf"pam_warn\({service}:\w+\): function=\[pam_sm_(\w+)\] flags=(\w+) .*? user=\[(.*?)\]",
                           self.text())
        names = {"authenticate": "auth", "acct_mgmt": "account", "open_session": "session",
                 "close_session": "close"}
        return [("delete" if name == "setcred" and int(flags, 0) & 4 else names.get(name, name), user)
                for name, flags, user in found]

    def phases(self, service=r"[\w-]+"):
        return {phase for phase, _ in self.calls(service)} - {"close", "delete"}

    def refused(self, subject):
        """Whether a refusal of `subject` was logged."""
        return re.search(rf"pam_psg: (?:{REFUSALS}): user={subject} ", self.text()) is not None


def inside(result):
    """Whether the command ran."""
    return "in-side" in result[1]


def assert_denied(host, result, log, person, subject=None):
    """Out, with the status and the words of the page, and on record; `subject`: whose record."""
    status, screen, _ = result
    assert not inside(result) and status == host.status, result
    for text in host.texts:
        assert text.replace("NAME", person.name).replace("GROUP", GROUP) in screen, (text, screen)
    assert log.refused((subject or person).name), log.text()


def whole_life(machine, name, person, run, stack):
    """Drives a row's program through all that the page says of it.

    run(codes): (status, screen, codes asked for). stack(phases): our lines in those phases alone."""
    host = TABLE[name]
    stack(PHASES)
    log = Log()
    assert_denied(host, run([person.wrong_code()]), log, person)
    assert log.phases() == host.runs_when_denied()

    log = Log()
    result = run([person.code()])
    if "asks" in host.phases.values():
        assert inside(result) and result[2] == 1, result
        assert log.phases() == host.runs()
    else:
        assert not inside(result) and result[2] == 0, result
    machine.psgctl("deactivate", "--all", "--user", person.name)

    person.activate_host()
    log = Log()
    result = run([])
    assert inside(result) and result[2] == 0, result
    assert log.phases() == host.runs()
    person.lapse()

    for phase in PHASES:
        stack([phase])
        each_alone(machine, host.phases[phase], person, run)


def each_alone(machine, entry, person, run):
    """With our line in one phase only: where one is asked, where merely refused, where nothing of ours runs."""
    result = run([""])
    if entry == "-":
        assert inside(result) and result[2] == 0, result
        return
    assert not inside(result), result
    assert result[2] == (1 if entry == "asks" else 0), result
    if entry == "asks":
        result = run([person.code()])
        assert inside(result) and result[2] == 1, result
        machine.psgctl("deactivate", "--all", "--user", person.name)
